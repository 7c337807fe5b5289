/**
 * Peers that do not keep to the protocol: daemons that lie to our client, clients that lie to our
 * daemon. Neither may crash, hang or make us hold more than there is.
 */
import { frameHeader, OPERATIONS, portableHashes, WireOutput } from "@nivis/formats";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  collect,
  DaemonStore,
  MemoryStore,
  type PathToAdd,
  type StoreHost,
  serveClient,
  streamOf,
  type Transport,
  TrustedKeys,
  transportPair,
} from "../src/index.ts";

const storeDir = "/nix/store";
const signatures = {
  sign: () => new Uint8Array(64),
  verify: () => false,
  generate: () => new Uint8Array(64),
};
const host: StoreHost = {
  hashes: portableHashes,
  clock: {
    now: () => Date.now(),
    sleep: (milliseconds, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        signal?.addEventListener("abort", () => {
          clearTimeout(timer);
          resolve();
        });
      }),
  },
  signatures,
  codecs: {},
  processors: 1,
  spool: async () => {
    const pieces: Uint8Array[] = [];
    return {
      write: async (bytes) => {
        pieces.push(new Uint8Array(bytes));
      },
      read: () => streamOf(...pieces),
      dispose: async () => {},
    };
  },
};

function words(...values: (number | bigint)[]): Uint8Array {
  const output = new WireOutput();
  for (const value of values) output.uint64(BigInt(value));
  return output.take();
}

const SERVER_MAGIC = 0x6478696f;
const LAST = 0x616c7473;
/** A daemon of 1.34 that has greeted. */
const GREETING = [words(SERVER_MAGIC, 0x122), words(3), Buffer.from("2.8\0\0\0\0\0"), words(LAST)];

/** A store behind a daemon that says what it is told to, whatever it is asked. */
function lying(
  answer: (transport: Transport) => Promise<void>,
  handshakeTimeout = 5000,
): DaemonStore {
  const connector = async (): Promise<Transport> => {
    const [client, daemon] = transportPair();
    void answer(daemon);
    return client;
  };
  return new DaemonStore(host, connector, { uri: "unix://liar", storeDir, handshakeTimeout });
}

async function say(transport: Transport, ...chunks: Uint8Array[]): Promise<void> {
  for (const chunk of chunks) await transport.write(chunk);
}

const path = `${storeDir}/${"a".repeat(32)}-x`;

describe("a daemon", () => {
  test("that says nothing is not waited for for ever", async () => {
    await expect(lying(async () => {}, 50).facts()).rejects.toThrow(
      "cannot open connection to remote store 'unix://liar': the daemon did not complete the handshake within 0.05 seconds",
    );
  });

  test("that is none is shown", async () => {
    const shell = lying((transport) =>
      say(transport, Buffer.from("bash: nix-daemon: not found\n")),
    );
    await expect(shell.facts()).rejects.toThrow(
      "nix-daemon protocol mismatch from: got 'bash: ni'",
    );
    const old = lying((transport) => say(transport, words(SERVER_MAGIC, 0x115)));
    await expect(old.facts()).rejects.toThrow("the Nix daemon version is too old");
    const gone = lying(async (transport) => transport.close());
    await expect(gone.facts()).rejects.toThrow("Nix daemon disconnected unexpectedly");
  });

  test.each([
    ["a message that nobody knows", words(0x12345678), "got unknown message type 12345678"],
    ["a list of 2^60 paths", words(LAST, 2n ** 60n), "is too long"],
    ["a string of 2^62 bytes", words(LAST, 1, 2n ** 62n), "string is too long"],
    [
      "a path of another store",
      new Uint8Array([...words(LAST, 1, 4), ...Buffer.from("/x/y\0\0\0\0")]),
      "is not in the Nix store",
    ],
  ])("that sends %s breaks its connection, and nothing else", async (_, bytes, message) => {
    const store = lying(async (transport) => {
      await say(transport, ...GREETING, bytes);
    });
    await expect(store.referrers(path)).rejects.toThrow(message);
    // The next request gets a connection of its own.
    await expect(store.referrers(path)).rejects.toThrow(message);
    await store.close();
  });

  test("that is cut off at any byte is an error and no hang", async () => {
    const output = new WireOutput();
    output.uint(LAST);
    const agreed = { minor: 34, features: new Set<never>(), storeDir };
    OPERATIONS.queryReferrers.reply.write(output, [path], agreed);
    const whole = Buffer.concat([...GREETING, output.take()]);
    for (let length = 0; length < whole.length; length += 3) {
      const store = lying(async (transport) => {
        await say(transport, whole.subarray(0, length));
        transport.close();
      });
      await expect(store.referrers(path)).rejects.toThrow("Nix daemon disconnected unexpectedly");
    }
    const store = lying((transport) => say(transport, whole));
    expect(await store.referrers(path)).toEqual([path]);
  });

  test("that sends anything at all is an error of the store", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 80 }), async (noise) => {
        const store = lying(async (transport) => {
          await say(transport, ...GREETING, noise);
          transport.close();
        });
        const outcome = await store.referrers(path).catch((error: unknown) => error);
        expect((outcome as Error).name).toBe("StoreError");
      }),
      { numRuns: 100 },
    );
  });
});

