/**
 * The parser's own stack: one frame for each construct that waits for an expression inside it.
 *
 * The native stack is not used for nesting, so a hundred thousand open brackets are no problem.
 * Frames are made once per depth and used again; each kind uses the fields that it needs and must set
 * them before it reads them.
 */
import type { AttrName, BinaryOp, Expr, Formal } from "../ast/nodes.ts";
import type { IndentedPiece } from "../lex/strings.ts";
import type { OpenAttrSet } from "./attrs.ts";

/** What a frame waits for. */
export const enum FrameKind {
  /** The whole text. */
  Root,
  /** `( E )` */
  Paren,
  /** `[ E ]` */
  List,
  /** `callee E` */
  Apply,
  /** `base.path or E` */
  SelectOr,
  /** `left op E` */
  Binary,
  /** `!E` */
  Not,
  /** `-E` */
  Negate,
  /** `left |> E` */
  PipeInto,
  /** `left <| E` */
  PipeFrom,
  /** `pattern: E` */
  LambdaBody,
  /** `{ name ? E` */
  FormalDefault,
  AssertCondition,
  AssertBody,
  WithNamespace,
  WithBody,
  IfCondition,
  IfConsequence,
  IfAlternative,
  /** `let … in E` */
  LetBody,
  /** Bindings: between two of them, or at `path = E` */
  Bindings,
  /** `inherit ( E )` */
  InheritSource,
  /** `"… ${E` */
  StringPart,
  /** `''… ${E` */
  IndentedPart,
  /** `./a${E` */
  PathPart,
  /** A path of attribute names, one of which is being read. */
  AttrPath,
  /** `${E}` as an attribute name; always on top of `AttrPath` */
  AttrInterpolation,
}

/** What a group of bindings belongs to. */
export const enum BindingsOf {
  Set,
  RecursiveSet,
  LegacyLet,
  Let,
  Repl,
}

/** Where a path of attribute names stands. */
export const enum PathOf {
  Select,
  HasAttr,
  Binding,
  Inherit,
}

/** One open construct. */
export class Frame {
  kind: FrameKind = FrameKind.Root;
  /** The first byte of the construct. */
  start = 0;
  /** The operator, the `inherit` clause, or another place that the kind needs. */
  pos = 0;
  /** A {@link BinaryOp}, {@link BindingsOf} or {@link PathOf}. */
  detail: BinaryOp | BindingsOf | PathOf | number = 0;
  /** The strength with which an operator holds its right operand. */
  precedence = 0;
  /** The operand or condition that was read before. */
  left: Expr | undefined = undefined;
  /** A second one. */
  middle: Expr | undefined = undefined;
  items: Expr[] = [];
  positions: number[] = [];
  pieces: IndentedPiece[] = [];
  path: AttrName[] = [];
  set: OpenAttrSet | undefined = undefined;
  formals: Formal[] | undefined = undefined;
  ellipsis = false;
  /** In `LambdaBody`: the pattern is still open. */
  inPattern = false;
  /** In `Bindings`: behind `path =`. */
  inValue = false;
  /** A parameter or the name of a formal. */
  name: string | undefined = undefined;
  namePos = 0;
  docStart = -1;
  docEnd = -1;
}
