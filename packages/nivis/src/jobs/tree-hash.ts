/** The hash of a directory, by which machines find out that they have the same one: that of its NAR. */
import { type EvalIo, narSourceOf } from "@nivis/eval";
import { encodeBase64, hashNar } from "@nivis/formats";
import { nodeHashes } from "@nivis/node";

/** The hash of what is at a path, such as `sha256-…`. Throws an `IoError` if it cannot be read. */
export function treeHash(io: EvalIo, path: string): string {
  const source = narSourceOf(io, { root: path, kept: undefined, flat: false, nar: undefined });
  return `sha256-${encodeBase64(hashNar(source, path, nodeHashes).digest)}`;
}
