/**
 * `nivis jobs` as a process: its lines, its order, its exit codes, and what happens when attributes or
 * workers fail. The expectations are those of nix-eval-jobs unless they say otherwise.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeUtf8 } from "@nivis/formats";
import { builtCommand, type Outcome, runProcess } from "@nivis/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

interface Line {
  readonly attr: string;
  readonly attrPath: readonly string[];
  readonly error?: string;
  readonly drvPath?: string;
  readonly constituents?: readonly string[];
  readonly [field: string]: unknown;
}

const MAKE = `let d = name: derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; }; in`;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nivis-jobs-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Run extends Outcome {
  readonly lines: readonly Line[];
}

async function jobs(...args: readonly string[]): Promise<Run> {
  const outcome = await runProcess(
    process.execPath,
    { args: [builtCommand("nivis"), "jobs", ...args.map(encodeUtf8)], cwd: folder },
    { timeout: 100_000 },
  );
  return { ...outcome, lines: linesOf(outcome.stdout) };
}

function linesOf(text: string): readonly Line[] {
  return Buffer.from(text, "latin1")
    .toString("utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

/** The store that runs write to. */
function store(): readonly string[] {
  return ["--store", join(folder, "store")];
}

function attrs(run: Run): readonly string[] {
  return run.lines.map(({ attr }) => attr);
}

describe("the walk", () => {
  test("is depth first, by name, through sets that ask for it", async () => {
    const run = await jobs(
      ...store(),
      "-E",
      `${MAKE} { b = d "b"; a = { recurseForDerivations = true; y = d "y"; x = d "x"; no.z = d "z"; }; n = 1; f = x: x; g = { v ? "g" }: d v; }`,
    );
    expect(attrs(run)).toEqual(["a.x", "a.y", "b", "g"]);
    expect(run.code).toBe(0);
    expect(run.stderr).toBe("");
  });

  test("goes through all sets if forced to, and through none if the root says so", async () => {
    const text = `${MAKE} { recurseForDerivations = false; a.b.c = d "c"; d = d "d"; }`;
    expect(attrs(await jobs(...store(), "--force-recurse", "-E", text))).toEqual(["a.b.c", "d"]);
    expect(attrs(await jobs(...store(), "-E", text))).toEqual([]);
  });

  test("finds attributes whatever their names", async () => {
    const names = ["", "3", "a.b", 'q"uo', "n\\nl", "ü", "${x}"];
    const set = names.map(
      (name) => `${JSON.stringify(name).replaceAll("\\\\", "\\").replace("$", "\\$")} = d "x";`,
    );
    const run = await jobs(
      ...store(),
      "-E",
      `${MAKE} { s = { recurseForDerivations = true; ${set.join(" ")} }; }`,
    );
    expect(run.lines.map(({ attrPath }) => attrPath[1]).sort()).toEqual(
      names.map((name) => name.replace("\\n", "\n")).sort(),
    );
    expect(run.lines.map(({ attr }) => attr)).toContain('s."a.b"');
    expect(run.lines.every(({ error }) => error === undefined)).toBe(true);
  });

  test("begins at what --select returns, with the arguments of functions", async () => {
    const run = await jobs(
      ...store(),
      ...["--argstr", "n", "given", "--select", "r: { inherit (r) a; }"],
      "-E",
      `${MAKE} { n }: { a = d n; b = d "b"; }`,
    );
    expect(run.lines.map((line) => [line.attr, line["name"]])).toEqual([["a", "given"]]);
  });

  test("prints the same lines with several workers", async () => {
    writeFileSync(
      join(folder, "many.nix"),
      `${MAKE} builtins.listToAttrs (builtins.genList (n: { name = "p" + toString n; value = d "p\${toString n}"; }) 60)`,
    );
    const one = await jobs(...store(), "many.nix");
    const three = await jobs(...store(), "--workers", "3", "many.nix");
    expect(one.lines).toHaveLength(60);
    expect(three.stdout.split("\n").sort()).toEqual(one.stdout.split("\n").sort());
  });
});

