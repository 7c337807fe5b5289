/** Derivations in a store: read, and where their outputs are. */
import {
  bytesToByteString,
  type Derivation,
  derivationNameOfPath,
  NarStream,
  outputPath,
  parseDerivation,
  storePathBaseName,
} from "@nivis/formats";
import { StoreError } from "./error.ts";
import type { StoreHost } from "./host.ts";
import type { RequestOptions, Store } from "./store.ts";

/** The derivation at a valid path. Throws `invalid-path`, or a format error for what is none. */
export async function readDerivation(
  store: Store,
  drvPath: string,
  host: StoreHost,
  options: RequestOptions = {},
): Promise<Derivation> {
  const name = derivationNameOfPath(storePathBaseName(drvPath));
  const nar = new NarStream();
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
