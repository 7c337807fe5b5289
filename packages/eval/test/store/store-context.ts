/** What the tests of builtins on stores and files share: a context without a VM, and calls by name. */
import { portableHashes } from "@nivis/formats";
import { allBuiltins } from "../../src/builtins/registry.ts";
import { EvalCaches } from "../../src/caches.ts";
import type { EvalContext } from "../../src/context.ts";
import { CounterRegistry } from "../../src/counters.ts";
import { EvalError } from "../../src/errors/eval-error.ts";
import { MountedIo } from "../../src/fetching/mounts.ts";
import { memoryIo } from "../../src/memory-io.ts";
import { Nesting } from "../../src/operations/nesting.ts";
import { PositionTable } from "../../src/position.ts";
import { DEFAULT_SETTINGS } from "../../src/settings.ts";
import { DummyStore } from "../../src/store/dummy-store.ts";
import { Attrs } from "../../src/value/attrs.ts";
import {
  Builtin,
  ContextString,
  isString,
  type Slot,
  textOf,
  type Value,
} from "../../src/value/value.ts";
import { CallRequest, type Suspendable } from "../../src/vm/requests.ts";
import { drive } from "../drive.ts";

/** A context with files in memory and a store that holds nothing, unless told otherwise. */
export function makeContext(parts: Partial<EvalContext> = {}): EvalContext {
  const io = parts.io ?? memoryIo();
  return {
    io,
    mounts: new MountedIo(io, "/nix/store", false),
    hashes: portableHashes,
    settings: DEFAULT_SETTINGS,
    positions: new PositionTable(),
    store: new DummyStore(),
    caches: new EvalCaches(),
    nesting: new Nesting(),
    counters: new CounterRegistry(),
    suspendedRuns: new Set(),
    builtins: Attrs.of([], []),
    searchPath: [],
    importFile: noFiles,
    longRunWatch: () => {},
    scopedImport: noFiles,
    ...parts,
  };
}

function noFiles(): never {
  throw new Error("this context evaluates no files");
}

/** A set from an object. */
export function set(attributes: Readonly<Record<string, Slot>>): Attrs {
  return Attrs.of(Object.keys(attributes), Object.values(attributes));
}

/** The builtin of that name. */
export function builtin(name: string): Builtin {
  const definition = allBuiltins.find((row) => row.name === name);
  if (definition === undefined) throw new Error(`no builtin ${name}`);
  return new Builtin(definition);
}

function* request(callee: Slot, args: Slot[]): Suspendable<Value> {
  return yield new CallRequest(callee, args);
}

/** Calls a builtin. */
export function call(ctx: EvalContext, name: string, ...args: Slot[]): Value {
  return drive(request(builtin(name), args), ctx);
}

/** The message of the error that calling a builtin gives. */
export function failure(ctx: EvalContext, name: string, ...args: Slot[]): string {
  try {
    call(ctx, name, ...args);
  } catch (error) {
    if (error instanceof EvalError) return error.message;
    throw error;
  }
  return "no error";
}

/** The bytes of a value that must be a string. */
export function text(value: Slot | undefined): string {
  if (!isString(value)) throw new Error("not a string");
  return textOf(value);
}

/** The context of a value, sorted. */
export function contextList(value: Slot | undefined): string[] {
  return value instanceof ContextString ? [...value.context].sort() : [];
}
