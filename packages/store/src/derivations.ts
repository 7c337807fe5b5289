/** Derivations in a store: where their outputs are, and completing one with its outputs. */
import {
  type Derivation,
  type DerivationOutput,
  type FinishedDerivation,
  finishDerivation,
  marked,
  outputPath,
  parseDerivation,
} from "@nivis/formats";
import { readDerivation } from "./derivation-file.ts";
import { StoreError } from "./error.ts";
import type { StoreHost } from "./host.ts";
import { OutputQuery } from "./output-query.ts";
import type { RequestOptions, Store } from "./store.ts";

/** The outputs of a valid derivation: as the store knows them, else as the derivation says. */
export async function outputsOfDerivation(
  store: Store,
  drvPath: string,
  host: StoreHost,
  options: RequestOptions = {},
): Promise<ReadonlyMap<string, string | undefined>> {
  const query = new OutputQuery(store, host, options);
  if (store.outputsOf === undefined) return query.outputs(drvPath);
  const known = await store.outputsOf(drvPath, options);
  if (store.realisations === undefined || [...known.values()].every((path) => path !== undefined)) {
    return known;
  }
  // Daemons do not look for the realisations of the derivation with resolved inputs.
  const paths = new Map(known);
  for (const [name, path] of known) {
    if (path === undefined) paths.set(name, await unlessRefused(query.output(drvPath, name)));
  }
  return paths;
}

/** Daemons without the feature have no realisations. */
async function unlessRefused(path: Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await path;
  } catch (error) {
    const isRefused = error instanceof StoreError && ["remote", "unsupported"].includes(error.kind);
    if (isRefused) return undefined;
    throw error;
  }
}

/**
 * Fills in the output paths of a derivation, checks those that are given, and returns its text and
 * path. Its input derivations are read from the store. Throws C++ Nix's error for a wrong path.
 */
export async function completeDerivation(
  store: Store,
  drv: Derivation,
  host: StoreHost,
  options: RequestOptions = {},
): Promise<FinishedDerivation> {
  const inputs = await inputDerivations(store, drv, host, options);
  const given = new Map(drv.outputs);
  const environment = new Map(drv.env);
  const outputs = new Map<string, DerivationOutput>();
  for (const [name, output] of given) {
    outputs.set(name, output.kind === "input-addressed" ? { kind: "deferred" } : output);
  }
  const finished = finishDerivation(
    { ...drv, outputs, env: new Map(environment) },
    {
      storeDir: store.storeDir,
      hashes: host.hashes,
      cache: new Map(),
      readDerivation: (path) => inputs.get(path) as Derivation,
    },
  );
  const complete = parseDerivation(finished.text, drv.name, {
    storeDir: store.storeDir,
    hashes: host.hashes,
  });
  for (const [name, output] of given) {
    const right = complete.outputs.get(name);
    const path = right === undefined ? undefined : outputPath(right);
    if (path === undefined) continue;
    if (output.kind === "input-addressed" && output.path !== path) {
      throw new StoreError(
        "usage",
        marked`derivation has incorrect output '${output.path}', should be '${path}'`,
      );
    }
    const variable = environment.get(name);
    if (variable !== undefined && variable !== "" && variable !== path) {
      throw new StoreError(
        "usage",
        marked`derivation has incorrect environment variable '${name}', should be '${path}' but is actually '${variable}'`,
      );
    }
  }
  return finished;
}

/** All derivations that a derivation is built from, by path. */
async function inputDerivations(
  store: Store,
  drv: Derivation,
  host: StoreHost,
  options: RequestOptions,
): Promise<ReadonlyMap<string, Derivation>> {
  const found = new Map<string, Derivation>();
  let wave = [...drv.inputDrvs.keys()];
  while (wave.length > 0) {
    const next = new Set<string>();
    for (const path of wave) {
      if (found.has(path)) continue;
      const input = await readDerivation(store, path, host, options);
      found.set(path, input);
      for (const further of input.inputDrvs.keys()) next.add(further);
    }
    wave = [...next];
  }
  return found;
}
