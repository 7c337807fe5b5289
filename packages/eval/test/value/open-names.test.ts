/** What is reported of the entries of directories; docs/design/012-remembered-results.md has the table. */
import { expect, test } from "vitest";
import { Evaluation } from "../../src/evaluation.ts";
import { type EvalIo, overrideIo } from "../../src/io.ts";
import { memoryIo } from "../../src/memory-io.ts";
import { type AskedNames, OpenNames } from "../../src/value/open-names.ts";

/** What evaluating an expression about the directory `/d` reports: `*` if all names of it are listed. */
function reported(expression: string): string {
  const asked: AskedNames = { names: new Set(), messages: 0 };
  const names = OpenNames.ofDirectory(asked);
  const base = memoryIo({ files: { "/d/a": "", "/d/b": "", "/d/c": "" } });
  const io: EvalIo = {
    ...overrideIo(base, {}),
    openListing: (path) => ({
      entries: base.readDirectory(path),
      names,
    }),
    log: () => {
      asked.messages++;
    },
  };
  const evaluation = new Evaluation({ io });
  try {
    evaluation.evaluate(`let d = builtins.readDir /d; in ${expression}`);
  } catch {
    // What failed has been reported as well.
  }
  return names.areListed ? "*" : [...asked.names].join(" ");
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
  ['(builtins.removeAttrs d [ "a" "x" ]).b', "a x b"],
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
  ['n == "b"', "a b"],
  ['!(n == "b")', "a b"],
  ["!(w ? ${n})", "a b"],
  ['n == "x" || !(w ? ${n})', "a x b"],
  ["!({ b = 1; } ? ${n})", "*"],
  ["true", "*"],
  ["false", "a b"],
  ["builtins.stringLength n > 3", "*"],
  ["d ? ${n}", "*"],
  ["builtins.trace n true", "*"],
  ['if n == "b" then throw n else false', "a b"],
  ["(p: !p n d.${n}) (n: v: { b = 1; } ? ${n})", "*"],
  ['n < "c"', "*"],
])("filtering by %s reports '%s'", (predicate, expected) => {
  expect(reported(`${without(predicate)} ? b`)).toBe(expected);
});

test("a set that was filtered by known names is not open", () => {
  expect(reported(`(let r = ${without('!(n == "b")')}; in builtins.attrNames r == [ ])`)).toBe(
    "a b",
  );
});

/** Forms in which the union of a list of sets is written by halves, as functions of `elemAt` and `length`. */
const UNIONS = [
  `xs: let half = from: to: if to - from == 1 then elemAt xs from
     else half from ((from + to) / 2) // half ((from + to) / 2) to;
   in if xs == [ ] then { } else half 0 (length xs)`,
  `xs: let half = from: to: if to - from >= 2
       then half from (from + (to - from) / 2) // half (from + (to - from) / 2) to
       else elemAt xs from;
   in if xs == [ ] then { } else half 0 (length xs)`,
  `xs: let half = from: to: if to - from >= 2
       then half from ((from + to) / 2) // half ((from + to) / 2) to
       else elemAt xs from;
   in if xs == [ ] then { } else half 0 (length xs)`,
];

/** What a union of sets made of the entries of `/s` reports: what entries mean that are added, and names. */
function unionReported(
  expression: string,
  files = ["/s/a/p", "/s/a/q", "/s/b/r", "/s/README", "/o/a/p", "/o/b/r"],
): string {
  const asked: AskedNames = { names: new Set(), messages: 0 };
  const base = memoryIo({ files: Object.fromEntries(files.map((file) => [file, ""])) });
  const names = new Map<string, OpenNames>();
  const io: EvalIo = {
    ...overrideIo(base, {}),
    openListing: (path) => {
      const known = names.get(path) ?? OpenNames.ofDirectory(asked);
      names.set(path, known);
      return { entries: base.readDirectory(path), names: known };
    },
    log: () => {
      asked.messages++;
    },
  };
  const evaluation = new Evaluation({ io });
  const bindings = `
    inherit (builtins) elemAt length;
    mergeAttrsList = ${UNIONS[0]};
    mergeOther = ${UNIONS[1]};
    mergeThird = ${UNIONS[2]};
    ofEntry = n: t: if t != "directory" then { }
      else builtins.mapAttrs (p: _: /s + "/${"${n}/${p}"}") (builtins.readDir (/s + "/${"${n}"}"));
    mapToList = f: s: builtins.attrValues (builtins.mapAttrs f s);
    mapByNames = f: s: map (n: f n s.${"${n}"}) (builtins.attrNames s);
    entries = mapToList ofEntry (builtins.readDir /s);
  `;
  try {
    evaluation.evaluate(`let ${bindings} in ${expression}`);
  } catch {
    // What failed has been reported as well.
  }
  const root = names.get("/s") as OpenNames;
  if (root.areListed) return "*";
  const { meaningsOfEntries: meanings } = root;
  if (meanings === undefined) return "not united";
  return [meanings.regular, meanings.directory, meanings.symlink, meanings.unknown].join("");
}

