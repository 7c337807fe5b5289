/** The streaming reader of NARs agrees with the reader of whole archives, whatever the chunks. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bytesOf,
  listNar,
  type NarEvent,
  type NarListing,
  NarStream,
  type NarTree,
  narBytes,
  narTreeSource,
} from "../src/index.ts";

const name = fc.stringMatching(/^[a-z]{1,3}$/);
const { tree } = fc.letrec<{ tree: NarTree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.record({
      type: fc.constant("regular" as const),
      executable: fc.boolean(),
      contents: fc.uint8Array({ maxLength: 30 }),
    }),
    fc.record({ type: fc.constant("symlink" as const), target: name }),
    fc.record({
      type: fc.constant("directory" as const),
      entries: fc
        .dictionary(name, tie("tree"), { maxKeys: 4 })
        .map((entries) => new Map(Object.entries(entries)) as ReadonlyMap<string, NarTree>),
    }),
  ),
}));

function eventsOf(bytes: Uint8Array, length: number): { events: NarEvent[]; stream: NarStream } {
  const stream = new NarStream();
  const events: NarEvent[] = [];
  for (let at = 0; at < bytes.length; at += length) {
    for (const event of stream.push(bytes.subarray(at, at + length))) {
      events.push(event.type === "contents" ? { ...event, bytes: event.bytes.slice() } : event);
    }
  }
  return { events, stream };
}

/** The listing that a sequence of events describes. */
function listingOf(events: readonly NarEvent[]): NarListing {
  const open: Map<string, NarListing>[] = [new Map()];
  for (const event of events) {
    const entries = open[open.length - 1] as Map<string, NarListing>;
    if (event.type === "regular") {
      const { executable, size, offset } = event;
      entries.set(event.name, { type: "regular", size, executable, narOffset: offset });
    } else if (event.type === "symlink") {
      entries.set(event.name, { type: "symlink", target: event.target });
    } else if (event.type === "directory") {
      const inner = new Map<string, NarListing>();
      entries.set(event.name, { type: "directory", entries: inner });
      open.push(inner);
    } else if (event.type === "end-directory") open.pop();
  }
  return open[0]?.get("") as NarListing;
}

describe("NarStream", () => {
  test("reports the entries of an archive", () => {
    fc.assert(
      fc.property(tree, fc.integer({ min: 1, max: 200 }), (root, length) => {
        const bytes = narBytes(narTreeSource, root);
        const { events, stream } = eventsOf(bytes, length);
        expect(stream.done).toBe(true);
        expect(stream.position).toBe(bytes.length);
        expect(listingOf(events)).toEqual(listNar(bytes));
      }),
    );
  });

  test("finds the end of an archive and keeps the bytes after it", () => {
    const bytes = narBytes(narTreeSource, { type: "symlink", target: "x" });
    const stream = new NarStream();
    stream.push(new Uint8Array([...bytes, 1, 2]));
    stream.push(new Uint8Array([3]));
    expect([...stream.takeRest()]).toEqual([1, 2, 3]);
    expect(stream.position).toBe(bytes.length + 3);
  });

  test("rejects an archive that is truncated at any byte", () => {
    const entries = new Map<string, NarTree>([
      ["a", { type: "regular", executable: true, contents: "hello" }],
      ["b", { type: "symlink", target: "a" }],
    ]);
    const bytes = narBytes(narTreeSource, { type: "directory", entries });
    for (let length = 0; length < bytes.length; length++) {
      const stream = new NarStream();
      stream.push(bytes.subarray(0, length));
      expect(() => stream.finish()).toThrow("unexpected end-of-file");
    }
  });

  test("is as strict as the reader of whole archives", () => {
    const word = (text: string): string => {
      const length = String.fromCharCode(text.length, 0, 0, 0, 0, 0, 0, 0);
      return length + text + "\0".repeat(-text.length & 7);
    };
    const words = (...all: string[]): Uint8Array => bytesOf(all.map(word).join(""));
    const bad: [Uint8Array, string][] = [
      [words("nix-archive-2"), "doesn't look like a Nix archive"],
      [words("nix-archive-1", "(", "type", "pipe"), "unknown file type 'pipe'"],
      [
        words("nix-archive-1", "(", "type", "directory", "entry", "(", "name", ".."),
        "invalid file name '..'",
      ],
      [
        words("nix-archive-1", "(", "type", "directory", "entry", "(", "name", "a/b"),
        "invalid file name 'a/b'",
      ],
      [words("nix-archive-1", "(", "type", "symlink", "target", ""), "invalid symlink target"],
      [words("nix-archive-1", "(", "size"), "expected tag 'type', got 'size'"],
    ];
    for (const [bytes, message] of bad) {
      expect(() => eventsOf(bytes, 7)).toThrow(message);
    }
  });
});
