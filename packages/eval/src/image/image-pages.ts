/**
 * The bytes of a heap image, as `format.ts` describes them: words, texts and tables, which are read by pages
 * and checked. `image-reader.ts` makes objects of them.
 *
 * What is damaged, or is needed and not there, throws {@link StaleImage}, which ends the run.
 */
import {
  DIGEST_WORDS,
  FileRow,
  Head,
  IMAGE_FORMAT,
  IMAGE_MAGIC,
  PAGE_BITS,
  PAGE_WORDS,
  TEXT_PAGE_BITS,
  TEXT_PAGE_BYTES,
} from "./format.ts";

/** The reason to repeat a run without its image. It is not an error of the program, so nothing catches it. */
export class StaleImage extends Error {
  constructor(what: string) {
    super(`the heap image cannot be used: ${what}`);
    this.name = "StaleImage";
  }
}

/** The bytes of an image, which are read as far as they are needed. */
export interface ImageSource {
  /** The size of the image in bytes. */
  readonly length: number;
  /** Fills an array with the bytes from an offset on; returns whether it could. */
  read(target: Uint8Array, offset: number): boolean;
}

/** What reading an image's bytes needs of its evaluation. */
export interface PagesHost {
  /** The SHA-256 of bytes. */
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** Converts bytes to a string of chars up to U+00FF. */
  readonly text: (bytes: Uint8Array) => string;
  /** Told that the image cannot be used. */
  readonly onStale: () => void;
}

/** The size of the header that its checksum covers, in bytes. */
const CHECKED_HEAD = (Head.Size - Head.Words) * 4;
/** A record has at most so many words before its first count. */
const MAX_FIXED = 16;

/**
 * Words without contents. V8 collects garbage earlier for each ordinary buffer, however little of it is used;
 * a shared one does not count.
 */
function emptyWords(count: number): Int32Array {
  return typeof SharedArrayBuffer === "function"
    ? new Int32Array(new SharedArrayBuffer(4 * count))
    : new Int32Array(count);
}

/** The words and texts of one image. */
export class ImagePages {
  /** All words; those of pages that were not read are zeros, which take no memory. */
  readonly words: Int32Array;
  /** Whether any record was read. */
  isRead = false;
  /** Which pages were read: 1. */
  readonly #pages: Uint8Array;
  /** The pages of the texts that were read. */
  readonly #texts: (string | undefined)[] = [];
  readonly #bytes: ImageSource;
  readonly #host: PagesHost;

  private constructor(words: Int32Array, bytes: ImageSource, host: PagesHost) {
    this.words = words;
    this.#bytes = bytes;
    this.#host = host;
    this.#pages = new Uint8Array(Math.ceil((words[Head.Records] as number) / PAGE_WORDS));
  }

  /** Opens an image; `undefined` if the bytes are not one. */
  static open(bytes: ImageSource, host: PagesHost): ImagePages | undefined {
    const { length } = bytes;
    if (length < Head.Size * 4) return undefined;
    const start = new Uint8Array(Head.Size * 4);
    if (!bytes.read(start, 0)) return undefined;
    const head = new Int32Array(start.buffer);
    if (head[Head.Magic] !== IMAGE_MAGIC || head[Head.Format] !== IMAGE_FORMAT) return undefined;
    const wordCount = head[Head.Words] as number;
    const records = head[Head.Records] as number;
    if (head[Head.Length] !== length || wordCount * 4 > length) return undefined;
    if (records < Head.Size || records > wordCount) return undefined;
    const checked = new Uint8Array(CHECKED_HEAD + (wordCount - records) * 4);
    checked.set(start.subarray(Head.Words * 4));
    if (!bytes.read(checked.subarray(CHECKED_HEAD), records * 4)) return undefined;
    const checksum = host.sha256(checked);
    for (let i = 0; i < checksum.length; i++) {
      if (start[Head.Checksum * 4 + i] !== checksum[i]) return undefined;
    }
    const words = emptyWords(wordCount);
    words.set(head);
    words.set(new Int32Array(checked.buffer, CHECKED_HEAD, wordCount - records), records);
    return new ImagePages(words, bytes, host);
  }

