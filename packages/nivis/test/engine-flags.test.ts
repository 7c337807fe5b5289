/**
 * The flags of V8 in long runs. Cached code is accepted only if the flags are reset to what they were at
 * the start, so the table must have the defaults of the Node that runs.
 */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { FLAG_CHANGES } from "../src/launch/engine-flags.ts";

const change = FLAG_CHANGES[process.versions.node.split(".", 1)[0] as string];

/** The flags of V8 with their defaults, as `--v8-options` lists them. */
function defaultFlags(): Set<string> {
  const list = execFileSync(process.execPath, ["--v8-options"], { encoding: "latin1" });
  return new Set(Array.from(list.matchAll(/ default: (--\S+)/g), ([, flag = ""]) => flag));
}

function namesIn(flags: string): string[] {
  return flags.split(" ").map((flag) => flag.replace(/^--(?:no-)?|=.*$/g, ""));
}

test.skipIf(change === undefined)("Flags are reset to the defaults of this Node", () => {
  const defaults = defaultFlags();
  const initial = change?.initial.split(" ") ?? [];
  expect(initial.filter((flag) => !defaults.has(flag))).toEqual([]);
});

test.each(Object.entries(FLAG_CHANGES))("Node %s resets each flag that it sets", (_, flags) => {
  expect(namesIn(flags.initial)).toEqual(namesIn(flags.longRun));
  expect(namesIn(flags.continued ?? flags.longRun)).toEqual(namesIn(flags.longRun));
  const limiting = flags.limit === undefined ? [] : namesIn(flags.limit.flags);
  expect(namesIn(flags.initial)).toEqual(expect.arrayContaining(limiting));
});
