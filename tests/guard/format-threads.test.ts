/**
 * The threads of `nivis fmt`: a tree that is large enough for them comes out as single files do, and a text
 * that nests too deeply for the stack of the command is formatted on a thread with a larger one.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { builtCommand, runProcess } from "@nivis/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

/** Enough for several threads. */
const FILES = 600;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nivis-threads-"));
  for (let i = 0; i < FILES; i += 1) {
    const directory = join(folder, `d${i % 7}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `f${i}.nix`), i % 100 === 50 ? "{ a = ; }\n" : `{a=${i};b=2;}\n`);
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

function fmt(...args: string[]) {
  return runProcess(process.execPath, {
    args: [builtCommand("nivis"), "fmt", ...args, folder],
    cwd: folder,
    env: { NIVIS_NO_CACHE: "1" },
  });
}

test.skipIf(availableParallelism() < 2)("threads format a tree", async () => {
  const before = await fmt("--check");
  expect(before.code).toBe(1);
  expect(before.stdout.split("\n").length - 1).toBe(FILES - 6);
  const written = await fmt();
  expect(written.code).toBe(1);
  expect(written.stderr.match(/syntax error, unexpected ';'/g)).toHaveLength(6);
  expect(written.stderr).toContain("6 files cannot be formatted");
  expect(readFileSync(join(folder, "d1", "f1.nix"), "utf8")).toBe("{\n  a = 1;\n  b = 2;\n}\n");
  const after = await fmt("--check");
  expect(after.stdout).toBe("");
});

/** So many sets in each other. */
function nested(levels: number): string {
  return `${"{a=".repeat(levels)}1${";}".repeat(levels)}\n`;
}

test("a deep text is formatted on a thread with a large stack", async () => {
  const deep = mkdtempSync(join(tmpdir(), "nivis-deep-"));
  try {
    writeFileSync(join(deep, "deep.nix"), nested(600));
    const run = (...args: string[]) =>
      runProcess(process.execPath, {
        args: [builtCommand("nivis"), "fmt", ...args],
        cwd: deep,
        env: { NIVIS_NO_CACHE: "1" },
      });
    expect(await run("deep.nix")).toMatchObject({ code: 0, stdout: "", stderr: "" });
    const lines = readFileSync(join(deep, "deep.nix"), "utf8").split("\n");
    expect(lines.filter((line) => line.endsWith("a = {"))).toHaveLength(599);
    expect(lines[600]).toBe(`${" ".repeat(2 * 600)}a = 1;`);
    expect(await run("--check", "deep.nix")).toMatchObject({ code: 0 });
    // Beyond any stack there is a limit, since the indentation grows with the square of the depth.
    writeFileSync(join(deep, "deep.nix"), nested(3000));
    const refused = await run("deep.nix");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("nested more than 2000 levels deep");
    expect(readFileSync(join(deep, "deep.nix"), "utf8")).toBe(nested(3000));
  } finally {
    rmSync(deep, { recursive: true });
  }
});
