/** Calls builtins on values made in TypeScript, without parser and VM: `call("map", f, [1, 2])`. */

import { args, plain, strict } from "../../src/builtins/definition.ts";
import { allBuiltins } from "../../src/builtins/registry.ts";
import { EvalCaches } from "../../src/caches.ts";
import type { EvalContext } from "../../src/context.ts";
import { EvalError } from "../../src/errors/eval-error.ts";
import { renderLogMessage } from "../../src/errors/log-message.ts";
import type { LogMessage } from "../../src/io.ts";
import { Nesting } from "../../src/operations/nesting.ts";
import { PositionTable } from "../../src/position.ts";
import { DEFAULT_SETTINGS, type Settings } from "../../src/settings.ts";
import { Attrs } from "../../src/value/attrs.ts";
import { nativeThunk, type Thunk } from "../../src/value/thunk.ts";
import { Builtin, NixFloat, type Slot, type Value } from "../../src/value/value.ts";
import { CallRequest } from "../../src/vm/requests.ts";
import { drive } from "../drive.ts";

/** A context with nothing behind it but the given settings. */
export function contextFor(settings: Partial<Settings> = {}, log: string[] = []): EvalContext {
  return {
    settings: { ...DEFAULT_SETTINGS, ...settings },
    positions: new PositionTable(),
    caches: new EvalCaches(),
    nesting: new Nesting(),
    io: {
      log: (message: LogMessage) => log.push(renderLogMessage(message, false)),
      environment: (name: string) => (name === "HOME" ? "/home/u" : undefined),
      now: () => 1234567890,
      system: () => "x86_64-linux",
    },
    store: { storeDir: "/nix/store" },
    searchPath: [{ prefix: "nixpkgs", path: "/p" }],
  } as unknown as EvalContext;
}

/** The builtin of that name as a value. */
export function builtin(name: string): Builtin {
  const found = allBuiltins.find((definition) => definition.name === name);
  if (found === undefined) throw new Error(`no builtin ${name}`);
  return new Builtin(found);
}

/** A function value of `arity` arguments written in TypeScript; it gets forced values. */
export function fn(arity: number, run: (...args: never[]) => Slot): Builtin {
  const names = Array.from({ length: arity }, (_, i) => `a${i}`);
  return new Builtin(
    plain({
      name: "test-function",
      args: args(...names),
      strict: names.map((_, arg) => strict(arg, "any")),
      doc: "",
      run: (_ctx, ...values: Slot[]) => (run as (...args: Slot[]) => Slot)(...values),
    }),
  );
}

/** A thunk whose evaluation answers `value`. */
export function lazy(value: () => Slot): Thunk {
  // biome-ignore lint/correctness/useYield: it needs nothing
  return nativeThunk(function* () {
    return value();
  });
}

/** A thunk that fails when forced. */
export function failing(message = "forced"): Thunk {
  return lazy(() => {
    throw new EvalError("throw", message);
  });
}

/** A set from a plain object. */
export function set(entries: Record<string, Slot>): Attrs {
  return Attrs.of(Object.keys(entries), Object.values(entries));
}

/** Calls a builtin and answers its value, forced to weak head normal form. */
export function call(name: string, ...values: Slot[]): Value {
  return callIn(contextFor(), name, ...values);
}

/** {@link call} in a given context. */
export function callIn(ctx: EvalContext, name: string, ...values: Slot[]): Value {
  return drive(
    (function* () {
      return (yield new CallRequest(builtin(name), values)) as Value;
    })(),
    ctx,
  );
}

/** The error that a call throws: its message and the texts of its traces, innermost first. */
export function failure(name: string, ...values: Slot[]): { message: string; traces: string[] } {
  try {
    call(name, ...values);
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return { message: error.message, traces: error.traces.map((trace) => trace.message) };
  }
  throw new Error(`${name} did not fail`);
}

/** A value as plain data, forced deeply: sets as objects with sorted names, floats as `{ float }`. */
export function plainData(slot: Slot): unknown {
  const value = drive(
    (function* () {
      return (yield new CallRequest(builtin("seq"), [null, slot])) as Value;
    })(),
    contextFor(),
  );
  if (Array.isArray(value)) return (value as Slot[]).map(plainData);
  if (value instanceof NixFloat) return { float: value.value };
  if (value instanceof Attrs) {
    return Object.fromEntries(
      value.sortedNames().map((name) => [name, plainData(value.get(name) as Slot)]),
    );
  }
  return value;
}
