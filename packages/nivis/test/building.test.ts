/**
 * Building with the built commands and a real nix-daemon: results, links, failures and their exit codes,
 * import from derivation, environments, and what happens when somebody gives up.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hostSystem } from "../../node/src/node-io.ts";
import { isNixInstalled, NixDaemon } from "../../node/test/stores/nix-daemon.ts";

const EXAMPLE = fileURLToPath(new URL("../../../examples/hello.nix", import.meta.url));

const PACKAGES = `
let
  mk = name: script: more: derivation ({
    inherit name;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    args = [ "-c" ("PATH=/usr/bin:/bin; " + script) ];
  } // more);
in rec {
  a = mk "a-1.0" "echo building a; echo -n hi > $out" { };
  b = mk "b-2" ''cat \${a}; mkdir -p $out/bin; echo > $dev
    printf '#!/bin/sh\\necho "from b: $@"\\n' > $out/bin/b; chmod +x $out/bin/b'' { outputs = [ "out" "dev" ]; };
  fail = mk "fail" "echo one; echo two; exit 3" { };
  dependent = mk "dependent" "cat \${fail}" { };
  slow = mk "slow" "echo started; sleep 300; echo > $out" { };
  imported = mk "imported-\${builtins.readFile a}" "echo > $out" { };
  needsFailed = mk "imported-\${builtins.readFile fail}" "" { };
  needsWrongHash = mk "imported-\${builtins.readFile wrongHash}" "" { };
  needsSlow = mk "imported-\${builtins.readFile slow}" "" { };
  textBelow = "\${a}/x";
  textOfNothing = "x";
  wrongHash = mk "wrong" "echo x > $out" {
    outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  };
  random = mk "random" "cat /proc/sys/kernel/random/uuid > $out" { };
  environment = mk "environment" "echo > $out" { builder = "/bin/bash"; FOO = "it's"; };
}
`;

/** Whether programs of stores below a root can run here. */
const canMount =
  spawnSync("unshare", ["--user", "--map-current-user", "--keep-caps", "--mount", "true"])
    .status === 0;

if (!isNixInstalled) process.stderr.write("building: no nix-daemon, so nothing is built\n");

