/**
 * Stores behind ssh: `ssh-ng://`, which speaks the worker protocol, and `ssh://`, which speaks that of
 * `nix-store --serve`. The far end is C++ Nix, reached by an sshd that the test starts, or as a process
 * of this machine where the protocol is what is tested. `NIVIS_ORACLE_NIX` names another version.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { narBytes, narTreeSource, parseSingleDerivedPath } from "@nivis/formats";
import { collect, copyPaths, type Store, StoreError, streamOf } from "@nivis/store";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openStore } from "../../src/stores/open-store.ts";
import { isNixInstalled, NixDaemon } from "./nix-daemon.ts";

const SSHD = ["/usr/sbin/sshd", "/usr/bin/sshd", "/run/current-system/sw/bin/sshd"].find(
  existsSync,
);
const oracle = process.env["NIVIS_ORACLE_NIX"];
const versions: [string, string | undefined][] = [
  ["on PATH", undefined],
  ...(oracle === undefined ? [] : [["NIVIS_ORACLE_NIX", dirname(oracle)] as [string, string]]),
];

const stores: Store[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

/** A store of C++ Nix, and a program that runs `nix-store` or `nix-daemon` on it whatever the environment is. */
class FarStore {
  readonly nix: NixDaemon;
  readonly wrapper: string;

  constructor(readonly programs: string | undefined) {
    this.nix = new NixDaemon("", programs);
    this.wrapper = join(this.nix.folder, "far");
    const variables = Object.entries(this.nix.environment)
      .filter(([name]) => name.startsWith("NIX_") || name === "PATH" || name === "HOME")
      .map(([name, value]) => `export ${name}='${value}'`);
    writeFileSync(this.wrapper, `#!/bin/sh\n${variables.join("\n")}\nexec "$@"\n`);
    chmodSync(this.wrapper, 0o755);
  }

  async open(scheme: "ssh" | "ssh-ng", authority = "localhost", more = ""): Promise<Store> {
    const program = scheme === "ssh" ? "nix-store" : "nix-daemon";
    const url = `${scheme}://${authority}?remote-program=${this.wrapper}%20${program}${more}`;
    const store = await openStore(url, {
      storeDir: this.nix.storeDir,
      environment: { ...process.env, NIX_SSHOPTS: "-oBatchMode=yes -oStrictHostKeyChecking=yes" },
    });
    stores.push(store);
    return store;
  }

  memory(): Promise<Store> {
    return openStore("dummy://?read-only=false", { storeDir: this.nix.storeDir });
  }

  text(store: Store, name: string, contents: string, references: readonly string[] = []) {
    return store.writer?.addContent({
      name,
      method: "text",
      algorithm: "sha256",
      references,
      bytes: () => streamOf(contents),
    }) as Promise<{ path: string }>;
  }
}

