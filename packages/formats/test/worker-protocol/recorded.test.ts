/**
 * Sessions with a real nix-daemon, recorded by packages/node/test/stores/record-sessions.ts: both
 * sides are decoded completely and round-trip, whatever the chunks.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type Agreement,
  type AnyOperation,
  clientHandshake,
  type Decoding,
  FrameReader,
  NarStream,
  OPERATIONS,
  type OperationName,
  operationName,
  type ServerMessage,
  serverHandshake,
  serverMessage,
  WireInput,
  WireOutput,
} from "../../src/index.ts";

interface Recording {
  readonly daemon: string;
  readonly storeDir: string;
  readonly connections: readonly { readonly client: string; readonly server: string }[];
}

const folder = new URL("recorded/", import.meta.url);
const recordings = readdirSync(folder).map(
  (name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Recording,
);

/** Decodes bytes that arrive in pieces of one length. */
class Side {
  readonly input = new WireInput();
  #at = 0;

  constructor(
    readonly bytes: Uint8Array,
    private readonly length: number,
  ) {}

  /** The number of decoded bytes. */
  get position(): number {
    return this.#at - this.input.available;
  }

  get isAtEnd(): boolean {
    return this.position === this.bytes.length;
  }

  more(): void {
    if (this.#at >= this.bytes.length) throw new Error("the recording ends too early");
    this.input.push(this.bytes.slice(this.#at, this.#at + this.length));
    this.#at = Math.min(this.bytes.length, this.#at + this.length);
  }

  decode<T>(decoding: Decoding<T>): T {
    this.input.beginValue();
    for (;;) {
      const step = decoding.next();
      if (step.done === true) return step.value;
      this.more();
    }
  }
}

function sides(
  recorded: Recording,
  index: number,
  length: number,
): { client: Side; server: Side; storeDir: string } {
  const { client, server } = recorded.connections[index] as { client: string; server: string };
  return {
    client: new Side(Buffer.from(client, "base64"), length),
    server: new Side(Buffer.from(server, "base64"), length),
    storeDir: recorded.storeDir,
  };
}

/** Decodes a connection; `each` receives every value with its bytes. */
function replay(
  { client, server, storeDir }: { client: Side; server: Side; storeDir: string },
  each: (
    side: Side,
    from: number,
    write: (output: WireOutput, agreed: Agreement) => void,
    agreed: Agreement,
  ) => void = () => {},
): { agreed: Agreement; operations: OperationName[]; messages: ServerMessage[] } {
  const messages: ServerMessage[] = [];
  const operations: OperationName[] = [];
  const agreed = server.decode(clientHandshake(server.input, new WireOutput(), { storeDir }));
  client.decode(serverHandshake(client.input, new WireOutput(), { storeDir, minor: agreed.minor }));
  const readMessages = (): ServerMessage => {
    for (;;) {
      const from = server.position;
      const message = server.decode(serverMessage.read(server.input, agreed));
      each(server, from, (output) => serverMessage.write(output, message, agreed), agreed);
      messages.push(message);
      if (message.kind === "last" || message.kind === "error") return message;
    }
  };
  readMessages();
  while (!client.isAtEnd) {
    const name = operationName(client.decode(client.input.uint())) as OperationName;
    operations.push(name);
    const operation: AnyOperation = OPERATIONS[name];
    const from = client.position;
    const request: unknown = client.decode(operation.request.read(client.input, agreed));
    each(client, from, (output) => operation.request.write(output, request, agreed), agreed);
    if (operation.payload === "framed") {
      const frames = new FrameReader(client.input);
      while (client.decode(frames.next(1000)) !== undefined);
    }
    if (readMessages().kind === "error") {
      // The daemon reports an error before the operation twice, and closes the connection.
      if (server.isAtEnd === false && client.isAtEnd) readMessages();
      continue;
    }
    const replyFrom = server.position;
    const reply: unknown = server.decode(operation.reply.read(server.input, agreed));
    // Before 1.38, built outputs are JSON with a hash that is never used and that we do not keep.
    const isExact = name !== "buildPathsWithResults" || agreed.features.size > 0;
    if (isExact) {
      each(server, replyFrom, (output) => operation.reply.write(output, reply, agreed), agreed);
    }
    if (operation.payload === "raw-nar-reply") {
      const nar = new NarStream();
      while (!nar.done) {
        while (server.input.available === 0) server.more();
        nar.push(server.input.takeSome(server.input.available));
      }
      server.input.push(nar.takeRest());
    }
  }
  expect(server.isAtEnd).toBe(true);
  return { agreed, operations, messages };
}

describe.each(recordings.map((one) => [one.daemon, one] as const))(
  "sessions with nix-daemon %s",
  (_, recorded) => {
    const indices = recorded.connections.map((_, index) => index);

    test.each(indices)("connection %i decodes in chunks of any length", (index) => {
      const whole = replay(sides(recorded, index, 1 << 20));
      for (const length of [1, 7, 8, 100, 4096]) {
        expect(replay(sides(recorded, index, length))).toEqual(whole);
      }
    });

    test.each(indices)("connection %i is written as it was", (index) => {
      const output = new WireOutput();
      replay(sides(recorded, index, 1 << 20), (side, from, write, agreed) => {
        write(output, agreed);
        const bytes = output.take();
        expect(Buffer.from(bytes).equals(side.bytes.subarray(from, side.position))).toBe(true);
      });
    });

    test.each(indices)("connection %i says so where it is cut off", (index) => {
      const { client, server, storeDir } = sides(recorded, index, 1 << 20);
      for (let length = 0; length < server.bytes.length; length += 13) {
        const cut = {
          client: new Side(client.bytes, 1 << 20),
          server: new Side(server.bytes.slice(0, length), 100),
          storeDir,
        };
        expect(() => replay(cut)).toThrow("the recording ends too early");
      }
    });

    test("have what they are to show", () => {
      const all = indices.map((index) => replay(sides(recorded, index, 1 << 20)));
      const operations = new Set(all.flatMap((one) => one.operations));
      expect([...operations].sort()).toEqual(
        expect.arrayContaining([
          "addMultipleToStore",
          "addToStore",
          "addToStoreNar",
          "buildPathsWithResults",
          "narFromPath",
          "queryMissing",
          "queryPathInfo",
        ]),
      );
      const messages = all.flatMap((one) => one.messages);
      const kinds = new Set(messages.map(({ kind }) => kind));
      expect(kinds).toContain("error");
      expect(kinds).toContain("start-activity");
      const lines = messages.flatMap((one) =>
        one.kind === "result" && one.result.type === 101 ? one.result.fields : [],
      );
      expect(lines).toEqual(expect.arrayContaining(["line", "trouble"]));
    });
  },
);
