/**
 * NARs of trees that are not on disk, such as those of commits, on their way to the thread that holds the
 * connections: in memory if they are small, else in a file that has no name, so that nothing is left
 * of it if the process dies. Threads share open files.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { bytesOf } from "@nivis/formats";

/** NARs up to this size are messages. */
const MAX_MESSAGE = 4 * 1024 * 1024;
const PIECE = 1 << 20;

/** Where a NAR is: its bytes, or an open file. */
export type SpooledNar = { readonly nar: Uint8Array } | { readonly narFile: number };

/** Takes a NAR of `size` bytes that `write` gives to a sink. */
export function spoolNar(
  size: number,
  write: (sink: (chunk: Uint8Array | string) => void) => void,
): SpooledNar {
  if (size <= MAX_MESSAGE) {
    const nar = new Uint8Array(size);
    let at = 0;
    write((chunk) => {
      const bytes = bytesOf(chunk);
      nar.set(bytes, at);
      at += bytes.length;
    });
    return { nar };
  }
  const file = unnamedFile();
  try {
    write((chunk) => writeAll(file, bytesOf(chunk)));
    return { narFile: file };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** Reads a NAR of `size` bytes from an open file. */
export async function* readSpooledNar(
  file: number,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < size; ) {
    const piece = new Uint8Array(Math.min(PIECE, size - at));
    const length = readSync(file, piece, 0, piece.length, at);
    if (length === 0) return;
    yield piece.subarray(0, length);
    at += length;
  }
}

function unnamedFile(): number {
  const { tmpdir } = process.getBuiltinModule("node:os");
  const folder = mkdtempSync(`${tmpdir()}/nivis-nar-`);
  try {
    return openSync(`${folder}/nar`, "wx+", 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0; ) rest = rest.subarray(writeSync(file, rest));
}