test("workers keep compiled files and V8's code for the next start", async () => {
  writeFileSync(join(folder, "kept.nix"), `${MAKE} { a = d "kept"; }`);
  const cache = join(folder, "kept-cache");
  const run = await runProcess(
    process.execPath,
    {
      args: [builtCommand("nivis"), "jobs", "--no-instantiate", "kept.nix"],
      cwd: folder,
      env: { HOME: folder, XDG_CACHE_HOME: cache, NIVIS_NO_CACHE: "" },
    },
    { timeout: 100_000 },
  );
  expect(run.code).toBe(0);
  const kept = readdirSync(cache, { recursive: true, encoding: "utf8" });
  // That of kept.nix and those that every evaluation loads.
  expect(kept.some((name) => /^nivis.bytecode.[0-9a-f].[0-9a-f]{63}$/.test(name))).toBe(true);
  expect(kept.some((name) => /^nivis.code.main-/.test(name))).toBe(true);
});

describe("a line", () => {
  test("has the fields of nix-eval-jobs, sorted", async () => {
    const run = await jobs(
      ...store(),
      ...[
        "--meta",
        "--show-input-drvs",
        "--constituents",
        "--apply",
        "d: { n = d.name; f = 1.0; }",
      ],
      "-E",
      `${MAKE} { a = d "dep" // { meta = { description = "ä"; fn = x: x; bad = [ null ]; }; }; b = derivation { name = "b"; system = "s"; builder = "b"; dep = d "dep"; outputs = [ "out" "dev" ]; requiredSystemFeatures = [ "kvm" "big" ]; }; }`,
    );
    const [a, b] = run.lines as [Line, Line];
    expect(Object.keys(a)).toEqual([
      "attr",
      "attrPath",
      "constituents",
      "drvPath",
      "extraValue",
      "globConstituents",
      "inputDrvs",
      "meta",
      "name",
      "namedConstituents",
      "outputs",
      "requiredSystemFeatures",
      "system",
    ]);
    expect(a["meta"]).toEqual({ description: "ä" });
    expect(run.stdout).toContain('"extraValue":{"f":1.0,"n":"dep"}');
    expect(b["meta"]).toBeNull();
    expect(b["requiredSystemFeatures"]).toEqual(["big", "kvm"]);
    expect(Object.keys(b["outputs"] as object)).toEqual(["dev", "out"]);
    expect(b["inputDrvs"]).toEqual({ [a.drvPath as string]: ["out"] });
    expect(b["system"]).toBe("s");
  });

  test("has the derivation path of nivis-instantiate, whose file is written", async () => {
    const text = `${MAKE} { a = d "written"; }`;
    const { lines } = await jobs(...store(), "-E", text);
    const args = [builtCommand("nivis-instantiate"), ...store(), "-E", text, "-A", "a"];
    const { stdout } = await runProcess(process.execPath, { args, cwd: folder });
    expect(lines[0]?.drvPath).toBe(stdout.trim());
    expect(existsSync(join(folder, "store", stdout.trim()))).toBe(true);
  });

  test("of a derivation that is not written lacks what only the file says", async () => {
    const run = await jobs(
      "--no-instantiate",
      "--meta",
      ...store(),
      "-E",
      `${MAKE} { a = d "unwritten"; }`,
    );
    expect(Object.keys(run.lines[0] as Line)).toEqual([
      "attr",
      "attrPath",
      "drvPath",
      "meta",
      "name",
      "outputs",
      "system",
    ]);
    expect(existsSync(join(folder, "store", run.lines[0]?.drvPath as string))).toBe(false);
  });

  test("comes with a root for its derivation", async () => {
    const run = await jobs(
      ...store(),
      "--gc-roots-dir",
      "roots",
      "-E",
      `${MAKE} { a = d "rooted"; b = d "rooted"; }`,
    );
    expect(run.lines).toHaveLength(2);
    const roots = readdirSync(join(folder, "roots"));
    expect(roots).toHaveLength(1);
    expect(readlinkSync(join(folder, "roots", roots[0] as string))).toBe(run.lines[0]?.drvPath);
  });
});

describe("a flake", () => {
  const flake = `{ outputs = { self }: { jobs = { a = derivation { name = "a"; system = "s"; builder = "b"; }; }; pure = builtins ? currentSystem; }; }`;

  test("is walked from an attribute, or selected from as a whole", async () => {
    const place = join(folder, "flake");
    mkdirSync(place);
    writeFileSync(join(place, "flake.nix"), flake);
    const features = ["--extra-experimental-features", "nix-command flakes"];
    const args = ["--no-instantiate", ...features, "--flake"];
    const part = await jobs(...args, `path:${place}#jobs`);
    expect([attrs(part), part.code]).toEqual([["a"], 0]);
    const select = ["--select", "flake: flake.outputs.jobs"];
    expect(attrs(await jobs(...args, `path:${place}`, ...select))).toEqual(["a"]);
    const none = await jobs(...args, `path:${place}#none`);
    expect([none.code, none.stdout]).toEqual([1, ""]);
    expect(none.stderr).toContain("does not provide attribute 'none'");
    expect((await jobs(...args, `path:${place}`, "--queue", "redis://x")).stderr).toContain(
      "'--flake' is not supported with '--queue' yet",
    );
  });
});

