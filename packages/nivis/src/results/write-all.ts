/**
 * Writing to a standard stream, synchronously, so that nothing is lost when the process ends. A reader
 * that went away is not an error: the process ends quietly.
 */
import { writeSync } from "node:fs";

/** How long to wait for a reader that is slow, in milliseconds. */
const PAUSE = 5;
/** How much is converted at once; a long result need not lie in memory twice. */
const CHUNK = 1 << 20;

/** Writes a byte string to a descriptor. */
export function writeAll(descriptor: number, bytes: string): void {
  for (let at = 0; at < bytes.length; at += CHUNK) {
    let rest: Uint8Array = Buffer.from(bytes.slice(at, at + CHUNK), "latin1");
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(descriptor, rest));
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === "EPIPE") process.exit(0);
        // A full pipe that somebody made non-blocking.
        if (code !== "EAGAIN") throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
      }
    }
  }
}
