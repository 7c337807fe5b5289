/**
 * JavaScript functions as Nix functions. A call converts the arguments, runs the function once and
 * converts its result; a promise makes an asynchronous evaluation wait and is an error in a
 * synchronous one.
 */
import {
  args,
  Builtin,
  type BuiltinConstant,
  type BuiltinDefinition,
  EvalError,
  isPromise,
  nativeThunk,
  Pending,
  type Slot,
  type Suspendable,
  suspending,
  type Thunk,
} from "@nivis/eval";
import { encodeUtf8 } from "@nivis/formats";
import { isReservedWord } from "@nivis/syntax";
import type { NixInput, PlainOptions, ValueOwner } from "./data.ts";
import { NixError } from "./nix-error.ts";
import { plainDataOf } from "./plain-data.ts";
import { NixSource } from "./template.ts";

/** The description of a function of the host. */
export interface HostFunctionOptions {
  /** Its name in traces (`while calling the 'NAME' builtin`). Defaults to that of `run`. */
  readonly name?: string;
  /**
   * The number of its arguments, 1 to 8. Defaults to the number of parameters of `run` before the
   * first one with a default value, which must then be at least 1.
   */
  readonly arity?: number;
  /**
   * Makes it a function of one set with these attributes, `true` for optional ones; then
   * `builtins.functionArgs` knows them, and calls are checked. Defaults to a function of any values.
   */
  readonly formals?: { readonly [name: string]: boolean };
  /** Whether a function with `formals` accepts further attributes. Defaults to `false`. */
  readonly ellipsis?: boolean;
  /** Its documentation, in Markdown. Defaults to a sentence. */
  readonly doc?: string;
  /**
   * What `run` receives: `data`, the arguments evaluated deeply, or `value`, a lazy `NixValue` for
   * each. Defaults to `data`.
   */
  readonly args?: "data" | "value";
  /** How arguments become data. Defaults to the defaults of {@link PlainOptions}. */
  readonly plain?: PlainOptions;
  /**
   * The function. An exception ends the evaluation and reaches its caller unchanged, past `tryEval`,
   * except that a {@link NixThrow} is an error of the program, like `builtins.throw`.
   */
  // biome-ignore lint/suspicious/noExplicitAny: which data a function takes is its own business
  readonly run: (...args: any[]) => unknown;
}

/** The largest number of arguments. */
const MAX_ARITY = 8;

/** A function of the host, made by {@link hostFunction}. */
export class HostFunction {
  readonly name: string;
  readonly arity: number;
  readonly options: HostFunctionOptions;

  constructor(options: HostFunctionOptions, name: string) {
    this.name = name;
    this.options = options;
    this.arity = options.formals === undefined ? (options.arity ?? options.run.length) : 1;
    if (!Number.isInteger(this.arity) || this.arity < 1 || this.arity > MAX_ARITY) {
      const how = options.arity === undefined ? "; say its arity with hostFunction" : "";
      throw new TypeError(
        `the function ${name} takes ${this.arity} arguments, but one of Nix takes 1 to ${MAX_ARITY}${how}`,
      );
    }
    for (const formal of Object.keys(options.formals ?? {})) {
      if (!/^[a-zA-Z_][a-zA-Z0-9_'-]*$/.test(formal) || isReservedWord(formal)) {
        throw new TypeError(`the formal '${formal}' of ${name} is not an identifier of Nix`);
      }
    }
  }

  /** A plain function, which `where` names unless it has a name. */
  static of(run: (...args: unknown[]) => unknown, where: string): HostFunction {
    return new HostFunction({ run }, run.name === "" ? where : run.name);
  }
}

/** Returns a function of the host with a name, an arity or formals of its own. */
export function hostFunction(options: HostFunctionOptions): HostFunction {
  return new HostFunction(options, options.name ?? (options.run.name || "anonymous"));
}

/** Thrown by a function of the host: an error of the program that `builtins.tryEval` catches. */
export class NixThrow extends Error {
  override readonly name = "NixThrow";
}

/** Converts data to a slot; `toSlot` of nix-input.ts, which imports this module. */
type Converter = (data: NixInput, name: string, owner: ValueOwner) => Slot;

/** Returns the Nix function of a function of the host. */
export function builtinOf(host: HostFunction, owner: ValueOwner, convert: Converter): Slot {
  const row = builtinRow(host, owner, convert);
  return "value" in row ? withFormals(host, owner) : new Builtin(row);
}

/** Returns the row by which an evaluation has a function of the host among its builtins. */
export function builtinRow(
  host: HostFunction,
  owner: ValueOwner,
  convert: Converter,
): BuiltinDefinition | BuiltinConstant {
  const { options } = host;
  const name = encodeUtf8(host.name);
  const doc = encodeUtf8(options.doc ?? "A function of the host.");
  if (options.formals !== undefined) {
    return { name, doc, type: "lambda", value: () => withFormals(host, owner) };
  }
  return suspending({
    name,
    args: args(...Array.from({ length: host.arity }, (_, i) => `arg${i + 1}`)),
    strict: [],
    doc,
    *run(ctx, ...given: Slot[]): Suspendable<Slot> {
      const values: unknown[] = [];
      for (const slot of given) {
        values.push(
          options.args === "value"
            ? owner.value(slot)
            : yield plainDataOf(ctx, slot, options.plain ?? {}, owner),
        );
      }
      let result: unknown;
      try {
        result = options.run(...values);
        if (isPromise(result)) {
          result = yield new Pending(result, `the function '${name}' of the host`);
        }
      } catch (error) {
        throw programError(error);
      }
      return convert(result as NixInput, `the result of ${host.name}`, owner);
    },
  });
}

/** A Nix function with formals that calls the function of the host with the set it was given. */
function withFormals(host: HostFunction, owner: ValueOwner): Thunk {
  const { formals = {}, ellipsis, ...options } = host.options;
  const names = Object.entries(formals).map(([name, optional]) =>
    optional ? `${name} ? null` : name,
  );
  if (ellipsis === true) names.push("...");
  const text = `{ ${names.join(", ")} }@args: __host args`;
  // The set at `@` contains what was given, not the defaults.
  const inner = new HostFunction({ ...options, arity: 1 }, host.name);
  return nativeThunk(function* () {
    const source = new NixSource(text, new Map([["__host", inner]]));
    return (yield owner.load(source) as Thunk) as Slot;
  });
}

/** The error of the program for what a function of the host threw, if it is one. */
function programError(error: unknown): unknown {
  if (error instanceof NixThrow) return new EvalError("throw", encodeUtf8(error.message));
  if (error instanceof NixError && error.cause instanceof EvalError) return error.cause;
  return error;
}