describe("errors", () => {
  test("are lines, and all other attributes are evaluated", async () => {
    const run = await jobs(
      ...store(),
      "-E",
      `${MAKE} { a = d "a"; b = throw "my error"; c = let x = x; in x; d = { need }: d need; z = d "z"; noname = { type = "derivation"; }; }`,
    );
    expect(attrs(run)).toEqual(["a", "b", "c", "d", "noname", "z"]);
    expect(run.lines[1]?.error).toMatch(/^error:[\s\S]*error: my error$/);
    expect(run.lines[2]?.error).toContain("infinite recursion encountered");
    expect(run.lines[3]?.error).toContain("argument without a value ('need')");
    expect(run.lines[4]?.error).toBe("error: derivation name missing");
    expect(run.stderr).toContain("error: my error");
    expect(run.code).toBe(0);
  });

  test("of the root end the run", async () => {
    const run = await jobs("-E", `throw "root"`);
    expect([run.code, run.stdout]).toEqual([1, ""]);
    expect(run.stderr.match(/error: .*/g)).toEqual(["error: root"]);
    expect((await jobs("-E", "1 +")).stderr).toContain("syntax error");
    const missing = await jobs("missing.nix");
    expect([missing.code, missing.stdout]).toEqual([1, ""]);
    expect(missing.stderr.match(/does not exist/g)).toHaveLength(1);
  });

  test.each([
    [[], "no expression specified"],
    [
      ["--no-instantiate", "--constituents", "--show-input-drvs", "x.nix"],
      "--no-instantiate is incompatible with: --show-input-drvs, --constituents.",
    ],
    [["--workers", "0", "x.nix"], "'--workers' needs a whole number above zero"],
    [["a.nix", "b.nix"], "unexpected argument 'b.nix'"],
    [
      ["--check-cache-status", "--store", "dummy://", "-E", "{ }"],
      "'--check-cache-status' needs a store that knows",
    ],
    [
      ["--select", "x: 1", "-E", "{ }"],
      "'--select' must evaluate to an attrset (the traversal root)",
    ],
  ])("of the command line: %j", async (args, message) => {
    const run = await jobs(...args);
    expect(run.stderr).toContain(message);
    expect([run.code, run.stdout]).toEqual([1, ""]);
  });
});

describe("an attribute that exceeds", () => {
  test("the depth fails alone, and the exit code says so", async () => {
    const run = await jobs(
      "--no-instantiate",
      "-E",
      `${MAKE} { a = d "a"; deep = let r = [ r ]; in derivation { name = "n"; system = "s"; builder = "b"; inherit r; }; z = d "z"; }`,
    );
    expect(attrs(run)).toEqual(["a", "deep", "z"]);
    expect(run.stderr).toContain("error: while reading result for attrPath 'deep'");
    expect(run.code).toBe(1);
  });

  test("the time fails alone", async () => {
    const loop =
      "builtins.foldl' (a: b: a + builtins.foldl' (c: d: c + d) 0 (builtins.genList (x: x) 1000)) 0 (builtins.genList (x: x) 100000000)";
    const run = await jobs(
      "--no-instantiate",
      "--max-time",
      "3000",
      "-E",
      `${MAKE} { a = d "a"; loop = d (toString (${loop})); z = d "z"; }`,
    );
    expect(attrs(run).toSorted()).toEqual(["a", "loop", "z"]);
    const line = run.lines.find(({ attr }) => attr === "loop");
    expect(line?.error).toBe("error: out of time; max-time (3000 ms) exceeded");
    expect(run.code).toBe(1);
  });

  test("the steps fails alone", async () => {
    const run = await jobs(
      "--no-instantiate",
      "--max-steps",
      "10000",
      "-E",
      `${MAKE} { a = d "a"; loop = let f = x: f (x + 1); in f 0; z = d "z"; }`,
    );
    expect(attrs(run)).toEqual(["a", "loop", "z"]);
    expect(run.lines[1]?.error).toContain("max-steps (10000) exceeded");
  });

  test("the memory fails alone, after it had all of it", async () => {
    const leak =
      "builtins.length (let f = n: l: if n == 0 then l else f (n - 1) (l ++ l); in f 40 [ 1 ])";
    const run = await jobs(
      "--no-instantiate",
      "--workers",
      "2",
      "--max-memory-size",
      "200",
      "-E",
      `${MAKE} { a = d "a"; leak = d (toString (${leak})); z = d "z"; }`,
    );
    expect(attrs(run).toSorted()).toEqual(["a", "leak", "z"]);
    expect(run.lines.at(-1)?.error).toBe(
      "error: evaluation exceeded the memory budget of 400 MiB (workers * max-memory-size) even when run alone",
    );
    expect(run.stderr).not.toContain("<--- Last few GCs");
    expect(run.code).toBe(1);
  });
});

