/** The identity of the compiler, without which no entry of a cache may be used. */

/** Put in by `scripts/build.mjs`: a hash of the sources of everything that decides about code. */
declare const NIVIS_COMPILER_ID: string | undefined;

/** Sources that run without a build may change at any time: each process is a compiler of its own. */
export const COMPILER_ID: string =
  typeof NIVIS_COMPILER_ID === "string" ? NIVIS_COMPILER_ID : `unbuilt ${Math.random()}`;