describe("a client", () => {
  async function serve(
    send: (transport: Transport) => Promise<void>,
    trusted = true,
    store = new MemoryStore(host, { storeDir }),
  ): Promise<{ received: Uint8Array; errors: unknown[]; store: MemoryStore }> {
    const [client, server] = transportPair();
    const errors: unknown[] = [];
    const serving = serveClient(server, host, {
      open: async () => ({ store }),
      trusted,
      version: "2.36.0",
      onError: (error) => errors.push(error),
    });
    const received: Uint8Array[] = [];
    const reading = (async () => {
      for (;;) {
        const chunk = await client.read();
        if (chunk === undefined) return;
        received.push(chunk);
      }
    })();
    await send(client);
    client.close();
    await serving;
    server.close();
    await reading;
    return { received: Buffer.concat(received), errors, store };
  }

  const HELLO = [words(0x6e697863, 0x122), words(0, 0)];

  test("that sends noise gets an error, and the daemon lives on", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.array(fc.constantFrom(0, 1, 7, 9, 26, 31, 39, 44, 46, 99, 2 ** 40), { maxLength: 4 }),
        fc.uint8Array({ maxLength: 120 }),
        async (hasGreeted, numbers, noise) => {
          const { errors } = await serve(async (transport) => {
            if (hasGreeted) await say(transport, ...HELLO);
            await say(transport, words(...numbers), noise);
            await new Promise((resolve) => setTimeout(resolve, 1));
          });
          for (const error of errors) {
            expect(["StoreError", "FormatError"]).toContain((error as Error).name);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test("is told of operations that do not exist", async () => {
    const { received } = await serve(async (transport) => {
      await say(transport, ...HELLO, words(77));
      await new Promise((resolve) => setTimeout(resolve, 10));
    });
    expect(Buffer.from(received).toString("latin1")).toContain("invalid operation 77");
  });

  test("that goes away in the middle of frames leaves nothing behind", async () => {
    const output = new WireOutput();
    output.uint(7);
    const agreed = { minor: 34, features: new Set<never>(), storeDir };
    OPERATIONS.addToStore.request.write(
      output,
      { name: "x", methodAlgorithm: "fixed:sha256", references: [], repair: false },
      agreed,
    );
    const { store } = await serve(async (transport) => {
      await say(transport, ...HELLO, output.take(), frameHeader(100), new Uint8Array(50));
      await new Promise((resolve) => setTimeout(resolve, 10));
    });
    expect(await store.allPaths()).toEqual([]);
  });

  test("that is not trusted cannot skip signatures", async () => {
    const keys = new TrustedKeys([], signatures);
    const source = new MemoryStore(host, { storeDir });
    const added = await source.writer.addContent({
      name: "x",
      method: "text",
      algorithm: "sha256",
      bytes: () => streamOf("x"),
    });
    const { contentAddress: _, ...info } = added;
    const item: PathToAdd = { info, nar: () => source.nar(added.path) };
    for (const trusted of [false, true]) {
      const served = new MemoryStore(host, { storeDir, trustedKeys: keys });
      const connector = async (): Promise<Transport> => {
        const [client, server] = transportPair();
        void serveClient(server, host, {
          open: async () => ({ store: served }),
          trusted,
          version: "2.36.0",
        });
        return client;
      };
      const client = new DaemonStore(host, connector, { uri: "unix://own", storeDir });
      const adding = client.writer.add(item, { checkSignatures: false });
      if (trusted) await adding;
      else await expect(adding).rejects.toThrow("because it lacks a signature by a trusted key");
      expect((await client.info(added.path)) !== undefined).toBe(trusted);
      const many = client.writer.addMany([item], { checkSignatures: false });
      if (trusted) await many;
      else await expect(many).rejects.toThrow("because it lacks a signature by a trusted key");
      expect((await collect(source.nar(added.path))).length).toBe(info.narSize);
      await client.close();
    }
  });
});
