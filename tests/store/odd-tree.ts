/** A tree with everything that a file system allows and a copy may get wrong. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";

/** Names as byte strings, not all of them UTF-8. */
const NAMES = [
  " blank ",
  "new\nline",
  "tab\t",
  "quote\"'`\\",
  "-dash",
  "--",
  ".dot",
  "..dots",
  "\x01control",
  "\x7f",
  "gr\xc3\xb6\xc3\x9fe",
  "\xe6\x97\xa5\xe6\x9c\xac",
  "\xf0\x9f\x98\x80",
  // The same letter, composed and decomposed.
  "\xc3\xa9",
  "e\xcc\x81",
  // Not UTF-8.
  "\xff\xfe",
  "a\x80b",
  "Case",
  "case",
  "CASE",
  "n".repeat(255),
  // Names that sort differently by bytes and by locale.
  "a",
  "a-b",
  "a.b",
  "a0",
  "aa",
];

const MODES = { plain: 0o644, run: 0o755, "run-owner": 0o744, "run-group": 0o654, read: 0o444 };

const LINKS = {
  dangling: "nowhere/at/all",
  "loop-a": "loop-b",
  "loop-b": "loop-a",
  itself: ".",
  up: "../..",
  outside: "/etc",
  "to-folder": "folder",
  "to-program": "run",
  odd: "a b\n\xff",
  long: "t/".repeat(1000),
};

/** Creates the tree at `root`, which must not exist. */
export function makeOddTree(root: string): void {
  const at = (path: string): Buffer => Buffer.from(`${root}/${path}`, "latin1");
  const write = (path: string, contents: string, mode = 0o644): void => {
    writeFileSync(at(path), contents, "latin1");
    chmodSync(at(path), mode);
  };
  for (const folder of ["", "empty-folder", "folder", "folder/deep", "folder/deep/deeper"]) {
    mkdirSync(at(folder));
  }
  for (const name of NAMES) write(name, name);
  for (const [name, mode] of Object.entries(MODES)) write(name, name, mode);
  for (const [name, target] of Object.entries(LINKS)) {
    symlinkSync(Buffer.from(target, "latin1"), at(name));
  }
  write("empty", "");
  write("folder/deep/deeper/file", "deep");
  write("folder/.hidden", "hidden");
  // Sizes around the padding of archives, and larger than any buffer.
  for (const size of [7, 8, 9, 15, 16, 17]) write(`size-${size}`, "s".repeat(size));
  write("large", "0123456789abcdef".repeat(1 << 17));
  write("zeros", "\0".repeat(70_000));
}
