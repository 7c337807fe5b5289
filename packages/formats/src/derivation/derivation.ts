/**
 * Derivations: what is to be built, from what, and where it will be.
 *
 * All paths are whole store paths. The maps need no particular order: whoever writes them
 * sorts. Writing and reading are in aterm.ts and json.ts; output paths come from
 * hash-modulo.ts.
 */
import { sortedBytes } from "../byte-order.ts";
import type { ContentAddressMethod } from "../content-address.ts";
import { FormatError } from "../format-error.ts";
import type { HashAlgorithm } from "../hash/algorithms.ts";
import type { NixHash } from "../hash/nix-hash.ts";

/** Where one output will be, or why that is not known yet. */
export type DerivationOutput =
  /** The path follows from the inputs. */
  | { readonly kind: "input-addressed"; readonly path: string }
  /** The content's hash is given in advance; the path follows from it. */
  | {
      readonly kind: "fixed";
      readonly method: ContentAddressMethod;
      readonly hash: NixHash;
      readonly path: string;
    }
  /** The path will follow from the content, once built. */
  | {
      readonly kind: "floating";
      readonly method: ContentAddressMethod;
      readonly algorithm: HashAlgorithm;
    }
  /** Input-addressed, but some input's path is not known; or not filled in yet. */
  | { readonly kind: "deferred" }
  /** Like floating, and built anew each time. */
  | {
      readonly kind: "impure";
      readonly method: ContentAddressMethod;
      readonly algorithm: HashAlgorithm;
    };

/** Which outputs of an input derivation are used. */
export interface DerivationInput {
  readonly outputs: ReadonlySet<string>;
  /** Outputs which are derivations themselves (by output name), and which of *their* outputs are used. */
  readonly dynamicOutputs?: ReadonlyMap<string, DerivationInput>;
}

const ONLY_OUT: ReadonlySet<string> = new Set(["out"]);

/**
 * Outputs of a derivation that has a hash modulo, as an input of others, with the texts that stand for
 * it there: they are made once, however many derivations it enters.
 */
export class KnownInput implements DerivationInput {
  readonly outputs: ReadonlySet<string>;
  /** How a `.drv` file lists it. */
  readonly listed: string;
  /** The same with the hash modulo in place of the path. */
  readonly hashed: string;
  private combined: KnownInput[] | undefined;

  constructor(
    readonly drvPath: string,
    /** In order. */
    private readonly outputNames: readonly string[],
    /** The hash modulo of these outputs in base16. */
    readonly hex: string,
  ) {
    const outputs = `["${outputNames.join('","')}"]`;
    this.outputs =
      outputNames.length === 1 && outputNames[0] === "out" ? ONLY_OUT : new Set(outputNames);
    this.listed = `("${drvPath}",${outputs})`;
    this.hashed = `("${hex}",${outputs})`;
  }

  /** The same with one more output, which has the same hash. */
  with(output: string): KnownInput {
    if (this.outputs.has(output)) return this;
    this.combined ??= [];
    for (const known of this.combined) if (known.outputs.has(output)) return known;
    const both = new KnownInput(this.drvPath, sortedBytes([...this.outputNames, output]), this.hex);
    this.combined.push(both);
    return both;
  }
}

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
  /** The structured attributes as compact JSON with sorted keys; written as the variable `__json`. */
  structuredAttrs?: string;
}

/** The variable that carries structured attributes. */
export const structuredAttrsVariable = "__json";

/** What the outputs of a derivation are, all alike. */
export type DerivationType = "input-addressed" | "deferred" | "fixed" | "floating" | "impure";

/** The common type of the outputs; throws upstream's error for a mixture or for none. */
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

/** Whether `out` is all of them, as it mostly is. */
export function isOnlyOut(outputs: Pick<ReadonlySet<string>, "size" | "has">): boolean {
  return outputs.size === 1 && outputs.has("out");
}

/** The output's path if it is known. */
export function outputPath(output: DerivationOutput): string | undefined {
  return output.kind === "input-addressed" || output.kind === "fixed" ? output.path : undefined;
}

/** Throws if the environment has a variable `__json`, which is kept for structured attributes. */
export function checkEnvironment(drv: Pick<Derivation, "env">): void {
  if (drv.env.has(structuredAttrsVariable)) {
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
