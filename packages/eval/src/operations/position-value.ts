/** Positions as values: the set `{ file, line, column }` of `__curPos` and `unsafeGetAttrPos`. */
import type { EvalContext } from "../context.ts";
import type { PosIdx, Position, PositionTable } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { Shape } from "../value/shape.ts";
import { settle, Thunk, TrackedState } from "../value/thunk.ts";
import type { Slot, Value } from "../value/value.ts";

const POSITION_SHAPE = new Shape(["file", "line", "column"], null);

/** What a thunk for a line or column holds in `a`. */
export interface PlaceOfThunk {
  readonly positions: PositionTable;
  readonly pos: PosIdx;
}

/**
 * The state of a thunk for a line or column: counting lines requires reading the text of the file.
 * It is a state of its own, and not a suspended function, so that a heap image can hold it.
 */
class PositionState extends TrackedState {
  constructor(readonly what: "line" | "column") {
    super(what);
  }

  override read(): undefined {
    return undefined;
  }

  override enter(thunk: Thunk): Slot {
    const { positions, pos } = thunk.a as unknown as PlaceOfThunk;
    const { source, offset } = positions.resolve(pos) as Position;
    const number = source.lineColumn(offset)[this.what];
    settle(thunk, number);
    return number;
  }

  override hasFailed(): boolean {
    return false;
  }
}

/** The states of thunks for the numbers of a position. */
export const LINE = new PositionState("line");
export const COLUMN = new PositionState("column");

/** A thunk for a number of a position that has a text. */
export function positionThunk(state: typeof LINE, place: PlaceOfThunk): Thunk {
  return new Thunk(state, place as unknown as Slot, undefined, null);
}

/** Returns the set for a position in a file, with the path in its tree; `null` for all others. */
export function positionValue(ctx: EvalContext, pos: PosIdx): Value {
  const position = ctx.positions.resolve(pos);
  if (position === undefined) return null;
  const { origin } = position.source;
  if (origin.kind !== "file" && origin.kind !== "internal") return null;
  const place = { positions: ctx.positions, pos };
  return new Attrs(POSITION_SHAPE, [
    origin.path,
    positionThunk(LINE, place),
    positionThunk(COLUMN, place),
  ]);
}
