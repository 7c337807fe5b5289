/** The derivations in a store, read from their `.drv` files. */
import {
  bytesToByteString,
  type Derivation,
  derivationNameOfPath,
  marked,
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
        throw new StoreError("corrupt", marked`path '${drvPath}' is not a regular file`);
      }
    }
  }
  nar.finish();
  return parseDerivation(text, name, { storeDir: store.storeDir, hashes: host.hashes });
}
