/** Calls: the function that an argument at a place is given to, and what it takes. */
import { decodeUtf8 } from "@nivis/formats";
import { type Expr, type Lambda, NodeKind } from "@nivis/syntax";
import { builtinNamed, globalBuiltin, type KnownBuiltin } from "./builtins.ts";
import { docComment } from "./comments.ts";
import { expressionsAt, lambdaChain } from "./cursor.ts";
import type { Files } from "./files.ts";
import { calleeName, type Origin, OriginSearch, opensFiles } from "./origins.ts";
import type { Snapshot } from "./snapshot.ts";

/** A call around a place. */
export interface FoundCall {
  readonly callee: Expr;
  /** The arguments that are written. */
  readonly args: readonly Expr[];
  /** Which argument the place is in or would begin, from 0. */
  readonly argument: number;
}

/** A parameter of a function. */
export interface Parameter {
  readonly label: string;
  /** The formals of `{ a, b ? 1 }:`. */
  readonly formals: readonly FormalParameter[] | undefined;
}

/** A formal of a parameter. */
export interface FormalParameter {
  readonly name: string;
  readonly optional: boolean;
}

/** What a function takes. */
export interface KnownFunction {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** Markdown. */
  readonly doc: string | undefined;
}

/** The innermost call whose arguments hold a place, or end right before it. */
export function callAt(snapshot: Snapshot, offset: number): FoundCall | undefined {
  // Behind blanks the call goes on with a further argument.
  let anchor = offset;
  while (anchor > 0 && /[ \t]/.test(snapshot.bytes[anchor - 1] ?? "")) anchor -= 1;
  const chain = expressionsAt(snapshot.expr, anchor);
  for (let i = chain.length - 1; i >= 0; i -= 1) {
    const expr = chain[i] as Expr;
    const isFinished = expr.end <= anchor && anchor < offset;
    if ((expr.kind === NodeKind.Lambda || expr.kind === NodeKind.List) && !isFinished)
      return undefined;
    if (expr.kind === NodeKind.AttrSet && chain[i + 1] !== undefined) {
      // A value inside of a set is not an argument of the function that the set is given to.
      if (!isFinished && expr !== chain.at(-1)) return undefined;
    }
    if (expr.kind !== NodeKind.Call || expr.pipe) continue;
    if (anchor <= expr.callee.end && anchor === offset) continue;
    const at = expr.args.findIndex((arg) => offset <= arg.end);
    return { callee: expr.callee, args: expr.args, argument: at < 0 ? expr.args.length : at };
  }
  const last = chain.at(-1);
  const isName = last?.kind === NodeKind.Var || last?.kind === NodeKind.Select;
  return isName && anchor < offset && anchor === last.end
    ? { callee: last, args: [], argument: 0 }
    : undefined;
}

/** A function that may be called at a place, and which of its arguments the place is. */
export interface CalledFunction extends KnownFunction {
  readonly argument: number;
}

/**
 * What the function of a call takes, from the texts; all that it may be. Behind `import ./x` and
 * `callPackage ./x` it is the function in that file.
 */
export async function functionsOf(
  snapshot: Snapshot,
  { callee, args, argument }: FoundCall,
  files: Files,
): Promise<CalledFunction[]> {
  const search = new OriginSearch(files);
  const name = calleeName(callee) ?? "function";
  let origins = await search.origins({ snapshot, expr: callee });
  let index = argument;
  const [file] = args;
  if (file !== undefined && argument > 0 && opensFiles(origins, name)) {
    origins = await search.imported(await search.origins({ snapshot, expr: file }));
    index = argument - 1;
  }
  return origins.flatMap((origin) => {
    const one = functionOf(origin, name);
    return one === undefined || index >= one.parameters.length ? [] : [{ ...one, argument: index }];
  });
}

/** What a value takes that is known to be a function. */
export function functionOf(origin: Origin, name: string): KnownFunction | undefined {
  if (origin.kind === "builtin") {
    const builtin = builtinNamed(origin.name) ?? globalBuiltin(origin.name);
    return builtin === undefined ? undefined : ofBuiltin(builtin);
  }
  if (origin.kind === "set") {
    const functor = origin.set.bindings.find((one) => one.name === "__functor")?.value;
    if (functor?.kind !== NodeKind.Lambda || functor.body.kind !== NodeKind.Lambda)
      return undefined;
    return ofLambda(origin.snapshot, functor.body, name);
  }
  return origin.kind === "function" ? ofLambda(origin.snapshot, origin.lambda, name) : undefined;
}

function ofBuiltin({ name, args, doc }: KnownBuiltin): KnownFunction | undefined {
  if (args === undefined) return undefined;
  return { name, doc, parameters: args.map((label) => ({ label, formals: undefined })) };
}

function ofLambda(snapshot: Snapshot, lambda: Lambda, name: string): KnownFunction {
  const chain = lambdaChain(lambda);
  const comment = chain.find(({ doc }) => doc !== undefined)?.doc;
  const bindingDoc = bindingDocOf(snapshot, lambda) ?? comment;
  return {
    name: decodeUtf8(lambda.name ?? name),
    doc: bindingDoc === undefined ? undefined : docComment(snapshot, bindingDoc),
    parameters: chain.map(({ param, formals }) => {
      if (formals === undefined) return { label: decodeUtf8(param ?? "_"), formals: undefined };
      const all = formals.formals.map((one) => ({
        name: decodeUtf8(one.name),
        optional: one.fallback !== undefined,
      }));
      const shown = all.map((one) => (one.optional ? `${one.name} ?` : one.name));
      if (formals.ellipsis) shown.push("...");
      return { label: `{ ${shown.join(", ")} }`, formals: all };
    }),
  };
}

/** The doc comment of the binding whose value a function is. */
function bindingDocOf(snapshot: Snapshot, lambda: Lambda) {
  const chain = expressionsAt(snapshot.expr, lambda.start);
  for (let i = chain.length - 1; i >= 0; i -= 1) {
    const expr = chain[i] as Expr;
    const set = expr.kind === NodeKind.Let ? expr.attrs : expr;
    if (set.kind !== NodeKind.AttrSet) continue;
    const binding = set.bindings.find(({ value }) => value === lambda);
    if (binding !== undefined) return binding.doc;
  }
  return undefined;
}
