/**
 * Depth and size: programs that recursion on the native stack could not handle. Each program runs
 * in the built command, in its own process with Node's default stack. The programs are written here
 * and their inputs generated, because a file nested a million levels deep does not belong in Git.
 *
 * Only answers are checked, never times; a program that does not end fails.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtCommand, type Outcome, runProcess } from "@nivis/testkit";
import { afterAll, describe, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "nivis-limits-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LIMIT = 120_000;

/** Lifts the default limit of the command, because these tests go beyond it. */
const DEEP = ["--option", "max-call-depth", "4000000000"];

/** Evaluates a program in a file. */
function evaluate(source: string, ...flags: string[]): Promise<Outcome> {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.nix`);
  writeFileSync(file, source, "latin1");
  return runProcess(
    process.execPath,
    { args: [builtCommand(), "--eval", ...DEEP, ...flags, file], cwd: folder },
    { timeout: LIMIT },
  );
}

/** Tests that a program prints `expected`. */
function answers(title: string, source: () => string, expected: string, ...flags: string[]): void {
  test(
    title,
    async () => {
      const { code, stdout, stderr } = await evaluate(source(), ...flags);
      expect({ code, stderr: stderr.slice(0, 2000), stdout: stdout.slice(0, 200) }).toEqual({
        code: 0,
        stderr: "",
        stdout: `${expected}\n`,
      });
    },
    LIMIT,
  );
}

/** A list nested `n` deep, `[ [ [ … ] ] ]`, which the program builds. */
const nestedList = (n: number): string =>
  `builtins.foldl' (inner: _: [ inner ]) [ ] (builtins.genList (i: i) ${n})`;

/** A list nested `n` deep with a thunk at each level. */
const lazyList = (n: number): string =>
  `let nest = n: x: if n == 0 then x else nest (n - 1) [ x ]; in nest ${n} [ ]`;

/** A set nested `n` deep. */
const nestedSet = (n: number): string =>
  `builtins.foldl' (inner: _: { a = inner; }) { } (builtins.genList (i: i) ${n})`;

describe("calls and thunks", () => {
  answers(
    "a function that is not tail-recursive, five million deep",
    () => "let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 5000000",
    "5000000",
  );
  answers(
    "a tail call a million deep",
    () => "let f = n: acc: if n == 0 then acc else f (n - 1) (acc + 1); in f 1000000 0",
    "1000000",
  );
  answers(
    "a chain of five million thunks",
    () => "let build = n: acc: if n == 0 then acc else build (n - 1) (acc + 1); in build 5000000 0",
    "5000000",
  );
  answers(
    "thunks chained through a list of a million elements",
    () =>
      "let n = 1000000; xs = builtins.genList (i: if i == 0 then 0 else 1 + builtins.elemAt xs (i - 1)) n; in builtins.elemAt xs (n - 1)",
    "999999",
  );
  answers(
    "mutual recursion a million deep",
    () => "let even = n: n == 0 || odd (n - 1); odd = n: n != 0 && even (n - 1); in even 1000000",
    "true",
  );
});

describe("a structure a million levels deep", () => {
  const n = 1_000_000;
  answers("== on lists", () => `let a = ${nestedList(n)}; b = ${nestedList(n)}; in a == b`, "true");
  answers("== on sets", () => `let a = ${nestedSet(n)}; b = ${nestedSet(n)}; in a == b`, "true");
  answers(
    "toJSON",
    () => `builtins.stringLength (builtins.toJSON (${nestedList(n)}))`,
    String(2 * (n + 1)),
  );
  answers(
    "toJSON of lists that are not evaluated yet",
    () => `builtins.stringLength (builtins.toJSON (${lazyList(n)}))`,
    String(2 * (n + 1)),
  );
  answers(
    "toJSON of sets",
    () => `builtins.stringLength (builtins.toJSON (${nestedSet(n)}))`,
    String(2 + 6 * n),
  );
  answers("deepSeq", () => `builtins.deepSeq (${nestedSet(n)}) "done"`, '"done"');
  answers(
    "toString",
    () => `builtins.stringLength (toString [ "x" (${nestedList(n)}) ])`,
    // The empty innermost list has no separator, but the element before it does.
    "2",
  );
  test(
    "printing",
    async () => {
      const { code, stdout, stderr } = await evaluate(nestedList(n), "--strict");
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout.length).toBe(4 * (n + 1));
      expect(stdout.trimEnd().endsWith("] ] ]")).toBe(true);
    },
    LIMIT,
  );
  test(
    "printing as JSON and XML",
    async () => {
      const json = await evaluate(nestedSet(100_000), "--strict", "--json");
      expect({ code: json.code, length: json.stdout.length }).toEqual({
        code: 0,
        length: 2 + 6 * 100_000 + 1,
      });
      const xml = await evaluate(nestedList(1000), "--strict", "--xml");
      expect({ code: xml.code, lists: xml.stdout.split("<list>").length }).toEqual({
        code: 0,
        lists: 1002,
      });
    },
    LIMIT,
  );
});

describe("growing sets", () => {
  const n = 15_000;
  const grown = (update: string): string =>
    `let grow = n: x: if n == 0 then x else grow (n - 1) (${update}); in builtins.length (builtins.attrNames (grow ${n} { }))`;
  answers("on the right", () => grown('x // { "a${toString n}" = n; }'), String(n));
  answers("on the left", () => grown('{ "a${toString n}" = n; } // x'), String(n));
  answers(
    "and shrink",
    () =>
      `let all = builtins.genList toString ${n}; set = builtins.listToAttrs (map (name: { inherit name; value = 1; }) all); in builtins.foldl' (s: n: removeAttrs s [ n ]) set all`,
    "{ }",
  );
});

