/**
 * `nivis store diff-closures`: which packages and versions two closures differ in. Source:
 * diff-closures.cc.
 */
import {
  encodeUtf8,
  namePart,
  type PathInfo,
  parseDrvName,
  storePathBaseName,
} from "@nivis/formats";
import { closureOf, type Store } from "@nivis/store";
import { onePath, takeArgument } from "../../options/installable.ts";
import { flag, usageError } from "../../options/option.ts";
import { emptyStoreDraft, SOURCE_OPTIONS, type StoreDraft } from "../../options/store-options.ts";
import type { StoreProgram, StoreSession } from "../../store-program.ts";
import { renderSize } from "../../text/size.ts";

interface DiffDraft extends StoreDraft {
  derivation: boolean;
}

/** Bytes; smaller differences of sizes are not shown. */
const SHOWN_DELTA = 8 * 1024;
const NONE = encodeUtf8("∅");
const NO_VERSION = encodeUtf8("ε");
const ARROW = encodeUtf8("→");

/** By name, then version. */
type Packages = ReadonlyMap<string, ReadonlyMap<string, readonly PathInfo[]>>;

/** See the head of this file. */
export const storeDiffClosuresCommand: StoreProgram<DiffDraft> = {
  name: "nivis store diff-closures",
  summary: "show which packages and versions two closures differ in",
  usage: "[FLAG]... BEFORE AFTER",
  examples: [
    { does: "Compare two systems", command: "nivis store diff-closures ./result-1 ./result" },
  ],
  options: [
    flag<DiffDraft>(["--derivation"], "Compare the derivations and not their outputs", (draft) => {
      draft.derivation = true;
    }),
    ...SOURCE_OPTIONS,
  ],
  start: () => ({ ...emptyStoreDraft(), derivation: false }),
  positional: takeArgument,
  run: async (draft, session) => {
    const [first, second, ...more] = draft.arguments;
    if (first === undefined || second === undefined || more.length > 0) {
      throw usageError("give two paths");
    }
    const store = await session.store();
    const before = await packagesOf(first, draft, session, store);
    const after = await packagesOf(second, draft, session, store);
    for (const name of [...new Set([...before.keys(), ...after.keys()])].sort()) {
      const line = difference(before.get(name) ?? new Map(), after.get(name) ?? new Map(), session);
      if (line !== "") session.print(`${name}: ${line}`);
    }
    return 0;
  },
};

async function packagesOf(
  argument: string,
  draft: DiffDraft,
  session: StoreSession,
  store: Store,
): Promise<Packages> {
  const { path } = await onePath(argument, draft.derivation, session, store, "outputs");
  const found = new Map<string, Map<string, PathInfo[]>>();
  for (const info of (await closureOf(store, [path as string])).values()) {
    // The name of an output cannot be told from a version such as `unstable`.
    const whole = namePart(storePathBaseName(info.path));
    const { name, version } = parseDrvName(
      /^(.*)-(?:[a-z]+|lib32|lib64)$/s.exec(whole)?.[1] ?? whole,
    );
    const versions = found.get(name) ?? new Map<string, PathInfo[]>();
    found.set(name, versions);
    versions.set(version, [...(versions.get(version) ?? []), info]);
  }
  return found;
}

type Versions = ReadonlyMap<string, readonly PathInfo[]>;

/** Empty if there is none worth showing. */
function difference(before: Versions, after: Versions, session: StoreSession): string {
  const removed = [...before.keys()].filter((version) => !after.has(version)).sort();
  const added = [...after.keys()].filter((version) => !before.has(version)).sort();
  const delta = sizeOf(after) - sizeOf(before);
  const items: string[] = [];
  if (removed.length > 0 || added.length > 0) {
    items.push(`${showVersions(removed)} ${ARROW} ${showVersions(added)}`);
  }
  if (Math.abs(delta) >= SHOWN_DELTA) {
    const size = `${delta < 0 ? "-" : ""}${renderSize(Math.abs(delta))}`;
    const isColored = session.terminal.isOutTerminal === true;
    items.push(isColored ? `${delta > 0 ? "\x1b[31;1m" : "\x1b[32;1m"}${size}\x1b[0m` : size);
  }
  return items.join(", ");
}

function sizeOf(versions: Versions): number {
  return [...versions.values()].flat().reduce((sum, info) => sum + info.narSize, 0);
}

function showVersions(versions: readonly string[]): string {
  if (versions.length === 0) return NONE;
  return versions.map((version) => (version === "" ? NO_VERSION : version)).join(", ");
}
