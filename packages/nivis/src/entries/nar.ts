/** `nivis/nar`: the archives whose hashes name the contents of a Nix store. */
import {
  byteStringToBytes,
  bytesOf,
  bytesToByteString,
  decodeUtf8,
  encodeUtf8,
  hashNar,
  type NarTree,
  type NixHash,
  narBytes,
  narTreeSource,
  portableHashes,
  readNar,
} from "@nivis/formats";

/** A tree of files: the contents of a file, a file of another kind, or a directory by name. */
export type Tree =
  | string
  | Uint8Array
  | { readonly contents: string | Uint8Array; readonly executable: boolean }
  | { readonly target: string }
  | { readonly entries: { readonly [name: string]: Tree } };

/** A tree as {@link unpackNar} returns it. */
export type UnpackedTree =
  | { readonly contents: Uint8Array; readonly executable: boolean }
  | { readonly target: string }
  | { readonly entries: { readonly [name: string]: UnpackedTree } };

/** Packs a tree into an archive. */
export function packNar(tree: Tree): Uint8Array {
  return narBytes(narTreeSource, narTree(tree));
}

/** Unpacks an archive. Throws a `FormatError` if it is damaged. */
export function unpackNar(archive: Uint8Array): UnpackedTree {
  return unpacked(readNar(archive));
}

/** Returns the SHA-256 hash of the archive of a tree, without making the archive. */
export function narHash(tree: Tree): NixHash {
  const { digest } = hashNar(narTreeSource, narTree(tree), portableHashes);
  return { algorithm: "sha256", digest };
}

function narTree(tree: Tree): NarTree {
  if (typeof tree === "string" || tree instanceof Uint8Array) {
    return { type: "regular", executable: false, contents: contentsOf(tree) };
  }
  if ("target" in tree) return { type: "symlink", target: encodeUtf8(tree.target) };
  if ("contents" in tree) {
    return { type: "regular", executable: tree.executable, contents: contentsOf(tree.contents) };
  }
  const entries = Object.entries(tree.entries).map(
    ([name, entry]) => [encodeUtf8(name), narTree(entry)] as const,
  );
  return { type: "directory", entries: new Map(entries) };
}

function contentsOf(contents: string | Uint8Array): string {
  return typeof contents === "string" ? encodeUtf8(contents) : bytesToByteString(contents);
}

function unpacked(node: NarTree): UnpackedTree {
  switch (node.type) {
    case "symlink":
      return { target: decodeUtf8(node.target) };
    case "regular": {
      const { contents, executable } = node;
      const bytes = typeof contents === "string" ? byteStringToBytes(contents) : bytesOf(contents);
      return { contents: bytes, executable };
    }
    case "directory": {
      const entries = [...node.entries].map(
        ([name, entry]) => [decodeUtf8(name), unpacked(entry)] as const,
      );
      return { entries: Object.fromEntries(entries) };
    }
  }
}
