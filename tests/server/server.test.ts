/** The server of the built commands: who may use it, and what happens when something goes wrong. */
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtCommand, runProcess } from "@nivis/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RunningServer } from "./running-server.ts";

const TIMEOUT = 120_000;
const ENDLESS =
  "builtins.foldl' (a: b: a + builtins.length (builtins.genList (x: x) 1000)) 0 (builtins.genList (x: x) 100000000)";

let folder: string;
let server: RunningServer;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nivis-server-"));
  server = new RunningServer(folder);
  expect(server.control("start", "--workers", "2")).toMatchObject({ code: 0, err: "" });
}, TIMEOUT);

afterAll(() => {
  server.control("stop");
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}, TIMEOUT);

/** Waits until a condition on the server holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it did not come to that");
}

const isBusy = (): boolean => server.status().workers.some((worker) => worker.isBusy);

/** Starts a command that does not end by itself, and waits until the server runs it. */
async function startEndless() {
  let kill: (signal: NodeJS.Signals) => void = () => {};
  const ran = server.served(["eval", "--expr", ENDLESS], {
    cwd: folder,
    onStart: (child) => {
      kill = (signal) => child.kill(signal);
    },
  });
  await until(isBusy);
  return { ran, kill };
}

describe("a run", { timeout: TIMEOUT }, () => {
  test("keeps the evaluation, and sees edits, the environment and the directory", async () => {
    writeFileSync(join(folder, "main.nix"), '{ a = import ./a.nix; e = builtins.getEnv "E"; }');
    const args = ["eval", "--json", "-f", "main.nix"];
    for (const [text, value, E] of [
      ["1", 1, "x"],
      ["2", 2, "x"],
      ["2", 2, "y"],
    ] as const) {
      writeFileSync(join(folder, "a.nix"), text);
      const ran = await server.served(args, { cwd: folder, environment: { E } });
      expect(ran).toEqual({ code: 0, signal: null, out: `{"a":${value},"e":"${E}"}\n`, err: "" });
    }
    expect(server.status().warmRuns).toBeGreaterThan(0);
    expect((await server.served(args, { cwd: "/" })).err).toContain("main.nix");
  });

  test("loads neither the bundle nor the evaluator", async () => {
    const probe = join(folder, "probe.cjs");
    const print = 'require("node:fs").writeSync(2, Object.keys(require.cache).join("\\n"))';
    writeFileSync(probe, `process.on("exit", () => ${print});\n`);
    const own = new RunningServer(join(folder, "probed"));
    // Options of Node are part of what a server and a command must have in common.
    const env = {
      ...own.environment,
      NODE_OPTIONS: `--require ${probe}`,
      NIVIS_SERVER: own.directory,
    };
    const run = (...args: string[]) =>
      runProcess(process.execPath, { args: [builtCommand("nivis"), ...args], cwd: folder, env });
    await run("server", "start");
    const { stderr, stdout } = await run("eval", "--expr", "1 + 1");
    await run("server", "stop");
    expect(stdout).toBe("2\n");
    expect(stderr.split("\n").map((path) => path.replace(/.*\//, ""))).toEqual([
      "probe.cjs",
      "nivis.cjs",
      "launch.cjs",
    ]);
  });

  test("that reads standard input is done by the command", async () => {
    const options = { cwd: folder, input: "1 + 2" };
    expect(await server.served(["eval", "-f", "-"], options)).toMatchObject({
      out: "3\n",
      err: "",
    });
    const read = ["eval", "--raw", "-f", "stdin.nix"];
    writeFileSync(join(folder, "stdin.nix"), 'builtins.readFile (/. + "dev/stdin")');
    // Here, standard input is a socket, which the message names.
    const named = async (kind: "served" | "alone"): Promise<string> =>
      (await server[kind](read, options)).err.replace(/\d+/g, "N");
    expect(await named("served")).toContain("fd/socket:[N]");
    expect(await named("served")).toBe(await named("alone"));
  });

  test("with an error, traces and a limit prints what it prints alone", async () => {
    for (const args of [
      ["eval", "--show-trace", "--expr", 'builtins.trace "t" (throw "no")'],
      ["eval", "--max-steps", "1000", "--expr", ENDLESS],
      ["eval", "--expr", "1 +"],
      ["eval", "--nonsense"],
      ["eval", "path:./nowhere#x"],
    ]) {
      const served = await server.served(args, { cwd: folder });
      expect(served).toEqual(await server.alone(args, { cwd: folder }));
      expect(served.code).toBe(1);
    }
  });
});

describe("a run ends", { timeout: TIMEOUT }, () => {
  test.each(["SIGINT", "SIGKILL"] as const)("with its command, by %s", async (signal) => {
    const { ran, kill } = await startEndless();
    kill(signal);
    expect((await ran).signal).toBe(signal);
    await until(() => !isBusy());
  });

  test("with an error when its worker is killed", async () => {
    const { ran } = await startEndless();
    const busy = server.status().workers.find((worker) => worker.isBusy);
    process.kill(busy?.pid as number, "SIGKILL");
    const { code, err } = await ran;
    expect(err).toContain(
      "error: the process of the Nivis server that evaluated was ended by SIGKILL",
    );
    expect(code).toBe(137);
  });

  test("with an error when the server is killed, and so do its workers", async () => {
    const own = new RunningServer(join(folder, "killed"));
    own.control("start");
    const ran = own.served(["eval", "--expr", ENDLESS], { cwd: folder });
    await until(() => own.status().workers.some((worker) => worker.isBusy));
    const { pid, workers } = own.status();
    process.kill(pid, "SIGKILL");
    expect(await ran).toMatchObject({ code: 1, out: "" });
    expect((await ran).err).toContain("the Nivis server ended before the command did");
    for (const worker of workers) await until(() => !isAlive(worker.pid));
    // What it left behind is in nobody's way.
    const next = await own.served(["eval", "--expr", "1"], { cwd: folder });
    expect(next).toMatchObject({ code: 0, out: "1\n" });
    expect(next.err).toContain("does not accept connections");
    expect(own.control("status").code).toBe(1);
    expect(own.control("start").code).toBe(0);
    expect((await own.served(["eval", "--expr", "1"], { cwd: folder })).err).toBe("");
    own.control("stop");
  });
});

describe("the server", { timeout: TIMEOUT }, () => {
  test("runs at most as many commands at once as it may", async () => {
    const first = await startEndless();
    const second = await startEndless();
    const third = server.served(["eval", "--expr", "1"], { cwd: folder });
    await until(() => server.status().waiting === 1);
    first.kill("SIGKILL");
    expect(await third).toMatchObject({ code: 0, out: "1\n", err: "" });
    second.kill("SIGKILL");
    await until(() => !isBusy());
  });

  test("ends evaluations that take too much memory together", async () => {
    const own = new RunningServer(join(folder, "bounded"));
    own.control("start", "--max-memory", "100");
    for (const place of ["/", folder, join(folder, "home")]) {
      expect(await own.served(["eval", "--expr", "1"], { cwd: place })).toMatchObject({
        out: "1\n",
      });
    }
    await until(() => {
      const { workers } = own.status();
      return workers.reduce((sum, { resident }) => sum + resident, 0) <= 100 * 2 ** 20;
    });
    own.control("stop");
  });

  describe("evaluates ahead what the last command needed", () => {
    const store = (): string => join(folder, "ahead-store");
    const args = (file: string): string[] => [
      "instantiate",
      "--store",
      `local?root=${store()}`,
      "-f",
      file,
    ];
    const written = (): readonly string[] =>
      readdirSync(join(store(), "nix/store")).filter((name) => name.endsWith(".drv"));
    const put = (name: string, text: string): void => {
      writeFileSync(join(folder, name), text);
    };
    const drv = 'n: derivation { name = "ahead-${n}"; system = "s"; builder = "b"; }';
    const isWritten = (name: string): boolean =>
      written().some((path) => path.endsWith(`-ahead-${name}.drv`));

    test("when a file changes", async () => {
      put("drv.nix", drv);
      put("ahead.nix", "import ./drv.nix (import ./ahead-name.nix)");
      put("ahead-name.nix", '"one"');
      const options = { cwd: folder };
      const first = await server.served(args("ahead.nix"), options);
      expect(await server.served(args("ahead.nix"), options)).toEqual(first);
      put("ahead-name.nix", '"two"');
      await until(() => isWritten("two"));
      put("ahead-name.nix", "oops");
      await new Promise((resolve) => setTimeout(resolve, 200));
      put("ahead-name.nix", '"three"');
      await until(() => isWritten("three"));
      const { out, err } = await server.served(args("ahead.nix"), options);
      expect(out).toContain("-ahead-three.drv");
      expect(err).toBe("");
    });

    test("but fetches and builds nothing, and prints nothing twice", async () => {
      put("fetched", "1");
      put("drv.nix", drv);
      put("fetching.nix", "import ./fetching-name.nix");
      put("fetching-name.nix", 'builtins.trace "t" (import ./drv.nix "four")');
      const options = { cwd: folder };
      const first = await server.served(args("fetching.nix"), options);
      expect(first.err).toBe("trace: t\n");
      expect(await server.served(args("fetching.nix"), options)).toEqual(first);
      const five = `builtins.seq (import ./drv.nix "five").drvPath (import ./drv.nix (builtins.readFile (builtins.fetchurl "file://${folder}/fetched")))`;
      put("fetching-name.nix", five);
      // What comes before the download is evaluated.
      await until(() => isWritten("five"));
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(readdirSync(join(store(), "nix/store")).join()).not.toContain("fetched");
      const ran = await server.served(args("fetching.nix"), options);
      expect(ran.out).toContain("-ahead-1.drv");
      expect(ran.err).toBe("");
    });

    test("unless it is told not to", async () => {
      const own = new RunningServer(join(folder, "on-demand"));
      own.control("start", "--on-demand");
      put("drv.nix", drv);
      put("demand.nix", "import ./drv.nix (import ./demand-name.nix)");
      put("demand-name.nix", '"six"');
      for (let run = 0; run < 2; run++) await own.served(args("demand.nix"), { cwd: folder });
      put("demand-name.nix", '"seven"');
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect(isWritten("seven")).toBe(false);
      expect((await own.served(args("demand.nix"), { cwd: folder })).out).toContain("ahead-seven");
      own.control("stop");
    });

    test.each([
      ["endless", ENDLESS],
      ["deeply recursive", "let f = n: 1 + f (n + 1); in f 0"],
    ])("but ends what is %s, which no command waits for", async (_, text) => {
      const own = new RunningServer(mkdtempSync(join(folder, "slow-")));
      own.control("start", "--workers", "1");
      put("slow.nix", "import ./slow-value.nix");
      put("slow-value.nix", "1");
      const options = { cwd: folder };
      const run = () => own.served(["eval", "-f", "slow.nix"], options);
      expect((await run()).out).toBe("1\n");
      const used = own.status().workers.find(({ runs }) => runs > 0)?.pid;
      expect((await run()).out).toBe("1\n");
      put("slow-value.nix", text);
      const isFree = (): boolean => own.status().workers.every(({ isAhead }) => !isAhead);
      if (text === ENDLESS) {
        await until(() => !isFree());
        // A command that comes now is done at once, by another worker.
        put("slow-value.nix", "2");
        const began = performance.now();
        expect(await run()).toMatchObject({ code: 0, out: "2\n", err: "" });
        expect(performance.now() - began).toBeLessThan(5000);
        expect(isAlive(used as number)).toBe(false);
        put("slow-value.nix", text);
        await until(() => !isFree());
      } else await new Promise((resolve) => setTimeout(resolve, 200));
      // Without a command, it ends by itself.
      await until(isFree);
      put("slow-value.nix", "3");
      expect(await run()).toMatchObject({ code: 0, out: "3\n", err: "" });
      own.control("stop");
    });

    test("only where the last command ran", async () => {
      const own = new RunningServer(join(folder, "latest"));
      own.control("start");
      put("drv.nix", drv);
      put("latest.nix", "{ n }: import ./drv.nix ((import ./latest-name.nix) + n)");
      put("latest-name.nix", '"eight"');
      const of = (n: string): string[] => [
        ...args("latest.nix"),
        ...["--argstr", "n", n],
        ...(n === "a" ? [] : ["--show-trace"]),
      ];
      for (const n of ["a", "b"]) {
        const { out } = await own.served(of(n), { cwd: folder });
        expect(out).toContain(`-ahead-eight${n}.drv`);
        // Other flags that do not select: a worker of its own.
        expect(own.status().workers.filter(({ runs }) => runs > 0).length).toBe(n === "a" ? 1 : 2);
      }
      put("latest-name.nix", '"nine"');
      await until(() => isWritten("nineb"));
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect(isWritten("ninea")).toBe(false);
      own.control("stop");
    });
  });

  test("keeps one evaluation for expressions with the same flags", async () => {
    const own = new RunningServer(join(folder, "expressions"));
    own.control("start");
    for (let n = 0; n < 8; n++) {
      const ran = await own.served(["eval", "--expr", `${n} + 1`], { cwd: folder });
      expect(ran).toMatchObject({ out: `${n + 1}\n`, err: "" });
    }
    const { workers, warmRuns } = own.status();
    expect(workers.filter(({ runs }) => runs > 0)).toHaveLength(1);
    expect(warmRuns).toBe(7);
    own.control("stop");
  });

  test("keeps at most so many evaluations", async () => {
    const own = new RunningServer(join(folder, "many"));
    own.control("start", "--on-demand");
    for (let n = 0; n < 20; n++) {
      const cwd = mkdtempSync(join(folder, "one-of-many-"));
      expect((await own.served(["eval", "--expr", "./."], { cwd })).out).toBe(`${cwd}\n`);
    }
    expect(own.status().runs).toBe(20);
    await until(() => own.status().workers.length <= 17);
    own.control("stop");
  });

  test("does not run commands with limits", async () => {
    const { runs } = server.status();
    const expression = "builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 100)";
    for (const limit of [
      ["--max-steps", "1000"],
      ["--max-time", "10000"],
      ["--option", "max-call-depth", "50"],
    ]) {
      const args = ["eval", ...limit, "--expr", expression];
      expect(await server.served(args, { cwd: folder })).toMatchObject({ out: "4950\n", err: "" });
    }
    expect(server.status().runs).toBe(runs);
    // Limits of the configuration are known to the worker, which gives the run back.
    const environment = { NIX_CONFIG: "max-steps = 150" };
    const args = ["eval", "--expr", `builtins.trace "t" (${expression})`];
    await server.served(args, { cwd: folder });
    const served = await server.served(args, { cwd: folder, environment });
    expect(served).toEqual(await server.alone(args, { cwd: folder, environment }));
    const workers = server.status().workers.filter(({ isBusy }) => isBusy);
    expect(workers).toEqual([]);
  });

  test.each(["server", "./server", "yes"])("is not meant by NIVIS_SERVER=%s", async (wish) => {
    const message = `NIVIS_SERVER must be 1 or an absolute path, not '${wish}'`;
    const environment = { ...server.environment, NIVIS_SERVER: wish };
    const run = (...args: string[]) =>
      runProcess(process.execPath, {
        args: [builtCommand("nivis"), ...args],
        cwd: folder,
        env: environment,
      });
    expect(await run("eval", "--expr", "1")).toMatchObject({
      code: 0,
      stdout: "1\n",
      stderr: `warning: ${message}; evaluating without it\n`,
    });
    const started = await run("server", "start");
    expect(started.code).toBe(1);
    expect(started.stderr).toContain(message);
  });

  test("names the directory in which it was started, and why it cannot be there", () => {
    const own = new RunningServer(join(folder, "named"));
    expect(own.control("start").out).toContain(
      `commands use it with NIVIS_SERVER=${own.directory}\n`,
    );
    own.control("stop");
    const inFile = new RunningServer(join(folder, "in-file"));
    writeFileSync(inFile.directory, "");
    const { code, err } = inFile.control("start");
    expect(code).toBe(1);
    expect(err).toContain(`'${inFile.directory}'`);
    expect(err).not.toContain("bug");
    // What belongs to the kernel takes no files, not even from the superuser.
    const nowhere = new RunningServer(join(folder, "nowhere"));
    Object.defineProperty(nowhere, "directory", { value: "/proc/nivis-server" });
    for (const action of ["start", "run"]) {
      const failed = nowhere.control(action);
      expect(failed.code).toBe(1);
      expect(failed.err).toContain("a server cannot make its files in '/proc/nivis-server': ");
      expect(failed.err).not.toContain("bug");
    }
  });

  test("writes again what was removed from the store", async () => {
    const store = join(folder, "store");
    const drv = 'derivation { name = "n"; system = "s"; builder = "b"; }';
    const args = ["instantiate", "--store", `local?root=${store}`, "--expr", drv];
    const path = (await server.served(args, { cwd: folder })).out.trim();
    rmSync(join(store, path), { force: true });
    expect((await server.served(args, { cwd: folder })).out.trim()).toBe(path);
    expect(statSync(join(store, path)).isFile()).toBe(true);
  });

  test("has a directory that only the user may enter, and a card that only the user may read", () => {
    expect(statSync(server.directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(server.directory, "server.json")).mode & 0o777).toBe(0o600);
  });

  test("is not used in a directory that others may enter", async () => {
    chmodSync(server.directory, 0o755);
    const ran = await server.served(["eval", "--expr", "1"], { cwd: folder });
    expect(server.control("run")).toMatchObject({ code: 1 });
    chmodSync(server.directory, 0o700);
    expect(ran).toMatchObject({ code: 0, out: "1\n" });
    expect(ran.err).toContain("other users may enter it; its mode must be 0700");
  });

  test("is not used by another build", async () => {
    const path = join(server.directory, "server.json");
    const card = readFileSync(path, "utf8");
    writeFileSync(path, card.replace("main-", "other-"));
    const ran = await server.served(["eval", "--expr", "1"], { cwd: folder });
    writeFileSync(path, card);
    expect(ran).toMatchObject({ code: 0, out: "1\n" });
    expect(ran.err).toContain("another build of Nivis");
  });

  test.each([
    ["a wrong key", '{"key":"x","question":"stop"}'],
    ["no JSON", "{"],
  ])("closes a connection with %s", async (_, text) => {
    const { socket } = JSON.parse(readFileSync(join(server.directory, "server.json"), "utf8"));
    const frame = Buffer.alloc(5 + text.length);
    frame.writeUInt32LE(text.length);
    frame[4] = 1;
    frame.write(text, 5);
    const client = connect(socket as string);
    client.end(frame);
    client.resume();
    await new Promise((resolve) => client.on("close", resolve));
    expect(server.status().pid).toBeGreaterThan(0);
  });

  test("is started once", () => {
    expect(server.control("start").out).toContain("is running already");
  });

  test.each([
    [["sleep"], "takes one of start, stop, status, run, not 'sleep'"],
    [[], "needs one of start, stop, status, run"],
    [["start", "--workers", "0"], "--workers takes a number from 1, not '0'"],
  ])("nivis server %j is an error", (args, message) => {
    const { code, err } = server.control(...args);
    expect(err).toContain(message);
    expect(code).toBe(1);
  });
});

function isAlive(pid: number): boolean {
  try {
    // A process that nobody waits for is not alive.
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
