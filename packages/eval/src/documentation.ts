/**
 * Documentation of values: that of builtins from their table, that of functions and attributes from
 * the doc comments `/** … *\/` in their texts.
 *
 * Compiled code keeps no comments. The text of a function is parsed again when somebody asks, which
 * takes milliseconds for the largest files of nixpkgs. Sources: `EvalState::getDoc` in
 * libexpr/eval.cc, `DocComment::getInnerText` in libexpr/nixexpr.cc, RFC 145.
 */
import type { Bytes } from "@nivis/formats";
import { type Expr, NodeKind, parse, type SourceFile, type Span, walk } from "@nivis/syntax";
import type { EvalContext } from "./context.ts";
import { EvalError } from "./errors/eval-error.ts";
import { checkNesting } from "./operations/nesting.ts";
import { NO_POS, type PosIdx } from "./position.ts";
import { Attrs } from "./value/attrs.ts";
import { Builtin, Closure, type Slot, type Value } from "./value/value.ts";
import { CallRequest, type Suspendable } from "./vm/requests.ts";

/** The documentation of a builtin. */
export interface BuiltinDocumentation {
  readonly kind: "builtin";
  readonly name: Bytes;
  /** The names of its arguments. */
  readonly args: readonly Bytes[];
  /** Markdown. */
  readonly text: Bytes;
}

/** The documentation of a function that is written in Nix. */
export interface FunctionDocumentation {
  readonly kind: "function";
  /** The name that it was bound to, if any. */
  readonly name: Bytes | undefined;
  readonly pos: PosIdx;
  /** Markdown; `undefined` without a doc comment. */
  readonly text: Bytes | undefined;
}

/**
 * Returns the documentation of a value; `undefined` for values that are not functions, and for
 * partially applied builtins. A set with `__functor` has the documentation of the function that the
 * functor returns for the set.
 */
export function* documentationOf(
  ctx: EvalContext,
  value: Value,
): Suspendable<BuiltinDocumentation | FunctionDocumentation | undefined> {
  if (value instanceof Builtin) {
    const { name, args, doc } = value.definition;
    return { kind: "builtin", name, args: args.map((argument) => argument.name), text: doc };
  }
  if (value instanceof Closure) {
    const { name, pos } = value.code;
    return { kind: "function", name, pos, text: functionComment(ctx, pos) };
  }
  const functor: Slot | undefined = value instanceof Attrs ? value.get("__functor") : undefined;
  if (functor === undefined) return undefined;
  const outside = ctx.nesting.levels;
  try {
    const result = (yield new CallRequest(functor, [value], NO_POS)) as Value;
    checkNesting(ctx, NO_POS);
    ctx.nesting.levels++;
    return (yield documentationOf(ctx, result)) as BuiltinDocumentation | undefined;
  } catch (error) {
    if (error instanceof EvalError) {
      error.addTrace(NO_POS, "while partially calling '__functor' to retrieve documentation");
    }
    throw error;
  } finally {
    ctx.nesting.levels = outside;
  }
}

/** The doc comment of the attribute whose name is at a position. */
export function attributeDocumentation(ctx: EvalContext, pos: PosIdx): Bytes | undefined {
  return commentAt(ctx, pos, (expr, offset) => {
    if (expr.kind !== NodeKind.AttrSet) return undefined;
    return expr.bindings.find((binding) => binding.pos === offset)?.doc;
  });
}

function functionComment(ctx: EvalContext, pos: PosIdx): Bytes | undefined {
  return commentAt(ctx, pos, (expr, offset) =>
    expr.kind === NodeKind.Lambda && expr.pos === offset ? expr.doc : undefined,
  );
}

function commentAt(
  ctx: EvalContext,
  pos: PosIdx,
  docAt: (expr: Expr, offset: number) => Span | undefined,
): Bytes | undefined {
  const place = ctx.positions.resolve(pos);
  if (place === undefined) return undefined;
  const { source, offset } = place;
  let found: Span | undefined;
  const pipeOperators = ctx.settings.experimentalFeatures.has("pipe-operators");
  walk(parse(source, { basePath: "/", home: "/", features: { pipeOperators } }).expr, (expr) => {
    if (found !== undefined || expr.start > offset) return false;
    found = docAt(expr, offset);
    return true;
  });
  return found === undefined ? undefined : innerText(source, found);
}

/** The text of a doc comment without its delimiters and common indentation. */
function innerText({ text }: SourceFile, { start, end }: Span): Bytes | undefined {
  const inner = text.slice(start + 3, end - 2);
  // Nix: what remains of the `/**` counts as indentation.
  return inner === "" ? undefined : stripIndentation(`   ${inner}`);
}

/**
 * Removes the spaces that all lines begin with; lines of spaces alone do not count. Each line of the
 * result ends with a newline. Source: `stripIndentation` in libutil/util.cc.
 */
export function stripIndentation(text: Bytes): Bytes {
  const lines = text.split("\n");
  const indentations = lines.flatMap((line) => {
    const first = line.search(/[^ ]/);
    return first < 0 ? [] : [first];
  });
  const common = indentations.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => `${line.slice(common)}\n`).join("");
}
