/** Results of commands about flakes across runs: what is printed again without evaluating, and what is not. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hostSystem } from "../../node/src/node-io.ts";
import { nivisLater } from "./terminal-double.ts";

const SYSTEM = hostSystem();
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nivis-flake-results-"));
  git("init", "-q");
  write(
    "flake.nix",
    `{ outputs = _: builtins.trace "called" {
      answer = import ./answer.nix;
      failing = builtins.trace "failing" (throw "wrong");
      packages.${SYSTEM} = {
        a = { type = "derivation"; name = "a-1"; };
        b = throw "oh no";
      };
    }; }`,
  );
  write("answer.nix", "41 + 1");
  git("add", ".");
  git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x");
  settle();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function git(...args: string[]): void {
  execFileSync("git", ["-C", folder, ...args]);
}

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

/** Runs a command twice, so that what it prints is remembered. */
async function runTwice(args: readonly string[]): Promise<Ran> {
  await run(args);
  return run(args);
}

/** Waits until changes are older than what counts as a change during the run. */
function settle(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly evaluated: boolean;
}

async function run(args: readonly string[], variables: Record<string, string> = {}): Promise<Ran> {
  let frames = 0;
  const printed = await nivisLater([...args, "--store", "dummy://"], {
    build: "one",
    environment: {
      HOME: folder,
      PATH: process.env["PATH"] ?? "",
      NIVIS_NO_CACHE: "",
      XDG_CACHE_HOME: join(folder, ".git/cache"),
      NIX_CONFIG: "flake-registry =",
      ...variables,
    },
    observer: {
      enterFrame: () => {
        frames++;
      },
    },
  });
  return { ...printed, evaluated: frames > 0 };
}

describe("a command about a flake that runs again", () => {
  test("prints what it printed, messages and failures included", async () => {
    for (const attribute of ["answer", "failing"]) {
      const args = ["eval", `${folder}#${attribute}`];
      expect((await run(args)).evaluated).toBe(true);
      const second = await run(args);
      expect(second.err).toContain("trace: called");
      expect(await run(args)).toEqual({ ...second, evaluated: false });
    }
    expect((await run(["eval", `${folder}#failing`])).err).toMatch(
      /trace: failing\n(?:.*\n)*.*error: wrong/,
    );
  });

  test("prints the messages of the second run if outputs are remembered by themselves", async () => {
    const args = ["flake", "show", folder];
    const first = await run(args);
    expect(first).toMatchObject({ code: 1, evaluated: true });
    expect(first.err).toContain("error: oh no");
    const second = await run(args);
    expect(second.evaluated).toBe(true);
    expect(await run(args)).toEqual({ ...second, evaluated: false });
  });

  test("checks the same outputs once", async () => {
    const args = ["flake", "check", "--no-build", folder];
    const first = await run(args);
    expect(first.code).toBe(1);
    expect(await run(args)).toEqual({ ...first, evaluated: false });
  });

  test("evaluates if the flake has changed, also without a commit", async () => {
    const args = ["eval", `${folder}#answer`];
    expect((await runTwice(args)).out).toBe("42\n");
    write("answer.nix", "40 + 1");
    settle();
    const dirty = await runTwice(args);
    expect(dirty).toMatchObject({ out: "41\n", evaluated: true });
    expect(dirty.err).toContain("is dirty");
    expect(await run(args)).toEqual({ ...dirty, evaluated: false });
    write("answer.nix", "41 + 1");
    settle();
    expect(await run(args)).toMatchObject({ out: "42\n", evaluated: false });
  });

  test("evaluates if a setting, a variable or the command line differs", async () => {
    const args = ["eval", `${folder}#answer`];
    await runTwice(args);
    expect((await run([...args, "--json"])).evaluated).toBe(true);
    expect((await run([...args, "--option", "max-call-depth", "99"])).evaluated).toBe(true);
    expect((await run(args, { NIX_CONFIG: "max-call-depth = 98" })).evaluated).toBe(true);
    expect((await run([...args, "--no-eval-cache"])).evaluated).toBe(true);
    expect((await run([...args, "--impure"])).evaluated).toBe(true);
    expect((await run(args, { NIVIS_NO_RESULTS: "1" })).evaluated).toBe(true);
    expect((await run(args)).evaluated).toBe(false);
  });

  test("keeps nothing if a file was changed after it was hashed", async () => {
    const args = ["eval", `${folder}#answer`];
    const now = new Date();
    await run(args);
    utimesSync(join(folder, "answer.nix"), now, now);
    await run(args);
    settle();
    expect((await run(args)).evaluated).toBe(true);
    expect((await run(args)).evaluated).toBe(false);
  });

  test("writes files each time", async () => {
    write("flake.nix", '{ outputs = _: { text = "x"; }; }');
    settle();
    const target = join(folder, ".git/written");
    const args = ["eval", `${folder}#text`, "--write-to", target];
    expect((await run(args)).code).toBe(0);
    expect(readFileSync(target, "utf8")).toBe("x");
    rmSync(target);
    expect((await run(args)).code).toBe(0);
    expect(existsSync(target)).toBe(true);
  });
});
