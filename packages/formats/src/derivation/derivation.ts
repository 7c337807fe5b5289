/**
 * Derivations: what to build, from what, and where the outputs will be.
 *
 * All paths are whole store paths. The maps need no particular order: the writers sort them.
 * Reading and writing are in aterm.ts and json.ts; output paths come from hash-modulo.ts.
 */
import { sortedBytes } from "../byte-order.ts";
import type { ContentAddressMethod } from "../content-address.ts";
import { FormatError } from "../format-error.ts";
import type { HashAlgorithm } from "../hash/algorithms.ts";
import type { NixHash } from "../hash/nix-hash.ts";

/** The location of an output, or why it is not known. */
export type DerivationOutput =
  /** The path follows from the inputs. */
  | { readonly kind: "input-addressed"; readonly path: string }
  /** The hash of the content is given in advance; the path follows from it. */
  | {
      readonly kind: "fixed";
      readonly method: ContentAddressMethod;
      readonly hash: NixHash;
      readonly path: string;
    }
  /** The path follows from the content after the build. */
  | {
      readonly kind: "floating";
      readonly method: ContentAddressMethod;
      readonly algorithm: HashAlgorithm;
    }
  /** Input-addressed, but the path is not filled in yet, or the path of an input is not known. */
  | { readonly kind: "deferred" }
  /** Like floating, but rebuilt every time. */
  | {
      readonly kind: "impure";
      readonly method: ContentAddressMethod;
      readonly algorithm: HashAlgorithm;
    };

/** The outputs of an input derivation that are used. */
export interface DerivationInput {
  readonly outputs: ReadonlySet<string>;
  /**
   * Outputs that are derivations themselves, by name, with the outputs of *theirs* that are used.
   */
  readonly dynamicOutputs?: ReadonlyMap<string, DerivationInput>;
}

const ONLY_OUT: ReadonlySet<string> = new Set(["out"]);

/**
 * Outputs of a derivation with a hash modulo, as an input of others, with the texts that represent
 * it there. The texts are made once, however many derivations use the input.
 */
export class KnownInput implements DerivationInput {
  readonly outputs: ReadonlySet<string>;
  /** The entry in a `.drv` file. */
  readonly listed: string;
  /** The entry with the hash modulo in place of the path. */
  readonly hashed: string;
  readonly #outputNames: readonly string[];
  #combined: KnownInput[] | undefined;

  constructor(
    readonly drvPath: string,
    /** Sorted by their bytes. */
    outputNames: readonly string[],
    /** The hash modulo of these outputs in base 16. */
    readonly hex: string,
  ) {
    this.#outputNames = outputNames;
    const outputs = `["${outputNames.join('","')}"]`;
    this.outputs =
      outputNames.length === 1 && outputNames[0] === "out" ? ONLY_OUT : new Set(outputNames);
    this.listed = `("${drvPath}",${outputs})`;
    this.hashed = `("${hex}",${outputs})`;
  }

  /** This input with one more output, which has the same hash. */
  with(output: string): KnownInput {
    if (this.outputs.has(output)) return this;
    this.#combined ??= [];
    for (const known of this.#combined) if (known.outputs.has(output)) return known;
    const both = new KnownInput(
      this.drvPath,
      sortedBytes([...this.#outputNames, output]),
      this.hex,
    );
    this.#combined.push(both);
    return both;
  }
}

/** A derivation before or after its outputs have paths. */
export interface Derivation {
  /** The name without `.drv`. */
  name: string;
  outputs: Map<string, DerivationOutput>;
  /** By `.drv` path. */
  inputDrvs: Map<string, DerivationInput>;
  inputSrcs: Set<string>;
  system: string;
  builder: string;
  args: readonly string[];
  /** Never contains `__json`. */
  env: Map<string, string>;
  /**
   * The structured attributes as compact JSON with sorted keys; written as the variable `__json`.
   */
  structuredAttrs?: string;
}

/** The variable that carries structured attributes. */
export const STRUCTURED_ATTRS_VARIABLE = "__json";

/** The common kind of a derivation's outputs. */
export type DerivationType = "input-addressed" | "deferred" | "fixed" | "floating" | "impure";

/** The common kind of the outputs; throws upstream's error if they differ or there are none. */
export function derivationType(drv: Pick<Derivation, "outputs">): DerivationType {
  if (isOnlyOut(drv.outputs)) return (drv.outputs.get("out") as DerivationOutput).kind;
  let type: DerivationType | undefined;
  let algorithm: HashAlgorithm | undefined;
  for (const name of sortedBytes(drv.outputs.keys())) {
    const output = drv.outputs.get(name) as DerivationOutput;
    if (type !== undefined) {
      if (type !== output.kind) throw new FormatError("error", "can't mix derivation output types");
      if (type === "fixed")
        throw new FormatError("error", "only one fixed output is allowed for now");
    }
    type = output.kind;
    if (output.kind === "fixed" && name !== "out") {
      throw new FormatError("error", 'single fixed output must be named "out"');
    }
    if (output.kind === "floating") {
      algorithm ??= output.algorithm;
      if (algorithm !== output.algorithm) {
        throw new FormatError("error", "all floating outputs must use the same hash algorithm");
      }
    }
  }
  if (type === undefined) throw new FormatError("error", "must have at least one output");
  return type;
}

/** Whether `out` is the only output, the most common case. */
export function isOnlyOut(outputs: Pick<ReadonlySet<string>, "size" | "has">): boolean {
  return outputs.size === 1 && outputs.has("out");
}

/** The output's path, or undefined if it is not known. */
export function outputPath(output: DerivationOutput): string | undefined {
  return output.kind === "input-addressed" || output.kind === "fixed" ? output.path : undefined;
}

/**
 * Throws if the environment has the variable `__json`, which is reserved for structured attributes.
 */
export function checkEnvironment(drv: Pick<Derivation, "env">): void {
  if (drv.env.has(STRUCTURED_ATTRS_VARIABLE)) {
    throw new FormatError(
      "error",
      "Cannot have an environment variable named '__json'. This key is reserved for encoding structured attrs",
    );
  }
}

/** Whether any input is the output of a derivation that is itself an output. */
export function hasDynamicInputs(drv: Pick<Derivation, "inputDrvs">): boolean {
  for (const input of drv.inputDrvs.values()) {
    if (input.dynamicOutputs !== undefined && input.dynamicOutputs.size > 0) return true;
  }
  return false;
}
