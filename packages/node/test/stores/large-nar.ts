/**
 * Measures what a large NAR costs in memory on its way through stores:
 *
 *     node scripts/run-ts.mjs packages/node/test/stores/large-nar.ts [MEBIBYTES]
 *
 * adds a file of 1024 MiB (unless another size is given) to a nix-daemon, copies it to a directory, to
 * a binary cache and back, and prints time and the most memory above that at the start. Not part of
 * `npm test`: it takes a minute and several gigabytes of disk.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyPaths, digestOf, type Store } from "@nivis/store";
import { nodeStoreHost } from "../../src/stores/node-store-host.ts";
import { openStore } from "../../src/stores/open-store.ts";
import { NixDaemon } from "./nix-daemon.ts";

const MIB = 2 ** 20;
const LIMIT = 100;
const size = Number(process.argv[2] ?? 1024) * MIB;

async function* contents(): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(256 * 1024);
  for (let at = 0; at < size; at += piece.length) {
    piece.fill((at / piece.length) % 251);
    yield piece;
  }
}

const folder = mkdtempSync(join(tmpdir(), "nivis-large-"));
const daemon = new NixDaemon();
await daemon.start();
const store = daemon.open();
await store.facts();
let failed = false;

async function measured(what: string, run: () => Promise<void>): Promise<void> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 20);
  const started = performance.now();
  await run();
  clearInterval(timer);
  const seconds = (performance.now() - started) / 1000;
  const above = (most - before) / MIB;
  if (above > LIMIT) failed = true;
  process.stdout.write(
    `${what.padEnd(28)} ${seconds.toFixed(1).padStart(6)} s ${above.toFixed(0).padStart(6)} MiB above idle\n`,
  );
}

try {
  let path = "";
  await measured("to a daemon", async () => {
    const added = await store.writer.addContent({
      name: "large",
      method: "flat",
      algorithm: "sha256",
      bytes: contents,
    });
    path = added.path;
  });
  const copy = async (from: Store, to: Store): Promise<void> => {
    await copyPaths(from, to, [path], { checkSignatures: false });
  };
  const options = { storeDir: daemon.storeDir, requireSignatures: false };
  const directory = await openStore(join(folder, "root"), options);
  const cache = await openStore(`file://${folder}/cache?compression=none`, options);
  const back = await openStore(join(folder, "back"), options);
  await measured("daemon to directory", () => copy(store, directory));
  await measured("directory to binary cache", () => copy(directory, cache));
  await measured("binary cache to directory", () => copy(cache, back));
  await measured("read from directory", async () => {
    await digestOf(back.nar(path), nodeStoreHost.hashes);
  });
  await store.close();
  await daemon.delete(path);
  const again = daemon.open();
  await measured("binary cache to daemon", () => copy(cache, again));
  await again.close();
} finally {
  await store.close();
  await daemon.dispose();
  rmSync(folder, { recursive: true, force: true });
}
if (failed) process.stdout.write(`more than ${LIMIT} MiB\n`);
process.exit(failed ? 1 : 0);
