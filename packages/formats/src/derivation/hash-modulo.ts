/**
 * Hashes modulo, and what they determine: output paths and the `.drv` path.
 *
 * The hash modulo of a derivation is the sha256 of its ATerm in which each input derivation is
 * replaced by *its* hash modulo; a fixed-output derivation counts by its output's hash alone,
 * so that changing the URL of a file does not change what is built from it. For a
 * derivation's own output paths, the same text is hashed with blank outputs.
 *
 * Hashes and other facts about derivations are cached in a map that the caller holds. The walk
 * over inputs that are not in it keeps its own stack, so long chains need no native stack.
 */

import { compareBytes, sortedBytes } from "../byte-order.ts";
import { formatMethodAlgorithm } from "../content-address.ts";
import { FormatError } from "../format-error.ts";
import { encodeBase16 } from "../hash/base16.ts";
import { makeOutputPath, makeTextPath, type StoreConfig } from "../make-store-path.ts";
import { marked } from "../marked-text.ts";
import { DRV_EXTENSION } from "../store-path.ts";
import { ATermWriter, formatInputDrvs } from "./aterm.ts";
import {
  type Derivation,
  type DerivationInput,
  type DerivationOutput,
  derivationType,
  KnownInput,
} from "./derivation.ts";

/** The hash that represents a derivation as an input of others. Hashes are in base 16. */
export type HashModulo =
  /** An input-addressed derivation: one hash for all outputs. */
  | { readonly kind: "hash"; readonly hex: string }
  /** A fixed-output derivation: one hash per output. */
  | { readonly kind: "fixed"; readonly outputs: ReadonlyMap<string, string> }
  /** Content-addressed and not built, or dependent on such a derivation: no hash yet. */
  | { readonly kind: "deferred" };

/** Facts about a derivation that is an input of others. */
export interface KnownDerivation {
  readonly outputs: ReadonlyMap<string, DerivationOutput>;
  /** The references of the `.drv` file: its sources and input derivations. */
  readonly references: readonly string[];
  /** Computed when first needed. */
  modulo: HashModulo | undefined;
}

/** Known derivations by `.drv` path. Valid for one store directory. */
export type DerivationCache = Map<string, KnownDerivation>;

/** The environment of the hash computations. */
export interface HashModuloContext extends StoreConfig {
  readonly cache: DerivationCache;
  /** Reads the derivation at a `.drv` path that is not in the cache; throws if there is none. */
  readDerivation(drvPath: string): Derivation;
}

const DEFERRED: HashModulo = { kind: "deferred" };

function fixedModulo(config: StoreConfig, drv: Derivation): HashModulo {
  const outputs = new Map<string, string>();
  for (const [name, output] of drv.outputs) {
    if (output.kind !== "fixed") continue;
    const method = formatMethodAlgorithm(output.method, output.hash.algorithm);
    const text = `fixed:out:${method}:${encodeBase16(output.hash.digest)}:${output.path}`;
    outputs.set(name, config.hashes.hex("sha256", text));
  }
  return { kind: "fixed", outputs };
}

/**
 * The inputs of `drv` as an ATerm list with hashes modulo as keys, or undefined if one has none.
 * All input derivations must be in the cache.
 */
function formatInputsModulo(drv: Derivation, cache: DerivationCache): string | undefined {
  if (drv.inputDrvs.size === 0) return "[]";
  const known = formatKnownInputs(drv);
  if (known !== undefined) return known;
  const inputs = new Map<string, DerivationInput>();
  for (const [path, input] of drv.inputDrvs) {
    if (input.dynamicOutputs !== undefined && input.dynamicOutputs.size > 0) return undefined;
    const modulo = cache.get(path)?.modulo as HashModulo;
    if (modulo.kind === "deferred") return undefined;
    if (modulo.kind === "hash") {
      // A known input would be listed by its path.
      addInput(inputs, modulo.hex, { outputs: input.outputs });
      continue;
    }
    for (const output of input.outputs) {
      const hex = modulo.outputs.get(output);
      if (hex === undefined) {
        throw new FormatError(
          "error",
          marked`no hash for output '${output}' of derivation '${drv.name}'`,
        );
      }
      addInput(inputs, hex, FIXED_INPUT);
    }
  }
  return formatInputDrvs(inputs);
}

