/** Positions as text: `FILE:LINE:COLUMN`, as messages and printed functions show them. */
import type { PosIdx, PositionTable } from "../position.ts";

/** Returns `NAME:LINE:COLUMN`, or `«none»:0` for an unknown position. */
export function describePosition(positions: PositionTable, pos: PosIdx): string {
  const resolved = positions.resolve(pos);
  if (resolved === undefined) return "\xc2\xabnone\xc2\xbb:0";
  return resolved.source.describe(resolved.offset);
}
