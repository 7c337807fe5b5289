/**
 * The builder of stores that cannot build: what is valid counts as built, and for everything else it
 * says what is missing. Clients ask for builds before they look whether anything needs building.
 */
import {
  type DerivedPath,
  isDerivationPath,
  type KeyedBuildResult,
  rootOfDerivedPath,
  type UnkeyedRealisation,
} from "@nivis/formats";
import { readDerivation } from "./derivation-file.ts";
import { outputsOfDerivation } from "./derivations.ts";
import { StoreError, unsupported } from "./error.ts";
import type { StoreHost } from "./host.ts";
import type { Builder, Missing, RequestOptions, Store } from "./store.ts";

/** See the head of this file. */
export class ValidBuilder implements Builder {
  readonly #store: Store;
  readonly #host: StoreHost;

  constructor(store: Store, host: StoreHost) {
    this.#store = store;
    this.#host = host;
  }

  async build(
    paths: readonly DerivedPath[],
    _mode?: unknown,
    options: RequestOptions = {},
  ): Promise<readonly KeyedBuildResult[]> {
    const results: KeyedBuildResult[] = [];
    for (const path of paths) results.push(await this.#lookUp(path, options));
    return results;
  }

  async #lookUp(path: DerivedPath, options: RequestOptions): Promise<KeyedBuildResult> {
    const outputs = await this.#validOutputs(path, options);
    const isThere = outputs !== undefined;
    return {
      path,
      status: isThere
        ? "already-valid"
        : path.kind === "opaque"
          ? "no-substituters"
          : "misc-failure",
      errorMessage: isThere ? "" : this.#complaint(path),
      timesBuilt: 0,
      isNonDeterministic: false,
      startTime: 0,
      stopTime: 0,
      builtOutputs: outputs ?? new Map(),
    };
  }

  #complaint(path: DerivedPath): string {
    return path.kind === "opaque"
      ? `path '${path.path}' is required, but there is no substituter that can build it`
      : unsupported("buildPaths", this.#store.uri).message;
  }

  /** What a wanted path is, if all of it is valid. */
  async #validOutputs(
    path: DerivedPath,
    options: RequestOptions,
  ): Promise<ReadonlyMap<string, UnkeyedRealisation> | undefined> {
    const root = rootOfDerivedPath(path);
    if ((await this.#store.info(root, options)) === undefined) return undefined;
    const found = new Map<string, UnkeyedRealisation>();
    if (path.kind === "opaque") return found;
    if (path.drv.kind === "built") return undefined;
    const known = await outputsOfDerivation(this.#store, root, this.#host, options);
    for (const [name, outPath] of known) {
      if (path.outputs !== "all" && !path.outputs.includes(name)) continue;
      if (outPath === undefined) return undefined;
      if ((await this.#store.info(outPath, options)) === undefined) return undefined;
      found.set(name, { outPath, signatures: [] });
    }
    return found;
  }

  async buildDerivation(): Promise<never> {
    throw unsupported("buildDerivation", this.#store.uri);
  }

  async ensure(path: string, options?: RequestOptions): Promise<void> {
    if ((await this.#store.info(path, options)) !== undefined) return;
    throw new StoreError("invalid-path", this.#complaint({ kind: "opaque", path }));
  }

  async missing(paths: readonly DerivedPath[], options: RequestOptions = {}): Promise<Missing> {
    const willBuild = new Set<string>();
    const unknown = new Set<string>();
    const seen = new Set<string>();
    const open = [...paths];
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      const root = rootOfDerivedPath(path);
      if ((await this.#store.info(root, options)) === undefined) {
        unknown.add(root);
        continue;
      }
      if (path.kind === "opaque" || seen.has(root)) continue;
      if ((await this.#validOutputs(path, options)) !== undefined) continue;
      seen.add(root);
      willBuild.add(root);
      const drv = await readDerivation(this.#store, root, this.#host, options);
      for (const [input, { outputs }] of drv.inputDrvs) {
        open.push({
          kind: "built",
          drv: { kind: "opaque", path: input },
          outputs: [...outputs].sort(),
        });
      }
      for (const source of drv.inputSrcs) {
        if (!isDerivationPath(source)) open.push({ kind: "opaque", path: source });
      }
    }
    return {
      willBuild: [...willBuild].sort(),
      willSubstitute: [],
      unknown: [...unknown].sort(),
      downloadSize: 0,
      narSize: 0,
    };
  }
}
