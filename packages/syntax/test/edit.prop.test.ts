/**
 * Laws of edits: nothing outside of them changes, comments that are not an item's own stay, the result
 * says exactly what was asked, and adding and removing undo each other. On generated sets, and on the
 * `flake.nix` files below the folder that `NIVIS_EDIT_FLAKES` names.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  addInput,
  flakeInputs,
  NixFile,
  removeInput,
  setInputRef,
  setInputUrl,
} from "../src/index.ts";
import { expressionText } from "./generate.ts";

const name = fc.constantFrom("a", "b", "c", "d-e", "f'", '"g h"');
const separator = fc.constantFrom(
  " ",
  "\n  ",
  "\n\n  ",
  "\n  # note\n  ",
  "\n  /* note */ ",
  " # note\n  ",
);

/** Sets with paths of one or two names, no name bound twice. */
const setText = fc
  .array(fc.tuple(name, fc.option(name), expressionText, separator), { maxLength: 6 })
  .map((bindings) => {
    const taken = new Set<string>();
    let text = "{";
    for (const [first, second, value, before] of bindings) {
      if (taken.has(first)) continue;
      taken.add(first);
      text += `${before}${first}${second === null ? "" : `.${second}`} = ${value};`;
    }
    return `${text}\n}`;
  });

/** All bindings: the path and the text of the value. */
function bindings(file: NixFile): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const one of file.names()) {
    const quoted = JSON.stringify(one);
    for (const path of [
      quoted,
      ...file.names(quoted).map((next) => `${quoted}.${JSON.stringify(next)}`),
    ])
      found.set(path, file.get(path));
  }
  return found;
}

/** Whether a text can be opened; generated expressions may break over each other's comments. */
function open(text: string): NixFile | undefined {
  try {
    return new NixFile(text);
  } catch {
    return undefined;
  }
}

function notes(text: string): number {
  return text.split("note").length - 1;
}

test("set changes one value and nothing else", () => {
  fc.assert(
    fc.property(setText, fc.nat(), (text, which) => {
      const file = open(text);
      const paths =
        file === undefined ? [] : [...bindings(file)].filter(([, value]) => value !== undefined);
      if (file === undefined || paths.length === 0) return;
      const [path, value] = paths[which % paths.length] as [string, string];
      const { start = 0, end = 0 } = file.at(path) ?? {};
      file.set(path, "[ 1 ]");
      expect(file.toString()).toBe(`${text.slice(0, start)}[ 1 ]${text.slice(end)}`);
      file.set(path, value);
      expect(file.toString()).toBe(text);
      expect(file.edits).toEqual([]);
    }),
    { numRuns: 300, seed: 40 },
  );
});

test("insert and remove undo each other and keep every comment", () => {
  fc.assert(
    fc.property(setText, (text) => {
      const file = open(text);
      if (file === undefined) return;
      const before = bindings(file);
      file.insert("zz.y", "1");
      expect(file.get("zz.y")).toBe("1");
      for (const [path, value] of before) expect(file.get(path), path).toBe(value);
      expect(notes(file.toString())).toBe(notes(text));
      // Comments before the new binding are not its own: they trail the one before it.
      file.remove("zz");
      expect(bindings(file)).toEqual(before);
      expect(notes(file.toString())).toBe(notes(text));
    }),
    { numRuns: 300, seed: 41 },
  );
});

test("remove takes one binding and keeps the others", () => {
  fc.assert(
    fc.property(setText, fc.nat(), (text, which) => {
      const file = open(text);
      const names = file?.names() ?? [];
      if (file === undefined || names.length === 0) return;
      const gone = JSON.stringify(names[which % names.length]);
      const before = bindings(file);
      file.remove(gone);
      const after = bindings(file);
      for (const [path, value] of before) {
        const isGone = path === gone || path.startsWith(`${gone}.`);
        expect(after.has(path), path).toBe(!isGone);
        if (!isGone) expect(after.get(path), path).toBe(value);
      }
    }),
    { numRuns: 300, seed: 42 },
  );
});

const folder = process.env["NIVIS_EDIT_FLAKES"];
if (folder === undefined)
  process.stderr.write(
    "packages/syntax: real flakes are skipped because NIVIS_EDIT_FLAKES names no folder\n",
  );

test.skipIf(folder === undefined)("real flakes change in what is asked for", () => {
  const files = readdirSync(folder as string, { recursive: true, encoding: "utf8" })
    .filter((entry) => /(?:^|\/)flake\.nix$/.test(entry))
    .map((entry) => join(folder as string, entry));
  expect(files.length).toBeGreaterThan(0);
  let inputs = 0;
  for (const path of files) {
    const text = readFileSync(path, "latin1");
    const known = flakeInputs(new NixFile(text));
    for (const input of known) {
      inputs += 1;
      if (input.url !== undefined) {
        const file = new NixFile(text);
        setInputUrl(file, input.name, "github:a/b");
        const changed = flakeInputs(file).filter(({ url }, i) => url !== known[i]?.url);
        expect(
          changed.map((one) => one.name),
          path,
        ).toEqual([input.name]);
        expect(file.edits, path).toHaveLength(1);
        setInputUrl(file, input.name, input.url);
        expect(file.toString(), path).toBe(text);
        if (/^(?:github|gitlab|sourcehut):/.test(input.url)) {
          setInputRef(file, input.name, "zz");
          expect(file.edits, path).toHaveLength(1);
          expect(flakeInputs(file).find((one) => one.name === input.name)?.url).toContain("zz");
        }
      }
      const file = new NixFile(text);
      removeInput(file, input.name);
      expect(
        flakeInputs(file).map((one) => one.name),
        path,
      ).toEqual(known.map((one) => one.name).filter((one) => one !== input.name));
    }
    if (known.length === 0) continue;
    const file = new NixFile(text);
    addInput(file, "zz-new", "github:a/b");
    expect(
      flakeInputs(file)
        .map((one) => one.name)
        .sort(),
      path,
    ).toEqual([...known.map((one) => one.name), "zz-new"].sort());
    expect(
      file.edits.every(({ start, end }) => start === end),
      path,
    ).toBe(true);
    removeInput(file, "zz-new");
    expect(file.toString(), path).toBe(text);
  }
  expect(inputs).toBeGreaterThan(0);
});
