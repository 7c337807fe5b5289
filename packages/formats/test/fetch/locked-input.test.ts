/** Which inputs are locked: a row for each scheme and each attribute that could do it. */
import { describe, expect, test } from "vitest";
import { inputFromAttrs } from "../../src/fetch/flake-ref.ts";
import { isLockedInput } from "../../src/fetch/input.ts";
import type { InputAttr } from "../../src/fetch/input-attrs.ts";

const rev = "0123456789abcdef0123456789abcdef01234567";
const zeros = "0".repeat(40);
const narHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const git = { type: "git", url: "https://h.example/r" };
const hg = { type: "hg", url: "https://h.example/r" };
const github = { type: "github", owner: "me", repo: "tools" };
const gitlab = { ...github, type: "gitlab" };
const sourcehut = { ...github, type: "sourcehut", owner: "~me" };
const path = { type: "path", path: "/p" };
const tarball = { type: "tarball", url: "https://h.example/a.tar.gz" };
const file = { type: "file", url: "https://h.example/a" };
const indirect = { type: "indirect", id: "tools" };

const isLocked = (attrs: Record<string, InputAttr>, trustForges?: boolean): boolean =>
  isLockedInput(
    inputFromAttrs(new Map(Object.entries(attrs))),
    trustForges === undefined ? {} : { trustForges },
  );

describe("isLockedInput", () => {
  test.each<[Record<string, InputAttr>, { none: boolean; narHash: boolean; rev: boolean }]>([
    [git, { none: false, narHash: false, rev: true }],
    [hg, { none: false, narHash: false, rev: true }],
    [github, { none: false, narHash: false, rev: true }],
    [gitlab, { none: false, narHash: false, rev: true }],
    [sourcehut, { none: false, narHash: false, rev: true }],
    [path, { none: false, narHash: true, rev: false }],
    [tarball, { none: false, narHash: true, rev: false }],
    [file, { none: false, narHash: true, rev: false }],
    [indirect, { none: false, narHash: false, rev: false }],
  ])("%j", (attrs, expected) => {
    const { type } = attrs as { type: string };
    const takesNarHash = type !== "indirect" || expected.narHash;
    expect(isLocked(attrs)).toBe(expected.none);
    if (takesNarHash) expect(isLocked({ ...attrs, narHash })).toBe(expected.narHash);
    // Plain files have no revision.
    if (type !== "file") expect(isLocked({ ...attrs, rev })).toBe(expected.rev);
  });

  test("takes a repository without commits for unlocked", () => {
    expect(isLocked({ ...git, rev: zeros })).toBe(false);
    expect(isLocked({ ...git, rev: zeros, narHash })).toBe(false);
  });

  test("asks for a hash of what forges archive where they are not trusted", () => {
    for (const attrs of [github, gitlab, sourcehut]) {
      expect(isLocked({ ...attrs, rev }, false)).toBe(false);
      expect(isLocked({ ...attrs, rev, narHash }, false)).toBe(true);
      expect(isLocked({ ...attrs, narHash }, false)).toBe(false);
    }
    expect(isLocked({ ...git, rev }, false)).toBe(true);
  });
});
