/**
 * Records what our client and a real nix-daemon say to each other, for the tests of the codec:
 *
 *     node scripts/run-ts.mjs packages/node/test/stores/record-sessions.ts
 *
 * writes packages/formats/test/worker-protocol/recorded/nix-VERSION.json, VERSION being that of the
 * nix-daemon on PATH: a list of connections, each with the
 * bytes of both sides in base 64. The directory of the daemon is
 * replaced by another name of the same length.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { finishDerivation } from "@nivis/formats";
import { type Connector, collect, DaemonStore, streamOf, type Transport } from "@nivis/store";
import { nodeHashes } from "../../src/node-hashes.ts";
import { unixConnector } from "../../src/stores/duplex-transport.ts";
import { nodeStoreHost } from "../../src/stores/node-store-host.ts";
import { NixDaemon } from "./nix-daemon.ts";

const NEUTRAL_FOLDER = "/srv/recorded-for-a-test";

interface Recorded {
  readonly client: Uint8Array[];
  readonly server: Uint8Array[];
}

const connections: Recorded[] = [];

function recording(connector: Connector): Connector {
  return async (signal) => {
    const transport = await connector(signal);
    const recorded: Recorded = { client: [], server: [] };
    connections.push(recorded);
    const wrapped: Transport = {
      write: (bytes) => {
        recorded.client.push(bytes.slice());
        return transport.write(bytes);
      },
      read: async () => {
        const chunk = await transport.read();
        if (chunk !== undefined) recorded.server.push(chunk);
        return chunk;
      },
      close: () => transport.close(),
    };
    return wrapped;
  };
}

const daemon = new NixDaemon();
await daemon.start();
const store = new DaemonStore(nodeStoreHost, recording(unixConnector(daemon.socket)), {
  uri: "unix://recorded",
  storeDir: daemon.storeDir,
  maxConnections: 1,
});

async function drv(name: string, script: string): Promise<string> {
  const finished = finishDerivation(
    {
      name,
      outputs: new Map([["out", { kind: "deferred" }]]),
      inputDrvs: new Map(),
      inputSrcs: new Set(),
      system: "x86_64-linux",
      builder: "/bin/sh",
      args: ["-c", script],
      env: new Map([["name", name]]),
    },
    {
      storeDir: store.storeDir,
      hashes: nodeHashes,
      cache: new Map(),
      readDerivation: (path) => {
        throw new Error(path);
      },
    },
  );
  const bytes = () => streamOf(finished.text);
  await store.writer.addContent({
    name: `${name}.drv`,
    method: "text",
    algorithm: "sha256",
    bytes,
  });
  return finished.drvPath;
}

const text = await store.writer.addContent({
  name: "text",
  method: "text",
  algorithm: "sha256",
  bytes: () => streamOf("a text"),
});
const referrer = await store.writer.addContent({
  name: "referrer",
  method: "text",
  algorithm: "sha256",
  references: [text.path],
  bytes: () => streamOf(`see ${text.path}`),
});
const gone = `${store.storeDir}/${"0".repeat(32)}-gone`;
await store.facts();
const fresh = store;
await fresh.validPaths([text.path, gone]);
await fresh.info(gone);
await fresh.pathOfHashPart(text.path.slice(store.storeDir.length + 1, store.storeDir.length + 33));
await fresh.referrers(text.path);
await fresh.allPaths();
await fresh.addTempRoot(text.path);
await fresh.addIndirectRoot(join(daemon.folder, "result"));
await fresh.findRoots();
await fresh.outputsOf(gone).catch(() => {});
await collect(fresh.nar(referrer.path));
await fresh.addSignatures(text.path, ["key:c2lnbmF0dXJl"]);
await fresh.add({ info: { ...text, path: gone }, nar: () => streamOf("no NAR") }).catch(() => {});
const good = await drv("good", "echo line; echo > $out");
const bad = await drv("bad", "echo trouble; exit 1");
const built = (path: string) =>
  ({ kind: "built", drv: { kind: "opaque", path }, outputs: "all" }) as const;
const builder = fresh.builder(fresh);
await builder.missing([built(good), { kind: "opaque", path: gone }]);
await builder.build([built(good), built(bad)]);
await fresh.outputsOf(good);
await fresh.realisation({ drvPath: good, outputName: "out" }).catch(() => {});
const nar = await collect(fresh.nar(text.path));
await fresh.addMany([{ info: text, nar: () => streamOf(nar) }]);
await fresh.collect({ action: "return-dead" });
const version = (await store.facts()).version;
await store.close();
await daemon.dispose();

function base64(chunks: readonly Uint8Array[]): string {
  const bytes = Buffer.concat(chunks).toString("latin1");
  return Buffer.from(bytes.replaceAll(daemon.folder, NEUTRAL_FOLDER), "latin1").toString("base64");
}

const target = new URL(
  `../../../formats/test/worker-protocol/recorded/nix-${version}.json`,
  import.meta.url,
);
const recorded = {
  daemon: version,
  storeDir: `${NEUTRAL_FOLDER}/store`,
  connections: connections.map(({ client, server }) => ({
    client: base64(client),
    server: base64(server),
  })),
};
writeFileSync(target, `${JSON.stringify(recorded, null, 2)}\n`);
process.stdout.write(`recorded ${connections.length} connections with nix ${version}\n`);
