/** Positions as values: the set `{ file, line, column }` of `__curPos` and `unsafeGetAttrPos`. */
import type { EvalContext } from "../context.ts";
import type { PosIdx, Position } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { Shape } from "../value/shape.ts";
import { nativeThunk, type Thunk } from "../value/thunk.ts";
import type { Value } from "../value/value.ts";

const POSITION_SHAPE = new Shape(["file", "line", "column"], null);

/** Returns a thunk, because counting lines requires reading the text of the file. */
function lazyNumber({ source, offset }: Position, what: "line" | "column"): Thunk {
  // biome-ignore lint/correctness/useYield: a thunk's code is a generator even if it needs nothing
  return nativeThunk(function* () {
    return source.lineColumn(offset)[what];
  });
}

/** Returns the set for a position in a file, with the path in its tree; `null` for all others. */
export function positionValue(ctx: EvalContext, pos: PosIdx): Value {
  const position = ctx.positions.resolve(pos);
  if (position === undefined) return null;
  const { origin } = position.source;
  if (origin.kind !== "file" && origin.kind !== "internal") return null;
  return new Attrs(POSITION_SHAPE, [
    origin.path,
    lazyNumber(position, "line"),
    lazyNumber(position, "column"),
  ]);
}
