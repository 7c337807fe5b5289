/**
 * Results across runs, with the built commands: the second run prints what the first printed without
 * evaluating, unless something that the first looked at has changed.
 */
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { builtCommand } from "@nivis/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

let folder = "";
const place = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nivis-results-"));
  mkdirSync(place("home"));
  mkdirSync(place("tree/sub"), { recursive: true });
  write("tree/default.nix", "import ./one.nix + import ./sub");
  write("tree/one.nix", "1");
  write("tree/sub/default.nix", "2");
  write("tree/other.nix", "3");
  // Reports the modules that Node has loaded and the files of Nivis that were read.
  write(
    "probe.cjs",
    `const fs = require("node:fs");
     const read = fs.readFileSync;
     const files = [];
     fs.readFileSync = (path, ...rest) => (files.push(String(path)), read(path, ...rest));
     process.on("exit", () => fs.writeFileSync(${JSON.stringify(place("report.json"))},
       JSON.stringify({ modules: process.moduleLoadList, files })));`,
  );
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  writeFileSync(place(name), text);
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** Whether the result was remembered: the bundle was not read. */
  readonly remembered: boolean;
  readonly modules: readonly string[];
}

function environment(variables: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: "/usr/bin:/bin",
    HOME: place("home"),
    XDG_CACHE_HOME: place("cache"),
    NIX_CONF_DIR: place("etc"),
    NIX_STATE_DIR: place("state"),
    ...variables,
  };
}

function runIn(
  cwd: string,
  command: "nivis" | "nivis-instantiate",
  args: readonly string[],
  variables = {},
): Ran {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--require", place("probe.cjs"), builtCommand(command), ...args],
    { cwd, env: environment(variables), encoding: "latin1" },
  );
  const { modules, files } = JSON.parse(readFileSync(place("report.json"), "utf8")) as {
    modules: string[];
    files: string[];
  };
  const remembered = !files.some((file) => /main-\w+\.js$/.test(file));
  return { code: status, out: stdout, err: stderr, remembered, modules };
}

const run = (args: readonly string[], variables: Record<string, string> = {}): Ran =>
  runIn(place("tree"), "nivis", args, variables);

/** What was printed, without how. */
const printed = ({ code, out, err }: Ran) => ({ code, out, err });

