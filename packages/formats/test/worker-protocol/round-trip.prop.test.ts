/** Every request, reply and message round-trips at every version, in chunks of any length. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Agreement,
  type AnyWire,
  decodeWhole,
  NEWEST_MINOR,
  OLDEST_MINOR,
  OPERATION_NAMES,
  OPERATIONS,
  type ProtocolFeature,
  serverMessage,
  WireInput,
  WireOutput,
} from "../../src/index.ts";
import { arbitraryOf } from "./arbitrary.ts";

const FEATURES: readonly ProtocolFeature[] = [
  "realisation-with-path-not-hash",
  "delete-dead-specific-referrers",
];

const agreements: Agreement[] = [];
for (let minor = OLDEST_MINOR; minor <= NEWEST_MINOR; minor++) {
  agreements.push({ minor, features: new Set(), storeDir: "/nix/store" });
}
agreements.push({
  minor: NEWEST_MINOR,
  features: new Set<ProtocolFeature>(FEATURES),
  storeDir: "/nix/store",
});

function encode(wire: AnyWire, value: unknown, agreed: Agreement): Uint8Array {
  const output = new WireOutput();
  wire.write(output, value, agreed);
  return output.take();
}

/** Decodes bytes that arrive in pieces of the given lengths, repeated cyclically. */
function decodeInPieces(
  wire: AnyWire,
  bytes: Uint8Array,
  agreed: Agreement,
  lengths: readonly number[],
): unknown {
  const input = new WireInput();
  const decoding = wire.read(input, agreed);
  let at = 0;
  for (let piece = 0; ; piece++) {
    const step = decoding.next();
    if (step.done === true) {
      expect(input.available).toBe(0);
      expect(at).toBe(bytes.length);
      return step.value;
    }
    expect(step.value).toBeGreaterThan(0);
    expect(at, "the decoder wants more than there is").toBeLessThan(bytes.length);
    const end = at + (lengths[piece % lengths.length] as number);
    input.push(bytes.subarray(at, end));
    at = Math.min(end, bytes.length);
  }
}

const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

describe.each(
  agreements.map(
    (agreed) => [`1.${agreed.minor}, ${agreed.features.size} features`, agreed] as const,
  ),
)("at %s", (_, agreed) => {
  const hasFeatures = agreed.features.size > 0;
  const wires = OPERATION_NAMES.filter((name) => {
    const { feature } = OPERATIONS[name] as { feature?: ProtocolFeature };
    return feature === undefined || agreed.features.has(feature);
  }).flatMap((name): [string, AnyWire][] => [
    [`${name} request`, OPERATIONS[name].request],
    [`${name} reply`, OPERATIONS[name].reply],
  ]);
  wires.push(["message", serverMessage]);

  test("round trip", () => {
    for (const [name, wire] of wires) checkRoundTrips(name, wire);
  });

  function checkRoundTrips(name: string, wire: AnyWire): void {
    fc.assert(
      fc.property(arbitraryOf(wire, agreed.minor, hasFeatures), pieces, (value, lengths) => {
        const bytes = encode(wire, value, agreed);
        const read = decodeInPieces(wire, bytes, agreed, lengths);
        expect(read, name).toEqual(value);
        expect(encode(wire, read, agreed)).toEqual(bytes);
      }),
      { numRuns: 8 },
    );
  }

  // Two versions are enough: decoding primitives does not depend on the version.
  if (agreed.minor === OLDEST_MINOR || hasFeatures)
    test("rejects a value that is truncated at any byte", () => {
      for (const [, wire] of wires) {
        const [value] = fc.sample(arbitraryOf(wire, agreed.minor, hasFeatures), {
          numRuns: 1,
          seed: 7,
        });
        const bytes = encode(wire, value, agreed);
        for (let length = 0; length < bytes.length; length++) {
          const input = new WireInput();
          input.push(bytes.subarray(0, length));
          expect(() => decodeWhole(wire.read(input, agreed))).toThrow("unexpected end-of-file");
        }
      }
    });
});

describe("bad input", () => {
  const agreed = agreements[0] as Agreement;
  test("never does more than throw an error of the format", () => {
    const wires = OPERATION_NAMES.flatMap((name) => [
      OPERATIONS[name].request as AnyWire,
      OPERATIONS[name].reply as AnyWire,
    ]).concat(serverMessage);
    const word = fc.oneof(
      fc.constantFrom(0n, 1n, 2n, 3n, 8n, 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...wires),
        fc.array(word, { maxLength: 12 }),
        fc.uint8Array({ maxLength: 40 }),
        (wire, words, tail) => {
          const output = new WireOutput();
          for (const one of words) output.uint64(one);
          output.bytes(tail);
          const input = new WireInput();
          input.push(output.take());
          try {
            decodeWhole(wire.read(input, agreed));
          } catch (error) {
            expect((error as Error).name).toBe("FormatError");
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("rejects lengths beyond the limits before it allocates anything", () => {
    const input = new WireInput({ maxString: 100, maxValue: 1000 });
    const output = new WireOutput();
    output.uint(101);
    input.push(output.take());
    expect(() => decodeWhole(input.string())).toThrow("string is too long");

    const many = new WireInput({ maxString: 100, maxValue: 1000 });
    output.uint64(2n ** 60n);
    many.push(output.take());
    expect(() => decodeWhole(many.count())).toThrow("is too long");
  });

  test("limits the total size of one value", () => {
    const input = new WireInput({ maxString: 100, maxValue: 1000 });
    const output = new WireOutput();
    for (let i = 0; i < 20; i++) output.string("x".repeat(60));
    input.push(output.take());
    expect(() => {
      for (let i = 0; i < 20; i++) decodeWhole(input.string());
    }).toThrow("message is longer than 1000 bytes");
  });

  test("rejects padding that is not zero", () => {
    const input = new WireInput();
    input.push(new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 65, 0, 0, 1, 0, 0, 0, 0]));
    expect(() => decodeWhole(input.string())).toThrow("non-zero padding");
  });
});
