/** The client of the worker protocol against a real nix-daemon. */
import { mkdirSync, readdirSync, readlinkSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import {
  bytesToByteString,
  type Derivation,
  finishDerivation,
  hashNar,
  makeTextPath,
  type NarTree,
  narBytes,
  narTreeSource,
  type PathInfo,
  rootOfDerivedPath,
} from "@nivis/formats";
import {
  closureOf,
  collect,
  copyPaths,
  DaemonStore,
  MemoryStore,
  type PathToAdd,
  readDerivation,
  type StoreError,
  streamOf,
} from "@nivis/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeHashes } from "../../src/node-hashes.ts";
import { unixConnector } from "../../src/stores/duplex-transport.ts";
import { nodeStoreHost } from "../../src/stores/node-store-host.ts";
import { isNixInstalled, NixDaemon } from "./nix-daemon.ts";

const suite = isNixInstalled ? describe : describe.skip;

suite("a daemon of C++ Nix", () => {
  let daemon: NixDaemon;
  let store: DaemonStore;

  beforeAll(async () => {
    daemon = new NixDaemon();
    await daemon.start();
    store = daemon.open();
  });
  afterAll(async () => {
    await store?.close();
    await daemon?.dispose();
  });

  const text = (name: string, contents: string, references: string[] = []) =>
    store.writer.addContent({
      name,
      method: "text",
      algorithm: "sha256",
      references,
      bytes: () => streamOf(contents),
    });

  /** Writes a derivation that runs a script with `/bin/sh`. */
  async function derivation(name: string, script: string): Promise<string> {
    const drv: Derivation = {
      name,
      outputs: new Map([["out", { kind: "deferred" }]]),
      inputDrvs: new Map(),
      inputSrcs: new Set(),
      system: daemon.run("nix-instantiate", "--eval", "-E", "builtins.currentSystem").slice(1, -1),
      builder: "/bin/sh",
      args: ["-c", script],
      env: new Map([["name", name]]),
    };
    const finished = finishDerivation(drv, {
      storeDir: store.storeDir,
      hashes: nodeHashes,
      cache: new Map(),
      readDerivation: (path) => {
        throw new Error(`${path} is not an input of the test`);
      },
    });
    const added = await text(`${name}.drv`, finished.text);
    expect(added.path).toBe(finished.drvPath);
    return added.path;
  }

  test("has no realisations without the feature, and says so", async () => {
    const said: string[] = [];
    const observer = { message: (text: string) => said.push(text) };
    const store = daemon.open({ handshake: { minor: 37 }, observer });
    const drvPath = `${daemon.storeDir}/00000000000000000000000000000000-x.drv`;
    expect(await store.realisation({ drvPath, outputName: "out" })).toBeUndefined();
    expect(said).toEqual([
      "warning: the daemon is missing the 'realisation-with-path-not-hash' protocol feature, needed to support content-addressing derivations",
    ]);
    await store.close();
  });

  test("says what it is", async () => {
    const facts = await store.facts();
    expect(facts.version).toMatch(/^\d+\.\d+/);
    expect(facts.protocolMinor).toBeGreaterThanOrEqual(34);
  });

  test("takes texts, files and trees, and gives them back", async () => {
    const hello = await text("hello.txt", "hello");
    expect(hello.path).toBe(
      makeTextPath({ storeDir: store.storeDir, hashes: nodeHashes }, "hello.txt", "hello", []),
    );
    expect(daemon.run("cat", hello.path)).toBe("hello");
    const second = await text("second", `see ${hello.path}`, [hello.path]);
    expect(second.references).toEqual([hello.path]);
    expect([...(await closureOf(store, [second.path])).keys()].sort()).toEqual(
      [hello.path, second.path].sort(),
    );

    const entries = new Map<string, NarTree>([
      [
        "bin",
        {
          type: "directory",
          entries: new Map([["run", { type: "regular", executable: true, contents: "#!" }]]),
        },
      ],
      ["link", { type: "symlink", target: "bin/run" }],
    ]);
    const nar = narBytes(narTreeSource, { type: "directory", entries });
    const tree = await store.writer.addContent({
      name: "tree",
      method: "nar",
      algorithm: "sha256",
      bytes: () => streamOf(nar),
    });
    expect(daemon.run("nix-store", "--query", "--hash", tree.path)).toContain("sha256:");
    expect(readlinkSync(join(tree.path, "link"))).toBe("bin/run");
    expect(Buffer.compare(await collect(store.nar(tree.path)), nar)).toBe(0);
    const files = await store.files(tree.path);
    expect(await files.readDirectory("/")).toEqual(["bin", "link"]);
    expect(await files.stat("/bin/run")).toMatchObject({ type: "regular", executable: true });
    expect(bytesToByteString(await collect(files.readFile("/bin/run")))).toBe("#!");

    const flat = await store.writer.addContent({
      name: "flat",
      method: "flat",
      algorithm: "sha256",
      bytes: () => streamOf("flat file"),
    });
    expect(daemon.run("cat", flat.path)).toBe("flat file");
    const part = flat.path.slice(store.storeDir.length + 1, store.storeDir.length + 33);
    expect(await store.pathOfHashPart(part)).toBe(flat.path);
    expect(await store.index.referrers(hello.path)).toContain(second.path);
    expect(await store.index.allPaths()).toEqual(
      expect.arrayContaining([hello.path, second.path, tree.path, flat.path]),
    );
  });

  test("tells valid paths from others", async () => {
    const there = await text("there", "1");
    const gone = `${store.storeDir}/${"0".repeat(32)}-gone`;
    expect([...(await store.validPaths([there.path, gone]))]).toEqual([there.path]);
    expect(await store.info(gone)).toBeUndefined();
    await expect(collect(store.nar(gone))).rejects.toMatchObject({
      kind: "invalid-path",
      message: `path '${gone}' is not valid`,
    });
    // The connection is as good as before.
    expect(await store.info(there.path)).toMatchObject({ path: there.path });
  });

  test("answers many questions that are sent at once", async () => {
    const { path } = await text("asked", "often");
    const fresh = daemon.open();
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, i) =>
        fresh.pathOfHashPart(
          i % 2
            ? path.slice(store.storeDir.length + 1, store.storeDir.length + 33)
            : "1".repeat(32),
        ),
      ),
    );
    expect(answers.filter((one) => one === path)).toHaveLength(250);
    await fresh.close();
  });

  test("survives errors of the daemon", async () => {
    const outside = "/somewhere/else/00000000000000000000000000000000-x";
    await expect(store.info(outside)).rejects.toMatchObject({ kind: "invalid-path" });
    await expect(store.referrers(outside)).rejects.toMatchObject({ kind: "invalid-path" });
    await expect(
      store.outputsOf(`${store.storeDir}/${"0".repeat(32)}-x.drv`),
    ).rejects.toMatchObject({
      kind: "remote",
    });
    expect((await text("after", "error")).path).toContain("after");
    await expect(
      store.writer.addContent({
        name: "bad name!",
        method: "text",
        algorithm: "sha256",
        bytes: () => streamOf("x"),
      }),
    ).rejects.toMatchObject({ kind: "remote", message: expect.stringContaining("bad name!") });
    expect((await text("after2", "error")).path).toContain("after2");
    await expect(
      store.writer.addContent({
        name: "failing",
        method: "text",
        algorithm: "sha256",
        bytes: async function* () {
          yield new Uint8Array(100_000);
          throw new Error("the disk is on fire");
        },
      }),
    ).rejects.toThrow("the disk is on fire");
    expect((await text("after3", "error")).path).toContain("after3");
  });

  test("builds, and tells what came of it", async () => {
    const drv = await derivation("built", "echo some output; echo hi > $out");
    const lines: string[] = [];
    const watched = daemon.open({
      observer: {
        result: ({ type, fields }) => {
          if (type === 101) lines.push(String(fields[0]));
        },
      },
    });
    const built = { kind: "built", drv: { kind: "opaque", path: drv }, outputs: "all" } as const;
    const builder = watched.builder(watched);
    const missing = await builder.missing([built]);
    expect(missing.willBuild).toEqual([drv]);
    const [result] = await builder.build([built]);
    expect(result).toMatchObject({ status: "built", path: built });
    expect(lines).toContain("some output");
    const out = result?.builtOutputs.get("out")?.outPath as string;
    expect(daemon.run("cat", out)).toBe("hi");
    expect((await watched.outputsOf(drv)).get("out")).toBe(out);
    expect((await watched.info(out))?.deriver).toBe(drv);
    expect((await readDerivation(watched, drv, nodeStoreHost)).name).toBe("built");
    expect((await builder.build([built]))[0]?.status).toBe("already-valid");
    await watched.close();
  });

  test("reports builds that fail, with their log", async () => {
    const drv = await derivation("failing", "echo about to fail; exit 3");
    const other = await derivation("fine", "echo 1 > $out");
    const wanted = [drv, other].map(
      (path) => ({ kind: "built", drv: { kind: "opaque", path }, outputs: ["out"] }) as const,
    );
    const results = await store.builder(store).build(wanted);
    // Results need not come in the order asked.
    const failed = results.find(({ path }) => rootOfDerivedPath(path) === drv);
    expect(failed?.status).toBe("permanent-failure");
    expect(failed?.errorMessage).toContain("exit code 3");
    expect(failed?.errorMessage).toContain("about to fail");
  });

  test("builds from derivations that are in another store", async () => {
    const drv = await derivation("elsewhere", "echo 2 > $out");
    const memory = new MemoryStore(nodeStoreHost, { storeDir: store.storeDir });
    await copyPaths(store, memory, [drv]);
    // What this connection added is alive as long as it is open.
    await store.close();
    store = daemon.open();
    await daemon.delete(drv);
    const fresh = daemon.open();
    expect(await fresh.info(drv)).toBeUndefined();
    const [result] = await fresh
      .builder(memory)
      .build([{ kind: "built", drv: { kind: "opaque", path: drv }, outputs: "all" }]);
    expect(result?.status).toBe("built");
    await fresh.close();
  });

  test("keeps roots, and collects the rest", async () => {
    const kept = await text("kept", "by a link");
    const temporary = await text("temporary", "by a connection");
    const lost = await text("lost", "by nobody");
    await store.close();
    store = daemon.open();
    const link = join(daemon.folder, "result");
    symlinkSync(kept.path, link);
    await store.roots.addIndirectRoot?.(link);
    await store.roots.addTempRoot(temporary.path);
    expect(await store.roots.findRoots()).toContainEqual({ link, path: kept.path });
    const { paths, bytesFreed } = await store.collector.collect({ action: "delete-dead" });
    expect(paths).toContain(lost.path);
    expect(bytesFreed).toBeGreaterThan(0n);
    expect(await store.validPaths([kept.path, temporary.path, lost.path])).toEqual(
      new Set([kept.path, temporary.path]),
    );
    await expect(
      store.collector.collect({
        action: "delete-specific",
        paths: { kind: "specific", paths: [kept.path], deleteReferrers: false },
      }),
    ).rejects.toThrow("alive");
  });

  test("stops a build when its caller gives up", async () => {
    const mark = join(daemon.folder, "started");
    const drv = await derivation(
      "endless",
      `echo $$ > ${mark}; while :; do read x < /dev/zero; done`,
    );
    const controller = new AbortController();
    const build = store
      .builder(store)
      .build([{ kind: "built", drv: { kind: "opaque", path: drv }, outputs: "all" }], "normal", {
        signal: controller.signal,
      });
    const builder = await waitFor(() => daemon.run("cat", mark));
    controller.abort();
    await expect(build).rejects.toMatchObject({ kind: "cancelled" });
    await waitFor(() => {
      expect(() => process.kill(Number(builder), 0)).toThrow();
      return "gone";
    });
    expect((await text("still", "works")).path).toContain("still");
  });

  /** Texts with all that a store has to know of them. */
  function texts(count: number, prefix: string): PathToAdd[] {
    return Array.from({ length: count }, (_, i) => {
      const contents = `object ${prefix}${i}`;
      const tree = { type: "regular", executable: false, contents } as const;
      const { digest, size } = hashNar(narTreeSource, tree, nodeHashes);
      const config = { storeDir: store.storeDir, hashes: nodeHashes };
      const path = makeTextPath(config, `${prefix}${i}`, contents, []);
      const info: PathInfo = {
        path,
        narHash: { algorithm: "sha256", digest },
        narSize: size,
        references: [],
        registrationTime: 0,
        ultimate: false,
        signatures: [],
        contentAddress: {
          method: "text",
          hash: { algorithm: "sha256", digest: nodeHashes.hash("sha256", contents) },
        },
      };
      return { info, nar: () => streamOf(narBytes(narTreeSource, tree)) };
    });
  }

  test("adds ten thousand small paths in batches", async () => {
    const items = texts(10_000, "o");
    await store.writer.addMany(items);
    const valid = await store.validPaths(items.map(({ info }) => info.path));
    expect(valid.size).toBe(10_000);
  }, 300_000);

  test("adds many paths of which another client has added some", async () => {
    // Old daemons lose the thread at a path that is valid already.
    const items = texts(20, "raced");
    const there = items.filter((_, i) => i % 7 === 3);
    await store.writer.addMany(there);
    await store.writer.addMany(items);
    const valid = await store.validPaths(items.map(({ info }) => info.path));
    expect(valid.size).toBe(20);
    // What is wrong stays wrong, whatever else is there.
    const [broken, ...others] = texts(10, "broken");
    const wrong = {
      ...broken,
      nar: () => streamOf(narBytes(narTreeSource, { type: "symlink", target: "x" })),
    };
    await expect(store.writer.addMany([...others, wrong as PathToAdd])).rejects.toThrow(
      /bytes instead of/,
    );
  });

  test("refuses NARs that are not what their hash says", async () => {
    const config = { storeDir: store.storeDir, hashes: nodeHashes };
    const path = makeTextPath(config, "wrong", "right", []);
    const nar = narBytes(narTreeSource, { type: "regular", executable: false, contents: "wrong" });
    const info: PathInfo = {
      path,
      narHash: { algorithm: "sha256", digest: new Uint8Array(32) },
      narSize: nar.length,
      references: [],
      registrationTime: 0,
      ultimate: false,
      signatures: [],
    };
    await expect(
      store.writer.add({ info, nar: () => streamOf(nar) }, { checkSignatures: false }),
    ).rejects.toThrow(/hash mismatch/);
    expect(await store.info(path)).toBeUndefined();
  });

  test("says so when the daemon dies in the middle, and works with the next one", async () => {
    const other = new NixDaemon();
    await other.start();
    const victim = other.open();
    try {
      expect((await victim.facts()).version).toBeDefined();
      const adding = victim.writer.addContent({
        name: "endless",
        method: "flat",
        algorithm: "sha256",
        bytes: async function* () {
          for (let i = 0; ; i++) {
            if (i === 20) killWorkers(other.pid as number);
            yield new Uint8Array(65536);
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        },
      });
      await expect(adding).rejects.toThrow("Nix daemon disconnected unexpectedly");
      await expect(victim.pathOfHashPart("0".repeat(32))).rejects.toBeInstanceOf(Error);
      expect(readdirSync(other.storeDir).filter((name) => /^[0-9a-z]{32}-/.test(name))).toEqual([]);
      await other.stop();
      await other.start();
      expect(await victim.pathOfHashPart("0".repeat(32))).toBeUndefined();
    } finally {
      await victim.close();
      await other.dispose();
    }
  });

  test("connects to sockets with long paths", async () => {
    const folder = join(daemon.folder, "x".repeat(100));
    mkdirSync(folder);
    symlinkSync(daemon.socket, join(folder, "socket"));
    const far = new DaemonStore(nodeStoreHost, unixConnector(join(folder, "socket")), {
      uri: "unix://far",
      storeDir: daemon.storeDir,
    });
    expect((await far.facts()).protocolMinor).toBeGreaterThanOrEqual(34);
    await far.close();
  });

  test("says why it cannot connect", async () => {
    const wrong = new NixDaemon();
    const closed = wrong.open();
    await expect(closed.facts()).rejects.toMatchObject({
      kind: "connection",
      message: `cannot open connection to remote store 'unix://${wrong.socket}': cannot connect to socket at '${wrong.socket}': No such file or directory`,
    } satisfies Partial<StoreError>);
    await closed.close();
    await wrong.dispose();
  });

  async function waitFor<T>(look: () => T): Promise<T> {
    for (let waited = 0; ; waited += 50) {
      try {
        const found = look();
        if (found !== "") return found;
      } catch (error) {
        if (waited > 20_000) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Kills the processes that a daemon forked for its connections. */
  function killWorkers(pid: number): void {
    for (const child of daemon.run("ps", "-o", "pid=", "--ppid", String(pid)).split(/\s+/)) {
      if (child !== "") process.kill(Number(child), "SIGKILL");
    }
  }
});
