/** Store paths: parsing, their names, and computing them from content. */
import { describe, expect, test } from "vitest";
import {
  canonPath,
  checkStorePathName,
  derivationNameOfPath,
  digestPart,
  FormatError,
  formatContentAddress,
  isInStore,
  isStorePath,
  makeContentAddressedPath,
  makeFixedOutputPath,
  makeSourcePath,
  namePart,
  parseCanonicalStorePath,
  parseContentAddress,
  parseContentAddressMethod,
  parseHash,
  parseStorePath,
  portableHashes,
  splitMethodPrefix,
  splitStorePath,
  storePathBaseName,
} from "../src/index.ts";

const store = "/nix/store";
const config = { storeDir: store, hashes: portableHashes };
const base = "7qvrnr4kah64ilyxh4b734malr3ls6mr-t.drv";

function fails(action: () => unknown, message: string): void {
  expect(action).toThrow(FormatError);
  expect(action).toThrow(new RegExp(`^${message.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`));
}

describe("names", () => {
  test("that are valid", () => {
    for (const name of ["a", "A-1.0+x_y?z=", ".x", "..x", "...", "x".repeat(211)])
      checkStorePathName(name);
  });
  test("that are invalid", () => {
    const check = (name: string, message: string) => fails(() => checkStorePathName(name), message);
    check("", "name must not be empty");
    check("x".repeat(212), `name '${"x".repeat(212)}' must be no longer than 211 characters`);
    check(".", "name '.' is not valid");
    check("..", "name '..' is not valid");
    check(".-x", "name '.-x' is not valid: first dash-separated component must not be '.'");
    check("..-x", "name '..-x' is not valid: first dash-separated component must not be '..'");
    check("a b", "name 'a b' contains illegal character ' '");
    check("a\n", "name 'a\n' contains illegal character '\n'");
  });
});

describe("parsing", () => {
  test("finds the base name", () => {
    expect(parseStorePath(`${store}/${base}`, store)).toBe(base);
    expect(parseStorePath(`//nix/./store/x/../${base}/`, store)).toBe(base);
    expect(parseCanonicalStorePath(`${store}/${base}`, store)).toBe(base);
    expect(parseStorePath(`/s/${base}`, "/s")).toBe(base);
    expect([digestPart(base), namePart(base)]).toEqual([
      "7qvrnr4kah64ilyxh4b734malr3ls6mr",
      "t.drv",
    ]);
    expect(storePathBaseName(`${store}/${base}`)).toBe(base);
    expect(derivationNameOfPath(base)).toBe("t");
    fails(
      () => derivationNameOfPath(base.slice(0, -4)),
      `store path '${base.slice(0, -4)}' is not a valid derivation path`,
    );
  });
  test("reports what is wrong", () => {
    fails(() => parseStorePath("", store), "empty path is not a valid store path");
    fails(() => parseStorePath("x", store), 'not an absolute path: "x"');
    fails(
      () => parseStorePath(`${store}/${base}/x`, store),
      `path "${store}/${base}/x" is not in the Nix store`,
    );
    fails(
      () => parseStorePath(`${store}/abc`, store),
      "'abc' is too short to be a valid store path",
    );
    fails(
      () => parseStorePath(`${store}/${base.replace("-", "x")}`, store),
      `'${base.replace("-", "x")}' can't name a store path because the hash part is not followed by a '-'`,
    );
    fails(
      () => parseStorePath(`${store}/${base.replace("7", "e")}`, store),
      `store path '${base.replace("7", "e")}' contains illegal base-32 character 'e'`,
    );
    fails(
      () => parseStorePath(`${store}/${base}~`, store),
      `path '${base}~' is not a valid store path: name 't.drv~' contains illegal character '~'`,
    );
    fails(
      () => parseCanonicalStorePath(`/nix//store/${base}`, store),
      `path '/nix//store/${base}' is not in the Nix store`,
    );
  });
  test("splits off the rest", () => {
    expect(splitStorePath(`${store}/${base}`, store)).toEqual({ baseName: base, rest: "/" });
    expect(splitStorePath(`${store}/${base}/a//b/../c`, store)).toEqual({
      baseName: base,
      rest: "/a/c",
    });
    fails(() => splitStorePath("/nix/x", store), "path '/nix/x' is not in the Nix store");
  });
  test("recognises paths in the store", () => {
    for (const path of [`${store}/x`, `${store}/x/y`, "//nix/store//x"])
      expect(isInStore(path, store)).toBe(true);
    for (const path of [
      store,
      `${store}/`,
      "/nix",
      "/nix/storex",
      `${store}/..`,
      `${store}/./x`,
      "nix/store/x",
    ]) {
      expect([path, isInStore(path, store)]).toEqual([path, false]);
    }
    expect(isStorePath(`${store}/${base}`, store)).toBe(true);
    expect(isStorePath(`${store}/${base}/x`, store)).toBe(false);
  });
});

