/** How matching reports its work to the caller, so that it can be stopped. */

/**
 * Receives work as it is done, in pieces of some ten nanoseconds; an exception ends the matching.
 */
export type OnWork = (pieces: number) => void;

/** The pieces of work in a match of a search. */
export const MATCH_WORK = 10;
