/**
 * The record of a directory in a pack: its entries, and the hash of its NAR.
 *
 *     number     the length of what follows
 *     32 bytes   the SHA-256 of the directory's NAR; number: the length of that NAR
 *     number     the count of entries; for each entry, in the order of their bytes:
 *       number   how many chars its name shares with the name before it
 *       text     the rest of the name
 *       byte     0 regular file · 1 executable · 2 symlink · 3 directory; + 4 if a NAR hash follows
 *       …        regular:   signed, the offset of the contents minus the end of the file before;
 *                           number, the length; the SHA-256 of the NAR
 *                symlink:   text, the target
 *                directory: signed, its number minus that of the directory before
 *
 * Differences of neighbours are small, so records deflate well. The writer and the reader of packs use
 * this; nothing else does.
 */
import type { DirectoryEntry } from "@nivis/eval";
import type { NarDigest } from "@nivis/formats";
import { DIGEST_LENGTH } from "./layout.ts";
import { type ByteReader, ByteWriter, corrupt } from "./varint.ts";

/** An entry of a directory. Texts are byte strings. */
export type PackEntry =
  | {
      readonly type: "regular";
      readonly executable: boolean;
      /** The offset in the contents of the pack. */
      readonly offset: number;
      readonly length: number;
      /** The SHA-256 of its NAR, if the writer computed it. */
      readonly narDigest?: Uint8Array | undefined;
    }
  | { readonly type: "symlink"; readonly target: string }
  | { readonly type: "directory"; readonly id: number };

/** A directory: its entries by name, in the order of their bytes, and its NAR. */
export interface PackDirectory {
  readonly entries: ReadonlyMap<string, PackEntry>;
  readonly nar: NarDigest;
}

const [REGULAR, EXECUTABLE, SYMLINK, DIRECTORY, HAS_DIGEST] = [0, 1, 2, 3, 4] as const;

/** Returns the record of a directory. */
export function encodeDirectory({ entries, nar }: PackDirectory): Uint8Array {
  const out = new ByteWriter();
  out.bytes(nar.digest);
  out.number(nar.size);
  out.number(entries.size);
  let before = "";
  let [end, lastId] = [0, 0];
  for (const [name, entry] of entries) {
    let shared = 0;
    while (shared < name.length && name[shared] === before[shared]) shared++;
    out.number(shared);
    out.text(name.slice(shared));
    before = name;
    switch (entry.type) {
      case "regular":
        out.number((entry.executable ? EXECUTABLE : REGULAR) + (entry.narDigest ? HAS_DIGEST : 0));
        out.signed(entry.offset - end);
        out.number(entry.length);
        if (entry.narDigest !== undefined) out.bytes(entry.narDigest);
        end = entry.offset + entry.length;
        break;
      case "symlink":
        out.number(SYMLINK);
        out.text(entry.target);
        break;
      case "directory":
        out.number(DIRECTORY);
        out.signed(entry.id - lastId);
        lastId = entry.id;
        break;
    }
  }
  const record = new ByteWriter();
  record.number(out.length);
  record.bytes(out.finish());
  return record.finish();
}

/** Reads the record at the reader's place. Throws a `FormatError` if there is none. */
export function decodeDirectory(input: ByteReader): PackDirectory {
  input.number();
  const digest = input.bytes(DIGEST_LENGTH);
  const nar = { digest, size: input.number() };
  const entries = new Map<string, PackEntry>();
  let before = "";
  let [end, lastId] = [0, 0];
  for (let left = input.number(); left > 0; left--) {
    const shared = input.number();
    const name = before.slice(0, shared) + input.text();
    before = name;
    const kind = input.number();
    switch (kind & ~HAS_DIGEST) {
      case REGULAR:
      case EXECUTABLE: {
        const offset = end + input.signed();
        const length = input.number();
        const narDigest = (kind & HAS_DIGEST) === 0 ? undefined : input.bytes(DIGEST_LENGTH);
        const executable = (kind & EXECUTABLE) !== 0;
        entries.set(name, { type: "regular", executable, offset, length, narDigest });
        end = offset + length;
        break;
      }
      case SYMLINK:
        entries.set(name, { type: "symlink", target: input.text() });
        break;
      case DIRECTORY:
        lastId += input.signed();
        entries.set(name, { type: "directory", id: lastId });
        break;
      default:
        throw corrupt("an entry has no type");
    }
  }
  return { entries, nar };
}

/** Returns the entries as an accessor lists them. */
export function listingOf({ entries }: PackDirectory): readonly DirectoryEntry[] {
  return Array.from(entries, ([name, { type }]) => ({ name, type }));
}
