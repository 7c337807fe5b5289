/**
 * Scaling: a list whose length the program decides must not be searched linearly for each of its
 * elements. Each shape is a program of any size n; a program four times as large may take eight
 * times as long; a linear search in a list of n would make it sixteen times.
 *
 * The measured time covers everything from text to value: the lexer, the parser, both resolvers and
 * the lints, the compiler for all units, the disassembler, writing and reading an entry of the
 * bytecode cache, and the evaluation, by the machine and as JavaScript. The linter and the formatter
 * run on each program alone, too, so that the rest does not hide them, and printers on large values.
 *
 * The programs are small, so `npm test` finds only searches with expensive steps.
 * `NIVIS_SCALING=20 npx vitest run tests/limits/scaling` makes them 20 times as large.
 */
import { EvalError, Evaluation, memoryBytecodeCache, memoryIo } from "@nivis/eval";
import { FormatError, format } from "@nivis/fmt";
import { LINT_PARSE_OPTIONS, lint, parse, SourceFile } from "@nivis/syntax";
import { LINEAR, scalingFailure } from "@nivis/testkit";
import { expect, test } from "vitest";

/**
 * The highest ratio if the result is quadratic: each of n nested functions captures all outer ones.
 */
const QUADRATIC = 30;
const FACTOR = Number(process.env["NIVIS_SCALING"] ?? "1");

/** Joins `n` pieces of text. */
function repeat(n: number, piece: (i: number) => string, between = " "): string {
  return Array.from({ length: n }, (_, i) => piece(i)).join(between);
}

interface ShapeOptions {
  /** The size of the smallest program. */
  readonly n?: number;
  readonly atMost?: number;
}

