/** Opening stores by their references: which store is opened, and through what. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Store, streamOf } from "@nivis/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore } from "../../src/stores/open-store.ts";
import { sshArguments, sshOptions } from "../../src/stores/ssh.ts";
import { isNixInstalled, NixDaemon } from "./nix-daemon.ts";

const folder = mkdtempSync(join(tmpdir(), "nivis-open-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function addTo(store: Store): Promise<string | undefined> {
  const added = await store.writer?.addContent({
    name: "opened",
    method: "text",
    algorithm: "sha256",
    bytes: () => streamOf("opened"),
  });
  return added?.path;
}

describe("openStore", () => {
  test("opens what needs no daemon", async () => {
    expect((await openStore("dummy://")).writer).toBeUndefined();
    expect(await addTo(await openStore("dummy://?read-only=false"))).toMatch(/-opened$/);
    const local = await openStore(join(folder, "root"));
    const path = (await addTo(local)) as string;
    expect(existsSync(join(folder, "root", path))).toBe(true);
    expect(local.uri).toBe(`local://${join(folder, "root")}`);
    const again = await openStore(`local?root=${join(folder, "root")}&require-sigs=false`);
    expect((await again.info(path))?.path).toBe(path);
    expect((await again.info(path))?.contentAddress?.method).toBe("text");
    const relative = await openStore("./other", { currentDirectory: folder });
    await addTo(relative);
    expect(existsSync(join(folder, "other/nix/store"))).toBe(true);
    expect(await addTo(await openStore(`file://${folder}/cache?compression=none`))).toBe(path);
  });

  test("refuses what it does not know, and warns of odd parameters", async () => {
    await expect(openStore("s3://bucket")).rejects.toThrow(
      "stores with scheme 's3' are not supported; use a URL of 'https://' if the bucket is public",
    );
    await expect(openStore("odd://host")).rejects.toThrow(
      "don't know how to open Nix store with scheme 'odd'",
    );
    const warnings: string[] = [];
    await openStore("dummy://?odd=1", { warn: (message) => warnings.push(message) });
    expect(warnings).toEqual(["unknown setting 'odd'"]);
    await expect(openStore("dummy://?read-only=maybe")).rejects.toThrow(
      "Boolean setting 'read-only' has invalid value 'maybe'",
    );
  });

  test("chooses by what is there", async () => {
    const state = join(folder, "state");
    mkdirSync(state);
    const environment = { NIX_STATE_DIR: state, NIX_STORE_DIR: join(folder, "store"), PATH: "" };
    expect((await openStore("auto", { environment })).uri).toBe("local");
    mkdirSync(join(state, "db"));
    writeFileSync(join(state, "db", "db.sqlite"), "");
    await expect(openStore("auto", { environment })).rejects.toThrow("has a database of C++ Nix");
  });
});

describe("ssh", () => {
  test("is called as C++ Nix calls it", () => {
    expect(sshOptions(` -p 22 -o 'A B'"C\\"D" e\\ f ''`)).toEqual([
      "-p",
      "22",
      "-o",
      `A BC"D`,
      "e f",
      "",
    ]);
    expect(
      sshArguments("u@host:2222", ["nix-daemon", "--stdio"], {
        extra: ["-v"],
        compress: true,
        key: "/k",
      }),
    ).toEqual([
      "u@host",
      "-x",
      "-v",
      "-i",
      "/k",
      "-C",
      "-p2222",
      "-oPermitLocalCommand=yes",
      "-oLocalCommand=echo started",
      "--",
      "nix-daemon",
      "--stdio",
    ]);
    expect(() => sshArguments("-oProxyCommand=x", [], { extra: [], compress: false })).toThrow(
      "invalid SSH authority: '-oProxyCommand=x': host name '-oProxyCommand=x' must not start with '-'",
    );
  });
});

const suite = isNixInstalled ? describe : describe.skip;

suite("with C++ Nix", () => {
  let daemon: NixDaemon;
  const open: Store[] = [];
  beforeAll(async () => {
    daemon = new NixDaemon();
    await daemon.start();
  });
  afterAll(async () => {
    for (const store of open) await store.close();
    await daemon?.dispose();
  });

  async function opened(reference: string, more: Record<string, string> = {}): Promise<Store> {
    const environment = { ...daemon.environment, ...more };
    const store = await openStore(reference, { environment });
    open.push(store);
    return store;
  }

  test("asks a daemon on its socket", async () => {
    const store = await opened("daemon");
    expect(store.uri).toBe("daemon");
    expect(await addTo(store)).toContain(daemon.storeDir);
    expect((await (await opened(daemon.socketUri)).facts()).version).toBeDefined();
  });

  test("starts nix-daemon for a local store with a database", async () => {
    daemon.run("nix-store", "--init");
    const store = await opened("local");
    const path = (await addTo(store)) as string;
    expect(daemon.run("nix-store", "--query", "--hash", path)).toMatch(/^sha256:/);
    expect((await store.facts()).version).toBeDefined();
  });

  test("speaks through the pipes that stand for ssh", async () => {
    const store = await opened("ssh-ng://localhost");
    expect(await addTo(store)).toContain(daemon.storeDir);
    // A program in the place of ssh, which greets as ssh does when the login succeeds.
    const bin = join(folder, "bin");
    mkdirSync(bin);
    const fake = (script: string): Record<string, string> => {
      writeFileSync(join(bin, "ssh"), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, "ssh"), 0o755);
      return { PATH: `${bin}:${process.env["PATH"]}` };
    };
    const start = 'echo started; while [ "$1" != -- ]; do shift; done; shift; exec "$@"';
    expect(await addTo(await opened("ssh-ng://far", fake(start)))).toContain(daemon.storeDir);
    const noisy = await opened("ssh-ng://far", fake("echo Welcome to the machine; cat"));
    await expect(noisy.facts()).rejects.toThrow(
      "failed to start SSH connection to 'far': got 'Welcome to the machine",
    );
    const silent = await opened("ssh-ng://far", fake("exit 1"));
    await expect(silent.facts()).rejects.toThrow("failed to start SSH connection to 'far'");
    const none = await opened("ssh-ng://localhost?remote-program=/nonexistent/nix-daemon");
    await expect(none.facts()).rejects.toThrow("failed to start SSH connection to 'localhost'");
  });

  test("reads the log of a build", async () => {
    const expression = `derivation { name = "logged"; builder = "/bin/sh"; args = [ "-c" "echo to the log; echo > $out" ]; system = builtins.currentSystem; }`;
    const drv = daemon.run("nix-instantiate", "-E", expression).split("\n").at(-1) as string;
    daemon.run("nix-store", "--realise", drv);
    const store = await opened("daemon");
    let log = "";
    for await (const piece of (await store.logs?.buildLog(drv)) ?? [])
      log += Buffer.from(piece).toString();
    expect(log).toBe("to the log\n");
    const link = join(folder, "result");
    symlinkSync(drv, link);
    await store.roots?.addIndirectRoot?.(link);
    expect(await store.roots?.findRoots()).toContainEqual({ link, path: drv });
  });
});
