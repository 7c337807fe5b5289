/** The handshake, frames, and the exact bytes of a few values. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Agreement,
  clientHandshake,
  decodeWhole,
  encodeBase16,
  FrameReader,
  FrameWriter,
  frameHeader,
  OPERATION_NAMES,
  OPERATIONS,
  operationName,
  type ProtocolFeature,
  serverHandshake,
  serverMessage,
  WireInput,
  WireOutput,
} from "../../src/index.ts";

const storeDir = "/nix/store";
const agreed: Agreement = { minor: 34, features: new Set(), storeDir };

/** Runs both halves of a handshake against each other, one byte at a time. */
function shakeHands(
  client: { minor?: number; features?: readonly ProtocolFeature[] },
  server: {
    minor?: number;
    features?: readonly ProtocolFeature[];
    daemonVersion?: string;
    trusted?: boolean;
  },
) {
  const toServer = new WireInput();
  const toClient = new WireInput();
  const fromClient = new WireOutput();
  const fromServer = new WireOutput();
  const clientSide = clientHandshake(toClient, fromClient, { storeDir, ...client });
  const serverSide = serverHandshake(toServer, fromServer, { storeDir, ...server });
  const carry = (from: WireOutput, to: WireInput): void => {
    for (const byte of from.take()) to.push(Uint8Array.of(byte));
  };
  let ours = clientSide.next();
  let theirs = serverSide.next();
  for (let turn = 0; turn < 20 && !(ours.done && theirs.done); turn++) {
    carry(fromClient, toServer);
    if (!theirs.done) theirs = serverSide.next();
    carry(fromServer, toClient);
    if (!ours.done) ours = clientSide.next();
  }
  return { ours: ours.value, theirs: theirs.value };
}

describe("handshake", () => {
  test("chooses the lower version and the common features", () => {
    const { ours, theirs } = shakeHands({}, { daemonVersion: "2.36.0", trusted: false });
    expect(ours).toMatchObject({ minor: 38, daemonVersion: "2.36.0", trusted: false });
    expect(theirs).toMatchObject({ minor: 38 });
    expect([...(ours as Agreement).features].sort()).toEqual([
      "delete-dead-specific-referrers",
      "realisation-with-path-not-hash",
    ]);
    const partial = shakeHands({}, { features: ["delete-dead-specific-referrers"] });
    expect([...(partial.ours as Agreement).features]).toEqual(["delete-dead-specific-referrers"]);
  });

  test.each([
    [32, {}],
    [33, { daemonVersion: "v" }],
    [34, { daemonVersion: "v" }],
    [35, { daemonVersion: "v", trusted: true }],
    [37, { daemonVersion: "v", trusted: true }],
  ])("reads what 1.%i says", (minor, facts) => {
    const { ours } = shakeHands({}, { minor, daemonVersion: "v", trusted: true });
    expect(ours).toEqual({ minor, features: new Set(), storeDir, ...facts });
    expect(shakeHands({ minor }, { daemonVersion: "v", trusted: true }).ours).toEqual(ours);
  });

  test("rejects peers that are too old, too new or not daemons", () => {
    const answer = (...words: bigint[]): void => {
      const input = new WireInput();
      const output = new WireOutput();
      for (const word of words) output.uint64(word);
      input.push(output.take());
      decodeWhole(clientHandshake(input, new WireOutput(), { storeDir }));
    };
    expect(() => answer(0x6478696fn, 0x115n)).toThrow(
      "the Nix daemon version is too old: it speaks protocol 1.21",
    );
    expect(() => answer(0x6478696fn, 0x200n)).toThrow("Nix daemon protocol version not supported");
    expect(() => answer(0x6f6c6c6548n)).toThrow(
      "nix-daemon protocol mismatch from: got 'Hello???'",
    );
    expect(() => answer()).toThrow("unexpected end-of-file");
  });
});