describe("canonPath", () => {
  test("resolves dots and slashes", () => {
    expect(canonPath("/a//b/./c/../d/")).toBe("/a/b/d");
    expect(canonPath("/../..")).toBe("/");
  });
});

describe("computing", () => {
  const sha1 = parseHash("0000000000000000000000000000000000000000", "sha1");
  test("rejects references where they are not allowed", () => {
    const references = { others: [`${store}/${base}`], self: false };
    fails(
      () => makeFixedOutputPath(config, "x", "flat", sha1, references),
      "fixed output derivation 'x' is not allowed to refer to other store paths.\nYou may need to use the 'unsafeDiscardReferences' derivation attribute, see the manual for more details.",
    );
    fails(
      () => makeFixedOutputPath(config, "x", "git", parseHash("0".repeat(32), "md5")),
      "Git file ingestion must use SHA-1 or SHA-256 hash, but instead using: md5",
    );
  });
  test("lets references change the path of a source", () => {
    const digest = new Uint8Array(32);
    const plain = makeSourcePath(config, "x", digest);
    const self = makeSourcePath(config, "x", digest, { others: [], self: true });
    const other = makeSourcePath(config, "x", digest, { others: [plain], self: false });
    expect(new Set([plain, self, other]).size).toBe(3);
    expect(
      makeContentAddressedPath(config, "x", {
        method: "nar",
        hash: { algorithm: "sha256", digest },
      }),
    ).toBe(plain);
  });
  test("checks the name", () => {
    expect(() => makeSourcePath(config, "a b", new Uint8Array(32))).toThrow(
      /^path '[0-9a-z]{32}-a b' is not a valid store path: name 'a b' contains illegal character ' '$/,
    );
  });
});

describe("content addresses", () => {
  test("round-trip", () => {
    const hash = "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";
    for (const text of [`text:${hash}`, `fixed:${hash}`, `fixed:r:${hash}`, `fixed:git:${hash}`]) {
      expect(formatContentAddress(parseContentAddress(text))).toBe(text);
    }
    fails(
      () => parseContentAddress("x"),
      "not a content address because it is not in the form '<prefix>:<rest>': x",
    );
    fails(
      () => parseContentAddress("x:y"),
      "content address prefix 'x' is unrecognized. Recogonized prefixes are 'text' or 'fixed'",
    );
    fails(
      () => parseContentAddress("fixed:y"),
      "content address hash must be in form '<algo>:<hash>', but found: fixed:y",
    );
  });
  test("have methods with names and prefixes", () => {
    expect(splitMethodPrefix("r:sha1")).toEqual({ method: "nar", rest: "sha1" });
    expect(splitMethodPrefix("sha1")).toEqual({ method: "flat", rest: "sha1" });
    expect(parseContentAddressMethod("text")).toBe("text");
    fails(
      () => parseContentAddressMethod("recursive"),
      "Unknown file ingestion method 'recursive', expect `flat`, `nar`, or `git`",
    );
  });
});
