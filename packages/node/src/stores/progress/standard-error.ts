/**
 * Standard error as the place of a build log: written at once, from whichever thread, and as wide as the
 * terminal is at the moment.
 */
import { writeSync } from "node:fs";
import { isTerminal } from "../../terminal-check.ts";
import type { BuildLogOutput } from "./build-logger.ts";

/** Milliseconds after which the width is measured again, since the user may resize the terminal. */
const WIDTH_LIFETIME = 250;

/** See the head of this file. */
export function standardError(): BuildLogOutput {
  return { write: writeAll, columns: terminalColumns(), now: () => performance.now() };
}

function writeAll(bytes: string): void {
  // What a thread gives to `process.stderr` is written by the main one, which may wait.
  for (let rest: Uint8Array = Buffer.from(bytes, "latin1"); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(2, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** How wide standard error is; 0 if it is no terminal. */
function terminalColumns(): () => number {
  if (!isTerminal(2)) return () => 0;
  const { WriteStream } = process.getBuiltinModule("node:tty");
  let width = 0;
  let measured = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - measured > WIDTH_LIFETIME) {
      measured = now;
      // A stream keeps the width that it begins with unless the signal of resizing reaches it, and
      // signals reach the main thread alone.
      const stream = new WriteStream(2);
      width = stream.getWindowSize()[0];
      stream.destroy();
    }
    return width;
  };
}