  /** Marks the image as one that cannot be used, and returns the error that ends the run. */
  stale(what: string): StaleImage {
    this.#host.onStale();
    return new StaleImage(what);
  }

  /** Reads the pages that the first words of a record are on. */
  reach(at: number): void {
    const page = at >> PAGE_BITS;
    if (this.#pages[page] === 0) this.#load(page);
    const last = (at + MAX_FIXED) >> PAGE_BITS;
    if (last !== page && this.#pages[last] === 0) this.#load(last);
  }

  /** Reads the pages of words of a record, up to `end`. */
  reachTo(at: number, end: number): void {
    const pages = this.#pages;
    for (let page = at >> PAGE_BITS; page <= end >> PAGE_BITS; page++) {
      if (pages[page] === 0) this.#load(page);
    }
  }

  #load(page: number): void {
    const words = this.words;
    this.isRead = true;
    this.#pages[page] = 1;
    const start = Math.max(page * PAGE_WORDS, Head.Size);
    const end = Math.min((page + 1) * PAGE_WORDS, words[Head.Records] as number);
    this.#readChecked(new Uint8Array(words.buffer, start * 4, (end - start) * 4), start * 4, page);
  }

  /** Fills an array with the bytes of a page, whose digest is that with this number. */
  #readChecked(bytes: Uint8Array, offset: number, page: number): void {
    const words = this.words;
    if (!this.#bytes.read(bytes, offset)) throw this.stale("a part of it cannot be read");
    const digest = this.#host.sha256(bytes);
    const from = ((words[Head.Digests] as number) + page * DIGEST_WORDS) * 4;
    const expected = new Uint8Array(words.buffer, from, digest.length);
    for (let i = 0; i < digest.length; i++) {
      if (digest[i] !== expected[i]) throw this.stale("a part of it is damaged");
    }
  }

  /** Calls a function with the place of each row of a table. */
  rows(head: Head, size: number, each: (row: number) => void): void {
    const words = this.words;
    const start = words[head] as number;
    const count = words[start] as number;
    for (let i = 0; i < count; i++) each(start + 1 + i * size);
  }

  string(index: number): string {
    const at = (this.words[Head.Strings] as number) + index;
    const start = this.words[at] as number;
    const end = this.words[at + 1] as number;
    if (start === end) return "";
    const first = start >> TEXT_PAGE_BITS;
    const last = (end - 1) >> TEXT_PAGE_BITS;
    const from = start & (TEXT_PAGE_BYTES - 1);
    let text = this.#texts[first] ?? this.#loadTexts(first);
    if (first === last) return text.substring(from, end - (first << TEXT_PAGE_BITS));
    text = text.substring(from);
    for (let page = first + 1; page < last; page++) {
      text += this.#texts[page] ?? this.#loadTexts(page);
    }
    const rest = this.#texts[last] ?? this.#loadTexts(last);
    return text + rest.substring(0, end - (last << TEXT_PAGE_BITS));
  }

  #loadTexts(page: number): string {
    const start = (this.words[Head.Words] as number) * 4 + page * TEXT_PAGE_BYTES;
    const end = Math.min(start + TEXT_PAGE_BYTES, this.words[Head.Length] as number);
    const bytes = new Uint8Array(Math.max(0, end - start));
    this.#readChecked(bytes, start, this.#pages.length + page);
    const text = this.#host.text(bytes);
    this.#texts[page] = text;
    return text;
  }

  /** The place of the row of a file. */
  fileRow(file: number): number {
    return (this.words[Head.Files] as number) + 1 + file * FileRow.Size;
  }

  /** The number of the file at a relative position. */
  fileAt(relative: number): number | undefined {
    const words = this.words;
    if (relative <= 0 || relative >= (words[Head.Positions] as number)) return undefined;
    let low = 0;
    let high = (words[words[Head.Files] as number] as number) - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((words[this.fileRow(middle) + FileRow.Base] as number) <= relative) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The double at a place. */
  double(at: number): number {
    return new Float64Array(this.words.slice(at, at + 2).buffer)[0] as number;
  }
}
