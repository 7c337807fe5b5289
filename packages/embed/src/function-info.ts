/**
 * What is known of a function without calling it: how it is written, its arguments, its formals.
 * Compiled code keeps no trees, so the text of a function is parsed again when somebody asks.
 */
import {
  type Builtin,
  Closure,
  type EvalContext,
  isFunction,
  NO_POS,
  PartialBuiltin,
  type PosIdx,
  type Value,
} from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";
import { type Expr, NodeKind, parse, walk } from "@nivis/syntax";

/** What is known of a function. */
export interface NixFunctionInfo {
  /** The name of the builtin, or of the binding whose value the function is. */
  readonly name: string | undefined;
  /** Whether it is one of Nix's own, or of the host. */
  readonly isBuiltin: boolean;
  /** The number of arguments until something other than a function of the same text is returned. */
  readonly arity: number;
  /** The number of arguments that a builtin has been given already. */
  readonly applied: number;
  /** The names of the arguments: of a builtin those of its documentation; absent for formals. */
  readonly parameters: readonly (string | undefined)[];
  /** The formals of the first argument, `true` for optional ones; `undefined` if it has none. */
  readonly formals: { readonly [name: string]: boolean } | undefined;
  /** Whether the formals end in `...`. */
  readonly ellipsis: boolean;
}

/** Describes a function; `undefined` for other values. */
export function describeFunction(
  ctx: EvalContext,
  value: Value,
): { readonly info: NixFunctionInfo; readonly pos: PosIdx } | undefined {
  if (!isFunction(value)) return undefined;
  if (value instanceof Closure) return { info: describeClosure(ctx, value), pos: value.code.pos };
  const builtin = value instanceof PartialBuiltin ? value.builtin : (value as Builtin);
  const applied = value instanceof PartialBuiltin ? value.args.length : 0;
  const { name, args } = builtin.definition;
  const info: NixFunctionInfo = {
    name: decodeUtf8(name),
    isBuiltin: true,
    arity: builtin.arity - applied,
    applied,
    parameters: args.slice(applied).map((argument) => decodeUtf8(argument.name)),
    formals: undefined,
    ellipsis: false,
  };
  return { info, pos: NO_POS };
}

function describeClosure(ctx: EvalContext, { code }: Closure): NixFunctionInfo {
  const { formals } = code;
  const parameters = parametersAt(ctx, code.pos) ?? [code.param];
  return {
    name: code.name === undefined ? undefined : decodeUtf8(code.name),
    isBuiltin: false,
    arity: parameters.length,
    applied: 0,
    parameters: parameters.map((name) => (name === undefined ? undefined : decodeUtf8(name))),
    formals:
      formals === null
        ? undefined
        : Object.fromEntries(
            formals.names.map((name, i) => [decodeUtf8(name), formals.defaults[i] === true]),
          ),
    ellipsis: formals?.ellipsis ?? false,
  };
}

/** The parameters of the functions that are nested directly in each other at a position. */
function parametersAt(ctx: EvalContext, pos: PosIdx): (string | undefined)[] | undefined {
  const place = ctx.positions.resolve(pos);
  if (place === undefined) return undefined;
  const { source, offset } = place;
  const pipeOperators = ctx.settings.experimentalFeatures.has("pipe-operators");
  const options = { basePath: "/", home: "/", features: { pipeOperators } };
  let found: (string | undefined)[] | undefined;
  walk(parse(source, options).expr, (expr) => {
    if (found !== undefined || expr.start > offset) return false;
    if (expr.kind === NodeKind.Lambda && expr.pos === offset) found = parametersOf(expr);
    return true;
  });
  return found;
}

function parametersOf(lambda: Expr): (string | undefined)[] {
  const names: (string | undefined)[] = [];
  for (let expr = lambda; expr.kind === NodeKind.Lambda; expr = expr.body) names.push(expr.param);
  return names;
}
