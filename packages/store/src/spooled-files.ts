/**
 * The files of a store object that is reachable only as a NAR and of which many files are read: the
 * NAR is fetched once and kept in a temporary file.
 */
import type { NarListing } from "@nivis/formats";
import type { ByteStream, StoreHost } from "./host.ts";
import { NarReader } from "./nar-reader.ts";
import { cut, ListedFiles, ListingBuilder } from "./object-files.ts";
import type { ObjectFiles } from "./store.ts";

/** Files that hold a temporary file until they are disposed of. */
export interface SpooledFiles {
  readonly files: ObjectFiles;
  readonly listing: NarListing;
  dispose(): Promise<void>;
}

/** Fetches the NAR of the object at `path`. Throws a `corrupt` error for a bad one. */
export async function spoolFiles(
  path: string,
  stream: ByteStream,
  host: Pick<StoreHost, "spool">,
): Promise<SpooledFiles> {
  const spool = await host.spool();
  try {
    const nar = new NarReader();
    const builder = new ListingBuilder();
    for await (const piece of stream) {
      for (const event of nar.push(piece)) builder.add(event);
      await spool.write(piece);
    }
    nar.finish();
    const listing = builder.root();
    const files = new ListedFiles(path, listing, (offset, size) =>
      cut(spool.read(offset), 0, size),
    );
    return { files, listing, dispose: () => spool.dispose() };
  } catch (error) {
    await spool.dispose();
    throw error;
  }
}
