/**
 * Result slot: the place in the cache for the result of a command, and reading and writing it.
 *
 * The *key* of a result is everything that identifies the command before it has looked at anything:
 * the build of Nivis, Node, the arguments, the current directory and the user. The file is named by a
 * short hash of it and contains all of it, so a collision only means that two commands take turns.
 *
 *     <cache>/results/<first digit of the hash>/<the other 15>
 *
 * Only the user may write to the files (`private-file.ts` of `@nivis/node`). Any error of the disk only means
 * that there is no entry.
 */
import { join } from "node:path";
import { readPrivateFile, writePrivateFile } from "@nivis/node";
import { cacheBase } from "../launch/cache-base.ts";
import { processIdentity } from "../launch/process-identity.ts";
import { decodeEntry, encodeEntry, type ResultEntry } from "./result-entry.ts";

/** The version of entries and of what they mean. */
const FORMAT = 1;
/** Entries larger than this are not written, in bytes. */
const MAX_ENTRY = 32 * 2 ** 20;

/** The place of a command's result. */
export interface ResultSlot {
  readonly file: string;
  readonly key: string;
}

/** The commands whose results are kept, by program; `true` for all runs of a program. */
const KEPT: Readonly<Record<string, ReadonlySet<string> | true>> = {
  nivis: new Set(["eval", "instantiate"]),
  "nivis-nix": new Set(["eval"]),
  "nivis-instantiate": true,
};

/** Arguments with which a run neither reads nor writes results. */
const REFUSING: ReadonlySet<string> = new Set([
  "--no-cache",
  "--trace-inputs",
  "--help",
  "--version",
]);

/** Whether a command only evaluates and prints, and does not refuse what earlier runs have found out. */
export function isRepeatable(program: string, args: readonly string[]): boolean {
  const kept = KEPT[program];
  return kept !== undefined && (kept === true || kept.has(args[0] ?? "")) && takesResults(args);
}

/** Whether arguments do not refuse what earlier runs have found out. */
export function takesResults(args: readonly string[]): boolean {
  return !args.some((argument) => REFUSING.has(argument.replace(/=.*/s, "")));
}

/**
 * Returns the slot of a command; `undefined` if its result is never kept or there is no cache.
 * `build` identifies the code of Nivis.
 */
export function slotOf(program: string, build: string): ResultSlot | undefined {
  const args = process.argv.slice(2);
  return isRepeatable(program, args) ? slotFor([build, program, args]) : undefined;
}

/**
 * Returns the slot of what is identified by a key, this process and the current directory; `undefined` if
 * there is no cache.
 */
export function slotFor(
  parts: readonly unknown[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ResultSlot | undefined {
  const base = cacheBase(environment);
  if (base === undefined || (environment["NIVIS_NO_RESULTS"] ?? "") !== "") return undefined;
  let directory: string;
  try {
    directory = process.cwd();
  } catch {
    return undefined;
  }
  const key = JSON.stringify([FORMAT, ...processIdentity(), directory, ...parts]);
  // Node decodes different bytes to the same text, and the program may see the bytes.
  if (key.includes("\ufffd")) return undefined;
  const hash = hashOf(key);
  return { file: join(base, "results", hash.slice(0, 1), hash.slice(1)), key };
}

/** The odd multipliers of two independent multiplicative hashes. */
const MULTIPLIERS = [0x9e37_79b1, 0x85eb_ca77] as const;

/** Returns 16 hexadecimal digits that name a file. */
function hashOf(text: string): string {
  return MULTIPLIERS.map((multiplier, i) => {
    let hash = i + 1;
    for (let at = 0; at < text.length; at++) {
      hash = Math.imul(hash ^ text.charCodeAt(at), multiplier);
      hash ^= hash >>> 15;
    }
    return (hash >>> 0).toString(16).padStart(8, "0");
  }).join("");
}

/** Reads the result in a slot; `undefined` if there is none that can be trusted. */
export function readResult({ file, key }: ResultSlot): ResultEntry | undefined {
  const bytes = readPrivateFile(file, 2 * MAX_ENTRY);
  try {
    return bytes && decodeEntry(bytes, key);
  } catch {
    return undefined;
  }
}

/** Writes a result to its slot; returns whether it did. Never fails. */
export function writeResult({ file }: ResultSlot, entry: ResultEntry): boolean {
  return writePrivateFile(file, () => {
    const bytes = encodeEntry(entry);
    return bytes.length > MAX_ENTRY ? undefined : bytes;
  });
}
