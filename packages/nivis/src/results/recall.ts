/**
 * Recall: gives the result of an earlier run if everything that it looked at is as it was. It is part
 * of the launcher, so a command that has a result loads nothing else.
 * docs/design/012-remembered-results.md says why the answer cannot be wrong.
 */
import { checkInputs } from "@nivis/node";
import { type ResultSlot, readResult, writeResult } from "./result-slot.ts";
import { writeAll } from "./write-all.ts";

/** How a result is recalled; for tests. */
export interface RecallOptions {
  /** Writes to a stream. Defaults to the streams of the process. */
  readonly write?: (stream: number, bytes: string) => void;
  /** Defaults to that of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** See `isSettled` of `@nivis/node`. */
  readonly settlingTime?: number;
  /** See `StatusReader` of `@nivis/node`. */
  readonly isQuick?: boolean;
}

/** Prints the result in a slot and returns its exit code; `undefined` if there is none that holds. */
export function recall(slot: ResultSlot, options: RecallOptions = {}): number | undefined {
  const entry = readResult(slot);
  if (entry === undefined) return undefined;
  const { write = writeAll, ...check } = options;
  const { holds, renewed } = checkInputs({ inputs: entry.inputs, ...check });
  if (!holds) return undefined;
  try {
    for (const [stream, bytes] of entry.output) write(stream, bytes);
  } catch {
    // A full disk, for example; an evaluation says so properly.
    return undefined;
  }
  if (renewed !== undefined) writeResult(slot, { ...entry, inputs: renewed });
  return entry.exitCode;
}