describe("frames", () => {
  test("round-trip, whatever the chunks", () => {
    const input = new WireInput();
    const bytes: number[] = [];
    for (const frame of ["abc", "d", "efghijklmnop"]) {
      bytes.push(...frameHeader(frame.length), ...Buffer.from(frame));
    }
    bytes.push(...frameHeader(0), 99);
    const reader = new FrameReader(input);
    let text = "";
    let at = 0;
    for (;;) {
      const next = reader.next(5);
      let step = next.next();
      while (step.done !== true) {
        input.push(Uint8Array.of(bytes[at++] as number));
        step = next.next();
      }
      if (step.value === undefined) break;
      text += Buffer.from(step.value).toString();
    }
    expect(text).toBe("abcdefghijklmnop");
    expect(at).toBe(bytes.length - 1);
    expect(decodeWhole(reader.next(5))).toBeUndefined();
  });

  test("are cut from pieces of any length", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat(50), fc.integer({ min: 0, max: 100_000 })), { maxLength: 6 }),
        (lengths) => {
          const writer = new FrameWriter(Uint8Array.of(1, 2, 3));
          const input = new WireInput();
          let filled = 0;
          for (const length of lengths) {
            const piece = Uint8Array.from({ length }, () => filled++ & 0xff);
            for (const frame of writer.push(piece)) input.push(frame);
          }
          input.push(writer.end());
          expect([...decodeWhole(input.bytes(3))]).toEqual([1, 2, 3]);
          const reader = new FrameReader(input);
          let read = 0;
          for (;;) {
            const piece = decodeWhole(reader.next(70_000));
            if (piece === undefined) break;
            expect(piece.every((byte) => byte === (read++ & 0xff))).toBe(true);
          }
          expect(read).toBe(filled);
          expect(input.available).toBe(0);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("may not be longer than 32 bits allow", () => {
    const input = new WireInput();
    input.push(frameHeader(2 ** 32));
    expect(() => decodeWhole(new FrameReader(input).next(10))).toThrow("is too large");
  });
});

describe("layouts", () => {
  const hex = (write: (output: WireOutput) => void): string => {
    const output = new WireOutput();
    write(output);
    return encodeBase16(output.take()).replace(/(.{16})(?=.)/g, "$1 ");
  };
  const path = `/nix/store/${"a".repeat(32)}-x`;

  test("of a request with a path", () => {
    expect(hex((output) => OPERATIONS.isValidPath.request.write(output, { path }, agreed))).toBe(
      "2d00000000000000 2f6e69782f73746f 72652f6161616161 6161616161616161 6161616161616161 6161616161616161 6161612d78000000",
    );
  });

  test("of an error with a trace", () => {
    const message = {
      kind: "error",
      error: { level: 0, message: "bad", traces: ["while"] },
    } as const;
    expect(hex((output) => serverMessage.write(output, message, agreed))).toBe(
      "7074786300000000 0500000000000000 4572726f72000000 0000000000000000 0500000000000000 4572726f72000000 0300000000000000 6261640000000000 0000000000000000 0100000000000000 0000000000000000 0500000000000000 7768696c65000000",
    );
  });

  test("of signed numbers", () => {
    const result = {
      status: "built",
      errorMessage: "",
      timesBuilt: 1,
      isNonDeterministic: false,
      startTime: -1,
      stopTime: 2,
      builtOutputs: new Map([["out", { outPath: path, signatures: [] }]]),
    } as const;
    const bytes = hex((output) => OPERATIONS.buildDerivation.reply.write(output, result, agreed));
    expect(bytes).toContain("0100000000000000 0000000000000000 ffffffffffffffff 0200000000000000");
  });

  test("have distinct numbers", () => {
    expect(new Set(OPERATION_NAMES.map((name) => OPERATIONS[name].number)).size).toBe(
      OPERATION_NAMES.length,
    );
    expect(operationName(46)).toBe("buildPathsWithResults");
    expect(operationName(48)).toBeUndefined();
  });

  test("reject realisations if the daemon does not support them", () => {
    const request = { drvPath: `${path}.drv`, outputName: "out" };
    expect(() =>
      OPERATIONS.queryRealisation.request.write(new WireOutput(), request, agreed),
    ).toThrow("the daemon is missing the 'realisation-with-path-not-hash' protocol feature");
  });
});
