/** The daemon of Nivis with C++ Nix's own programs as its clients, and with ours. */
import { type ChildProcess, execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  collect,
  DaemonStore,
  DirectoryStore,
  MemoryStore,
  OverlayStore,
  type ServedStores,
  type StoreObserver,
  streamOf,
} from "@nivis/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DaemonListener, listenOnSocket } from "../../src/stores/daemon-listener.ts";
import { unixConnector } from "../../src/stores/duplex-transport.ts";
import { nodeFileSystem } from "../../src/stores/node-file-system.ts";
import { nodeStoreHost } from "../../src/stores/node-store-host.ts";
import { isNixInstalled, NixDaemon } from "./nix-daemon.ts";

const suite = isNixInstalled ? describe : describe.skip;

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

suite("C++ Nix as a client", () => {
  const folder = mkdtempSync(join(tmpdir(), "nivis-server-"));
  const socket = join(folder, "socket");
  const errors: unknown[] = [];
  let daemon: NixDaemon;
  let listener: DaemonListener;
  let served: (observer: StoreObserver) => Promise<ServedStores>;
  const children = new Set<ChildProcess>();
  /** C++ Nix reads the files of a store behind a socket from the disk. */
  let clientStoreDir = "";

  beforeAll(async () => {
    daemon = new NixDaemon();
    await daemon.start();
    listener = await listenOnSocket(socket, {
      open: (observer) => served(observer),
      trusted: true,
      version: "2.36.0",
      onError: (error) => errors.push(error),
    });
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    await listener?.close();
    await daemon?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a program of C++ Nix whose store is ours. */
  function run(program: string, ...args: string[]): Promise<Run> {
    return new Promise((resolve) => {
      const child = execFile(
        program,
        args,
        {
          env: {
            ...daemon.environment,
            NIX_STORE_DIR: clientStoreDir,
            NIX_REMOTE: `unix://${socket}`,
          },
          maxBuffer: 1 << 26,
        },
        (error, out, err) => {
          children.delete(child);
          resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err });
        },
      );
      child.stdin?.end();
      children.add(child);
    });
  }

  function directoryStore(root: string, observer: StoreObserver): DirectoryStore {
    mkdirSync(root, { recursive: true });
    return new DirectoryStore(nodeStoreHost, nodeFileSystem, {
      storeDir: join(root, "store"),
      root: "",
      uri: `local://${root}`,
      stateDir: join(root, "state"),
      logDir: join(root, "log"),
      uniqueId: "test",
      observer,
    });
  }

  describe("of a store in a directory", () => {
    const root = join(folder, "one");
    beforeAll(() => {
      served = async (observer) => ({ store: directoryStore(root, observer) });
      clientStoreDir = join(root, "store");
    });

    test("adds files and trees, and asks about them", async () => {
      const file = join(folder, "hello.txt");
      writeFileSync(file, "hello from C++");
      const added = await run("nix-store", "--add", file);
      expect(added.err).toBe("");
      const path = added.out.trim();
      expect(readFileSync(path, "utf8")).toBe("hello from C++");
      expect((await run("nix-store", "--query", "--hash", path)).out.trim()).toMatch(/^sha256:/);
      expect((await run("nix-store", "--query", "--references", path)).out).toBe("");
      const cat = await run("nix", "store", "cat", path);
      expect(cat.out).toBe("hello from C++");

      const tree = join(folder, "tree");
      mkdirSync(join(tree, "sub"), { recursive: true });
      writeFileSync(join(tree, "sub", "file"), "x".repeat(100_000));
      writeFileSync(join(tree, "run"), "#!/bin/sh\n", { mode: 0o755 });
      const addedTree = await run("nix", "store", "add-path", tree);
      expect(addedTree.err).toBe("");
      const treePath = addedTree.out.trim();
      const listing = await run("nix", "store", "ls", "-lR", treePath);
      expect(listing.out).toContain("./sub/file");
      const info = await run("nix", "path-info", "--json", "-S", treePath);
      // A list before 2.19, by path since.
      expect(info.out).toContain(`"${treePath}"`);
      expect(JSON.stringify(JSON.parse(info.out))).toContain('"closureSize"');
      const flat = await run("nix-store", "--add-fixed", "sha256", file);
      expect(flat.out).toContain("hello.txt");
      expect((await run("nix-store", "--verify-path", treePath)).code).toBe(0);
    });

    test("evaluates into it", async () => {
      const made = await run(
        "nix-instantiate",
        "-E",
        `let a = derivation { name = "a"; builder = "/bin/sh"; system = "x86_64-linux"; src = builtins.toFile "t" "text"; };
         in derivation { name = "b"; builder = "/bin/sh"; system = "x86_64-linux"; inherit a; }`,
      );
      expect(made.code, made.err).toBe(0);
      const drv = made.out.trim();
      expect(drv).toMatch(/-b\.drv$/);
      const closure = (await run("nix-store", "-qR", drv)).out.trim().split("\n");
      expect(closure).toHaveLength(3);
      expect((await run("nix-store", "-q", "--outputs", drv)).out).toMatch(/-b\n$/);
      expect((await run("nix-store", "-q", "--referrers", closure[0] as string)).code).toBe(0);
      const shown = await run("nix", "show-derivation", drv);
      expect(shown.out).toContain(drv.slice(drv.lastIndexOf("/") + 1));
    });

    test("copies to it and from it", async () => {
      const text = join(folder, "source.txt");
      writeFileSync(text, "copied");
      const path = (await run("nix-store", "--add", text)).out.trim();
      const cache = join(folder, "cache");
      const out = await run("nix", "copy", "--to", `file://${cache}?compression=none`, path);
      expect(out.code, out.err).toBe(0);
      expect(readFileSync(join(cache, "nix-cache-info"), "utf8")).toContain("StoreDir");
      expect((await run("nix-store", "--delete", path)).code).toBe(0);
      const back = await run("nix", "copy", "--from", `file://${cache}`, "--no-check-sigs", path);
      expect(back.code, back.err).toBe(0);
      expect(readFileSync(path, "utf8")).toBe("copied");
      const refused = await run("nix-store", "--query", "--hash", `${clientStoreDir}/nonsense`);
      expect(refused.err).toContain("nonsense");
    });

    test("keeps roots and collects garbage", async () => {
      const kept = join(folder, "kept.txt");
      const lost = join(folder, "lost.txt");
      writeFileSync(kept, "kept");
      writeFileSync(lost, "lost");
      const keptPath = (await run("nix-store", "--add", kept)).out.trim();
      const lostPath = (await run("nix-store", "--add", lost)).out.trim();
      const link = join(folder, "root-link");
      const rooted = await run(
        "nix-store",
        "--add-root",
        link,
        "--indirect",
        "--realise",
        keptPath,
      );
      expect(rooted.code, rooted.err).toBe(0);
      expect((await run("nix-store", "--gc", "--print-roots")).out).toContain(link);
      const collected = await run("nix-store", "--gc");
      expect(collected.code, collected.err).toBe(0);
      expect((await run("nix-store", "-q", "--hash", keptPath)).code).toBe(0);
      const gone = await run("nix-store", "-q", "--hash", lostPath);
      expect(gone.code).not.toBe(0);
      expect(gone.err).toContain("is not valid");
      const alive = await run("nix-store", "--delete", keptPath);
      expect(alive.err).toContain("still alive");
    });

    test("is told what cannot be done", async () => {
      const built = await run(
        "nix-build",
        "--no-out-link",
        "-E",
        `derivation { name = "c"; builder = "/bin/sh"; args = [ "-c" "echo > $out" ]; system = builtins.currentSystem; }`,
      );
      expect(built.code).not.toBe(0);
      expect(built.err).toContain("is not supported by store");
    });

    test("says what it is", async () => {
      expect(
        (await run("nix", "store", "ping")).out + (await run("nix", "store", "ping")).err,
      ).toContain("Store URL");
    });
  });

  describe("of a store that builds elsewhere", () => {
    beforeAll(() => {
      served = async (observer) => ({ store: daemon.open({ observer }) });
      clientStoreDir = daemon.storeDir;
    });

    test("builds, sees the log, and gets the output", async () => {
      const expression = `derivation { name = "built"; builder = "/bin/sh"; args = [ "-c" "echo line one; echo content > $out" ]; system = builtins.currentSystem; }`;
      const built = await run("nix-build", "--no-out-link", "-E", expression);
      expect(built.code, built.err).toBe(0);
      expect(built.err).toContain("line one");
      expect(readFileSync(built.out.trim(), "utf8")).toBe("content\n");
    });

    test("is told why a build failed", async () => {
      const expression = `derivation { name = "bad"; builder = "/bin/sh"; args = [ "-c" "echo oh dear; exit 7" ]; system = builtins.currentSystem; }`;
      const built = await run("nix-build", "--no-out-link", "-E", expression);
      expect(built.code).not.toBe(0);
      expect(built.err).toContain("exit code 7");
      expect(built.err).toContain("oh dear");
    });

    test("stops a build when the client goes away", async () => {
      const mark = join(folder, "building");
      const expression = `derivation { name = "long"; builder = "/bin/sh"; args = [ "-c" "echo $$ > ${mark}; while :; do read x < /dev/zero; done" ]; system = builtins.currentSystem; }`;
      const before = new Set(children);
      const running = run("nix-build", "--no-out-link", "-E", expression);
      const builder = await waitFor(() => Number(readFileSync(mark, "utf8")) || undefined);
      for (const child of children) if (!before.has(child)) child.kill("SIGKILL");
      await running;
      await waitFor(() => {
        try {
          process.kill(builder, 0);
          return undefined;
        } catch {
          return true;
        }
      });
    });
  });

  describe("of the store of Nivis's own client", () => {
    test.each([32, 33, 34, 35, 37, 38])("at 1.%i", async (minor) => {
      const memory = new MemoryStore(nodeStoreHost, { storeDir: "/nix/store" });
      const lower = new MemoryStore(nodeStoreHost, { storeDir: "/nix/store" });
      class LastingStore extends OverlayStore {
        override async close(): Promise<void> {}
      }
      const path = join(folder, `socket-${minor}`);
      const own = await listenOnSocket(path, {
        open: async () => ({ store: new LastingStore(memory, [lower]) }),
        trusted: false,
        version: "2.36.0",
        minor,
        onError: (error) => errors.push(error),
      });
      const client = new DaemonStore(nodeStoreHost, unixConnector(path), {
        uri: "unix://test",
        storeDir: "/nix/store",
      });
      try {
        expect(await client.facts()).toEqual({
          protocolMinor: minor,
          ...(minor >= 33 ? { version: "2.36.0" } : {}),
          ...(minor >= 35 ? { trusted: false } : {}),
        });
        const below = await lower.writer.addContent({
          name: "below",
          method: "text",
          algorithm: "sha256",
          bytes: () => streamOf("below"),
        });
        const added = await client.writer.addContent({
          name: "above",
          method: "text",
          algorithm: "sha256",
          bytes: () => streamOf("above"),
        });
        expect(await client.validPaths([below.path, added.path])).toEqual(
          new Set([below.path, added.path]),
        );
        expect(await client.info(below.path)).toMatchObject({ narSize: below.narSize });
        expect((await collect(client.nar(added.path))).length).toBe(added.narSize);
        expect((await collect(client.nar(below.path))).length).toBe(below.narSize);
        await expect(client.collector.collect({ action: "delete-dead" })).rejects.toThrow(
          "operation 'collectGarbage' is not supported by store",
        );
        // Three megabytes do not fit into one frame, nor into memory that is kept small.
        const large = await client.writer.addContent({
          name: "large",
          method: "flat",
          algorithm: "sha256",
          bytes: () => streamOf(...Array.from({ length: 48 }, () => new Uint8Array(65536))),
        });
        expect(large.narSize).toBeGreaterThan(3 << 20);
      } finally {
        await client.close();
        await own.close();
      }
    });
  });

  test("broke no connection on our side", () => {
    expect(errors).toEqual([]);
  });

  async function waitFor<T>(look: () => T | undefined): Promise<T> {
    for (let waited = 0; ; waited += 50) {
      try {
        const found = look();
        if (found !== undefined) return found;
      } catch {
        // Not yet.
      }
      if (waited > 20_000) throw new Error("waited too long");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});