function entries(): string[] {
  if (!existsSync(place("cache/nivis/results"))) return [];
  return readdirSync(place("cache/nivis/results"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function onlyEntry(): string {
  const files = entries();
  expect(files).toHaveLength(1);
  return files[0] as string;
}

const EVAL = ["eval", "-f", "."];

describe("the same command again", () => {
  test("prints the result without the bundle and the modules that it needs", () => {
    const first = run(EVAL);
    expect(printed(first)).toEqual({ code: 0, out: "3\n", err: "" });
    expect(first.remembered).toBe(false);
    const second = run(EVAL);
    expect(printed(second)).toEqual(printed(first));
    expect(second.remembered).toBe(true);
    const costly = ["crypto", "net", "tty", "zlib", "worker_threads"];
    expect(costly.filter((name) => second.modules.includes(`NativeModule ${name}`))).toEqual([]);
    const entry = onlyEntry();
    expect(statSync(entry).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(entry)).mode & 0o777).toBe(0o700);
  });

  test("repeats errors, warnings and traces on the same streams in the same order", () => {
    write("tree/default.nix", 'builtins.trace "a" (builtins.warn "b" (throw "c\\xff"))');
    const args = ["eval", "-f", ".", "--show-trace"];
    const first = run(args);
    expect(first.code).toBe(1);
    expect(first.err).toMatch(/trace: a.*b.*error:.*c/s);
    const second = run(args);
    expect(second.remembered).toBe(true);
    expect(printed(second)).toEqual(printed(first));
    // Both streams into one file.
    const joined = (): string =>
      spawnSync(
        "/bin/sh",
        ["-c", `"$0" "$@" 2>&1`, process.execPath, builtCommand("nivis-instantiate"), ...both],
        { cwd: place("tree"), env: environment(), encoding: "utf8" },
      ).stdout;
    const both = [
      "--eval",
      "-E",
      '{ a = builtins.trace "x" 1; b = throw "no"; }',
      "-A",
      "a",
      "-A",
      "b",
    ];
    const once = joined();
    expect(once).toMatch(/^trace: x\n1\nerror:/);
    expect(joined()).toBe(once);
  });

  test("is remembered for each attribute, directory and set of arguments", () => {
    write("tree/default.nix", "{ a = import ./one.nix; b = import ./sub; f = { x }: x; }");
    expect(run([...EVAL, "a"]).out).toBe("1\n");
    expect(run([...EVAL, "b"]).out).toBe("2\n");
    expect(run([...EVAL, "f", "--arg", "x", "7"]).out).toBe("7\n");
    expect(run([...EVAL, "f", "--arg", "x", "8"]).out).toBe("8\n");
    write("tree/one.nix", "10");
    expect(run([...EVAL, "b"])).toMatchObject({ out: "2\n", remembered: true });
    expect(run([...EVAL, "a"])).toMatchObject({ out: "10\n", remembered: false });
    expect(runIn(place("tree/sub"), "nivis", EVAL)).toMatchObject({
      out: "2\n",
      remembered: false,
    });
  });

  test("evaluates when a flag or a variable says so", () => {
    run(EVAL);
    expect(run([...EVAL, "--no-cache"]).remembered).toBe(false);
    expect(run(EVAL, { NIVIS_NO_CACHE: "1" }).remembered).toBe(false);
    expect(run(EVAL, { NIVIS_NO_RESULTS: "1" }).remembered).toBe(false);
    expect(run([...EVAL, "--trace-inputs", place("inputs")]).remembered).toBe(false);
    expect(entries()).toHaveLength(1);
  });

  test.each([
    ["the time", ["eval", "-E", "builtins.currentTime"]],
    ["statistics", ["eval", "-E", "1"]],
    [
      "a limit that was exceeded",
      ["eval", "--max-steps", "100", "-E", "let f = n: f (n + 1); in f 0"],
    ],
  ])("evaluates what depends on %s", (what, args) => {
    const variables = what === "statistics" ? { NIX_SHOW_STATS: "1" } : {};
    run(args, variables);
    expect(run(args, variables).remembered).toBe(false);
  });

  test("evaluates what depends on bytes that are not UTF-8", () => {
    const evaluate = (byte: string): string => {
      const script = `X=$(printf '${byte}') exec "$0" "$1" eval -E 'builtins.getEnv "X"'`;
      const args = ["-c", script, process.execPath, builtCommand("nivis")];
      return spawnSync("/bin/sh", args, { cwd: folder, env: environment(), encoding: "latin1" })
        .stdout;
    };
    expect(evaluate("\\376")).not.toBe(evaluate("\\377"));
  });

  test("writes files each time", () => {
    const args = ["eval", "--expr", '"x"', "--write-to", place("written")];
    for (let round = 0; round < 2; round++) {
      expect(runIn(folder, "nivis", args).code).toBe(0);
      expect(readFileSync(place("written"), "utf8")).toBe("x");
      rmSync(place("written"));
    }
  });

  test("evaluates standard input", () => {
    const evaluate = (input: string): string =>
      spawnSync(process.execPath, [builtCommand("nivis"), "eval", "-f", "-"], {
        cwd: folder,
        env: environment(),
        input,
        encoding: "utf8",
      }).stdout;
    expect(evaluate("1")).toBe("1\n");
    expect(evaluate("2")).toBe("2\n");
  });
});

describe("after an edit", () => {
  const changes: readonly (readonly [string, () => void, string])[] = [
    ["of a file", () => write("tree/one.nix", "5"), "7\n"],
    [
      "of the same size with the old time",
      () => {
        const { atime, mtime } = statSync(place("tree/one.nix"));
        write("tree/one.nix", "6");
        utimesSync(place("tree/one.nix"), atime, mtime);
      },
      "8\n",
    ],
    [
      "that renames another file over it",
      () => {
        write("tree/new.nix", "7");
        renameSync(place("tree/new.nix"), place("tree/one.nix"));
      },
      "9\n",
    ],
    [
      "that puts a symlink in place of a directory",
      () => {
        mkdirSync(place("tree/else"));
        write("tree/else/default.nix", "20");
        rmSync(place("tree/sub"), { recursive: true });
        symlinkSync("else", place("tree/sub"));
      },
      "21\n",
    ],
  ];

  test.each(changes)("%s the program is evaluated", (_, edit, expected) => {
    // Old enough for the status of files to be trusted.
    for (const file of ["one.nix", "sub/default.nix", "default.nix"]) {
      utimesSync(place(`tree/${file}`), 1, 1);
    }
    pause(150);
    expect(run(EVAL).out).toBe("3\n");
    expect(run(EVAL)).toMatchObject({ out: "3\n", remembered: true });
    edit();
    expect(run(EVAL)).toMatchObject({ out: expected, remembered: false });
    expect(run(EVAL)).toMatchObject({ out: expected, remembered: true });
  });

  test("of something else the result is remembered", () => {
    run(EVAL);
    write("tree/other.nix", "4");
    write("tree/added.nix", "5");
    mkdirSync(place("tree/directory"));
    expect(run(EVAL)).toMatchObject({ out: "3\n", remembered: true });
  });

  test("that leaves the contents the result is remembered, with the new status", () => {
    pause(150);
    run(EVAL);
    write("tree/one.nix", "1");
    chmodSync(place("tree/sub/default.nix"), 0o600);
    pause(150);
    const second = run(EVAL);
    expect(second).toMatchObject({ out: "3\n", remembered: true });
    const { ino } = statSync(onlyEntry());
    expect(run(EVAL)).toMatchObject({ out: "3\n", remembered: true });
    // Nothing was left to renew.
    expect(statSync(onlyEntry()).ino).toBe(ino);
  });

  test("of a variable, a configuration file or the search path the program is evaluated", () => {
    const args = ["eval", "-E", 'builtins.getEnv "X" + toString <p>'];
    const given = { X: "1", NIX_PATH: `p=${place("tree")}` };
    const first = run(args, given);
    expect(run(args, given).remembered).toBe(true);
    expect(run(args, { ...given, Y: "1" }).remembered).toBe(true);
    expect(run(args, { ...given, X: "2" }).out).not.toBe(first.out);
    expect(run(args, { ...given, NIX_PATH: `p=${place("tree/sub")}` }).remembered).toBe(false);
    run(args, given);
    mkdirSync(place("etc"));
    write("etc/nix.conf", "pure-eval = true\n");
    expect(run(args, given).code).toBe(1);
    write("etc/nix.conf", "pure-eval = false\n");
    expect(printed(run(args, given))).toEqual(printed(first));
  });
});

describe("a store", () => {
  const build = 'derivation { name = "n"; system = "s"; builder = ./one.nix; }';
  const instantiate = (): Ran => run(["instantiate", "--store", place("root"), "-E", build]);
  const objects = (): string[] => readdirSync(place("root/nix/store"));

  test("has everything that the run would have written", () => {
    const first = instantiate();
    expect(first.code).toBe(0);
    expect(instantiate()).toMatchObject({ out: first.out, remembered: true });
    const before = objects().sort();
    for (const name of before) {
      rmSync(join(place("root/nix/store"), name), { recursive: true });
      expect(instantiate()).toMatchObject({ out: first.out, remembered: false });
      expect(objects().sort()).toEqual(before);
      expect(instantiate()).toMatchObject({ out: first.out, remembered: true });
    }
  });
});

describe("an entry that", () => {
  const damages: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
    ["is empty", () => Buffer.alloc(0)],
    ["is shorter than its head", (bytes) => bytes.subarray(0, 5)],
    ["was cut off", (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ["lacks its last byte", (bytes) => bytes.subarray(0, -1)],
    ["has a flipped bit", (bytes) => flipped(bytes, bytes.length >> 2)],
    ["has a flipped bit in its second copy", (bytes) => flipped(bytes, (bytes.length >> 2) * 3)],
    ["has a wrong length", (bytes) => flipped(bytes, 4)],
    ["is huge", (bytes) => Buffer.concat([bytes, Buffer.alloc(1 << 20)])],
  ];

  test.each(damages)("%s is replaced", (_, damage) => {
    run(EVAL);
    const entry = onlyEntry();
    writeFileSync(entry, damage(readFileSync(entry)));
    expect(run(EVAL)).toMatchObject({ code: 0, out: "3\n", err: "", remembered: false });
    expect(run(EVAL)).toMatchObject({ out: "3\n", remembered: true });
  });

  test("belongs to another command is not used", () => {
    run(EVAL);
    const one = onlyEntry();
    run(["eval", "-E", "7"]);
    const two = entries().find((path) => path !== one) as string;
    copyFileSync(two, one);
    expect(run(EVAL)).toMatchObject({ out: "3\n", remembered: false });
  });

  test("others could have written is not used", () => {
    run(EVAL);
    const entry = onlyEntry();
    chmodSync(entry, 0o666);
    expect(run(EVAL)).toMatchObject({ out: "3\n", remembered: false });
    chmodSync(place("cache/nivis/results"), 0o777);
    expect(run(EVAL)).toMatchObject({ out: "3\n", remembered: false });
    expect(run(EVAL)).toMatchObject({ out: "3\n", remembered: false });
  });

  test("cannot be written is no error", () => {
    mkdirSync(place("cache/nivis"), { recursive: true });
    write("cache/nivis/results", "a file");
    expect(printed(run(EVAL))).toEqual({ code: 0, out: "3\n", err: "" });
    expect(printed(run(EVAL))).toEqual({ code: 0, out: "3\n", err: "" });
  });
});

test("many processes at once, some of which are killed, print the same", async () => {
  write("tree/default.nix", "builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 50000)");
  const runs = Array.from({ length: 24 }, (_, i) => {
    const child = spawn(process.execPath, [builtCommand("nivis"), ...EVAL], {
      cwd: place("tree"),
      env: environment(),
    });
    const pieces: Buffer[] = [];
    child.stdout.on("data", (piece: Buffer) => pieces.push(piece));
    child.stderr.on("data", (piece: Buffer) => pieces.push(piece));
    const isKilled = i % 3 === 0;
    if (isKilled) setTimeout(() => child.kill("SIGKILL"), 40 + i * 10);
    return new Promise<string>((resolve) => {
      child.on("close", (_code, signal) => {
        resolve(signal === null ? Buffer.concat(pieces).toString() : "killed");
      });
    });
  });
  const results = new Set(await Promise.all(runs));
  results.delete("killed");
  expect([...results]).toEqual(["1249975000\n"]);
  expect(run(EVAL)).toMatchObject({ out: "1249975000\n" });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
