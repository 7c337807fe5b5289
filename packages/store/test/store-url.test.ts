/** Store references as C++ Nix writes them. */
import { describe, expect, test } from "vitest";
import { formatStoreReference, parseStoreReference, pathOfReference } from "../src/index.ts";

const absolute = (path: string): string => (path.startsWith("/") ? path : `/cwd/${path}`);

describe("store references", () => {
  test.each([
    ["", "auto", "", {}, "auto"],
    ["auto", "auto", "", {}, "auto"],
    ["daemon", "unix", "", {}, "daemon"],
    ["daemon?root=/r", "unix", "", { root: "/r" }, "unix://?root=/r"],
    ["unix:///run/socket", "unix", "/run/socket", {}, "unix:///run/socket"],
    ["local", "local", "", {}, "local"],
    [
      "local?root=/r&require-sigs=false",
      "local",
      "",
      { root: "/r", "require-sigs": "false" },
      "local://?require-sigs=false&root=/r",
    ],
    ["local://?root=/a%20b", "local", "", { root: "/a b" }, "local://?root=/a%20b"],
    ["/tmp/store", "local", "/tmp/store", {}, "local:///tmp/store"],
    ["./store", "local", "/cwd/./store", {}, "local:///cwd/./store"],
    [
      "/with space?read-only=1",
      "local",
      "/with%20space",
      { "read-only": "1" },
      "local:///with%20space?read-only=1",
    ],
    ["dummy://?read-only=false", "dummy", "", { "read-only": "false" }, "dummy://?read-only=false"],
    ["https://cache.nixos.org", "https", "cache.nixos.org", {}, "https://cache.nixos.org"],
    [
      "https://c.org/x?priority=3",
      "https",
      "c.org/x",
      { priority: "3" },
      "https://c.org/x?priority=3",
    ],
    [
      "file:///cache?compression=none",
      "file",
      "/cache",
      { compression: "none" },
      "file:///cache?compression=none",
    ],
    [
      "ssh-ng://user@host:22?compress=true",
      "ssh-ng",
      "user@host:22",
      { compress: "true" },
      "ssh-ng://user@host:22?compress=true",
    ],
    ["s3://bucket?region=eu", "s3", "bucket", { region: "eu" }, "s3://bucket?region=eu"],
  ])("%j", (text, scheme, authority, parameters, printed) => {
    const reference = parseStoreReference(text, absolute);
    expect(reference.scheme).toBe(scheme);
    expect(reference.authority).toBe(authority);
    expect(Object.fromEntries(reference.parameters)).toEqual(parameters);
    expect(formatStoreReference(reference)).toBe(printed);
    if (!text.startsWith(".")) {
      expect(parseStoreReference(printed, absolute).parameters).toEqual(reference.parameters);
    }
  });

  test("refuses what is none", () => {
    expect(() => parseStoreReference("nonsense")).toThrow("Cannot parse Nix store 'nonsense'");
    expect(() => parseStoreReference("host:22")).toThrow("Cannot parse Nix store 'host:22'");
  });

  test("decodes paths", () => {
    expect(pathOfReference(parseStoreReference("/a b/c", absolute))).toBe("/a b/c");
  });
});
