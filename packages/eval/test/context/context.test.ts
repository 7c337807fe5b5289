/** The builtins on string contexts. */
import { describe, expect, test } from "vitest";
import { Attrs } from "../../src/value/attrs.ts";
import { ContextString, type Slot } from "../../src/value/value.ts";
import { call, contextList, failure, makeContext, set, text } from "../store/store-context.ts";

const drv = "/nix/store/7qvrnr4kah64ilyxh4b734malr3ls6mr-t.drv";
const file = "/nix/store/2zgm6g4x91yavq1nyf217ahv0hr592j2-f.txt";

function withElements(...elements: string[]): ContextString {
  return new ContextString("x", new Set(elements));
}

/** A set as plain objects. */
function plain(value: Slot | undefined): unknown {
  if (!(value instanceof Attrs)) return value;
  return Object.fromEntries(value.sortedNames().map((name) => [name, plain(value.get(name))]));
}

const all = withElements(file, `=${drv}`, `!out!${drv}`, `!dev!${drv}`);
const allShown = { [file]: { path: true }, [drv]: { allOutputs: true, outputs: ["dev", "out"] } };

test("getContext sorts elements by path", () => {
  expect(plain(call(makeContext(), "getContext", all))).toEqual(allShown);
  expect(plain(call(makeContext(), "getContext", "x"))).toEqual({});
});

test("appendContext is the inverse of getContext and adds to what is there", () => {
  const ctx = makeContext();
  const shown = call(ctx, "getContext", all);
  expect(contextList(call(ctx, "appendContext", "x", shown))).toEqual([...all.context].sort());
  const more = call(ctx, "appendContext", withElements("/nix/store/a"), shown);
  expect(contextList(more)).toHaveLength(5);
});

test("hasContext", () => {
  expect(call(makeContext(), "hasContext", all)).toBe(true);
  expect(call(makeContext(), "hasContext", "x")).toBe(false);
});

test("discarding", () => {
  const ctx = makeContext();
  expect(call(ctx, "unsafeDiscardStringContext", all)).toBe("x");
  const shallow = call(ctx, "unsafeDiscardOutputDependency", all);
  expect(contextList(shallow)).toEqual([`!dev!${drv}`, `!out!${drv}`, file, drv]);
});

test("addDrvOutputDependencies", () => {
  const ctx = makeContext();
  const deep = call(ctx, "addDrvOutputDependencies", withElements(drv));
  expect(contextList(deep)).toEqual([`=${drv}`]);
  expect(contextList(call(ctx, "addDrvOutputDependencies", deep))).toEqual([`=${drv}`]);
});

describe("errors", () => {
  test.each<readonly [string, Slot[], string]>([
    [
      "addDrvOutputDependencies",
      ["x"],
      "context of string 'x' must have exactly one element, but has 0",
    ],
    ["addDrvOutputDependencies", [withElements(file)], `path '${file}' is not a derivation`],
    [
      "addDrvOutputDependencies",
      [withElements(`!out!${drv}`)],
      "`addDrvOutputDependencies` can only act on derivations, not on a derivation output such as 'out'",
    ],
    ["appendContext", ["x", set({ a: set({}) })], "context key 'a' is not a store path"],
    [
      "appendContext",
      ["x", set({ [file]: set({ outputs: ["out"] }) })],
      `tried to add derivation output context of "${file}", which is not a derivation, to a string`,
    ],
    [
      "appendContext",
      ["x", set({ [file]: set({ allOutputs: true }) })],
      `tried to add all-outputs context of "${file}", which is not a derivation, to a string`,
    ],
  ])("%s %#", (name, args, message) => {
    expect(failure(makeContext(), name, ...args)).toBe(message);
  });

  test("toFile takes no derivations", () => {
    expect(failure(makeContext(), "toFile", "n", withElements(`!out!${drv}`))).toBe(
      "files created by builtins.toFile may not reference derivations, but n references !out!7qvrnr4kah64ilyxh4b734malr3ls6mr-t.drv",
    );
  });
});

test("toFile", () => {
  const ctx = makeContext();
  const f = call(ctx, "toFile", "f.txt", "hello") as ContextString;
  expect(text(f)).toBe(file);
  expect(contextList(f)).toEqual([file]);
  const g = call(ctx, "toFile", "g", new ContextString(`see ${text(f)}`, f.context));
  expect(text(g)).toBe("/nix/store/49wzrq4g65irp42g96ca6ifs8d6yizv9-g");
});
