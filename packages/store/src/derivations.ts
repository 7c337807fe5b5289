/** Derivations in a store: read, and where their outputs are. */
import {
  bytesToByteString,
  type Derivation,
  type DerivationOutput,
  derivationNameOfPath,
  type FinishedDerivation,
  finishDerivation,
  outputPath,
  parseDerivation,
  storePathBaseName,
} from "@nivis/formats";
import { StoreError } from "./error.ts";
import type { StoreHost } from "./host.ts";
import { NarReader } from "./nar-reader.ts";
import type { RequestOptions, Store } from "./store.ts";

/** The derivation at a valid path. Throws `invalid-path`, or a format error for what is none. */
export async function readDerivation(
  store: Store,
  drvPath: string,
  host: StoreHost,
  options: RequestOptions = {},
): Promise<Derivation> {
  const name = derivationNameOfPath(storePathBaseName(drvPath));
  const nar = new NarReader();
  let text = "";
  for await (const chunk of store.nar(drvPath, options)) {
    for (const event of nar.push(chunk)) {
      if (event.type === "contents") text += bytesToByteString(event.bytes);
      else if (event.type !== "regular" && event.type !== "end-regular") {
        throw new StoreError("corrupt", `path '${drvPath}' is not a regular file`);
      }
    }
  }
  nar.finish();
  return parseDerivation(text, name, { storeDir: store.storeDir, hashes: host.hashes });
}

/** The outputs of a valid derivation: as the store knows them, else as the derivation says. */
export async function outputsOfDerivation(
  store: Store,
  drvPath: string,
  host: StoreHost,
  options: RequestOptions = {},
): Promise<ReadonlyMap<string, string | undefined>> {
  if (store.outputsOf !== undefined) return store.outputsOf(drvPath, options);
  const { outputs } = await readDerivation(store, drvPath, host, options);
  const paths = new Map<string, string | undefined>();
  for (const name of [...outputs.keys()].sort()) {
    const output = outputs.get(name);
    let path = output === undefined ? undefined : outputPath(output);
    path ??= (await store.realisations?.realisation({ drvPath, outputName: name }, options))
      ?.outPath;
    paths.set(name, path);
  }
  return paths;
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
        `derivation has incorrect output '${output.path}', should be '${path}'`,
      );
    }
    const variable = environment.get(name);
    if (variable !== undefined && variable !== "" && variable !== path) {
      throw new StoreError(
        "usage",
        `derivation has incorrect environment variable '${name}', should be '${path}' but is actually '${variable}'`,
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