describe.skipIf(!isNixInstalled).each(versions)("nix-store --serve of Nix %s", (_, programs) => {
  let far: FarStore;
  beforeAll(() => {
    far = new FarStore(programs);
  });
  afterAll(() => far.nix.dispose());

  const derivation = (name: string, script: string): string => {
    const { storeDir } = far.nix;
    const file = join(far.nix.folder, `${name}.nix`);
    writeFileSync(
      file,
      `derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" ${JSON.stringify(script)} ]; outputs = [ "out" "dev" ]; }`,
    );
    const path = far.nix.run("nix-instantiate", file);
    expect(path.startsWith(storeDir)).toBe(true);
    return path;
  };

  test("is written and read", async () => {
    const store = await far.open("ssh");
    const one = await far.text(store, "one", "first");
    const two = await far.text(store, "two", `second ${one.path}`, [one.path]);
    expect(far.nix.run("nix-store", "--query", "--requisites", two.path).split("\n")).toEqual([
      one.path,
      two.path,
    ]);
    far.nix.run("nix-store", "--verify", "--check-contents");
    const absent = one.path.replace("-one", "-absent");
    expect(await store.validPaths([one.path, two.path, absent])).toEqual(
      new Set([one.path, two.path]),
    );
    const infos = await Promise.all([one.path, absent, two.path].map((path) => store.info(path)));
    expect(infos.map((info) => info?.references)).toEqual([[], undefined, [one.path]]);
    expect(infos[0]?.contentAddress?.method).toBe("text");
    expect(Buffer.from(await collect((await store.files(two.path)).readFile("/"))).toString()).toBe(
      `second ${one.path}`,
    );
    await expect(collect(store.nar(absent))).rejects.toThrow(`path '${absent}' is not valid`);
    // The connection goes on.
    expect((await store.info(one.path))?.path).toBe(one.path);
  });

  test("is copied to and from, closures and large files too", async () => {
    const store = await far.open("ssh");
    const memory = await far.memory();
    const contents = Buffer.alloc(3_000_001, "0123456789abcdef");
    const nar = narBytes(narTreeSource, { type: "regular", executable: true, contents });
    const big = await memory.writer?.addContent({
      name: "big",
      method: "nar",
      algorithm: "sha256",
      bytes: () => streamOf(nar),
    });
    const path = big?.path as string;
    const top = await far.text(memory, "top", `refers to ${path}`, [path]);
    expect((await copyPaths(memory, store, [top.path])).copied).toEqual([path, top.path]);
    far.nix.run("nix-store", "--verify", "--check-contents");
    const back = await far.memory();
    await copyPaths(store, back, [top.path]);
    expect(Buffer.from(await collect(back.nar(path))).equals(Buffer.from(nar))).toBe(true);
    expect(await back.info(top.path)).toMatchObject({ references: [path] });
  });

  test("builds, and says why it could not", async () => {
    const store = await far.open("ssh");
    const built = (drv: string, outputs: "all" | readonly string[] = "all") => ({
      kind: "built" as const,
      drv: parseSingleDerivedPath(drv, far.nix.storeDir),
      outputs,
    });
    const good = derivation("good", "PATH=/usr/bin:/bin; echo hi > $out; echo dev > $dev");
    const [all, one] =
      (await store.builder?.(store).build([built(good), built(good, ["dev"])])) ?? [];
    expect(all?.status).toBe("built");
    expect([...(all?.builtOutputs.keys() ?? [])].sort()).toEqual(["dev", "out"]);
    expect([...(one?.builtOutputs.keys() ?? [])]).toEqual(["dev"]);
    const out = all?.builtOutputs.get("out")?.outPath as string;
    expect(readFileSync(out, "utf8")).toBe("hi\n");
    const [failed] =
      (await store.builder?.(store).build([built(derivation("bad", "exit 3"))])) ?? [];
    expect(failed?.status).toBe("misc-failure");
    expect(failed?.errorMessage).toMatch(/bad\.drv|exit code 3/);
    expect((await store.info(out))?.path).toBe(out);
  });

  test("cannot do what its protocol has no request for", async () => {
    const store = await far.open("ssh");
    expect(await store.facts()).toEqual({});
    expect(store.roots).toBeUndefined();
    await expect(store.pathOfHashPart("0".repeat(32))).rejects.toThrow(
      /operation 'queryPathFromHashPart' is not supported by store 'ssh:\/\/localhost/,
    );
    const memory = await far.memory();
    expect(() => store.builder?.(memory)).toThrow(
      "building on an SSH store is incompatible with '--eval-store'",
    );
  });

  test("that goes away, or is something else, is an error", async () => {
    const open = (program: string) =>
      openStore(`ssh://localhost?remote-program=${program}`, { storeDir: far.nix.storeDir });
    const path = `${far.nix.storeDir}/00000000000000000000000000000000-x`;
    await expect((await open("true")).info(path)).rejects.toThrow("cannot connect to 'localhost'");
    await expect((await open("no-such-program")).info(path)).rejects.toThrow(
      "failed to start SSH connection to 'localhost'",
    );
    await expect((await open("echo welcome to this machine")).info(path)).rejects.toThrow(
      "'nix-store --serve' protocol mismatch from 'localhost', got 'welcome '",
    );
    const store = await far.open("ssh");
    const wrong = { ...((await far.text(store, "whole", "text")) as never as object) };
    const item = {
      info: { ...(wrong as never as { narSize: number }), path: path.replace("-x", "-cut") },
      nar: () => streamOf(Buffer.alloc(8)),
    };
    await expect(store.writer?.add(item as never)).rejects.toThrow("does not have the");
    expect(far.nix.run("nix-store", "--query", "--hash", (wrong as { path: string }).path)).toMatch(
      /^sha256:/,
    );
    // A new connection is made.
    expect((await store.info((wrong as { path: string }).path))?.narSize).toBeGreaterThan(0);
  });

  test("is given up", async () => {
    const store = await far.open("ssh");
    const slow = derivation("slow", "PATH=/usr/bin:/bin; sleep 60");
    const controller = new AbortController();
    const built = {
      kind: "built" as const,
      drv: parseSingleDerivedPath(slow, far.nix.storeDir),
      outputs: "all" as const,
    };
    const building = store.builder?.(store).build([built], "normal", { signal: controller.signal });
    setTimeout(() => controller.abort(), 500);
    await expect(building).rejects.toThrow(StoreError);
    expect(await store.info(slow)).toBeDefined();
  });
});