/** {@link formatInputsModulo} for {@link KnownInput}s with distinct hashes. */
function formatKnownInputs(drv: Derivation): string | undefined {
  const inputs: KnownInput[] = [];
  for (const input of drv.inputDrvs.values()) {
    if (!(input instanceof KnownInput)) return undefined;
    inputs.push(input);
  }
  if (inputs.length > FEW_INPUTS) inputs.sort((a, b) => compareBytes(a.hex, b.hex));
  else {
    for (let i = 1; i < inputs.length; i++) {
      const input = inputs[i] as KnownInput;
      let place = i;
      while (place > 0 && (inputs[place - 1] as KnownInput).hex > input.hex) {
        inputs[place] = inputs[place - 1] as KnownInput;
        place--;
      }
      inputs[place] = input;
    }
  }
  let text = "[";
  let last = "";
  for (const { hex, hashed } of inputs) {
    if (hex === last) return undefined;
    text += last === "" ? hashed : `,${hashed}`;
    last = hex;
  }
  return `${text}]`;
}

/**
 * The longest list that insertion sort handles, which saves the copies that the engine's sort
 * makes.
 */
const FEW_INPUTS = 24;

/** A fixed-output derivation as an input. */
const FIXED_INPUT: DerivationInput = { outputs: new Set(["out"]) };

function addInput(inputs: Map<string, DerivationInput>, hex: string, input: DerivationInput): void {
  const known = inputs.get(hex);
  // Nix: the outputs of two inputs with the same hash are united (modulo.cc, inputModulo).
  // Pinned by test/hash-modulo.test.ts.
  inputs.set(
    hex,
    known === undefined ? input : { outputs: new Set([...known.outputs, ...input.outputs]) },
  );
}

/** The input derivations whose hash modulo `drv` needs and the cache lacks. */
function unknownInputs(drv: Derivation, cache: DerivationCache): string[] {
  const unknown: string[] = [];
  for (const [path, input] of drv.inputDrvs) {
    if (input instanceof KnownInput) continue;
    if (input.dynamicOutputs !== undefined && input.dynamicOutputs.size > 0) return [];
    if (cache.get(path)?.modulo === undefined) unknown.push(path);
  }
  return unknown;
}

/** Adds the hash modulo of a derivation to the cache. */
function enter(cache: DerivationCache, path: string, drv: Derivation, modulo: HashModulo): void {
  const known = cache.get(path);
  if (known !== undefined) known.modulo = modulo;
  else cache.set(path, { ...knownOf(drv), modulo });
}

/** The facts about a derivation that was read, without its hash modulo. */
export function knownOf(drv: Derivation): KnownDerivation {
  const sources = sortedBytes(drv.inputSrcs);
  const references = united(sources, sortedBytes(drv.inputDrvs.keys()));
  return { outputs: drv.outputs, references, modulo: undefined };
}

/** Adds the hashes modulo of all inputs of `drv` to the cache. */
function prepareInputs(drv: Derivation, context: HashModuloContext): void {
  const unknown = unknownInputs(drv, context.cache);
  if (unknown.length === 0) return;
  const pending: { path: string; drv: Derivation }[] = [];
  const open = new Set<string>();
  const { cache } = context;
  const push = (path: string): void => {
    if (cache.get(path)?.modulo !== undefined) return;
    if (open.has(path))
      throw new FormatError("error", marked`derivation '${path}' depends on itself`);
    const input = context.readDerivation(path);
    const type = derivationType(input);
    if (type === "fixed") enter(cache, path, input, fixedModulo(context, input));
    else if (type !== "input-addressed") enter(cache, path, input, DEFERRED);
    else {
      open.add(path);
      pending.push({ path, drv: input });
    }
  };
  for (const first of unknown) {
    push(first);
    while (pending.length > 0) {
      const top = pending[pending.length - 1] as { path: string; drv: Derivation };
      const next = unknownInputs(top.drv, cache)[0];
      if (next !== undefined) {
        push(next);
        continue;
      }
      const modulo = inputAddressedModulo(context, top.drv, new ATermWriter(top.drv));
      enter(cache, top.path, top.drv, modulo);
      open.delete(top.path);
      pending.pop();
    }
  }
}

