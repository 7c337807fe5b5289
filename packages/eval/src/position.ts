/**
 * Positions: every byte of every source text of an evaluation has one number.
 *
 * A {@link PositionTable} lays the texts end to end; a `PosIdx` is the base of its text plus the
 * byte offset, and 0 means "no position". So a position costs one small integer wherever it is kept
 * (attribute keys, code spans), and is resolved to file, line and column only when an error is made.
 * C++ Nix does the same (`PosIdx`, `PosTable`).
 */
import type { SourceFile } from "@nivis/syntax";

/** An index into a {@link PositionTable}; 0 is "unknown". */
export type PosIdx = number;

/** The position that is unknown. */
export const NO_POS: PosIdx = 0;

/** Stands in errors of builtins for "where the builtin was called"; the VM replaces it. */
export const CALL_SITE: PosIdx = -1;

/** Stands in errors of `+` for "where the operator is", as {@link CALL_SITE} does for calls. */
export const OPERATOR_SITE: PosIdx = -3;

/** The path of the file that defines `derivation`, among those that come with the evaluator. */
export const DERIVATION_PATH = "/derivation-internal.nix";

/** A resolved position. */
export interface Position {
  readonly source: SourceFile;
  /** Byte offset into the text of `source`. */
  readonly offset: number;
}

/** The source texts of one evaluation, laid end to end. */
export class PositionTable {
  private readonly bases: number[] = [];
  private readonly sources: SourceFile[] = [];
  private next = 1;

  /** Registers a text and returns its base: the `PosIdx` of its first byte. */
  add(source: SourceFile): PosIdx {
    const base = this.next;
    this.bases.push(base);
    this.sources.push(source);
    // One more than the length, so that the end of the text has a position of its own.
    this.next += source.text.length + 1;
    return base;
  }

  /** The text that was registered last. */
  get latest(): SourceFile | undefined {
    return this.sources.at(-1);
  }

  /** Whether a position is in the file that defines `derivation`. */
  isInDerivationFile(pos: PosIdx): boolean {
    const origin = this.resolve(pos)?.source.origin;
    return origin?.kind === "internal" && origin.path === DERIVATION_PATH;
  }

  /** The text and offset of a position, or `undefined` for none. */
  resolve(pos: PosIdx): Position | undefined {
    if (pos <= 0 || pos >= this.next) return undefined;
    let low = 0;
    let high = this.bases.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.bases[middle] as number) <= pos) low = middle;
      else high = middle - 1;
    }
    return { source: this.sources[low] as SourceFile, offset: pos - (this.bases[low] as number) };
  }
}
