/**
 * Which edits of a directory of directories leave a result as it is, for a program that unites sets made of
 * its entries, as nixpkgs does with `pkgs/by-name`.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Evaluation } from "@nivis/eval";
import { checkInputs, InputRecorder, nodeIo } from "@nivis/node";
import { expect, test } from "vitest";

/** The union is made by halves; `packages` has the name of each file with its path. */
const PACKAGES = `
  let
    inherit (builtins) elemAt length;
    union = sets:
      let
        part = first: end:
          if end - first == 1 then elemAt sets first
          else part first ((first + end) / 2) // part ((first + end) / 2) end;
      in if sets == [ ] then { } else part 0 (length sets);
    ofShard = shard: type:
      if type != "directory" then { }
      else builtins.mapAttrs (name: _: ./by-name + "/\${shard}/\${name}") (builtins.readDir (./by-name + "/\${shard}"));
    shards = builtins.readDir ./by-name;
    packages = union (builtins.attrValues (builtins.mapAttrs ofShard shards));
  in`;

type Edit = (place: (path: string) => string) => void;

const add =
  (path: string): Edit =>
  (place) => {
    mkdirSync(place(path), { recursive: true });
  };
const addFile =
  (path: string): Edit =>
  (place) => {
    writeFileSync(place(path), "");
  };
const remove =
  (path: string): Edit =>
  (place) => {
    rmSync(place(path), { recursive: true });
  };

/** Whether what a program looked at is still as it was after some edits. */
function holdsAfter(program: string, edits: readonly Edit[]): boolean[] {
  const root = mkdtempSync(join(tmpdir(), "nivis-shards-"));
  try {
    const place = (path: string): string => join(root, "by-name", path);
    for (const path of ["gi/git", "he/hello", "he/helium", "ni/nix"]) add(path)(place);
    addFile("README.md")(place);
    writeFileSync(join(root, "default.nix"), `${PACKAGES} ${program}`);
    const recorder = new InputRecorder(0);
    const evaluation = new Evaluation({ io: nodeIo({ inputs: recorder }) });
    evaluation.evaluateFile(join(root, "default.nix"));
    const inputs = recorder.finish();
    if (inputs === undefined) throw new Error(recorder.unrepeatable);
    return edits.map((edit) => {
      edit(place);
      return checkInputs({ inputs, settlingTime: 0 }).holds;
    });
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** Names a file, as a program that builds something would. */
const HELLO = "builtins.pathExists packages.hello";

test("what is added anywhere leaves a result as it is", () => {
  const edits = [
    add("he/helloo"),
    add("zz/zzpkg"),
    add("00/00pkg"),
    add("zz/zlib"),
    add("aa"),
    addFile("LICENSE"),
    (place: (path: string) => string) => symlinkSync("nowhere", place("link")),
    remove("zz"),
    remove("he/helloo"),
    remove("he/helium"),
  ];
  expect(holdsAfter(HELLO, edits)).toEqual(edits.map(() => true));
});

test.each<[string, Edit]>([
  ["a package that was asked for, in a new shard", add("zz/hello")],
  ["a shard whose name was asked for as a package", add("hello/x")],
  ["a shard goes", remove("gi")],
  ["the package goes", remove("he/hello")],
  [
    "a shard becomes a file",
    (place) => {
      remove("gi")(place);
      addFile("gi")(place);
    },
  ],
  [
    "a shard moves behind a symlink",
    (place) => {
      renameSync(place("he"), place("he.moved"));
      symlinkSync("he.moved", place("he"));
    },
  ],
])("a result is not used after an edit: %s", (_name, edit) => {
  expect(holdsAfter(HELLO, [edit])).toEqual([false]);
});

test("what was added is looked at again each time", () => {
  expect(holdsAfter(HELLO, [add("zz/zzpkg"), add("zz/hello")])).toEqual([true, false]);
});

test.each([
  ["packages ? zzpkg", add("zz/zzpkg")],
  ["shards ? zz", add("zz/zzpkg")],
  ["builtins.attrNames packages", add("zz/zzpkg")],
  ["builtins.seq packages (builtins.attrNames shards)", add("zz")],
  ["builtins.length (builtins.attrNames packages)", add("zz/zzpkg")],
  ["builtins.seq packages (builtins.readDir ./by-name/gi == { })", add("gi/github")],
])("%s depends on what is added", (program, edit) => {
  expect(holdsAfter(program, [edit])).toEqual([false]);
});

/** Sets of the entries of `by-name` that are made by functions which treat some entries in ways of their own. */
const SPECIAL = `
  s = builtins.readDir ./by-name;
  shard = n: builtins.readDir (./by-name + "/\${n}");
  unite = builtins.foldl' (a: b: a // b);
  made = first: f: unite first (builtins.attrValues (builtins.mapAttrs f s));
  others = n: t: if n == "gi" || n == "he" || n == "ni" || t != "directory" then { } else shard n;
in`;

test.each([
  ["no entry has names yet", `builtins.attrNames (made { x = 1; } others)`],
  [
    "a part of an entry",
    `builtins.attrNames (made { } (n: t: if n == "he" then { inherit (shard n) hello; } else others n t))`,
  ],
  [
    "another union of everything",
    `[ (made { } (n: t: if t == "directory" then shard n else { }) ? foo) (made { y = 1; } others) ]`,
  ],
  [
    "the list of another union",
    `builtins.removeAttrs (made { } (n: t: if t == "directory" then shard n else { }))
       (builtins.attrNames (made { } (n: t: if n == "gi" || n == "he" || n == "ni" then shard n else { })))`,
  ],
])("a union depends on what is added: %s", (_name, program) => {
  const text = `let ${SPECIAL} builtins.toJSON (${program})`;
  expect(holdsAfter(text, [add("zz/zzpkg")])).toEqual([false]);
});

test("a list of names removes others when they are added", () => {
  const program = `let s = builtins.readDir ./by-name; in
    builtins.attrNames (removeAttrs (s // { x = 1; }) (builtins.attrNames s))`;
  expect(holdsAfter(program, [add("y"), add("x")])).toEqual([true, false]);
});

test("a set lacks removed names that are added later", () => {
  const program = `let s = builtins.readDir ./by-name; in
    builtins.attrNames (removeAttrs s (builtins.attrNames (removeAttrs s [ "gi" "x" ])))`;
  expect(holdsAfter(program, [add("y"), add("x")])).toEqual([true, false]);
});
