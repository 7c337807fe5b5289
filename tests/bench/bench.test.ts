/** `npm run bench` from end to end, on a tiny program and with a script as the reference. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { parseOptions, UsageError } from "../../scripts/bench/options.ts";
import { selectPrograms } from "../../scripts/bench/programs.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "nivis-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true }));
const program = join(folder, "tiny.nix");
writeFileSync(program, "1 + 2");

/** Runs `npm run bench` with a reference that prints a text. */
function bench(printed: string, ...args: string[]) {
  const reference = join(folder, "reference.mjs");
  writeFileSync(reference, `process.stdout.write(${JSON.stringify(printed)});`);
  return spawnSync(
    process.execPath,
    [
      join(root, "scripts", "run-ts.mjs"),
      join(root, "scripts", "bench", "main.ts"),
      "--nivis",
      join(root, "packages", "nivis", "bin", "nivis-instantiate.cjs"),
      ...args,
    ],
    { cwd: root, encoding: "utf8", env: { ...process.env, NIVIS_BENCH_REFERENCE: reference } },
  );
}

describe("npm run bench", () => {
  test("measures, prints a table and writes JSON", () => {
    const json = join(folder, "result.json");
    const { status, stdout } = bench("3\n", "--runs", "2", "--json", json, program);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\| tiny +\| /m);
    expect(stdout).toContain("own: 1 programs, geometric mean");
    const record = JSON.parse(readFileSync(json, "utf8"));
    expect(record).toMatchObject({ runs: 2, reference: "3", comparisons: [{ name: "tiny" }] });
    expect(record.comparisons[0].nivis.wall).toHaveLength(2);
  });

  test("fails when the results differ", () => {
    const { status, stdout, stderr } = bench("4\n", "--runs", "1", program);
    expect(status).toBe(1);
    expect(stdout).toContain("FAILED: tiny");
    expect(stderr).toContain("Nivis prints\n3\n\nthe reference\n4\n");
  });
});

describe("options", () => {
  test("are read", () => {
    expect(
      parseOptions(["sort", "--runs", "3", "--nivis-arguments", "--no-cache -I x"]),
    ).toMatchObject({
      filters: ["sort"],
      runs: 3,
      nivisArguments: ["--no-cache", "-I", "x"],
      node: process.execPath,
      warm: false,
    });
  });

  test.each([["--runs"], ["--runs", "0"], ["--runs", "x"], ["--what"], ["--warm", "--history"]])(
    "%s %s is a mistake",
    (...args) => {
      expect(() => parseOptions(args)).toThrow(UsageError);
    },
  );
});

describe("programs", () => {
  test("are all files of bench/, and real programs if there is a tree", () => {
    const files = readdirSync(join(root, "bench")).filter((name) => name.endsWith(".nix"));
    const { programs, missing } = selectPrograms([], {});
    expect(programs.map(({ name }) => `${name}.nix`)).toEqual(files.sort());
    expect(missing).toContain("26.11-hello: NIVIS_BENCH_NIXPKGS names no tree");
    const real = selectPrograms(["hello"], { NIVIS_BENCH_NIXPKGS: "/n" });
    expect(real.programs).toHaveLength(1);
    expect(real.programs[0]).toMatchObject({ name: "26.11-hello", group: "nixpkgs" });
    expect(real.missing).toEqual(["19.09-hello: NIVIS_BENCH_NIXPKGS_OLD names no tree"]);
  });

  test("are selected by parts of their names, or are files of the user", () => {
    const names = (...filters: string[]) =>
      selectPrograms(filters, {}).programs.map(({ name }) => name);
    expect(names("calls-t")).toEqual(["calls-tail", "calls-tak"]);
    expect(names("x/own.nix")).toEqual(["own"]);
    expect(names("nothing-like-it")).toEqual([]);
  });
});
