/**
 * Output query: where the outputs of derivations are, also those whose paths do not follow from the
 * derivation and are known only as realisations.
 *
 * A realisation belongs to the *resolved* derivation, whose inputs are the paths that its input
 * derivations became. So the outputs of inputs are looked up first, down to derivations without
 * unknown inputs. One query remembers what it found. Source: outputs-query.cc and
 * derivation/resolution.cc of libstore.
 */
import {
  type Derivation,
  type DerivationInput,
  type DownstreamPlaceholder,
  derivationType,
  finishDerivation,
  hasDynamicInputs,
  marked,
  outputPath,
  type Realisation,
  storePathBaseName,
  unknownDerivationPlaceholder,
  unknownOutputPlaceholder,
} from "@nivis/formats";
import { readDerivation } from "./derivation-file.ts";
import { StoreError } from "./error.ts";
import type { StoreHost } from "./host.ts";
import type { RequestOptions, Store } from "./store.ts";

/** See the head of this file. */
export class OutputQuery {
  /** The realisations that were found on the way, by derivation and output. */
  readonly realisations = new Map<string, Realisation>();
  readonly #store: Store;
  readonly #host: StoreHost;
  readonly #options: RequestOptions;
  readonly #derivations = new Map<string, Promise<Derivation>>();
  readonly #resolved = new Map<string, Promise<string>>();
  readonly #realised = new Map<string, Promise<string | undefined>>();

  /** `store` holds the derivations and the realisations. */
  constructor(store: Store, host: StoreHost, options: RequestOptions = {}) {
    this.#store = store;
    this.#host = host;
    this.#options = options;
  }

  /** Where an output of a valid derivation is; `undefined` if that is not known yet. */
  async output(drvPath: string, outputName: string): Promise<string | undefined> {
    const output = (await this.#read(drvPath)).outputs.get(outputName);
    if (output === undefined) {
      throw new StoreError(
        "usage",
        marked`derivation '${drvPath}' does not have an output named '${outputName}'`,
      );
    }
    const path = outputPath(output);
    if (path !== undefined || this.#store.realisations === undefined) return path;
    const resolved = await once(this.#resolved, drvPath, () => this.#resolve(drvPath));
    return once(this.#realised, `${resolved}^${outputName}`, () =>
      this.#realisation(resolved, outputName),
    );
  }

  /** Where all outputs of a valid derivation are. */
  async outputs(drvPath: string): Promise<ReadonlyMap<string, string | undefined>> {
    const paths = new Map<string, string | undefined>();
    for (const name of [...(await this.#read(drvPath)).outputs.keys()].sort()) {
      paths.set(name, await this.output(drvPath, name));
    }
    return paths;
  }

  #read(drvPath: string): Promise<Derivation> {
    return once(this.#derivations, drvPath, () =>
      readDerivation(this.#store, drvPath, this.#host, this.#options),
    );
  }

  async #realisation(drvPath: string, outputName: string): Promise<string | undefined> {
    const id = { drvPath, outputName };
    const value = await this.#store.realisations?.realisation(id, this.#options);
    if (value === undefined) return undefined;
    this.realisations.set(`${drvPath}^${outputName}`, { id, value });
    return value.outPath;
  }

  /** The path of the derivation with resolved inputs; its own path if they are not all known. */
  async #resolve(drvPath: string): Promise<string> {
    const drv = await this.#read(drvPath);
    const isKnown = ["input-addressed", "fixed"].includes(derivationType(drv));
    if (drv.inputDrvs.size === 0 || (isKnown && !hasDynamicInputs(drv))) return drvPath;
    const sources = new Set(drv.inputSrcs);
    const rewrites = new Map<string, string>();
    for (const [path, input] of drv.inputDrvs) {
      if (!(await this.#resolveInput(path, input, undefined, sources, rewrites))) return drvPath;
    }
    const rewrite = (text: string): string => {
      let result = text;
      for (const [placeholder, path] of rewrites)
        result = result.replaceAll(placeholder, () => path);
      return result;
    };
    const { hashes } = this.#host;
    const { storeDir } = this.#store;
    const { structuredAttrs } = drv;
    const resolved: Derivation = {
      ...drv,
      outputs: new Map(drv.outputs),
      inputDrvs: new Map(),
      inputSrcs: sources,
      builder: rewrite(drv.builder),
      args: drv.args.map(rewrite),
      env: new Map([...drv.env].map(([name, value]) => [rewrite(name), rewrite(value)])),
      ...(structuredAttrs === undefined ? {} : { structuredAttrs: rewrite(structuredAttrs) }),
    };
    const readNone = (path: string): never => {
      throw new StoreError(
        "corrupt",
        marked`resolved derivation '${drvPath}' has the input '${path}'`,
      );
    };
    const context = { storeDir, hashes, cache: new Map(), readDerivation: readNone };
    return finishDerivation(resolved, context).drvPath;
  }

  /** Adds the paths of the outputs of an input; returns whether they are all known. */
  async #resolveInput(
    drvPath: string,
    input: DerivationInput,
    of: DownstreamPlaceholder | undefined,
    sources: Set<string>,
    rewrites: Map<string, string>,
  ): Promise<boolean> {
    const { hashes } = this.#host;
    const placeholder = (name: string): DownstreamPlaceholder =>
      of === undefined
        ? unknownOutputPlaceholder(hashes, storePathBaseName(drvPath), name)
        : unknownDerivationPlaceholder(hashes, of, name);
    for (const name of input.outputs) {
      const path = await this.output(drvPath, name);
      if (path === undefined) return false;
      sources.add(path);
      rewrites.set(placeholder(name).text, path);
    }
    for (const [name, inner] of input.dynamicOutputs ?? []) {
      const path = await this.output(drvPath, name);
      if (path === undefined) return false;
      if (!(await this.#resolveInput(path, inner, placeholder(name), sources, rewrites))) {
        return false;
      }
    }
    return true;
  }
}

function once<T>(known: Map<string, Promise<T>>, key: string, find: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before !== undefined) return before;
  const found = find();
  known.set(key, found);
  return found;
}
