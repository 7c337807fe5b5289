/**
 * Positions: every byte of every source text of an evaluation has a number.
 *
 * A {@link PositionTable} lays the texts end to end. A `PosIdx` is the base of a text plus a byte
 * offset; 0 means "no position". Thus a position costs one small integer wherever it is stored
 * (attribute keys, code spans) and is resolved to file, line and column only for an error. C++ Nix
 * does the same (`PosIdx`, `PosTable`).
 */
import type { Bytes } from "@nivis/formats";
import type { SourceFile } from "@nivis/syntax";

/**
 * An index into a {@link PositionTable}: the base of a text plus a byte offset; 0 means "unknown".
 * Negative numbers are marks that the VM replaces. The brand keeps an offset from being taken for a
 * position; {@link positionIn} makes a position from an offset.
 */
export type PosIdx = number & { readonly brand: "PosIdx" };

/** The unknown position. */
export const NO_POS = 0 as PosIdx;

/** In errors of builtins: the position of the builtin's call, which the VM fills in. */
export const CALL_SITE = -1 as PosIdx;

/** In errors of `+`: the position of the operator, which the VM fills in like {@link CALL_SITE}. */
export const OPERATOR_SITE = -3 as PosIdx;

/** In traces: C++ Nix gives them no position, not even an unknown one. */
export const NO_TRACE_POS = -4 as PosIdx;

/**
 * The position of a byte offset in the text that begins at `base`; {@link NO_POS} without an
 * offset.
 */
export function positionIn(base: PosIdx, offset: number | undefined): PosIdx {
  return offset === undefined || offset < 0 ? NO_POS : ((base + offset) as PosIdx);
}

/** The path of the file that defines `derivation`, one of the evaluator's own files. */
export const DERIVATION_PATH = "/derivation-internal.nix";

/** A resolved position. */
export interface Position {
  readonly source: SourceFile;
  /** The byte offset into the text of `source`. */
  readonly offset: number;
}

/** Finds the text and offset of a position in a reserved range, by its distance from the beginning. */
type Resolver = (distance: number) => Position;

/** The source texts of one evaluation, laid end to end. */
export class PositionTable {
  readonly #bases: number[] = [];
  readonly #sources: (SourceFile | Resolver)[] = [];
  /** The texts of files that may be read again, by path: their indexes. */
  readonly #earlier = new Map<Bytes, number>();
  #next = 1;
  /** How a path of the host's files is shown: one in a fetched tree may show where that came from. */
  readonly showPath: (path: Bytes) => Bytes;
  /** Called when a list, a set or a thunk is printed as far as it is evaluated. */
  readonly showsEvaluationState: () => void;

  constructor(
    showPath: (path: Bytes) => Bytes = (path) => path,
    showsEvaluationState: () => void = () => {},
  ) {
    this.showPath = showPath;
    this.showsEvaluationState = showsEvaluationState;
  }

  /**
   * Registers a text and returns its base, the `PosIdx` of its first byte. A file that is read again after
   * {@link forgetFiles} and has not changed keeps its positions, so that reloading takes no memory.
   */
  add(source: SourceFile): PosIdx {
    const { origin, text } = source;
    const earlier = origin.kind === "file" ? this.#earlier.get(origin.path) : undefined;
    if (earlier !== undefined) {
      this.#earlier.delete((origin as { readonly path: Bytes }).path);
      if ((this.#sources[earlier] as SourceFile).text === text) {
        return this.#bases[earlier] as PosIdx;
      }
    }
    const base = this.#next as PosIdx;
    this.#bases.push(base);
    this.#sources.push(source);
    // One more than the length, so that the end of the text has a position of its own.
    this.#next += source.text.length + 1;
    return base;
  }

  /** Says that files are about to be read again. */
  forgetFiles(): void {
    this.#sources.forEach((source, index) => {
      if (typeof source !== "function" && source.origin.kind === "file") {
        this.#earlier.set(source.origin.path, index);
      }
    });
  }

  /** Takes a range of positions for texts that are read when they are needed; returns its base. */
  reserve(length: number, resolver: Resolver): PosIdx {
    const base = this.#next as PosIdx;
    this.#bases.push(base);
    this.#sources.push(resolver);
    this.#next += length;
    return base;
  }

  /** The text that was registered last. */
  get latest(): SourceFile | undefined {
    const source = this.#sources.at(-1);
    return typeof source === "function" ? undefined : source;
  }

  /** Whether a position is in the file that defines `derivation`. */
  isInDerivationFile(pos: PosIdx): boolean {
    const origin = this.resolve(pos)?.source.origin;
    return origin?.kind === "internal" && origin.path === DERIVATION_PATH;
  }

  /** Returns the text and offset of a position, or `undefined` for the unknown position. */
  resolve(pos: PosIdx): Position | undefined {
    if (pos <= 0 || pos >= this.#next) return undefined;
    let low = 0;
    let high = this.#bases.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#bases[middle] as number) <= pos) low = middle;
      else high = middle - 1;
    }
    const source = this.#sources[low] as SourceFile | Resolver;
    const offset = pos - (this.#bases[low] as number);
    return typeof source === "function" ? source(offset) : { source, offset };
  }
}
