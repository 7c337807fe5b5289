/** Listens on a Unix domain socket and serves a store to each client that connects. */

import { rmSync } from "node:fs";
import { marked } from "@nivis/formats";
import { type ServerOptions, StoreError, serveClient, type Transport } from "@nivis/store";
import { DuplexTransport } from "./duplex-transport.ts";
import { nodeStoreHost } from "./node-store-host.ts";

/** A daemon that listens. */
export interface DaemonListener {
  /** Ends all connections and stops listening. */
  close(): Promise<void>;
}

/** Serves clients on a socket, which is made anew. */
export async function listenOnSocket(
  path: string,
  options: ServerOptions,
): Promise<DaemonListener> {
  const { createServer } = process.getBuiltinModule("node:net");
  const open = new Set<Transport>();
  const served = new Set<Promise<void>>();
  const server = createServer((socket) => {
    const transport = new DuplexTransport(socket, socket);
    open.add(transport);
    const serving = serveClient(transport, nodeStoreHost, options).finally(() => {
      open.delete(transport);
      served.delete(serving);
    });
    served.add(serving);
  });
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(new StoreError("io", marked`cannot listen on socket '${path}': ${error.message}`)),
    );
    server.listen(path, resolve);
  });
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const transport of open) transport.close();
      await Promise.all([...served, closed]);
    },
  };
}

/** Serves one client on the standard streams, whom nobody can tell from others. */
export async function serveOnStandardStreams(options: ServerOptions): Promise<void> {
  await serveClient(new DuplexTransport(process.stdin, process.stdout), nodeStoreHost, options);
}
