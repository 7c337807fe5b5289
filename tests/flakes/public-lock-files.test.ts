/**
 * Lock files of public repositories, read below the folder that
 * NIVIS_LOCK_FILES names. Files that C++ Nix wrote as version 7 round-trip byte for byte,
 * and each `flake.nix` beside one is read without an evaluator.
 *
 * A file that C++ Nix rejects (an older version, a merge conflict) is counted and skipped; so is
 * one whose nodes do not have the keys and the order of C++ Nix, which would rewrite it, too. What Nivis
 * says of a `flake.nix` that it refuses, the C++ Nix that NIVIS_ORACLE_NIX names must say, too.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { LockFile, readFlakeFile } from "@nivis/flake";
import { FormatError } from "@nivis/formats";
import { expect, test } from "vitest";

const folder = process.env["NIVIS_LOCK_FILES"];
const oracle = process.env["NIVIS_ORACLE_NIX"];

/** What C++ Nix says of the flake in a folder. */
function oracleError(directory: string): string {
  const home = mkdtempSync(join(tmpdir(), "nivis-lock-files-"));
  try {
    const { stderr } = spawnSync(
      oracle as string,
      [
        "flake",
        "metadata",
        "--offline",
        "--store",
        "dummy://?read-only=false",
        `path:${directory}`,
      ],
      {
        encoding: "utf8",
        env: {
          HOME: home,
          PATH: process.env["PATH"],
          NIX_CONFIG: "experimental-features = nix-command flakes",
        },
      },
    );
    return stderr;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function filesNamed(name: string): readonly string[] {
  return readdirSync(folder as string, { recursive: true, encoding: "utf8" })
    .filter((path) => path === name || path.endsWith(`/${name}`))
    .map((path) => join(folder as string, path));
}

/** Whether a file has the keys and the order that C++ Nix gives its nodes. */
function hasUsualKeys(text: string): boolean {
  const { nodes, root, version } = JSON.parse(text);
  if (version !== 7 || root !== "root") return false;
  // A merge may leave an attribute twice.
  if (`${JSON.stringify(JSON.parse(text), null, 2)}\n` !== text) return false;
  const keys = new Map<string, string>();
  const taken = new Set<string>();
  const visit = (key: string, name: string): void => {
    if (keys.has(key)) return;
    let free = name;
    for (let n = 2; taken.has(free); n++) free = `${name}_${n}`;
    taken.add(free);
    keys.set(key, free);
    const inputs: Record<string, unknown> = nodes[key].inputs ?? {};
    for (const input of Object.keys(inputs).sort()) {
      const target = inputs[input];
      if (typeof target === "string") visit(target, input);
    }
  };
  visit("root", "root");
  const written = Object.keys(nodes);
  const isSorted = written.every((key, i) => i === 0 || (written[i - 1] as string) < key);
  return isSorted && [...keys].every(([key, free]) => key === free) && keys.size === written.length;
}

test.skipIf(folder === undefined)("lock files round-trip", () => {
  const changed: string[] = [];
  const counts = { same: 0, refused: 0, otherKeys: 0 };
  for (const path of filesNamed("flake.lock")) {
    const text = readFileSync(path).toString("latin1");
    let lock: LockFile;
    try {
      lock = LockFile.parse(text, path, { acceptUnlocked: true });
      lock.check();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      counts.refused++;
      continue;
    }
    if (lock.formatFile() === text) counts.same++;
    else if (hasUsualKeys(text)) changed.push(path);
    else counts.otherKeys++;
    expect(LockFile.parse(lock.formatFile(), path, { acceptUnlocked: true }).equals(lock)).toBe(
      true,
    );
  }
  process.stdout.write(`lock files: ${JSON.stringify(counts)}\n`);
  expect(changed).toEqual([]);
  expect(counts.same).toBeGreaterThan(0);
});

test.skipIf(folder === undefined)("each flake.nix beside a lock file is read", () => {
  const refused: string[] = [];
  let alike = 0;
  for (const path of filesNamed("flake.lock")) {
    const flake = join(path, "..", "flake.nix");
    if (!existsSync(flake)) continue;
    const text = readFileSync(flake).toString("latin1");
    try {
      readFlakeFile({
        text,
        display: flake,
        directory: "/",
        directoryDisplay: "/",
        ref: flake,
        lockPath: [],
      });
    } catch (error) {
      const { message } = error as Error;
      const reason = message.replace(/, at .*$/, "");
      if (oracle !== undefined && oracleError(dirname(flake)).includes(reason)) alike++;
      else refused.push(`${flake}: ${message}`);
    }
  }
  process.stdout.write(`flakes that C++ Nix refuses with the same words: ${alike}\n`);
  expect(refused).toEqual([]);
});