describe.skipIf(!isNixInstalled)("with a nix-daemon", () => {
  const daemon = new NixDaemon();
  const file = join(daemon.folder, "packages.nix");
  beforeAll(() => {
    writeFileSync(file, PACKAGES);
    return daemon.start();
  });
  afterAll(() => daemon.dispose());

  const script = (command: string): string =>
    fileURLToPath(new URL(`../bin/${command}.cjs`, import.meta.url));

  function options() {
    const { PATH, ...environment } = daemon.environment;
    return {
      cwd: daemon.folder,
      encoding: "utf8" as const,
      env: { ...environment, PATH, NIX_REMOTE: "daemon", NIVIS_NO_CACHE: "1" },
    };
  }

  function run(command: string, ...args: string[]) {
    return runOn("daemon", command, ...args);
  }

  /** Runs a command with another store as its default. */
  function runOn(store: string, command: string, ...args: string[]) {
    const { env, ...others } = options();
    const { status, stdout, stderr } = spawnSync(process.execPath, [script(command), ...args], {
      ...others,
      env: { ...env, NIX_REMOTE: store },
    });
    return { code: status, out: stdout, err: stderr };
  }

  function ok(command: string, ...args: string[]): string {
    const { code, out, err } = run(command, ...args);
    expect(code, err).toBe(0);
    return out;
  }

  test("ignores roots where the store is its own, but not through a daemon", () => {
    const path = ok("nivis", "store", "add", file).trim();
    const link = join(daemon.folder, "kept");
    ok("nivis", "build", path, "--out-link", link);
    const refused = run("nivis", "store", "delete", "--ignore-liveness", path);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("you are not allowed to ignore liveness");
    const alive = runOn("local", "nivis", "store", "delete", path);
    expect(alive.code).toBe(1);
    expect(alive.err).toContain("still alive");
    const deleted = runOn("local", "nivis", "store", "delete", "--ignore-liveness", path);
    expect(deleted, deleted.err).toMatchObject({ code: 0 });
    expect(deleted.out).toMatch(/^1 store paths deleted, [\d.]+ .iB freed\n$/);
    expect(deleted.err).toContain(`deleting '${path}'`);
    expect(existsSync(path)).toBe(false);
    rmSync(link);
  });

  test.skipIf(!canMount)("runs programs of a store below a root at their paths", () => {
    const out = ok("nivis", "build", "-f", file, "b^out", "--no-link", "--print-out-paths").trim();
    const root = join(daemon.folder, "root");
    daemon.run("nix-store", "--store", root, "--init");
    ok("nivis", "copy", "--no-check-sigs", "--to", root, out);
    const shown = ["-c", "sh", "-c", `type b; b x; test -e ${out}-none; exit 3`];
    const { code, out: printed, err } = run("nivis", "shell", "--store", root, out, ...shown);
    expect(printed, err).toBe(`b is ${out}/bin/b\nfrom b: x\n`);
    expect(code).toBe(3);
  });

  test("builds the example, which can then be deleted", () => {
    const out = ok("nivis", "build", "-f", EXAMPLE, "package", "--print-out-paths").trim();
    const [doc = "", hello = ""] = out.split("\n");
    expect(doc).toMatch(/-hello-2\.12-doc$/);
    expect(readlinkSync(join(daemon.folder, "result"))).toBe(hello);
    expect(execFileSync("sh", ["./result"], { cwd: daemon.folder, encoding: "utf8" })).toBe(
      "Hello, world!\n",
    );
    rmSync(join(daemon.folder, "result"));
    rmSync(join(daemon.folder, "result-doc"));
    ok("nivis", "store", "delete", doc, hello);
    expect(existsSync(hello)).toBe(false);
  });

  test("prints and links results as nix-build does", () => {
    const out = ok("nivis-build", file, "-A", "b", "-A", "b.dev", "-A", "a").trim().split("\n");
    expect(out.map((path) => path.replace(/.*\/\w{32}-/, ""))).toEqual(["b-2", "b-2-dev", "a-1.0"]);
    expect(
      ["result", "result-dev", "result-2"].map((link) => readlinkSync(join(daemon.folder, link))),
    ).toEqual(out);
    const roots = daemon.run("nix-store", "--gc", "--print-roots");
    for (const path of out) expect(roots).toContain(path);
    // What C++ Nix would build is the same.
    expect(daemon.run("nix-build", file, "-A", "b", "--no-out-link")).toBe(out[0]);
  });

  test("takes attributes of flakes in commands on stores", () => {
    const flake = join(daemon.folder, "flake");
    mkdirSync(flake);
    writeFileSync(
      join(flake, "flake.nix"),
      `{
        outputs = { self }: {
          packages.${hostSystem()} = rec {
            default = part "whole" "echo \${piece} > $out";
            piece = part "piece" "echo > $out; echo a log";
            part = name: script: derivation {
              inherit name;
              system = "${hostSystem()}";
              builder = "/bin/sh";
              args = [ "-c" script ];
            };
          };
        };
      }`,
    );
    const ref = `path:${flake}`;
    const planned = run("nivis", "path-info", ref);
    expect(planned.code).toBe(1);
    expect(planned.err).toMatch(/these 2 derivations will be built:[\s\S]*-whole' is not valid/);
    const shown = JSON.parse(ok("nivis", "derivation", "show", `${ref}#piece`));
    expect(Object.keys(shown.derivations)).toEqual([expect.stringMatching(/-piece\.drv$/)]);
    // What has to be built for the answer is built.
    const cache = `file://${join(daemon.folder, "flake-cache")}`;
    ok("nivis", "copy", "--to", cache, ref);
    const whole = ok("nivis", "path-info", flake).trim();
    const piece = ok("nivis", "path-info", `${ref}#piece`, "--no-write-lock-file").trim();
    expect(ok("nivis", "path-info", "--recursive", "--store", cache, whole).split("\n")).toContain(
      piece,
    );
    expect(ok("nivis", "path-info", "--derivation", `${ref}#piece`)).toMatch(/-piece\.drv\n$/);
    expect(ok("nivis", "why-depends", ref, `${ref}#piece`)).toContain(piece);
    expect(run("nivis", "why-depends", `${ref}#piece`, ref).err).toBe(
      `'${ref}#piece' does not depend on '${ref}#packages.${hostSystem()}.default'\n`,
    );
    expect(ok("nivis", "log", `${ref}#piece`)).toBe("a log\n");
    expect(run("nivis", "log", ref).err).toBe(
      `got build log for '${ref}#packages.${hostSystem()}.default' from 'daemon'\n`,
    );
    ok("nivis", "store", "delete", ref);
    expect(existsSync(whole)).toBe(false);
    expect(existsSync(piece)).toBe(true);
  });

  test("prints JSON, and says what it would build", () => {
    const [built] = JSON.parse(ok("nivis", "build", "-f", file, "b^out", "--no-link", "--json"));
    expect(Object.keys(built.outputs)).toEqual(["out"]);
    const { code, out, err } = run(
      "nivis",
      "build",
      "-f",
      file,
      "dependent",
      "--dry-run",
      "--json",
    );
    expect(code).toBe(0);
    expect(err).toMatch(
      /^these 2 derivations will be built:\n {2}\S+-fail\.drv\n {2}\S+-dependent\.drv\n$/,
    );
    expect(JSON.parse(out)[0].outputs.out).toMatch(/-dependent$/);
  });

  test("shows why a build failed, with exit codes that say how", () => {
    const failed = run("nivis", "build", "-f", file, "fail");
    expect(failed.code).toBe(1);
    expect(failed.err).toMatch(
      /builder for '\S+-fail\.drv' failed with exit code 3;\n.*\n.*> one\n/,
    );
    expect(run("nivis-build", file, "-A", "fail").code).toBe(100);
    expect(run("nivis-build", file, "-A", "wrongHash").code).toBe(102);
    const both = run("nivis-build", file, "-A", "fail", "-A", "dependent", "-k");
    expect(both.err).toMatch(/error: build of '\S+', '\S+' failed\n$/);
    ok("nivis-build", file, "-A", "random", "--no-out-link");
    expect(run("nivis-build", file, "-A", "random", "--no-out-link", "--check").code).toBe(104);
  });

  test("prints what builders print if asked", () => {
    const { err } = run("nivis", "build", "-f", file, "a", "--rebuild", "-L", "--no-link");
    expect(err).toContain("a> building a\n");
    const json = run(
      "nivis",
      "build",
      "-f",
      file,
      "a",
      "--rebuild",
      "--no-link",
      "--log-format",
      "internal-json",
    );
    const events = json.err
      .split("\n")
      .filter((line) => line.startsWith("@nix "))
      .map((line) => JSON.parse(line.slice("@nix ".length)));
    expect(events).toContainEqual(
      expect.objectContaining({ action: "result", fields: ["building a"], type: 101 }),
    );
  });

  test("tells by the exit code why an import failed, on a store of this machine", () => {
    const codes = (store: string, attribute: string, ...flags: string[]) =>
      [
        ["nivis-instantiate", file, "-A", attribute],
        ["nivis", "build", "--no-link", "-f", file, attribute],
        ["nivis", "eval", "-f", file, `${attribute}.drvPath`],
      ].map(([command = "", ...args]) => runOn(store, command, ...args, ...flags).code);
    expect(codes("local", "needsFailed")).toEqual([100, 100, 100]);
    expect(codes("local", "needsWrongHash")).toEqual([102, 102, 102]);
    expect(codes("local", "needsSlow", "--timeout", "1")).toEqual([101, 101, 101]);
    // C++ Nix: a daemon reports a message only.
    expect(codes("daemon", "needsFailed")).toEqual([1, 1, 1]);
  }, 120_000);

  test("refuses texts that are not a path", () => {
    const build = (attribute: string) => run("nivis", "build", "--no-link", "-f", file, attribute);
    const nothing = build("textOfNothing");
    expect(nothing.code).toBe(1);
    expect(nothing.err).toMatch(
      /^error:\n {7}… while evaluating the attribute 'textOfNothing'\n {9}at .*packages\.nix:\d+:3:\n/,
    );
    expect(nothing.err).toContain("error: string 'x' has 0 entries in its context.");
    const below = build("textBelow");
    expect(below.code).toBe(1);
    expect(below.err).toContain("but the string is not the right placeholder for this derivation");
  });

  test("repairs on a store of this machine only", () => {
    const path = ok("nivis", "build", "--no-link", "--print-out-paths", "-f", file, "a").trim();
    expect(run("nivis", "store", "repair", path)).toEqual({
      code: 1,
      out: "",
      err: "error: operation 'repairPath' is not supported by store 'daemon'\n",
    });
    expect(runOn("local", "nivis", "store", "repair", path).code).toBe(0);
  });

  test("builds what is imported, unless evaluation writes nothing", () => {
    expect(ok("nivis", "eval", "-f", file, "imported.name")).toBe('"imported-hi"\n');
    const path = ok("nivis-instantiate", file, "-A", "imported", "--quiet").trim();
    expect(daemon.run("nix-store", "--query", "--references", path)).toBe("");
    const fresh = `builtins.readFile (derivation { name = "fresh"; system = builtins.currentSystem; builder = "/bin/sh"; })`;
    expect(run("nivis-instantiate", "--eval", "-E", fresh).err).toMatch(
      /-fresh\.drv' is not valid/,
    );
  });

  test("starts programs with packages and in build environments", () => {
    const noApp = run("nivis", "run", "-f", file, "a.name");
    expect(noApp.code).toBe(1);
    expect(noApp.err).toBe("error: attribute 'type' does not exist\n");
    const told = run("nivis", "build", "-f", file, "a", "--no-link", "-vv").err;
    expect(told).toMatch(/^instantiated 'a-1\.0' -> '.*-a-1\.0\.drv'$/m);
    expect(ok("nivis", "run", "-f", file, "b", "--", "x", "y z")).toBe("from b: x y z\n");
    expect(ok("nivis", "shell", "-f", file, "b", "-c", "b", "1")).toBe("from b: 1\n");
    expect(run("nivis", "shell", "-f", file, "b", "-c", "sh", "-c", "exit 7").code).toBe(7);
    const { variables } = JSON.parse(
      ok("nivis", "print-dev-env", "--json", "-f", file, "environment"),
    );
    expect(variables.FOO).toEqual({ type: "exported", value: "it's" });
    expect(ok("nivis", "develop", "-f", file, "environment", "-c", "sh", "-c", 'echo "$FOO"')).toBe(
      "it's\n",
    );
    expect(run("nivis", "develop", "-f", file, "a").err).toContain("use 'bash' as their builder");
  });

  test("takes the command line of nix", () => {
    const args = ["--extra-experimental-features", "nix-command", "build", "-f", file, "a"];
    ok("nivis-nix", ...args, "--no-link");
    expect(run("nivis-nix", "eval", "--expr", "builtins.currentSystem").code).toBe(1);
    expect(ok("nivis-nix", "eval", "--impure", "--expr", "1")).toBe("1\n");
  });

  /** Starts a slow build and waits until it runs. */
  function startSlowBuild(): Promise<{
    child: ChildProcess;
    ended: Promise<{ code: number | null; err: string }>;
  }> {
    const child = spawn(process.execPath, [script("nivis-build"), file, "-A", "slow"], {
      ...options(),
      stdio: ["ignore", "ignore", "pipe"],
    });
    let err = "";
    const ended = new Promise<{ code: number | null; err: string }>((resolve) => {
      child.on("close", (code) => resolve({ code, err }));
    });
    return new Promise((resolve) => {
      child.stderr?.on("data", (piece: Buffer) => {
        err += piece;
        if (err.includes("started\n")) resolve({ child, ended });
      });
    });
  }

  /** Whether anything runs that the daemon started for a connection. */
  function isBuilding(): boolean {
    return spawnSync("pgrep", ["-P", String(daemon.pid)]).status === 0;
  }

  test("stops the daemon's build when the user interrupts it", async () => {
    const { child, ended } = await startSlowBuild();
    child.kill("SIGINT");
    const { code, err } = await ended;
    expect(code).toBe(130);
    expect(err).toContain("error: interrupted by the user\n");
    await expect.poll(isBuilding, { timeout: 20_000 }).toBe(false);
  });

  test("says that the daemon went away, and works with the next one", async () => {
    const { ended } = await startSlowBuild();
    // The processes that the daemon has for each connection.
    spawnSync("pkill", ["-KILL", "-P", String(daemon.pid)]);
    const { code, err } = await ended;
    expect(code).toBe(1);
    expect(err).toContain("error: Nix daemon disconnected unexpectedly");
    await daemon.stop();
    await daemon.start();
    expect(ok("nivis-build", file, "-A", "a", "--no-out-link")).toMatch(/-a-1\.0\n$/);
    daemon.run("nix-store", "--verify", "--check-contents");
  });
});

describe("without a store on the machine", () => {
  test("says so where one is needed", () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        fileURLToPath(new URL("../bin/nivis.cjs", import.meta.url)),
        "build",
        "-E",
        'derivation { name = "x"; system = "y"; builder = "z"; }',
      ],
      { encoding: "utf8", env: { PATH: process.env["PATH"], NIX_STATE_DIR: "/proc/none" } },
    );
    expect(status).toBe(1);
    expect(stderr).toContain("this machine has no Nix store to build in");
  });
});
