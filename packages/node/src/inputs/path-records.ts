/** What an input recorder keeps of each path, and how files and directories are compared. */
import type { DirectoryEntry, OpenNames } from "@nivis/eval";
import { nodeHashes } from "../node-hashes.ts";
import type { Kind } from "./file-status.ts";
import { DIGEST_LENGTH, listingText } from "./recorded-inputs.ts";

/** Contents up to this length are kept whole: comparing them needs no hash. */
const MAX_TEXT = 512;

/** Recorded contents or a recorded listing. */
export interface Seen {
  readonly content: Content | Listing;
  /** `undefined` if it cannot be trusted. */
  readonly stamp: Int32Array | undefined;
  /** Whether the path is a symlink; `undefined` if that is not known. */
  isLink?: boolean;
}

/** Contents or a listing as they are compared: a text or, for long ones, its digest. */
export interface Content {
  readonly text: string | undefined;
  readonly digest: Uint8Array;
  readonly isFile: boolean;
}

/** The entries of a directory. */
export class Listing {
  /** Whether another part of the evaluation has seen which entries there are. */
  wasListed = false;
  #content: Content | undefined;

  constructor(
    readonly entries: readonly DirectoryEntry[],
    readonly names: OpenNames,
  ) {}

  /** Whether the program can have seen which entries there are. */
  get isWhole(): boolean {
    return this.wasListed || this.names.areListed;
  }

  /** All entries. */
  get content(): Content {
    this.#content ??= contentOf(listingText(this.entries), false);
    return this.#content;
  }
}

/** Returns contents as they are compared. */
export function contentOf(contents: Buffer | string, isFile: boolean): Content {
  const isShort = contents.length <= MAX_TEXT;
  const text = !isShort
    ? undefined
    : typeof contents === "string"
      ? contents
      : contents.toString("latin1");
  const digest = isShort ? NO_DIGEST : nodeHashes.hash("sha256", contents);
  return { text, digest, isFile };
}

/** Returns all that was recorded, of a listing all entries. */
export function wholeContent({ content }: Seen): Content {
  return content instanceof Listing ? content.content : content;
}

/** The answers about a path. */
export interface PathRecord {
  kind: Kind;
  executable: boolean | undefined;
  seen: Seen | undefined;
}

const NO_DIGEST = new Uint8Array(DIGEST_LENGTH);

/** Whether all entries of a listing matter. */
export function isWhole({ content }: Seen): boolean {
  return !(content instanceof Listing) || content.isWhole;
}

/** All entries of a listing matter from now on. */
export function makeWhole({ content }: Seen): void {
  if (content instanceof Listing) content.wasListed = true;
}
