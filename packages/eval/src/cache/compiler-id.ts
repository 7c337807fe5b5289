/** The identity of the compiler: an entry of the cache is valid only for the compiler that wrote it. */

/** Inserted by `scripts/build.mjs`: a hash of the sources that the emitted code depends on. */
declare const NIVIS_COMPILER_ID: string | undefined;

/** Sources that run without a build may change at any time, so each process counts as another compiler. */
export const COMPILER_ID: string =
  typeof NIVIS_COMPILER_ID === "string" ? NIVIS_COMPILER_ID : `unbuilt ${Math.random()}`;