const shapes: [string, (n: number) => string, ShapeOptions?][] = [
  ["bindings", (n) => `let ${repeat(n, (i) => `a${i} = ${i};`)} in { inherit ${names(n)}; }.a0`],
  [
    "captures of one function",
    (n) => `let ${ints(n)} f = x: { inherit ${names(n)}; }; in (f 1).a0`,
  ],
  [
    "captures of one thunk each",
    (n) => `let ${ints(n)} f = x: [ ${repeat(n, (i) => `(a${i} + x)`)} ]; in builtins.length (f 1)`,
  ],
  [
    "captures through nested functions",
    (n) => `(${repeat(n, (i) => `x${i}:`)} [ ${repeat(n, (i) => `x${i}`)} ])`,
    { n: 100, atMost: QUADRATIC },
  ],
  ["nested let", (n) => `${repeat(n, (i) => `let b${i} = ${i} - 1; in`)} b0`],
  ["nested let, outer name", (n) => `let x = 1; in ${repeat(n, () => "let y = x; in")} y`],
  [
    "nested functions, outer name",
    (n) => `let f = x: x; in ${repeat(n, (i) => `(y${i}: f (`, "")}1${"))".repeat(n)}`,
  ],
  ["nested sets", (n) => `${repeat(n, () => "{ a = ", "")}1${"; }".repeat(n)}`],
  ["nested lists", (n) => `${"[ ".repeat(n)}1${" ]".repeat(n)}`],
  ["with", (n) => `${repeat(n, (i) => `with { v${i} = ${i}; };`)} v0`],
  ["attribute path", (n) => `{ ${names(n, ".")} = 1; }.${names(n, ".")}`],
  ["attribute path with or", (n) => `{ }.${names(n, ".")} or 1`],
  ["question mark", (n) => `{ } ? ${names(n, ".")}`],
  ["formals", (n) => `({ ${names(n, ", ")} }: a0) { ${ints(n)} }`],
  [
    "defaults",
    (n) => `({ ${repeat(n, (i) => `a${i} ? a${i + 1} + 1`, ", ")}, a${n} ? 1 }: a${n}) { }`,
  ],
  [
    "defaults that are names",
    (n) => `({ ${repeat(n, (i) => `a${i} ? a${i + 1}`, ", ")}, a${n} ? 1 }: a${n}) { }`,
  ],
  ["string", (n) => `builtins.stringLength "${"abc\\n".repeat(n)}"`],
  ["indented string", (n) => `builtins.stringLength ''${"  abc\n".repeat(n)}''`],
  ["interpolation", (n) => `let x = "a"; in builtins.stringLength "${"b${x}".repeat(n)}"`],
  [
    "indented interpolation",
    (n) => `let x = "a"; in builtins.stringLength ''${"  b${x}\n".repeat(n)}''`,
  ],
  ["list", (n) => `builtins.length [ ${repeat(n, (i) => `(x: ${i})`)} ]`],
  [
    "inherit from, one clause each",
    (n) => `let s = { }; in { ${repeat(n, (i) => `inherit (s) b${i};`)} } ? b0`,
  ],
  [
    "inherit from, in rec",
    (n) => `let s = { }; in (rec { ${repeat(n, (i) => `inherit (s) b${i};`)} }) ? b0`,
  ],
  ["sum", (n) => repeat(n, () => "1", " + ")],
  ["difference", (n) => repeat(n, () => "1", " - ")],
  ["and", (n) => repeat(n, () => "true", "\n&& ")],
  ["update", (n) => `(${repeat(n, (i) => `{ a${i} = 1; }`, " // ")}).a0`, { n: 400 }],
  ["not", (n) => `${"!".repeat(2 * n)}true`],
  ["if", (n) => `${repeat(n, (i) => `if 1 == 2 then ${i} else`)} 1`],
  ["assert", (n) => `${repeat(n, () => "assert 1 == 1;")} 1`],
  ["calls", (n) => `let f = x: f; in builtins.isFunction (f ${repeat(n, String)})`],
  ["dynamic attributes", (n) => `{ ${repeat(n, (i) => `"a\${"${i}"}" = 1;`)} }.a0`],
  ["sets merged by path", (n) => `{ ${repeat(n, (i) => `a.b.c${i} = ${i};`)} }.a.b.c0`],
  ["sets merged by braces", (n) => `{ ${repeat(n, (i) => `a = { c${i} = ${i}; };`)} }.a.c0`],
  [
    "inherit merged",
    (n) => `let s = { }; in { ${repeat(n, (i) => `a = { inherit (s) c${i}; };`)} }.a ? c0`,
  ],
  ["rec that are names", (n) => `(rec { a0 = 1; ${repeat(n, (i) => `a${i + 1} = a${i};`)} }).a0`],
  ["let forwards", (n) => `let ${repeat(n, (i) => `a${i} = a${i + 1} + 1;`)} a${n} = 0; in a${n}`],
  ["documentation comments", (n) => `{ ${repeat(n, (i) => `/** d */ a${i} = x: x;`)} }.a0 1`],
  ["duplicate attributes", (n) => `{ ${ints(n)} ${ints(n)} }`],
  ["duplicate attributes of merged sets", (n) => `{ s = { ${ints(n)} }; s = { ${ints(n)} }; }`],
  ["duplicate formals", (n) => `{ ${names(n, ", ")}, ${names(n, ", ")} }: 1`],
  ["undefined variables", (n) => `[ ${names(n)} ]`],
  ["syntax errors", (n) => `[ ${repeat(n, () => "(a b; ")} ]`],
];

function names(n: number, between = " "): string {
  return repeat(n, (i) => `a${i}`, between);
}

function ints(n: number): string {
  return repeat(n, (i) => `a${i} = ${i};`);
}

function lintText(text: string): void {
  lint(
    parse(new SourceFile({ kind: "string" }, text), {
      basePath: "/",
      home: undefined,
      ...LINT_PARSE_OPTIONS,
    }),
  );
}

/** Formats a program; one with a syntax error ends where the error is found. */
function formatText(text: string): void {
  try {
    format(new SourceFile({ kind: "string" }, text));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
}

/** Processes a program completely; a program with an error ends where the error is found. */
function run(text: string): void {
  lintText(text);
  const bytecodeCache = memoryBytecodeCache();
  try {
    for (const tier of ["vm", "vm", "js"] as const) {
      const io = memoryIo({ files: { "/in.nix": text } });
      const evaluation = new Evaluation({ io, tier, bytecodeCache });
      evaluation.evaluateFile("/in.nix");
      evaluation.saveCompiledFiles();
    }
    new Evaluation({ io: memoryIo() }).disassemble(text, {});
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
  }
}

test.each(shapes)("%s", (_title, program, { n = 500, atMost = LINEAR } = {}) => {
  expect(scalingFailure((size) => run(program(size)), n * FACTOR, atMost)).toBeUndefined();
});

test.each(shapes)("the linter alone: %s", (_title, program, { n = 500, atMost = LINEAR } = {}) => {
  expect(scalingFailure((size) => lintText(program(size)), n * FACTOR, atMost)).toBeUndefined();
});

test.each(shapes)("the formatter: %s", (_title, program, { n = 500 } = {}) => {
  const ratio = LINEAR;
  expect(scalingFailure((size) => formatText(program(size)), n * FACTOR, ratio)).toBeUndefined();
});

const values: [string, (n: number) => string][] = [
  ["a long list", (n) => `builtins.genList (i: i) ${n}`],
  ["a large set", (n) => `builtins.listToAttrs (${pairs(n)})`],
  ["a string of quotes", (n) => `builtins.concatStringsSep "\\"" (builtins.genList toString ${n})`],
  ["lists that share elements", (n) => `let x = { a = [ 1 ]; }; in builtins.genList (i: x) ${n}`],
  ["one set in many", (n) => `builtins.genList (i: { inherit i; a.b.c = [ i ]; }) ${n}`],
];

function pairs(n: number): string {
  return `builtins.genList (i: { name = "a\${toString i}"; value = "\${toString i}"; }) ${n}`;
}

test.each(values)("the printers: %s", (_title, program) => {
  for (const show of [
    (text: string) => text,
    (text: string) => `builtins.toJSON (${text})`,
    (text: string) => `builtins.toXML (${text})`,
  ]) {
    const work = (size: number) => {
      const evaluation = new Evaluation({ io: memoryIo() });
      expect(evaluation.print(evaluation.evaluate(show(program(size)))).length).toBeGreaterThan(
        size,
      );
    };
    expect(scalingFailure(work, 1000 * FACTOR)).toBeUndefined();
  }
});
