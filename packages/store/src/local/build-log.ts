/** Build logs as C++ Nix keeps them: `drvs/ab/cdef….drv`, plain or by bzip2, below the log directory. */
import { storePathBaseName } from "@nivis/formats";
import { StoreError } from "../error.ts";
import type { ByteStream, StoreHost } from "../host.ts";
import type { FileSystem } from "./file-system.ts";

/** The log of a derivation; `undefined` if there is none. */
export async function readBuildLog(
  files: FileSystem,
  logDir: string,
  drvPath: string,
  host: StoreHost,
): Promise<ByteStream | undefined> {
  const name = storePathBaseName(drvPath);
  const path = `${logDir}/drvs/${name.slice(0, 2)}/${name.slice(2)}`;
  if ((await files.status(path)) !== undefined) return files.read(path);
  if ((await files.status(`${path}.bz2`)) === undefined) return undefined;
  const decompress = host.codecs["bzip2"]?.decompress;
  if (decompress === undefined) {
    throw new StoreError("unsupported", "compression 'bzip2' is not supported");
  }
  return decompress(files.read(`${path}.bz2`));
}
