/**
 * Puts the objects of an argument in the places of those of a remembered one, if the two are alike
 * (`call-match.ts`, for plain data `plain-data.ts`), and keeps what the code and the positions of the present
 * program stand for from then on.
 */
import type { Lambda } from "../bytecode/lambda.ts";
import type { PosIdx, PositionTable } from "../position.ts";
import type { Slot } from "../value/value.ts";
import { matchCall, type Records } from "./call-match.ts";
import { TAG_BITS, TAG_MASK, Tag } from "./format.ts";
import { arePlainAndSame } from "./plain-data.ts";
import { SameCode } from "./same-code.ts";

/** What the bindings need of the image. */
export interface BoundImage {
  readonly positions: PositionTable;
  /** The object that one of the program stands for, in an evaluation that keeps its heap. */
  readonly original: (object: object) => object;
  records(): Records;
  /** The value of a slot. */
  slot(word: number): unknown;
  /** Puts an object in the place of that of a record; with `isSuspended`, a thunk that goes on as the record says. */
  put(record: number, object: object, isSuspended: boolean): void;
}

/** The arguments of the present program that stand for those in one image. */
export class CallBindings {
  readonly #image: BoundImage;
  /** The positions that are shown in place of those in texts of earlier main programs. */
  readonly #moved = new Map<PosIdx, PosIdx>();
  /** What the code and the positions of the present program stand for. */
  readonly #originalCode = new Map<Lambda, Lambda>();
  readonly #originalPositions = new Map<PosIdx, PosIdx>();
  #isComparing = false;

  constructor(image: BoundImage) {
    this.#image = image;
  }

  /** Whether arguments are being compared, so that positions are those of the image. */
  get isComparing(): boolean {
    return this.#isComparing;
  }

  /**
   * Whether an argument is like a remembered one, given as its slot and that of its note. If so, its objects
   * take the places of that one's.
   */
  accept(remembered: number, note: number, argument: Slot): boolean {
    const image = this.#image;
    this.#isComparing = true;
    try {
      if ((note & TAG_MASK) !== Tag.Object) {
        const code = new SameCode(image.positions);
        if (!arePlainAndSame(code, image.slot(remembered) as Slot, argument)) return false;
        this.#move(code);
        return true;
      }
      const compared = [remembered, note >> TAG_BITS] as const;
      const match = matchCall(image.records(), compared, argument, image.original);
      if (match === undefined) return false;
      for (const [record, object] of match.objects) {
        image.put(record, object, match.suspended.has(record));
      }
      this.#move(match.code);
      return true;
    } finally {
      this.#isComparing = false;
    }
  }

  /** Shows the present positions from now on. */
  #move({ lambdas, positions }: SameCode): void {
    for (const [old, code] of lambdas) this.#originalCode.set(code, old);
    for (const [old, pos] of positions) {
      this.#moved.set(old, pos);
      this.#originalPositions.set(pos, old);
    }
  }

  /** The position that is shown in place of one in the text of an earlier main program, if there is one. */
  presentPosition(old: PosIdx): PosIdx | undefined {
    return this.#moved.get(old);
  }

  /** The code of the image that code of the present program stands for, or the code itself. */
  originalCode(code: Lambda): Lambda {
    return this.#originalCode.get(code) ?? code;
  }

  /** {@link originalCode} for a position. */
  originalPosition(pos: PosIdx): PosIdx {
    return this.#originalPositions.get(pos) ?? pos;
  }
}