describe("aggregates", () => {
  test("get the jobs that they name as inputs", async () => {
    const aggregate = `names: derivation { name = "agg"; system = "s"; builder = "b"; _hydraAggregate = true; constituents = names; }`;
    const run = await jobs(
      ...store(),
      "--constituents",
      "-E",
      `${MAKE} let agg = ${aggregate}; in { agg = agg [ "x" (d "direct") ]; all = agg [ "agg" ]; bad = agg [ "gone" ]; x = d "x"; }`,
    );
    expect(attrs(run)).toEqual(["x", "agg", "all", "bad"]);
    const [x, agg, all, bad] = run.lines as [Line, Line, Line, Line];
    expect(agg.constituents?.at(-1)).toBe(x.drvPath);
    expect(agg.constituents?.[0]).toMatch(/-direct\.drv$/);
    expect(all.constituents).toEqual([agg.drvPath]);
    expect(bad.error).toBe("gone: does not exist\n");
    const text = readFileSync(join(folder, "store", agg.drvPath as string), "utf8");
    expect(text).toContain(x.drvPath);
    expect(text).toContain((agg["outputs"] as Record<string, string>)["out"]);
    expect(agg).not.toHaveProperty("namedConstituents");
  });
});

/** Starts a run and returns it once its first line is there. */
async function started(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [builtCommand("nivis"), "jobs", ...args], {
    cwd: folder,
    env: { ...process.env, NIVIS_NO_CACHE: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  await new Promise((resolve) => child.stdout?.once("data", resolve));
  return child;
}

/** The processes that a process started; Linux only. */
function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
}

async function untilGone(pids: readonly number[]): Promise<void> {
  const isThere = (pid: number): boolean => existsSync(`/proc/${pid}`);
  for (let i = 0; i < 200 && pids.some(isThere); i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(pids.filter(isThere)).toEqual([]);
}

const ENDLESS = `${MAKE} { a = d "a"; loop = builtins.foldl' (a: b: a + builtins.foldl' (c: d: c + d) 0 (builtins.genList (x: x) 1000)) 0 (builtins.genList (x: x) 100000000); z = d "z"; }`;

describe.runIf(process.platform === "linux")("a run that ends early", () => {
  test("by Ctrl-C says how far it came, and leaves no process behind", async () => {
    const child = await started(["--no-instantiate", "-E", ENDLESS]);
    const workers = childrenOf(child.pid as number);
    let stderr = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.kill("SIGINT");
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code).toBe(130);
    expect(stderr).toContain("interrupted by the user after 2 of 4 attributes");
    await untilGone(workers);
  });

  test("by SIGKILL leaves no process behind, though a worker never comes to an end", async () => {
    const child = await started(["--no-instantiate", "-E", ENDLESS]);
    const workers = childrenOf(child.pid as number);
    expect(workers.length).toBeGreaterThan(0);
    child.kill("SIGKILL");
    await untilGone(workers);
  });

  test("because its reader went away leaves no process behind", async () => {
    const text = `${MAKE} builtins.listToAttrs (builtins.genList (n: { name = "p" + toString n; value = d "p\${toString n}"; }) 5000)`;
    const child = await started(["--no-instantiate", "-E", text]);
    const workers = childrenOf(child.pid as number);
    child.stdout?.destroy();
    await new Promise((resolve) => child.once("exit", resolve));
    await untilGone(workers);
  });

  test("in a worker evaluates its attribute again", async () => {
    const child = await started(["--no-instantiate", "--max-time", "4000", "-E", ENDLESS]);
    let stdout = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    const [worker] = childrenOf(child.pid as number);
    process.kill(worker as number, "SIGKILL");
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(linesOf(stdout).map(({ attr }) => attr)).toEqual(["z", "loop"]);
    expect(code).toBe(1);
  });
});

/** The bytes of memory of a process; 0 if there is none. Linux only. */
function residentOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096;
  } catch {
    return 0;
  }
}

