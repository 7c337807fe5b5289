/** Hashes: algorithms, encodings, and the ways of writing them. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { FastSha256 } from "../src/hash/fast-sha256.ts";
import { createPortableHashes } from "../src/hash/portable-hash.ts";
import {
  bytesToByteString,
  compressDigest,
  decodeBase16,
  decodeBase64,
  decodeNixBase32,
  digestLength,
  encodeBase16,
  encodeNixBase32,
  equalHashes,
  FormatError,
  formatHash,
  HASH_ALGORITHMS,
  parseBareHash,
  parseHash,
  parseHashAlgorithm,
  parseHashAllowEmpty,
  parseHashAndFormat,
  parseHashFormat,
  parseHashIn,
  parsePrefixedHash,
  parseSriHash,
  portableHashes,
} from "../src/index.ts";

const hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const nix32 = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";
const base64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
const empty = { algorithm: "sha256", digest: decodeBase16(hex) } as const;

function fails(action: () => unknown, kind: string, message: string): void {
  let error: unknown;
  try {
    action();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(FormatError);
  expect({ kind: (error as FormatError).kind, message: (error as FormatError).message }).toEqual({
    kind,
    message,
  });
}

describe("SHA-256 by WebAssembly", () => {
  const script = createPortableHashes({ webAssembly: false });
  const fast = FastSha256.create() as FastSha256;
  const byLibrary = (data: string): string =>
    createHash("sha256").update(Buffer.from(data, "latin1")).digest("hex");

  test("agrees with the platform's for all lengths of a last block, and beyond its memory", () => {
    const lengths = [...Array.from({ length: 200 }, (_, i) => i), 4095, 65_535, 65_536, 65_537];
    for (const length of [...lengths, 131_072, 200_001]) {
      for (const char of ["a", "\xe9", "\0"]) {
        const data = char.repeat(length);
        const expected = byLibrary(data);
        expect(fast.hex(data), `${length}`).toBe(expected);
        expect(encodeBase16(fast.hash(Buffer.from(data, "latin1")))).toBe(expected);
        expect(Buffer.from(fast.byteString(data), "latin1").toString("hex")).toBe(expected);
      }
    }
    expect(script.hex("sha256", "abc")).toBe(byLibrary("abc"));
  });

  test("hashes in pieces, several at a time", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "binary-ascii", maxLength: 300 }), { maxLength: 8 }),
        fc.integer({ min: 0, max: 70_000 }),
        (pieces, length) => {
          const all = [...pieces, "\xff".repeat(length), "end"];
          const [first, second] = [fast.begin(), fast.begin()];
          for (const piece of all) {
            first.update(piece);
            fast.hex("between");
            second.update(Buffer.from(piece, "latin1"));
          }
          const expected = byLibrary(all.join(""));
          expect(encodeBase16(second.digest())).toBe(expected);
          expect(encodeBase16(first.digest())).toBe(expected);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("is left out where code may not be compiled", () => {
    vi.stubGlobal("WebAssembly", {
      Module: class {
        constructor() {
          throw new Error("violates the content security policy");
        }
      },
    });
    try {
      expect(FastSha256.create()).toBeUndefined();
      expect(createPortableHashes().hex("sha256", "abc")).toBe(byLibrary("abc"));
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe("portable hashes", () => {
  test("agree with the platform's", () => {
    const data = bytesToByteString(Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) & 0xff));
    for (const algorithm of ["md5", "sha1", "sha256", "sha512"] as const) {
      const expected = createHash(algorithm).update(Buffer.from(data, "latin1")).digest("hex");
      expect(encodeBase16(portableHashes.hash(algorithm, data))).toBe(expected);
      expect(portableHashes.hex(algorithm, data)).toBe(expected);
      const bytes = portableHashes.byteString(algorithm, data);
      expect(Buffer.from(bytes, "latin1").toString("hex")).toBe(expected);
      const incremental = portableHashes.create(algorithm);
      incremental.update(data.slice(0, 100));
      incremental.update(Buffer.from(data.slice(100), "latin1"));
      expect(encodeBase16(incremental.digest())).toBe(expected);
    }
  });
  test("support blake3", () => {
    expect(encodeBase16(portableHashes.hash("blake3", ""))).toBe(
      "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
    );
  });
  test("have the declared lengths", () => {
    for (const algorithm of HASH_ALGORITHMS) {
      expect(portableHashes.hash(algorithm, "x")).toHaveLength(digestLength(algorithm));
    }
  });
});

describe("names", () => {
  test("of algorithms", () => {
    expect(parseHashAlgorithm("sha512")).toBe("sha512");
    fails(
      () => parseHashAlgorithm("SHA1"),
      "usage",
      "unknown hash algorithm 'SHA1', expect 'blake3', 'md5', 'sha1', 'sha256', or 'sha512'",
    );
    const used: string[] = [];
    parseHashAlgorithm("blake3", (feature) => used.push(feature));
    expect(used).toEqual(["blake3-hashes"]);
  });
  test("of formats", () => {
    const warnings: string[] = [];
    expect(parseHashFormat("base32", (message) => warnings.push(message))).toBe("nix32");
    expect(warnings).toEqual(['"base32" is a deprecated alias for hash format "nix32".']);
    fails(
      () => parseHashFormat("hex"),
      "usage",
      "unknown hash format 'hex', expect 'base16', 'base32', 'base64', or 'sri'",
    );
  });
});

describe("formatHash", () => {
  test("writes all formats", () => {
    expect(formatHash(empty, "base16", false)).toBe(hex);
    expect(formatHash(empty, "base16", true)).toBe(`sha256:${hex}`);
    expect(formatHash(empty, "nix32", true)).toBe(`sha256:${nix32}`);
    expect(formatHash(empty, "base64", false)).toBe(base64);
    expect(formatHash(empty, "sri", false)).toBe(`sha256-${base64}`);
  });
});

describe("parseHash", () => {
  test("reads all formats", () => {
    for (const [text, format] of [
      [hex, "base16"],
      [hex.toUpperCase(), "base16"],
      [nix32, "nix32"],
      [base64, "base64"],
      [`sha256:${nix32}`, "nix32"],
      [`sha256-${base64}`, "sri"],
      // SRI allows missing padding.
      [`sha256-${base64.slice(0, -1)}`, "sri"],
    ]) {
      expect(parseHashAndFormat(text as string, "sha256")).toEqual({ hash: empty, format });
    }
    expect(parseHash(`sha256:${hex}`)).toEqual(empty);
    expect(parseBareHash(hex, "sha256")).toEqual(empty);
    expect(parseHashIn(nix32, "sha256", "nix32")).toEqual(empty);
    expect(parseSriHash(`sha256-${base64}`)).toEqual(empty);
    expect(equalHashes(empty, parsePrefixedHash(`sha256:${base64}`))).toBe(true);
    expect(equalHashes(empty, { algorithm: "blake3", digest: empty.digest })).toBe(false);
  });
  test("rejects texts that contradict the algorithm", () => {
    fails(
      () => parseHash(hex),
      "bad-hash",
      `hash '${hex}' does not include a type, nor is the type otherwise known from context`,
    );
    fails(() => parsePrefixedHash(hex), "bad-hash", `hash '${hex}' does not include a type`);
    fails(
      () => parseHash(`sha256:${hex}`, "sha1"),
      "bad-hash",
      `hash 'sha256:${hex}' should have type 'sha1'`,
    );
    fails(
      () => parseHash("abc", "md5"),
      "bad-hash",
      "hash 'abc' has wrong length for hash algorithm 'md5'",
    );
    fails(() => parseSriHash(hex), "bad-hash", `hash '${hex}' is not SRI`);
    fails(
      () => parseHash("sha256-AAAA"),
      "bad-hash",
      "invalid SRI hash 'AAAA', length 3 != expected length 32",
    );
  });
  test("reports a bad digit as a wrong length", () => {
    const bad = `x${hex.slice(1)}`;
    fails(
      () => parseHash(bad, "sha256"),
      "bad-hash",
      `invalid base16 hash '${bad}', length 0 != expected length 32`,
    );
    fails(
      () => parseHash("sha1-AA*A"),
      "bad-hash",
      "invalid SRI hash 'AA*A', length 0 != expected length 20",
    );
  });
  test("rejects surplus bits in nix32", () => {
    const bad = `z${nix32.slice(1)}`;
    fails(
      () => parseHash(bad, "sha256"),
      "bad-hash",
      `invalid nix32 hash '${bad}', length 33 != expected length 32`,
    );
  });
  test("reads the empty text as zeros on request", () => {
    const warnings: string[] = [];
    expect(parseHashAllowEmpty("", "md5", (message) => warnings.push(message)).digest).toEqual(
      new Uint8Array(16),
    );
    expect(warnings).toEqual(["found empty hash, assuming 'md5-AAAAAAAAAAAAAAAAAAAAAA=='"]);
    fails(
      () => parseHashAllowEmpty("", undefined),
      "bad-hash",
      "empty hash requires explicit hash algorithm",
    );
  });
});

describe("decoders", () => {
  test("name the invalid char", () => {
    fails(() => decodeBase16("0g"), "format", "invalid character in Base16 string: 'g'");
    fails(() => decodeBase64("A-"), "format", "invalid character in Base64 string: '-'");
    fails(
      () => decodeNixBase32("0e"),
      "format",
      "invalid character in Nix32 (Nix's Base32 variation) string: 'e'",
    );
  });
  test("skip newlines in base64 and stop at the padding", () => {
    expect(bytesToByteString(decodeBase64("aGVs\nbG8=ignored"))).toBe("hello");
  });
});

describe("compressDigest", () => {
  test("folds by XOR", () => {
    expect([...compressDigest(Uint8Array.of(1, 2, 4, 8, 16), 2)]).toEqual([1 ^ 4 ^ 16, 2 ^ 8]);
    expect(encodeNixBase32(new Uint8Array(0))).toBe("");
  });
});
