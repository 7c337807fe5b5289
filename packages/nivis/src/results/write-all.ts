/**
 * Writing to a standard stream, synchronously, so that nothing is lost when the process ends. A reader
 * that went away is not an error: the process ends quietly. If a stream cannot be written for another reason,
 * such as a full disk, the process ends with an error.
 */
import { writeSync } from "node:fs";

/** The name of a failed call of the system, its reason, and what failed. */
const SYSTEM_ERROR = /^[A-Z0-9]+: (.)(.*), \w+$/s;

const STANDARD_ERROR = 2;

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
        if (code !== "EAGAIN") fail(descriptor, rest.length, error as Error);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
      }
    }
  }
}

function fail(descriptor: number, count: number, { message }: Error): never {
  const [, first = "", rest = message] = SYSTEM_ERROR.exec(message) ?? [];
  if (descriptor !== STANDARD_ERROR) {
    writeAll(STANDARD_ERROR, `error: write of ${count} bytes: ${first.toUpperCase()}${rest}\n`);
  }
  process.exit(1);
}