test.each([
  ["(mergeAttrsList entries).p", "0102"],
  ["(mergeOther entries) ? x", "0102"],
  ["(mergeThird entries) ? x", "0102"],
  ["(mergeAttrsList (mapByNames ofEntry (builtins.readDir /s))).p", "0102"],
  ["(mergeAttrsList (mapToList (n: t: ofEntry n t) (builtins.readDir /s))).p", "0102"],
  [
    '(mergeAttrsList (mapToList (n: t: if n == "x" then { } else ofEntry n t) (builtins.readDir /s))).p',
    "0102",
  ],
  [
    '(mergeAttrsList (mapToList (n: t: if t == "directory" then builtins.readDir (/s + "/${n}") else { }) (builtins.readDir /s))).p',
    "0102",
  ],
  [
    '(mergeAttrsList (mapToList (n: t: if t == "directory" then builtins.readDir /s/${n} else { }) (builtins.readDir /s))).p',
    "0102",
  ],
  ["(builtins.foldl' (a: b: a // b) { } entries).p", "0102"],
  ["(builtins.zipAttrsWith (n: v: v) entries).p", "0102"],
  // What is not known to treat all elements alike.
  ["(builtins.foldl' (a: b: b // a) { } entries).p", "*"],
  ["(mergeAttrsList entries) ? ${toString (builtins.length entries)}", "*"],
  ["builtins.attrValues (builtins.readDir /s)", "*"],
  ["builtins.head entries", "*"],
  ["entries == [ ]", "*"],
  ["builtins.seq (mergeAttrsList entries) (builtins.map (x: x) entries)", "*"],
  ["builtins.concatLists [ entries entries ]", "*"],
  ["let elemAt = xs: i: builtins.elemAt xs 0; m = ${merge}; in (m entries).p", "*"],
  ["let length = xs: builtins.length xs - 1; m = ${merge}; in (m entries).p", "*"],
  // Functions of which it is not known what they make of other entries.
  [
    '(mergeAttrsList (mapToList (n: t: if t != "directory" then { } else builtins.readDir (/o + "/${n}")) (builtins.readDir /s))).p',
    "0202",
  ],
  ["(mergeAttrsList (mapToList (n: t: { ${n} = t; }) (builtins.readDir /s))) ? x", "2222"],
  [
    "(mergeAttrsList (mapToList (n: t: builtins.trace n (ofEntry n t)) (builtins.readDir /s))).p",
    "*",
  ],
  [
    '(mergeAttrsList (mapToList (n: t: if n < "x" then { } else { }) (builtins.readDir /s))) ? p',
    "*",
  ],
  [
    '(mergeAttrsList (mapToList (n: t: if t != "directory" then { } else builtins.readDir (/. + "/${n}")) (builtins.readDir /s))) ? p',
    "*",
  ],
  [
    '(mergeAttrsList (mapToList (n: t: if t != "directory" then 1 else ofEntry n t) (builtins.readDir /s))).p',
    "*",
  ],
  [
    '(mergeAttrsList (mapToList (n: t: if n == "b" then throw n else ofEntry n t) (builtins.readDir /s))).p',
    "*",
  ],
  [
    '(mergeAttrsList (mapToList (n: t: if t == "symlink" then throw n else ofEntry n t) (builtins.readDir /s))).p',
    "0122",
  ],
])("%s reports '%s'", (expression, expected) => {
  expect(unionReported(expression.replace("${merge}", UNIONS[0] as string))).toBe(expected);
});

test("the forms that use `builtins.elemAt` are known as well", () => {
  for (const union of UNIONS.slice(0, 2)) {
    const own = union.replace("elemAt", "builtins.elemAt").replace("(length", "(builtins.length");
    expect(unionReported(`((${own}) entries).p`)).toBe("0102");
  }
});