/** An sshd on a port of this machine that lets this user in by a key of its own. */
class SshServer {
  readonly folder = mkdtempSync(join(tmpdir(), "nivis-sshd-"));
  readonly key = join(this.folder, "key");
  port = 0;
  #process: ChildProcess | undefined;

  /** Why it cannot be used; `undefined` if it can. */
  async start(): Promise<string | undefined> {
    if (SSHD === undefined) return "no sshd";
    try {
      for (const name of ["key", "host"]) {
        execFileSync("ssh-keygen", [
          "-q",
          "-t",
          "ed25519",
          "-N",
          "",
          "-f",
          join(this.folder, name),
        ]);
      }
      // sshd, started as root, wants this directory, which packages make at boot.
      if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
    } catch (error) {
      return String(error);
    }
    this.port = await freePort();
    writeFileSync(
      join(this.folder, "config"),
      `ListenAddress 127.0.0.1:${this.port}
HostKey ${this.folder}/host
PidFile none
AuthorizedKeysFile ${this.key}.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
`,
    );
    const child = spawn(SSHD, ["-D", "-e", "-f", join(this.folder, "config")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#process = child;
    let said = "";
    child.stderr.on("data", (piece: Buffer) => {
      said += piece.toString();
    });
    for (let waited = 0; !said.includes("Server listening"); waited += 20) {
      if (waited > 10_000 || child.exitCode !== null) return `sshd did not start: ${said}`;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const probe = spawnSync(
      "ssh",
      [
        ...["-i", this.key, `-p${this.port}`, "-oBatchMode=yes", "-oStrictHostKeyChecking=no"],
        ...["-oUserKnownHostsFile=/dev/null", this.authority.replace(/:\d+$/, ""), "true"],
      ],
      { encoding: "utf8", timeout: 10_000 },
    );
    return probe.status === 0 ? undefined : `cannot log in: ${probe.stderr} ${said}`;
  }

  get authority(): string {
    return `${userInfo().username}@127.0.0.1:${this.port}`;
  }

  /** The parameters of a store's URL. */
  parameters(hostKey = `${this.folder}/host.pub`): string {
    const key = readFileSync(hostKey).toString("base64");
    return `&ssh-key=${this.key}&base64-ssh-public-host-key=${encodeURIComponent(key)}`;
  }

  stop(): void {
    this.#process?.kill("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

const server = new SshServer();
const obstacle = isNixInstalled ? await server.start() : "no C++ Nix";
if (obstacle !== undefined) process.stderr.write(`ssh: nothing goes through ssh: ${obstacle}\n`);
afterAll(() => server.stop());

describe.skipIf(obstacle !== undefined).each(versions)("through sshd, Nix %s", (_, programs) => {
  let far: FarStore;
  beforeAll(() => {
    far = new FarStore(programs);
  });
  afterAll(() => far.nix.dispose());
  const schemes = ["ssh", "ssh-ng"] as const;

  test.each(schemes)("%s:// is written, read and built in", async (scheme) => {
    const store = await far.open(scheme, server.authority, server.parameters());
    const memory = await far.memory();
    const contents = `${scheme} ${"x".repeat(200_000)}`;
    const { path } = await far.text(memory, `over-${scheme}`, contents);
    await copyPaths(memory, store, [path]);
    expect(readFileSync(path, "utf8")).toBe(contents);
    expect((await collect((await store.files(path)).readFile("/"))).length).toBe(contents.length);
    const file = join(far.nix.folder, `${scheme}.nix`);
    writeFileSync(
      file,
      `derivation { name = "${scheme}"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo built > $out" ]; }`,
    );
    const drv = far.nix.run("nix-instantiate", file);
    const [result] =
      (await store
        .builder?.(store)
        .build([
          { kind: "built", drv: parseSingleDerivedPath(drv, far.nix.storeDir), outputs: "all" },
        ])) ?? [];
    expect(result?.status).toBe("built");
    expect(readFileSync(result?.builtOutputs.get("out")?.outPath as string, "utf8")).toBe(
      "built\n",
    );
  });

  test.each(schemes)("%s:// refuses another host key", async (scheme) => {
    const store = await far.open(scheme, server.authority, server.parameters(`${server.key}.pub`));
    await expect(store.facts()).rejects.toThrow("failed to start SSH connection to '127.0.0.1'");
  });

  test.each(schemes)("%s:// says that nobody is there", async (scheme) => {
    const nobody = `${userInfo().username}@127.0.0.1:${await freePort()}`;
    const store = await far.open(scheme, nobody, server.parameters());
    await expect(store.facts()).rejects.toThrow("failed to start SSH connection to '127.0.0.1'");
  });
});
