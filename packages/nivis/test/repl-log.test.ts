/** `:log` of the REPL uses the store and the settings of the command line, as `nivis log` does. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { folderWith, nivis, nivisLater } from "./terminal-double.ts";

const PROGRAM = 'derivation { name = "logged"; system = "x"; builder = "/bin/sh"; }';
const environment = { NIX_REMOTE: "/nowhere/of-this-machine" };
const drvPath = nivis(
  ["eval", "--store", "dummy://", "--raw", "--expr", `(${PROGRAM}).drvPath`],
  {},
).out;
const cache = folderWith({
  "nix-cache-info": "StoreDir: /nix/store\n",
  [join("log", basename(drvPath))]: "what the builder said\n",
});
afterAll(cache.remove);

function log(substituter: string, onInterrupt?: (listener: () => void) => () => void) {
  const args = ["repl", "--store", "dummy://", "--option", "substituters", substituter];
  const typed = `:log ${PROGRAM}\n1 + 1\n`;
  return nivisLater(args, {
    typed,
    environment,
    ...(onInterrupt === undefined ? {} : { onInterrupt }),
  });
}

describe(":log", () => {
  test("looks into the substituters of the command line, and into no other store", async () => {
    const { code, out, err } = await log(`file://${cache.path}`);
    expect(err).toContain(`got build log for '${drvPath}' from 'file://${cache.path}'`);
    expect(err).not.toContain("error");
    expect(out).toContain("what the builder said\n");
    expect(code).toBe(0);
  });

  test("is stopped by Ctrl-C while a substituter does not respond", async () => {
    const listeners = new Set<() => void>();
    // A server that takes requests and never responds to them.
    const server = createServer(() => {
      for (const listener of [...listeners]) listener();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const { port } = server.address() as AddressInfo;
      const { code, out, err } = await log(`http://127.0.0.1:${port}`, (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      });
      expect(err).toContain("interrupted by the user");
      expect(out).toContain("2\n");
      expect(code).toBe(0);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
