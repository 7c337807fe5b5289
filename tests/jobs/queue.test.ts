/**
 * `nivis jobs --queue` with a real Redis server and real workers, some of which are killed: nothing is
 * lost, nothing comes twice. Skipped without `redis-server` on PATH.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtCommand, findProgram, type Outcome, runProcess } from "@nivis/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

const redisServer = findProgram("redis-server");

let folder: string;
let url: string;
let server: ChildProcess | undefined;
const workers: ChildProcess[] = [];

/** Each attribute takes some tens of milliseconds. */
const SLOW_JOBS = `
  let
    d = name: derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; };
    slow = n: builtins.foldl' (a: b: a + b) n (builtins.genList (x: x) 40000);
    number = n: if n < 10 then "0" + toString n else toString n;
  in {
    set = { recurseForDerivations = true; inner = d "inner"; fails = throw "fails"; };
  } // builtins.listToAttrs (builtins.genList (n: {
    name = "p\${number n}";
    value = d "p\${toString (slow n)}";
  }) 60)`;

beforeAll(async () => {
  if (redisServer === undefined) return;
  folder = mkdtempSync(join(tmpdir(), "nivis-queue-"));
  mkdirSync(join(folder, "tree"));
  writeFileSync(join(folder, "tree", "jobs.nix"), SLOW_JOBS);
  const socket = join(folder, "redis.sock");
  url = `unix://${socket}`;
  const args = ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no"];
  server = spawn(redisServer, [...args, "--dir", folder], { stdio: "ignore" });
  await until(() => existsSync(socket));
});

afterEach(async () => {
  for (const worker of workers.splice(0)) await stop(worker, "SIGTERM");
});

afterAll(async () => {
  if (server === undefined) return;
  await stop(server, "SIGTERM");
  rmSync(folder, { recursive: true });
});

async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("waited in vain");
}

function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill(signal);
  });
}

function startWorker(...args: readonly string[]): ChildProcess {
  const own = ["worker", "--queue", url, "--stalled-after", "2", ...args];
  const worker = spawn(process.execPath, [builtCommand("nivis"), ...own], {
    cwd: folder,
    env: { ...process.env, NIVIS_NO_CACHE: "1" },
    stdio: "ignore",
  });
  workers.push(worker);
  return worker;
}

function nivis(args: readonly string[], timeout = 100_000): Promise<Outcome> {
  return runProcess(
    process.execPath,
    { args: [builtCommand("nivis"), ...args], cwd: folder },
    { timeout },
  );
}

function queued(...args: readonly string[]): Promise<Outcome> {
  return nivis(["jobs", "--no-instantiate", "--queue", url, ...args]);
}

const TREE = ["--tree", "tree", "tree/jobs.nix"];

/** Sends a command to the server and returns the beginning of its reply. */
function redis(command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const connection = connect(join(folder, "redis.sock"), () =>
      connection.write(`${command}\r\n`),
    );
    connection.once("error", reject);
    connection.once("data", (reply) => {
      connection.destroy();
      resolve(reply.toString("latin1"));
    });
  });
}

/** The processes of local workers that a worker has started; Linux only. */
function evaluatorsOf({ pid }: ChildProcess): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

describe.runIf(redisServer !== undefined && process.platform === "linux")("a queue", () => {
  test("loses nothing and repeats nothing when one of three workers is killed", async () => {
    const local = await nivis(["jobs", "--no-instantiate", "tree/jobs.nix"]);
    const three = [startWorker(), startWorker(), startWorker()];
    const running = queued(...TREE);
    await until(() => three.every((worker) => evaluatorsOf(worker).length > 0));
    const [killed] = three as [ChildProcess];
    const evaluators = evaluatorsOf(killed);
    await stop(killed, "SIGKILL");
    const spread = await running;
    expect(spread.code).toBe(0);
    // In order, each line once.
    expect(spread.stdout).toBe(local.stdout);
    expect(local.stdout.split("\n")).toHaveLength(63);
    expect(spread.stderr.match(/error: fails/g)).toHaveLength(1);
    await until(() => evaluators.every((pid) => !existsSync(`/proc/${pid}`)));
  });

  test("keeps results, so that the same request needs no worker", async () => {
    startWorker();
    const first = await queued(...TREE);
    for (const worker of workers.splice(0)) await stop(worker, "SIGTERM");
    const second = await queued(...TREE);
    expect(second.stdout).toBe(first.stdout);
    expect(second.code).toBe(0);
  });

  test("does not keep results of other sources, or when told not to", async () => {
    const file = join(folder, "tree", "change.nix");
    const change = ["--tree", "tree", "tree/change.nix"];
    const make = (name: string): void =>
      writeFileSync(file, `{ a = derivation { name = "${name}"; system = "s"; builder = "b"; }; }`);
    make("before");
    startWorker();
    expect((await queued(...change)).stdout).toContain('"name":"before"');
    make("after");
    expect((await queued(...change)).stdout).toContain('"name":"after"');
    rmSync(file);
  });

  test("reports a tree that a worker does not have", async () => {
    // The worker sees the tree after it has changed.
    await redis("FLUSHALL");
    const running = queued("--no-cache", ...TREE);
    for (let waiting = "*0"; waiting.startsWith("*0"); ) waiting = await redis("KEYS *:wait");
    writeFileSync(join(folder, "tree", "other.nix"), "1");
    startWorker();
    const { code, stderr } = await running;
    rmSync(join(folder, "tree", "other.nix"));
    expect(stderr).toContain("refuses to evaluate");
    expect(stderr).toContain("tree is not the same here: its hash is sha256-");
    expect(code).toBe(1);
  });

  test("reports a root that fails", async () => {
    startWorker();
    const { code, stdout, stderr } = await queued("--expr", 'throw "root"');
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr.match(/error: .*/g)).toEqual(["error: root"]);
  });

  test("resolves aggregates and makes roots on the machine that asks", async () => {
    const store = ["--store", join(folder, "store")];
    startWorker(...store);
    const text = `let d = a: derivation ({ system = "s"; builder = "b"; } // a); in { x = d { name = "x"; }; all = d { name = "all"; _hydraAggregate = true; constituents = [ "x" ]; }; }`;
    const args = ["--queue", url, "--constituents", "--gc-roots-dir", "roots", ...store];
    const { stdout } = await nivis(["jobs", ...args, "--expr", text]);
    const [x, all] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)) as [Record<string, string>, Record<string, string>];
    expect(all["constituents"]).toEqual([x["drvPath"]]);
    for (const { drvPath } of [x, all]) {
      expect(existsSync(join(folder, "store", drvPath as string))).toBe(true);
    }
  });
});

describe("without a server", () => {
  test.each([
    [["jobs", "--queue", "redis://127.0.0.1:1", "-E", "{ }"], "cannot connect to the Redis server"],
    [["jobs", "--queue", "http://x", "-E", "{ }"], "'http://x' is not the URL of a Redis server"],
    [["jobs", "--queue", "redis://127.0.0.1:1", "x.nix"], "say with '--tree' which directory"],
    [["worker", "--queue", "redis://127.0.0.1:1"], "cannot connect to the Redis server"],
    [["worker"], "'nivis worker' needs '--queue URL'"],
  ])("%j says what is wrong", async (args, message) => {
    const outcome = await runProcess(process.execPath, {
      args: [builtCommand("nivis"), ...args],
      cwd: tmpdir(),
    });
    expect(outcome.stderr).toContain(message);
    expect([outcome.code, outcome.stdout]).toEqual([1, ""]);
  });
});
