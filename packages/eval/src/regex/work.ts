/** How matching tells its caller of the work it does, so that it can be stopped. */

/** Told of work as it is done, in pieces of some ten nanoseconds; what it throws ends the matching. */
export type OnWork = (pieces: number) => void;

/** Pieces of work that a match of a search is. */
export const MATCH_WORK = 10;
