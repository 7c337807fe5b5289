/**
 * OpenTexts: the files of this machine with the texts of open documents in their place.
 *
 * It also knows which files an evaluation has looked at, so that a change of another file costs nothing,
 * and ends an evaluation that nobody waits for: the meter of the evaluation reads the clock about once a
 * millisecond, and for a stopped question all time is over.
 */
import { type EvalIo, type FileType, ForwardingIo } from "@nivis/eval";
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import type { OpenText } from "@nivis/lsp";

/** See the head of this file. */
export class OpenTexts extends ForwardingIo {
  readonly #texts = new Map<string, string>();
  readonly #seen = new Set<string>();
  readonly #isStopped: () => boolean;

  constructor(io: EvalIo, isStopped: () => boolean) {
    super(io);
    this.#isStopped = isStopped;
  }

  /** Takes documents that have changed; returns whether an evaluation has looked at one of them. */
  update(texts: readonly OpenText[]): boolean {
    let isSeen = false;
    for (const { path, text } of texts) {
      const name = encodeUtf8(path);
      const bytes = text === undefined ? undefined : encodeUtf8(text);
      if (this.#content(name) === (bytes ?? this.#onDisk(name))) {
        // Opened or closed without a change.
      } else if (this.#seen.has(name)) isSeen = true;
      if (bytes === undefined) this.#texts.delete(name);
      else this.#texts.set(name, bytes);
    }
    return isSeen;
  }

  /** Whether an evaluation has looked at one of these files on disk. */
  hasSeen(paths: readonly string[]): boolean {
    return paths.some((path) => {
      const name = encodeUtf8(path);
      return this.#seen.has(name) && !this.#texts.has(name);
    });
  }

  /** The open documents. */
  documents(): OpenText[] {
    return Array.from(this.#texts, ([path, text]) => ({
      path: decodeUtf8(path),
      text: decodeUtf8(text),
    }));
  }

  #content(path: string): string | undefined {
    return this.#texts.get(path) ?? this.#onDisk(path);
  }

  #onDisk(path: string): string | undefined {
    try {
      return this.io.readFile(path);
    } catch {
      return undefined;
    }
  }

  override fileType(path: string): FileType | undefined {
    this.#seen.add(path);
    return this.#texts.has(path) ? "regular" : super.fileType(path);
  }

  override readFile(path: string): string {
    this.#seen.add(path);
    return this.#texts.get(path) ?? super.readFile(path);
  }

  override milliseconds(): number {
    return this.#isStopped() ? Number.POSITIVE_INFINITY : super.milliseconds();
  }
}
