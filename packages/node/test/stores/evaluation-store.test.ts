/**
 * Evaluation over a real nix-daemon: derivations and sources are written together, what is imported is
 * built, and errors are the daemon's. The thread that holds the connection is the built one.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EvalError, Evaluation, printAmbiguous, type Settings } from "@nivis/eval";
import { makeTextPath } from "@nivis/formats";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeHashes } from "../../src/node-hashes.ts";
import { nodeIo } from "../../src/node-io.ts";
import { openEvaluationStore } from "../../src/open-evaluation-store.ts";
import { BlockingStore } from "../../src/stores/evaluation/blocking-store.ts";
import { EvaluationStore } from "../../src/stores/evaluation/evaluation-store.ts";
import { isNixInstalled, NixDaemon } from "./nix-daemon.ts";

const WORKER = fileURLToPath(new URL("../../dist/store-worker.js", import.meta.url));

if (!isNixInstalled) process.stderr.write("evaluation-store: no nix-daemon, so nothing is built\n");

describe.skipIf(!isNixInstalled)("with a nix-daemon", () => {
  const daemon = new NixDaemon("extra-experimental-features = ca-derivations");
  const stores: EvaluationStore[] = [];
  beforeAll(() => daemon.start());
  afterAll(() => {
    for (const store of stores) store.close();
    return daemon.stop();
  });

  function evaluation(settings: Partial<Settings> = {}) {
    const { storeDir, socketUri } = daemon;
    const log: string[] = [];
    const store = new EvaluationStore(
      storeDir,
      new BlockingStore({
        evalStore: socketUri,
        buildStore: socketUri,
        options: { storeDir },
        worker: WORKER,
      }),
    );
    stores.push(store);
    const io = nodeIo({ log: ({ text }) => log.push(text) });
    const machine = new Evaluation({
      io,
      hashes: nodeHashes,
      store,
      settings: { readOnlyMode: false, storeDir, ...settings },
    });
    const run = (text: string): string => {
      try {
        const value = machine.deepForce(machine.evaluate(text, { basePath: daemon.folder }));
        return printAmbiguous(value);
      } catch (error) {
        if (!(error instanceof EvalError)) throw error;
        return `${error.kind}: ${error.message}`;
      }
    };
    return { run, store, log };
  }

  const drv = (name: string, script: string, more = "") =>
    `derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" ${JSON.stringify(`PATH=/usr/bin:/bin; ${script}`)} ]; ${more} }`;

  test("writes derivations and sources that C++ Nix finds valid", () => {
    mkdirSync(join(daemon.folder, "src"));
    writeFileSync(join(daemon.folder, "src", "kept"), "kept");
    writeFileSync(join(daemon.folder, "src", "dropped"), "dropped");
    const { run, store } = evaluation();
    const path = run(
      `let inner = ${drv("inner", "echo hi > $out", "")};
         src = builtins.path { path = ./src; filter = p: t: baseNameOf p != "dropped"; };
         flat = builtins.path { path = ./src/kept; recursive = false; name = "flat"; };
       in (${drv("outer", "echo $src > $out", 'inherit inner src flat; text = builtins.toFile "t" "x"; whole = ./src;')}).drvPath`,
    ).slice(1, -1);
    expect(() => daemon.run("nix-store", "--query", "--hash", path)).toThrow();
    store.flush();
    const closure = daemon.run("nix-store", "--query", "--requisites", path).split("\n");
    expect(closure.map((one) => one.replace(/.*\/\w{32}-/, "")).sort()).toEqual(
      ["flat", "inner.drv", "outer.drv", "src", "src", "t"].sort(),
    );
    daemon.run("nix-store", "--verify", "--check-contents");
    const out = daemon.run("nix-store", "--realise", path);
    expect(out).toMatch(/-outer$/);
  });

  test("builds what is imported, once, and reads it", () => {
    const { run } = evaluation();
    const d = drv(
      "ifd",
      "mkdir $out; echo '{ a = 41; }' > $out/default.nix; echo -n text > $out/t",
    );
    expect(
      run(
        `let d = ${d}; in [ ((import d).a + 1) (builtins.readFile "\${d}/t") (builtins.attrNames (builtins.readDir d)) (builtins.pathExists "\${d}/no") ]`,
      ),
    ).toBe('[ 42 "text" [ "default.nix" "t" ] false ]');
  });

  test("says why a build failed", () => {
    const { run } = evaluation();
    const answer = run(`import (${drv("broken", "echo it broke; exit 3")})`);
    expect(answer).toMatch(/^io: .*builder for '.*-broken\.drv' failed with exit code 3/);
  });

  test("has the output of a floating derivation where its placeholder stood", () => {
    const { run } = evaluation({ experimentalFeatures: new Set(["ca-derivations"]) });
    const answer = run(
      `builtins.readFile (${drv("floating", "echo -n floated > $out", '__contentAddressed = true; outputHashMode = "recursive"; outputHashAlgo = "sha256";')})`,
    );
    expect(answer).toBe('"floated"');
  });

  test("knows what is valid, and imports a derivation by its file", () => {
    const { run } = evaluation();
    const program = `let d = ${drv("again", "echo > $out")}; in [ (import d.drvPath).name (builtins.pathExists d.drvPath) ]`;
    expect(run(program)).toBe('[ "again" true ]');
    expect(
      run(`builtins.storePath "${daemon.storeDir}/00000000000000000000000000000000-no"`),
    ).toMatch(/^(io|invalid-path): /);
  });
});

describe.skipIf(!isNixInstalled)("with batches", () => {
  const daemon = new NixDaemon();
  beforeAll(() => daemon.start());
  afterAll(() => daemon.dispose());

  const open = (storeDir = daemon.storeDir) =>
    new EvaluationStore(
      storeDir,
      new BlockingStore({
        evalStore: daemon.socketUri,
        buildStore: daemon.socketUri,
        options: { storeDir },
        worker: WORKER,
      }),
    );
  const text = (i: number) => {
    const contents = `text ${i}`;
    const config = { storeDir: daemon.storeDir, hashes: nodeHashes };
    return { path: makeTextPath(config, `text-${i}`, contents, []), contents };
  };

  test("what was sent is valid for whoever asks", () => {
    const store = open();
    for (let i = 0; i < 300; i++) store.addText(text(i).path, text(i).contents, []);
    // Two batches are under way, the rest is not sent yet.
    for (const i of [0, 200, 299]) expect(store.isValidPath(text(i).path)).toBe(true);
    expect(store.references(text(1).path)).toEqual([]);
    store.close();
    expect(daemon.run("nix-store", "--verify", "--check-contents")).toBe("");
  });

  test("a failed batch is an error of the next flush, and of no other", () => {
    const store = open();
    const wrong = text(1000).path.replace("text-1000", "text-wrong");
    for (let i = 400; i < 600; i++) store.addText(text(i).path, text(i).contents, []);
    store.addText(wrong, "anything", []);
    expect(() => store.flush()).toThrow(/text-wrong/);
    store.flush();
    expect(store.isValidPath(wrong)).toBe(false);
    expect(store.isValidPath(text(400).path)).toBe(true);
    store.close();
  });

  test("two evaluations may write the same at once", () => {
    const [one, other] = [open(), open()];
    for (let i = 2000; i < 2600; i++) {
      one.addText(text(i).path, text(i).contents, []);
      other.addText(text(i).path, text(i).contents, []);
    }
    one.flush();
    other.flush();
    expect(other.isValidPath(text(2599).path)).toBe(true);
    one.close();
    other.close();
  });

  test("gives up what is under way", () => {
    const store = open();
    for (let i = 5000; i < 9000; i++) store.addText(text(i).path, text(i).contents, []);
    store.abandon();
    const after = open();
    expect(after.isValidPath(text(8999).path)).toBe(false);
    after.close();
  });
});

test("the objects of the store of this machine are where their paths say", () => {
  const request = { storeDir: "/nix/store", currentDirectory: "/some/where", environment: {} };
  const open = (uri: string) => openEvaluationStore({ ...request, programs: {}, uri });
  expect(open("local").relocatedDirectory).toBeUndefined();
  expect(open("local?root=/other").relocatedDirectory).toBe("/other/nix/store");
  expect(open("/other").relocatedDirectory).toBe("/other/nix/store");
});

test("a store that cannot be opened is an error of the evaluation", () => {
  const store = new EvaluationStore(
    "/nix/store",
    new BlockingStore({
      evalStore: "unix:///nowhere/socket",
      buildStore: "unix:///nowhere/socket",
      options: { storeDir: "/nix/store" },
      worker: WORKER,
    }),
  );
  const path = "/nix/store/00000000000000000000000000000000-x";
  expect(() => store.isValidPath(path)).toThrow(/cannot (connect to socket|open connection)/);
  expect(() => store.isValidPath(path)).toThrow(/previously failed|cannot/);
});
