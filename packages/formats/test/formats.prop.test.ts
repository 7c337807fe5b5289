/** Laws that hold for all inputs. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grisuDigits } from "../src/codec/grisu.ts";
import { encodeStoreDigest } from "../src/hash/nixbase32.ts";
import {
  byteStringToBytes,
  bytesToByteString,
  compareVersions,
  compressDigest,
  type Derivation,
  type DerivationOutput,
  decodeBase16,
  decodeBase64,
  decodeNixBase32,
  decodeUtf8,
  digestLength,
  encodeBase16,
  encodeBase64,
  encodeNixBase32,
  encodeUtf8,
  escapeJsonString,
  formatDerivation,
  formatHash,
  formatJsonFloat,
  HASH_ALGORITHMS,
  isUtf8,
  type NarTree,
  narBytes,
  narTreeSource,
  normalizeJson,
  parseDerivation,
  parseHash,
  portableHashes,
  quoteATermString,
  readNar,
  splitVersion,
} from "../src/index.ts";

const bytes = fc.uint8Array({ maxLength: 100 });
const byteString = bytes.map(bytesToByteString);
const digest = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe("encodings", () => {
  test("round-trip", () => {
    fc.assert(
      fc.property(bytes, (data) => {
        expect(decodeBase16(encodeBase16(data))).toEqual(data);
        expect(decodeBase64(encodeBase64(data))).toEqual(data);
        expect(decodeNixBase32(encodeNixBase32(data))).toEqual(data);
        expect(byteStringToBytes(bytesToByteString(data))).toEqual(data);
        expect(Buffer.from(data).toString("base64")).toBe(encodeBase64(data));
      }),
    );
  });
  test("of store paths are folded digests in nix32", () => {
    fc.assert(
      fc.property(digest(32), (value) => {
        const expected = encodeNixBase32(compressDigest(value, 20));
        expect(encodeStoreDigest(bytesToByteString(value))).toBe(expected);
      }),
    );
  });
  test("of hashes are distinguished", () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom(...HASH_ALGORITHMS)
          .chain((algorithm) =>
            digest(digestLength(algorithm)).map((value) => ({ algorithm, digest: value })),
          ),
        fc.constantFrom("base16", "nix32", "base64", "sri"),
        fc.boolean(),
        (hash, format, prefixed) => {
          expect(parseHash(formatHash(hash, format, prefixed), hash.algorithm)).toEqual(hash);
        },
      ),
    );
  });
  test("UTF-8 agrees with the platform", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), byteString, (text, any) => {
        expect(decodeUtf8(encodeUtf8(text))).toBe(text);
        const buffer = Buffer.from(any, "latin1");
        const platform = (() => {
          try {
            new TextDecoder("utf-8", { fatal: true }).decode(buffer);
            return true;
          } catch {
            return false;
          }
        })();
        expect(isUtf8(any)).toBe(platform);
      }),
    );
  });
});

describe("portable hashes", () => {
  test("agree with the platform's", () => {
    fc.assert(
      fc.property(fc.constantFrom("md5", "sha1", "sha256", "sha512"), bytes, (algorithm, data) => {
        expect(encodeBase16(portableHashes.hash(algorithm, data))).toBe(
          createHash(algorithm).update(data).digest("hex"),
        );
      }),
    );
  });
});

describe("JSON", () => {
  test("of valid strings is JSON", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(JSON.parse(decodeUtf8(escapeJsonString(encodeUtf8(text))))).toBe(text);
      }),
    );
  });
  test("is normal after normalising, with the same value", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const normal = normalizeJson(encodeUtf8(text));
        expect(normalizeJson(normal)).toBe(normal);
        // Nix has no integer -0.
        const sign = (_: string, value: unknown) => (Object.is(value, -0) ? 0 : value);
        expect(JSON.parse(decodeUtf8(normal), sign)).toEqual(JSON.parse(text, sign));
      }),
    );
  });
  test("floats round-trip", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(formatJsonFloat(value))).toBe(value);
        expect(formatJsonFloat(value)).toMatch(/[.e]/);
      }),
    );
  });
  test("small multiples of 1/64 have the digits that Grisu2 finds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64e9 - 1 }), fc.nat(6), (count, shift) => {
        const value = count / 2 ** shift;
        if (value >= 1e9) return;
        const { digits, point } = grisuDigits(value);
        const plain = formatJsonFloat(value).replace(/\.0$/, "");
        expect(plain.replace(".", "").replace(/^0+|0+$/g, "")).toBe(digits);
        expect(Number(`0.${digits}e${point}`)).toBe(value);
        expect(Number(plain)).toBe(value);
      }),
    );
  });
});

describe("compareVersions", () => {
  const version = fc
    .array(fc.constantFrom("1", "2", "10", "pre", "a", "b", ".", "-", "99999999999"), {
      maxLength: 8,
    })
    .map((parts) => parts.join(""));
  test("is antisymmetric, and equal for itself", () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(compareVersions(a, a)).toBe(0);
        expect(compareVersions(a, b) + compareVersions(b, a)).toBe(0);
      }),
    );
  });
  test("is transitive where upstream's order is", () => {
    // Does not hold for `pre` or letters at the end of a version, in upstream either.
    const numbers = fc.array(fc.nat({ max: 12 }), { maxLength: 5 }).map((parts) => parts.join("."));
    fc.assert(
      fc.property(numbers, numbers, numbers, (a, b, c) => {
        const [x, y, z] = [a, b, c].sort(compareVersions) as [string, string, string];
        expect(compareVersions(x, y)).toBeLessThanOrEqual(0);
        expect(compareVersions(y, z)).toBeLessThanOrEqual(0);
        expect(compareVersions(x, z)).toBeLessThanOrEqual(0);
      }),
    );
  });
  test("depends only on the components", () => {
    fc.assert(
      fc.property(version, (a) => {
        expect(compareVersions(a, splitVersion(a).join("."))).toBe(0);
      }),
    );
  });
});

describe("ATerms", () => {
  const storePath = fc
    .tuple(digest(20), fc.stringMatching(/^[a-z][a-z0-9.]{0,8}$/))
    .map(([hash, name]) => `/nix/store/${encodeNixBase32(hash)}-${name}`);
  const outputName = fc.constantFrom("out", "dev", "bin", "man");
  // Bytes, and texts made of the delimiters and escapes of ATerms and JSON.
  const awkward = fc.oneof(
    byteString,
    // The text between the quotes of two pairs in JSON.
    fc.constantFrom("],[", "a"),
    fc
      .array(fc.constantFrom("],[", "],", '"', ",", "\\", "b", "u", "\b", "\n", "\x01", "(", "a"))
      .map((parts) => parts.join("")),
  );
  const drv: fc.Arbitrary<Derivation> = fc.record({
    name: fc.constant("x"),
    outputs: fc
      .array(fc.tuple(outputName, storePath), { minLength: 1 })
      .map(
        (all) =>
          new Map(
            all.map(([name, path]): [string, DerivationOutput] => [
              name,
              { kind: "input-addressed", path },
            ]),
          ),
      ),
    inputDrvs: fc
      .array(fc.tuple(storePath, fc.array(outputName, { minLength: 1 })))
      .map((all) => new Map(all.map(([path, names]) => [path, { outputs: new Set(names) }]))),
    inputSrcs: fc.array(storePath).map((paths) => new Set(paths)),
    system: fc.constantFrom("x86_64-linux", ""),
    builder: byteString,
    args: fc.array(awkward),
    env: fc
      .array(fc.tuple(fc.oneof(awkward, outputName), awkward))
      .map((all) => new Map(all.filter(([name]) => name !== "__json"))),
  });
  test("quote each variable separately, in order", () => {
    fc.assert(
      fc.property(drv, (value) => {
        const variables = [...value.env]
          .sort((a, b) => (a[0] < b[0] ? -1 : 1))
          .map(([name, text]) => `(${quoteATermString(name)},${quoteATermString(text)})`);
        const args = value.args.map(quoteATermString).join(",");
        expect(formatDerivation(value).endsWith(`,[${args}],[${variables.join(",")}])`)).toBe(true);
      }),
    );
  });
  test("round-trip through their text", () => {
    const options = { storeDir: "/nix/store", hashes: portableHashes };
    fc.assert(
      fc.property(drv, (value) => {
        const text = formatDerivation(value);
        const read = parseDerivation(text, "x", options);
        expect(read).toEqual(value);
        expect(formatDerivation(read)).toBe(text);
      }),
    );
  });
  test("have no bare quotes, newlines or tabs inside strings", () => {
    fc.assert(
      fc.property(byteString, (text) => {
        expect(quoteATermString(text).slice(1, -1)).not.toMatch(/(?<!\\)(?:\\\\)*"|[\n\r\t]/);
      }),
    );
  });
});

describe("NARs", () => {
  const { tree } = fc.letrec<{ tree: NarTree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3, depthIdentifier: "nar" },
      fc.record({
        type: fc.constant("regular" as const),
        executable: fc.boolean(),
        contents: bytes,
      }),
      fc.record({
        type: fc.constant("symlink" as const),
        target: fc.stringMatching(/^[a-z/.]{1,20}$/),
      }),
      fc.record({
        type: fc.constant("directory" as const),
        entries: fc
          .array(fc.tuple(fc.stringMatching(/^[a-zA-Z][a-z .-]{0,5}$/), tie("tree")), {
            maxLength: 4,
          })
          .map((all) => new Map([...new Map(all)].sort((a, b) => (a[0] < b[0] ? -1 : 1)))),
      }),
    ),
  }));
  test("round-trip through their text", () => {
    fc.assert(
      fc.property(tree, (root) => {
        expect(readNar(narBytes(narTreeSource, root))).toEqual(root);
      }),
    );
  });
});
