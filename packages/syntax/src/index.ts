/** The public names of `@nivis/syntax`. */
export { BinaryOp, BindingKind, NodeKind } from "./ast/nodes.ts";
