/**
 * Edits that try to hide: after each, a warm evaluation on files of this machine gives what a new one gives.
 * Before each, nothing has changed for so long that the evaluation trusts how the files look.
 */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Evaluation, overrideIo, type Slot } from "@nivis/eval";
import { nodeHashes, nodeIo } from "@nivis/node";
import { afterAll, beforeEach, describe, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "nivis-edits-"));
afterAll(() => rmSync(folder, { recursive: true }));
let root = "";
let count = 0;
beforeEach(() => {
  root = join(folder, String(count++));
  mkdirSync(join(root, "d"), { recursive: true });
  mkdirSync(join(root, "e"));
  for (const directory of ["d", "e"])
    writeFileSync(join(root, directory, "a.nix"), `"${directory}1"`);
  symlinkSync("d", join(root, "l"));
});

/** Longer than the time for which the stamp of a file that has changed is not trusted. */
const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 130));

const PROGRAM = `{
  file = import ./d/a.nix;
  text = builtins.readFile ./l/a.nix;
  names = builtins.attrNames (builtins.readDir ./d);
  types = builtins.mapAttrs (_: t: t) (builtins.readDir ./.);
  gone = builtins.pathExists ./d/b.nix;
  copy = builtins.path { path = ./d; name = "d"; };
}`;

/** Evaluates the program and returns its value as JSON. */
function show(evaluation: Evaluation, slot: Slot): string {
  return evaluation.toJson(slot);
}

function open(warm: boolean): { evaluation: Evaluation; slot: Slot } {
  const evaluation = new Evaluation({
    io: nodeIo(),
    hashes: nodeHashes,
    warm,
    settings: { readOnlyMode: true },
  });
  return { evaluation, slot: evaluation.loadText(PROGRAM, { basePath: root }) };
}

function fresh(): string {
  const { evaluation, slot } = open(false);
  return show(evaluation, slot);
}

const edits: Readonly<Record<string, () => void>> = {
  "the same size, and the time set back": () => {
    const file = join(root, "d/a.nix");
    const { atime, mtime } = statSync(file);
    writeFileSync(file, '"d2"');
    utimesSync(file, atime, mtime);
  },
  "another file by rename, with the same size and times": () => {
    const file = join(root, "d/a.nix");
    const { atime, mtime } = statSync(file);
    writeFileSync(`${file}.new`, '"d2"');
    utimesSync(`${file}.new`, atime, mtime);
    renameSync(`${file}.new`, file);
  },
  "a symlink that leads elsewhere": () => {
    unlinkSync(join(root, "l"));
    symlinkSync("e", join(root, "l"));
  },
  "the directory above replaced by another": () => {
    renameSync(join(root, "d"), join(root, "x"));
    renameSync(join(root, "e"), join(root, "d"));
    renameSync(join(root, "x"), join(root, "e"));
  },
  "the directory above replaced by a symlink": () => {
    renameSync(join(root, "d"), join(root, "x"));
    symlinkSync("e", join(root, "d"));
  },
  "the executable bit": () => chmodSync(join(root, "d/a.nix"), 0o755),
  "a file in the place of what was missing": () => writeFileSync(join(root, "d/b.nix"), "1"),
  "a directory in the place of a file": () => {
    unlinkSync(join(root, "d/a.nix"));
    mkdirSync(join(root, "d/a.nix"));
    writeFileSync(join(root, "d/a.nix/default.nix"), '"d3"');
    unlinkSync(join(root, "l"));
    symlinkSync("e", join(root, "l"));
  },
};

describe("all files are looked at", () => {
  test.each(Object.entries(edits))("%s", async (_, edit) => {
    await rest();
    const { evaluation, slot } = open(true);
    expect(show(evaluation, slot)).toBe(fresh());
    evaluation.revise();
    await rest();
    expect(evaluation.revise()).toMatchObject({ changed: 0 });
    edit();
    expect(evaluation.revise().changed).toBeGreaterThan(0);
    expect(show(evaluation, slot)).toBe(fresh());
    await rest();
    evaluation.revise();
    expect(show(evaluation, slot)).toBe(fresh());
  });
});

test("what was asked while another directory was there is asked again", async () => {
  await rest();
  const { evaluation } = open(true);
  const swap = (a: string, b: string): void => renameSync(join(root, a), join(root, b));
  const read = (): string =>
    evaluation.toJson(evaluation.loadText("import ./d/a.nix", { basePath: root }));
  expect(read()).toBe('"d1"');
  evaluation.revise();
  await rest();
  evaluation.revise();
  swap("d", "x");
  swap("e", "d");
  evaluation.revise();
  expect(read()).toBe('"e1"');
  // The files look as they did at the first revisions, and not as they did at the last one.
  swap("d", "e");
  swap("x", "d");
  evaluation.revise();
  expect(read()).toBe('"d1"');
});

test("what was asked between two changes is asked again", async () => {
  await rest();
  const { evaluation } = open(true);
  const swap = (a: string, b: string): void => renameSync(join(root, a), join(root, b));
  const exists = (): string =>
    evaluation.toJson(evaluation.loadText("builtins.pathExists ./d/a.nix", { basePath: root }));
  const read = (): string =>
    evaluation.toJson(evaluation.loadText("import ./d/a.nix", { basePath: root }));
  expect(exists()).toBe("true");
  evaluation.revise();
  await rest();
  evaluation.revise();
  swap("d", "x");
  swap("e", "d");
  expect(read()).toBe('"e1"');
  swap("d", "e");
  swap("x", "d");
  evaluation.revise();
  expect(read()).toBe('"d1"');
});

test.runIf(process.platform === "linux")(
  "files that look the same are not read again",
  async () => {
    await rest();
    const io = nodeIo();
    let reads = 0;
    const counting = overrideIo(io, {
      readFile: (path) => {
        reads++;
        return io.readFile(path);
      },
      lookAgain: (path) => io.lookAgain?.(path),
    });
    const evaluation = new Evaluation({ io: counting, hashes: nodeHashes, warm: true });
    const slot = evaluation.loadText("import ./d/a.nix", { basePath: root });
    evaluation.force(slot);
    evaluation.revise();
    reads = 0;
    evaluation.revise();
    expect(reads).toBe(0);
    const overridden = overrideIo(io, { readFile: () => '"x"' });
    expect(overridden.lookAgain).toBeUndefined();
  },
);