function inputAddressedModulo(
  context: HashModuloContext,
  drv: Derivation,
  writer: ATermWriter,
): HashModulo {
  const inputs = formatInputsModulo(drv, context.cache);
  if (inputs === undefined) return DEFERRED;
  return { kind: "hash", hex: context.hashes.hex("sha256", writer.write(inputs, false)) };
}

/** The hash that represents `drv` as an input of other derivations. */
export function hashModulo(drv: Derivation, context: HashModuloContext): HashModulo {
  const type = derivationType(drv);
  if (type === "fixed") return fixedModulo(context, drv);
  if (type !== "input-addressed") return DEFERRED;
  prepareInputs(drv, context);
  return inputAddressedModulo(context, drv, new ATermWriter(drv));
}

/** The union of two sorted lists of distinct names, sorted. */
function united(a: readonly string[], b: readonly string[]): readonly string[] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const all: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const first = a[i] as string;
    const second = b[j] as string;
    if (first < second) {
      all.push(first);
      i++;
    } else {
      all.push(second);
      j++;
      if (first === second) i++;
    }
  }
  while (i < a.length) all.push(a[i++] as string);
  while (j < b.length) all.push(b[j++] as string);
  return all;
}

function sortedOutputs(drv: Derivation): ReadonlyMap<string, DerivationOutput> {
  if (drv.outputs.size === 1) return drv.outputs;
  const outputs = new Map<string, DerivationOutput>();
  for (const name of sortedBytes(drv.outputs.keys())) {
    outputs.set(name, drv.outputs.get(name) as DerivationOutput);
  }
  return outputs;
}

/** A derivation with its computed paths and text. */
export interface FinishedDerivation {
  /** The path of the `.drv` file. */
  readonly drvPath: string;
  /** The outputs with their paths, sorted by name. */
  readonly outputs: ReadonlyMap<string, DerivationOutput>;
  /** The contents of the `.drv` file. */
  readonly text: string;
  /** The references of the `.drv` file: its sources and input derivations. */
  readonly references: readonly string[];
}

/**
 * Computes the output paths and the `.drv` path of `drv` and adds its hash modulo to the cache.
 *
 * `deferred` outputs become `input-addressed` if all inputs have hashes, and `drv.outputs` and
 * the variables named after the outputs are updated. Other kinds of outputs (and their
 * variables) must be complete. Input derivations that are not in the cache are read.
 */
export function finishDerivation(drv: Derivation, context: HashModuloContext): FinishedDerivation {
  const type = derivationType(drv);
  const sources = sortedBytes(drv.inputSrcs);
  const inputPaths = sortedBytes(drv.inputDrvs.keys());
  const references = united(sources, inputPaths);
  let modulo: HashModulo = DEFERRED;
  let writer: ATermWriter;
  if (type === "deferred") {
    for (const name of drv.outputs.keys()) drv.env.set(name, "");
    writer = new ATermWriter(drv, sources);
    prepareInputs(drv, context);
    const inputs = formatInputsModulo(drv, context.cache);
    if (inputs !== undefined) {
      const masked = context.hashes.hex("sha256", writer.write(inputs, true));
      for (const name of drv.outputs.keys()) {
        const path = makeOutputPath(context, name, masked, drv.name);
        drv.outputs.set(name, { kind: "input-addressed", path });
        drv.env.set(name, path);
      }
      modulo = { kind: "hash", hex: context.hashes.hex("sha256", writer.write(inputs, false)) };
    }
  } else {
    writer = new ATermWriter(drv, sources);
    modulo = hashModulo(drv, context);
  }
  const text = writer.write(formatInputDrvs(drv.inputDrvs, inputPaths), false);
  const drvPath = makeTextPath(context, drv.name + DRV_EXTENSION, text, references);
  const outputs = sortedOutputs(drv);
  context.cache.set(drvPath, { outputs, references, modulo });
  return { drvPath, outputs, text, references };
}
