/** Paths of the host and of Nix, in both flavours on every system. */
import { describe, expect, test } from "vitest";
import { fromHostPath, fromHostTarget, hasExecutableBit, toHostPath } from "../src/host-path.ts";

describe("Windows", () => {
  test.each([
    ["C:\\a\\b", "/C:/a/b"],
    ["c:/a/b", "/C:/a/b"],
    ["C:\\", "/C:/"],
    ["C:", "/C:"],
    ["\\\\?\\C:\\a", "/C:/a"],
    ["a\\b", "a/b"],
    ["..\\a", "../a"],
    ["\\a", "/a"],
    ["/nix/store", "/nix/store"],
    ["/C:/a", "/C:/a"],
  ])("%s is %s", (host, nix) => {
    expect(fromHostPath(host, "windows")).toBe(nix);
  });

  test.each(["\\\\server\\share\\a", "//server/share", "\\\\.\\pipe\\a", "\\\\?\\UNC\\a"])(
    "%s is refused",
    (path) => {
      expect(() => fromHostPath(path, "windows")).toThrow("is on another machine or a device");
    },
  );

  test("a path of a drive's current directory is refused", () => {
    expect(() => fromHostPath("C:a", "windows")).toThrow("the current directory of a drive");
  });

  test.each([
    ["/C:/a/b", "C:\\a\\b"],
    ["/C:", "C:\\"],
    ["/C:/", "C:\\"],
    ["/nix/store/x", "\\nix\\store\\x"],
    ["a/b", "a\\b"],
  ])("%s goes back to %s", (nix, host) => {
    expect(toHostPath(nix, "windows")).toBe(host);
  });

  test("long paths get the prefix that lifts the limit", () => {
    const long = `/C:/${"a/".repeat(200)}b`;
    const host = toHostPath(long, "windows");
    expect(host.startsWith("\\\\?\\C:\\a\\")).toBe(true);
    expect(fromHostPath(host, "windows")).toBe(long);
  });

  test("no file is executable", () => {
    expect(hasExecutableBit(0o100777, "windows")).toBe(false);
  });

  test("targets of symlinks have slashes", () => {
    expect(fromHostTarget("..\\a\\b", "windows")).toBe("../a/b");
  });
});

describe("POSIX", () => {
  test.each([
    [0o100744, true],
    [0o100755, true],
    [0o100655, false],
    [0o100644, false],
  ])("the owner decides whether a file of mode %o is executable: %s", (mode, expected) => {
    expect(hasExecutableBit(mode, "posix")).toBe(expected);
  });

  test.each(["/a/b", "a\\b", "C:\\a", "//a", "\\\\server\\a"])("%s stays as it is", (path) => {
    expect(fromHostPath(path, "posix")).toBe(path);
    expect(toHostPath(path, "posix")).toBe(path);
    expect(fromHostTarget(path, "posix")).toBe(path);
  });
});