describe("callbacks nested 100,000 deep", () => {
  const n = 100_000;
  /** `name` calls itself from inside a builtin's callback. */
  const nested = (body: string): string => `let f = n: if n == 0 then 0 else ${body}; in f ${n}`;
  answers("map", () => nested("1 + builtins.head (map (x: f (n - 1)) [ 0 ])"), String(n));
  answers(
    "filter",
    () => nested("1 + builtins.length (builtins.filter (x: f (n - 1) < 0) [ 0 ])"),
    "1",
  );
  answers("sort", () => nested("builtins.head (builtins.sort (a: b: f (n - 1) < 0) [ 1 2 ])"), "1");
  answers("foldl'", () => nested("builtins.foldl' (a: b: a + f (n - 1)) 1 [ 0 ]"), String(n));
  answers(
    "genericClosure",
    () =>
      nested(
        "1 + builtins.length (builtins.genericClosure { startSet = [ { key = 0; } ]; operator = x: builtins.seq (f (n - 1)) [ ]; })",
      ),
    "2",
  );
  answers(
    "all and any",
    () => nested("if builtins.all (x: builtins.any (y: f (n - 1) < 0) [ 0 ]) [ 0 ] then 1 else 2"),
    "2",
  );
  answers(
    "concatMap",
    () => nested("1 + builtins.head (builtins.concatMap (x: [ (f (n - 1)) ]) [ 0 ])"),
    String(n),
  );
  answers(
    "mapAttrs",
    () => nested("1 + (builtins.mapAttrs (k: v: f (n - 1)) { a = 0; }).a"),
    String(n),
  );
  answers(
    "genList",
    () => nested("1 + builtins.head (builtins.genList (i: f (n - 1)) 1)"),
    String(n),
  );
  answers("tryEval", () => nested("1 + (builtins.tryEval (f (n - 1))).value"), String(n));
  answers("seq and deepSeq", () => nested("builtins.seq (builtins.deepSeq (f (n - 1)) 0) 1"), "1");
  answers(
    "a fold inside a map inside a sort",
    () =>
      nested(
        "builtins.foldl' (a: b: a + b) 1 (map (x: builtins.head (builtins.sort (p: q: p < q) [ (f (n - 1)) 9999999 ])) [ 0 ])",
      ),
    String(n),
  );
  answers(
    "__toString",
    () =>
      `let f = n: if n == 0 then "x" else toString { __toString = self: f (n - 1); }; in f ${n}`,
    '"x"',
  );
  answers(
    "__functor",
    () => `let f = n: if n == 0 then 0 else 1 + { __functor = self: x: f x; } (n - 1); in f ${n}`,
    String(n),
  );
  answers(
    "interpolation",
    () => `let f = n: if n == 0 then "" else "a\${f (n - 1)}"; in builtins.stringLength (f ${n})`,
    String(n),
  );
});

describe("sources", () => {
  const n = 100_000;
  answers("parentheses", () => `${"(".repeat(n)}1${")".repeat(n)}`, "1");
  answers("lists", () => `builtins.length ${"[ ".repeat(n)}1${" ]".repeat(n)}`, "1");
  answers("sets", () => `(${"{ a = ".repeat(n)}1${"; }".repeat(n)}) ? a`, "true");
  answers("functions", () => `builtins.isFunction (${"x: ".repeat(n)}1)`, "true");
  answers("lets", () => `${"let a = 1; in ".repeat(n)}1`, "1");
  answers("conditionals", () => `${"if false then 0 else ".repeat(n)}1`, "1");
  answers("a sum of many terms", () => `1${" + 1".repeat(n)}`, String(n + 1));
  answers(
    "a chain of updates",
    () => `builtins.length (builtins.attrNames ({ }${" // { a = 1; }".repeat(n)}))`,
    "1",
  );
  answers(
    "a list of many elements",
    () => `builtins.length [ ${"1 ".repeat(10 * n)}]`,
    String(10 * n),
  );
  answers(
    "a set of 70,000 attributes",
    () => {
      const attributes = Array.from({ length: 70_000 }, (_, i) => `a${i} = ${i};`).join(" ");
      return `let s = { ${attributes} }; in s.a69999 + builtins.length (builtins.attrNames s)`;
    },
    "139999",
  );
  answers(
    "a string of a megabyte",
    () => `builtins.stringLength "${"x".repeat(1 << 20)}"`,
    String(1 << 20),
  );
  answers(
    "an interpolation in an interpolation",
    () => `builtins.stringLength ${'"a${'.repeat(10_000)}""${'}"'.repeat(10_000)}`,
    "10000",
  );
  answers(
    "a path of attributes",
    () => `{ ${"a.".repeat(10_000)}a = 1; } ? ${"a.".repeat(10_000)}a`,
    "true",
  );
});

describe("failures at great depth", () => {
  test(
    "an error a million calls deep is an error, not a crash",
    async () => {
      const { code, stdout, stderr } = await evaluate(
        'let f = n: if n == 0 then throw "the bottom" else 1 + f (n - 1); in f 1000000',
      );
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toContain("error: the bottom");
    },
    LIMIT,
  );
  test(
    "a cut-off source nested deep is a syntax error",
    async () => {
      const { code, stdout, stderr } = await evaluate("{ a = [ (".repeat(30_000));
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toContain("error: syntax error");
    },
    LIMIT,
  );
  test(
    "endless recursion ends",
    async () => {
      const { code, stdout, stderr } = await evaluate("let f = x: 1 + f x; in f 1");
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toContain("error: stack overflow; max-call-depth exceeded");
    },
    LIMIT,
  );
});
