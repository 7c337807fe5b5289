/** What V8 compiled is kept from run to run, and nothing that happens to the file changes a result. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtCommand, type Outcome, runProcess } from "@nivis/testkit";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { loadScript } from "../src/launch/code-cache.ts";

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "nivis-code-cache-"));
});

afterEach(() => {
  rmSync(home, { recursive: true });
});

const folder = (): string => join(home, "nivis", "code");

/** The only file of a bundle. */
function onlyFile(bundle = "main"): string {
  const files = readdirSync(folder()).filter((name) => name.startsWith(`${bundle}-`));
  expect(files).toHaveLength(1);
  return join(folder(), files[0] as string);
}

/** Long enough for the flags that are set once an evaluation takes its time. */
const BUSY = "let loop = n: if n == 0 then 0 else loop (n - 1); f = x: x; in f loop 4000000";

function run(
  env: Record<string, string> = {},
  text = 'builtins.hashString "md5" "x" + toString (1 + 1)',
): Promise<Outcome> {
  return runProcess(process.execPath, {
    args: [builtCommand("nivis"), "eval", "-E", text],
    cwd: home,
    env: { NIVIS_NO_CACHE: "", NIVIS_NO_RESULTS: "1", XDG_CACHE_HOME: home, ...env },
  });
}

const expected = { code: 0, stdout: '"9dd4e461268c8034f5c8564e155c67a62"\n', stderr: "" };

describe("the built commands", () => {
  test("write a file that is theirs alone, and leave it when it is good", async () => {
    expect(await run()).toEqual(expected);
    const file = onlyFile();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { ino } = statSync(file);
    expect(await run()).toEqual(expected);
    expect(statSync(onlyFile()).ino).toBe(ino);
  });

  test("leave what a long run has written under flags of its own", async () => {
    const whole = { code: 0, stdout: "0\n", stderr: "" };
    expect(await run({}, BUSY)).toEqual(whole);
    const files = ["main", "tier"].map((bundle) => statSync(onlyFile(bundle)).ino);
    expect(await run()).toEqual(expected);
    expect(await run({}, BUSY)).toEqual(whole);
    // V8 would have refused them, and they would have been written anew.
    expect(["main", "tier"].map((bundle) => statSync(onlyFile(bundle)).ino)).toEqual(files);
  });

  const damages: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
    ["is empty", () => Buffer.alloc(0)],
    ["is shorter than its head", (bytes) => bytes.subarray(0, 5)],
    ["was cut off", (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ["lacks its last byte", (bytes) => bytes.subarray(0, -1)],
    ["has a flipped bit", (bytes) => flipped(bytes, bytes.length >> 2)],
    ["has a flipped bit in its head", (bytes) => flipped(bytes, 0)],
    ["has a flipped bit in its second copy", (bytes) => flipped(bytes, (bytes.length >> 2) * 3)],
    ["is zeros", (bytes) => Buffer.alloc(bytes.length)],
    ["is text", (bytes) => Buffer.alloc(bytes.length, "nivis ")],
  ];

  test.each(damages)("replace a file that %s", async (_, damage) => {
    await run();
    const file = onlyFile();
    const damaged = damage(readFileSync(file));
    writeFileSync(file, damaged);
    expect(await run()).toEqual(expected);
    expect(readFileSync(onlyFile()).equals(damaged)).toBe(false);
    const { ino } = statSync(file);
    await run();
    expect(statSync(file).ino).toBe(ino);
  });

  test("replace a file that others may write to", async () => {
    await run();
    chmodSync(onlyFile(), 0o666);
    expect(await run()).toEqual(expected);
    expect(statSync(onlyFile()).mode & 0o777).toBe(0o600);
  });

  test("replace a file that was made under other flags of V8", async () => {
    await run();
    const { ino } = statSync(onlyFile());
    expect(await run({ NODE_OPTIONS: "--stack-trace-limit=7 --max-old-space-size=1000" })).toEqual(
      expected,
    );
    expect(statSync(onlyFile()).ino).not.toBe(ino);
    expect(await run()).toEqual(expected);
  });

  test("do without when there is no such directory to be had", async () => {
    writeFileSync(join(home, "file"), "");
    expect(await run({ XDG_CACHE_HOME: join(home, "file") })).toEqual(expected);
    expect(await run({ XDG_CACHE_HOME: "relative", HOME: join(home, "file") })).toEqual(expected);
    expect(await run({ XDG_CACHE_HOME: "", HOME: "" })).toEqual(expected);
    expect(await run({ XDG_CACHE_HOME: "", HOME: join(home, "none") })).toEqual(expected);
    expect(readdirSync(home)).toEqual(["file"]);
  });

  test("use ~/.cache unless told otherwise, and nothing when told so", async () => {
    expect(await run({ NIVIS_NO_CACHE: "1" })).toEqual(expected);
    expect(readdirSync(home)).toEqual([]);
    await run({ XDG_CACHE_HOME: "", HOME: home });
    expect(readdirSync(join(home, ".cache", "nivis", "code"))).toHaveLength(1);
  });

  test("may start at once", async () => {
    const outcomes = await Promise.all([run(), run(), run(), run()]);
    expect(outcomes).toEqual([expected, expected, expected, expected]);
    const { ino } = statSync(onlyFile());
    expect(await run()).toEqual(expected);
    expect(statSync(onlyFile()).ino).toBe(ino);
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ 0x10;
  return copy;
}

describe("loadScript", () => {
  beforeEach(() => {
    vi.stubEnv("NIVIS_NO_CACHE", "");
    vi.stubEnv("XDG_CACHE_HOME", home);
    writeFileSync(join(home, "main.js"), "(function () { return 1; })");
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  function load(seconds: number): number {
    const script = loadScript(join(home, "main.js"));
    expect((script.run() as () => number)()).toBe(1);
    vi.spyOn(process, "cpuUsage").mockReturnValue({ user: seconds * 1e6, system: 0 });
    script.keep(() => {});
    return statSync(onlyFile()).ino;
  }

  test("replaces what a short run left by what a long one leaves, once", () => {
    const short = load(0);
    expect(load(0)).toBe(short);
    const long = load(10);
    expect(long).not.toBe(short);
    expect(load(10)).toBe(long);
    expect(load(0)).toBe(long);
  });

  test("removes what has not been written for a month", () => {
    mkdirSync(folder(), { recursive: true });
    const monthAgo = Date.now() / 1000 - 31 * 24 * 3600;
    for (const [name, time] of [
      ["main-OLD", monthAgo],
      ["main-RECENT", Date.now() / 1000],
    ] as const) {
      writeFileSync(join(folder(), name), "");
      utimesSync(join(folder(), name), time, time);
    }
    loadScript(join(home, "main.js")).keep(() => {});
    const left = readdirSync(folder());
    expect(left).toHaveLength(2);
    expect(left).toContain("main-RECENT");
  });
});