test.runIf(process.platform === "linux")(
  "all processes together keep to the budget while attributes fill any heap",
  async () => {
    const hog =
      "builtins.length (builtins.deepSeq (builtins.genList (i: builtins.genList (x: x + i) 1000) 100000) [ ])";
    const text = `${MAKE} { a = d "a"; hog1 = d (toString (${hog})); hog2 = d (toString (${hog})); z = d "z"; }`;
    const args = ["--no-instantiate", "--workers", "2", "--max-memory-size", "200", "-E", text];
    const child = await started(args);
    const pid = child.pid as number;
    let peak = 0;
    const timer = setInterval(() => {
      const pids = existsSync(`/proc/${pid}`) ? [pid, ...childrenOf(pid)] : [];
      peak = Math.max(
        peak,
        pids.reduce((sum, one) => sum + residentOf(one), 0),
      );
    }, 10);
    child.stdout?.resume();
    const code = await new Promise((resolve) => child.once("close", resolve));
    clearInterval(timer);
    expect(code).toBe(1);
    const budget = 400 * 1024 * 1024;
    // It was needed, and it was not exceeded.
    expect(peak).toBeGreaterThan(budget * 0.5);
    expect(peak).toBeLessThanOrEqual(budget);
  },
);

describe("a journal", () => {
  test("continues what was interrupted", async () => {
    const file = join(folder, "resume.journal");
    const text = `${MAKE} { a = d "a"; b = throw "b"; s = { recurseForDerivations = true; c = d "c"; }; }`;
    const args = ["--no-instantiate", "--resume", file, "-E", text];
    const first = await jobs(...args);
    const kept = readFileSync(file, "latin1").split("\n");
    // A run that was killed while it wrote its third line.
    writeFileSync(file, `${kept.slice(0, 3).join("\n")}\n${kept[3]?.slice(0, 20)}`, "latin1");
    const second = await jobs(...args);
    expect(second.stdout).toBe(first.stdout);
    expect(readFileSync(file, "latin1").split("\n")).toEqual(kept);
    const third = await jobs(...args);
    expect(third.stdout).toBe(first.stdout);
    // Known attributes are not evaluated again.
    expect(third.stderr).toBe("");
  });

  test("of another command is refused", async () => {
    const file = join(folder, "other.journal");
    await jobs("--no-instantiate", "--resume", file, "-E", `${MAKE} { a = d "a"; }`);
    const run = await jobs("--no-instantiate", "--resume", file, "-E", `${MAKE} { b = d "b"; }`);
    expect(run.stderr).toContain("belongs to another command");
    writeFileSync(join(folder, "no.journal"), "hello\n");
    const no = await jobs("--resume", "no.journal", "-E", "{ }");
    expect(no.stderr).toContain("is not a journal of 'nivis jobs'");
    expect(readFileSync(join(folder, "no.journal"), "utf8")).toBe("hello\n");
  });

  test("is a regular file in a directory that exists", async () => {
    const directory = await jobs("--no-instantiate", "--resume", folder, "-E", "{ }");
    expect(directory.stderr).toContain(`the journal '${folder}' is not a regular file`);
    expect([directory.code, directory.stdout]).toEqual([1, ""]);
    const gone = await jobs("--no-instantiate", "--resume", "gone/deep/journal", "-E", "{ }");
    expect(gone.stderr).toContain(
      'opening the journal "gone/deep/journal": No such file or directory',
    );
    expect([gone.code, existsSync(join(folder, "gone"))]).toEqual([1, false]);
  });

  test.skipIf(process.platform === "win32")("is not read from a pipe", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const writer = spawn("sh", ["-c", 'exec sleep 60 > "$0"', pipe], { stdio: "ignore" });
    try {
      const run = await jobs("--no-instantiate", "--resume", "pipe", "-E", "{ }");
      expect(run.stderr).toContain("the journal 'pipe' is not a regular file");
      expect(run.code).toBe(1);
    } finally {
      writer.kill();
      rmSync(pipe);
    }
  });
});
