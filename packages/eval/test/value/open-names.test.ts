/** What is reported of the entries of directories; docs/design/012-remembered-results.md has the table. */
import { expect, test } from "vitest";
import { Evaluation } from "../../src/evaluation.ts";
import { type EvalIo, overrideIo } from "../../src/io.ts";
import { memoryIo } from "../../src/memory-io.ts";
import { type AskedNames, OpenNames } from "../../src/value/open-names.ts";

/** What evaluating an expression about the directory `/d` reports: `*` if all names of it are listed. */
function reported(expression: string): string {
  const asked: AskedNames = { names: new Set(), upTo: "" };
  let isListed = false;
  const base = memoryIo({ files: { "/d/a": "", "/d/b": "", "/d/c": "" } });
  const io: EvalIo = {
    ...overrideIo(base, {}),
    openListing: (path) => ({
      entries: base.readDirectory(path),
      names: OpenNames.ofDirectory(asked, () => {
        isListed = true;
      }),
    }),
  };
  const evaluation = new Evaluation({ io });
  try {
    evaluation.evaluate(`let d = builtins.readDir /d; in ${expression}`);
  } catch {
    // What failed has been reported as well.
  }
  return isListed
    ? "*"
    : [...asked.names, ...(asked.upTo === "" ? [] : [`<=${asked.upTo}`])].join(" ");
}

test.each([
  ["d ? a", "a"],
  ["d.a", "a"],
  ["d.x or 1", "x"],
  ["d ? x.y", "x"],
  ["builtins.isAttrs d", ""],
  ["({ a, ... }: a) d", "a"],
  ["({ a, x ? 1, ... }: a) d", "a x"],
  ["({ a, b, c }: a) d", "*"],
  ["({ ... }@s: s ? x) d", "x"],
  ["with { x = 1; }; with d; x", "x"],
  ["let inherit (d) a; in a", "a"],
  ["(d // { x = 1; }) ? y", "y"],
  ["(d // { x = 1; }).x", "x"],
  ["({ x = 1; } // d).x", "x"],
  ["(d // d // { })._ or 1", "_"],
  ["(builtins.mapAttrs (n: t: n) d).a", "a"],
  ['(builtins.removeAttrs d [ "a" "x" ]).b', "b"],
  ['builtins.removeAttrs d [ "a" "b" "c" ]', "*"],
  ["(builtins.intersectAttrs { a = 1; x = 2; } d).a", "a x"],
  ["(builtins.intersectAttrs d { a = 1; x = 2; }).a", "a x"],
  ["builtins.intersectAttrs d d", "*"],
  ["(builtins.zipAttrsWith (n: vs: vs) [ d { x = 1; } ]).y or 1", "y"],
  ['builtins.catAttrs "x" [ d ]', "x"],
  ['builtins.hasAttr "x" d', "x"],
  ['builtins.getAttr "x" d', "x"],
  ['builtins.unsafeGetAttrPos "x" d', "x"],
  ["(rec { __overrides = d; a = 1; }).a", "a"],
  ["builtins.attrNames d == [ ]", "*"],
  ["builtins.length (builtins.attrNames d)", "*"],
  ["builtins.attrValues d", "*"],
  ["d == { }", "*"],
  ["builtins.toJSON d", "*"],
  ["builtins.toXML d", "*"],
  ["builtins.deepSeq d 1", "*"],
  ["builtins.trace d 1", "*"],
  ["d.x", "*"],
  ["1 + d", ""],
  ["builtins.map (n: n) (builtins.attrNames d)", "*"],
  ["builtins.attrNames d ++ [ ]", "*"],
])("%s reports '%s'", (expression, expected) => {
  expect(reported(expression)).toBe(expected);
});

/** Removes what satisfies a predicate on the name `n`. */
const without = (predicate: string): string =>
  `(let w = { b = 1; }; in builtins.removeAttrs d (builtins.filter (n: ${predicate}) (builtins.attrNames d)))`;

test.each([
  ['n == "b"', "b <=a"],
  ['!(n == "b")', "b <=a"],
  ["!(w ? ${n})", "b <=a"],
  ['n == "x" || !(w ? ${n})', "x b <=a"],
  ["!({ b = 1; } ? ${n})", "*"],
  ["true", "*"],
  ["false", "b <=a"],
  ["builtins.stringLength n > 3", "*"],
  ["d ? ${n}", "*"],
  ["builtins.trace n true", "*"],
  ['if n == "b" then throw n else false', "b <=a"],
  ["(p: !p n d.${n}) (n: v: { b = 1; } ? ${n})", "*"],
  ['n < "c"', "*"],
])("filtering by %s reports '%s'", (predicate, expected) => {
  expect(reported(`${without(predicate)} ? b`)).toBe(expected);
});

test("a set that was filtered by known names is not open", () => {
  expect(reported(`(let r = ${without('!(n == "b")')}; in builtins.attrNames r == [ ])`)).toBe(
    "b <=a",
  );
});
