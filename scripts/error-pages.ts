/**
 * The prose of `docs/errors/`: for each code what it means, an example that is wrong, and how to mend
 * it. `generate-error-docs.ts` makes the pages from it and from the tables of codes; a guard test runs
 * each example and looks whether it really gives its code.
 */
import {
  type ErrorKind,
  EvalError,
  Evaluation,
  explainError,
  memoryIo,
  renderError,
  renderWarning,
  type Settings,
} from "@nivis/eval";
import type { DiagnosticCode } from "@nivis/syntax";

/** A code that an error or a warning may have. */
export type Code = Exclude<ErrorKind, "parse"> | "parse" | DiagnosticCode;

/** An expression that is wrong. */
export interface Example {
  readonly text: string;
  /** Files by path, for expressions that read some. */
  readonly files?: Readonly<Record<string, string>>;
  readonly settings?: Partial<Settings>;
  /** What to write instead, if it is short. */
  readonly mended?: string;
}

/** See the head of this file. */
export interface ErrorPage {
  /** What it means, beyond the sentence of the table. */
  readonly meaning: string;
  /** `undefined` only for what no expression can cause. */
  readonly example: Example | undefined;
  /** How to mend it. */
  readonly mend: string;
}

/** The page of each code. */
export const ERROR_PAGES: Readonly<Record<Code, ErrorPage>> = {
  throw: {
    meaning:
      "The program itself says that something is wrong, by `builtins.throw` or a function of nixpkgs that calls it, such as `lib.throwIf`. `builtins.tryEval` can catch it.",
    example: { text: 'throw "this package is for Linux only"' },
    mend: "Read the message: whoever wrote the `throw` knew what is wrong. The trace, all of it with `--show-trace`, tells which of your definitions led there.",
  },
  assertion: {
    meaning:
      "The condition of an `assert` is false. If the condition is a comparison with `==`, the message says where the two sides differ. `builtins.tryEval` can catch it.",
    example: { text: 'let version = "1.0"; in assert version != "1.0"; version' },
    mend: 'Make the condition true, or ask the author of the `assert` what it protects. In code of your own, `assert lib.assertMsg condition "why"; ...` gives a message that helps.',
  },
  "search-path": {
    meaning:
      "`<name>` is looked up in the search path: the options `-I`, then the variable `NIX_PATH`. No entry has it. `builtins.tryEval` can catch it.",
    example: {
      text: "import <nixpkgs/lib>",
      files: { "/nixpkgs/lib/default.nix": "{ }" },
      mended: "import ./nixpkgs/lib",
    },
    mend: "Name a place with `-I nixpkgs=PATH` or in `NIX_PATH`, or write a path instead. In pure evaluation there is no search path at all.",
  },
  abort: {
    meaning: "`builtins.abort` was called. Unlike `throw` nothing can catch it.",
    example: { text: 'builtins.abort "unknown system"' },
    mend: "Read the message. In code of your own prefer `throw`, which callers can catch.",
  },
  parse: {
    meaning:
      "The text is no Nix expression. With `--diagnostics json` or `rich` the code is that of the mistake, such as [`syntax-error`](syntax-error.md); this general code is left for texts that were changed since they were read.",
    example: undefined,
    mend: "See the page of the mistake.",
  },
  "undefined-variable": {
    meaning:
      "A name stands where a value is needed, and nothing around it gives it one: no `let`, no function argument, no `rec` set, no `with`. All names outside of a `with` are looked up before anything is evaluated, so a misspelled name is found even in code that is never used.",
    example: {
      text: 'let greeting = "hello"; in greting',
      mended: 'let greeting = "hello"; in greeting',
    },
    mend: "Correct the name; write `lib.` or `pkgs.` before names of nixpkgs and `builtins.` before most builtins; or take the name as an argument of the function. `{ a = 1; b = a; }` needs `rec` before it, for attributes do not see each other.",
  },
  type: {
    meaning:
      "An operation got a value of a type that it has no meaning for: a set where a list must be, a number in a string, an argument for something that is no function, an argument that a function does not know.",
    example: { text: '"version " + 2', mended: '"version " + toString 2' },
    mend: "Convert the value (`toString`, `builtins.toJSON`, `lib.toInt`), select the part of it that is meant, or put parentheses: `f g x` calls `f` with two arguments, `f (g x)` with one. A function whose pattern has no `...` accepts only the arguments that it names.",
  },
  "missing-attribute": {
    meaning: "`set.name` was asked for, and the set has no attribute of that name.",
    example: {
      text: 'let package = { name = "hello"; }; in package.nmae',
      mended: 'let package = { name = "hello"; }; in package.name',
    },
    mend: "Correct the name (the message lists similar ones), give a default with `set.name or default`, or test with `set ? name`. `builtins.attrNames set` shows what there is.",
  },
  "missing-argument": {
    meaning:
      "A function with a pattern was called with a set that lacks an attribute for which the pattern has no default.",
    example: {
      text: "let f = { a, b }: a + b; in f { a = 1; }",
      mended: "let f = { a, b ? 0 }: a + b; in f { a = 1; }",
    },
    mend: "Pass the argument, or give it a default in the pattern. If `callPackage` makes the call, the argument's name is no attribute of the package set: it may be misspelled.",
  },
  "infinite-recursion": {
    meaning:
      "To compute a value, that value itself is needed. `--diagnostics rich` shows the way that the evaluation went round.",
    example: { text: "rec { version = version; }.version" },
    mend: "In `rec` and `let` the name on the right is the new one: choose another name. In an overlay take what you change from `prev` (or `super`), not from `final`. In a module, `imports` must not depend on `config`.",
  },
  "stack-overflow": {
    meaning:
      "Calls are nested deeper than the setting `max-call-depth` allows, which mostly means that a function calls itself without end.",
    example: { text: "let f = n: 1 + f (n + 1); in f 0", settings: { maxCallDepth: 1000 } },
    mend: "Give the recursion an end, or fold over a list with `builtins.foldl'`. If the depth is meant, raise `--max-call-depth`.",
  },
  "limit-exceeded": {
    meaning:
      "The evaluation was given limits, by `--max-steps`, `--max-memory` or `--max-time`, and went beyond one; or a string or list became longer than the engine can hold. A step is a call, or a thunk that gets its value. Nothing can catch it.",
    example: {
      text: "builtins.foldl' (sum: x: sum + x) 0 (builtins.genList (x: x) 100000)",
      settings: { maxSteps: 1000 },
    },
    mend: "The trace tells what was running. Raise the limit if the expression is to be trusted.",
  },
  arithmetic: {
    meaning:
      "Integers have 64 bits and signs. A result beyond that is an error, and so is a division by zero.",
    example: { text: "10 / 0" },
    mend: "Test the divisor before dividing; compute with floats (`1.0 * x`) where precision does not matter.",
  },
  value: {
    meaning:
      "A value has the right type and still cannot be used: the first element of an empty list, a regular expression that is none, a string with a context where none may be.",
    example: { text: "builtins.head [ ]" },
    mend: "The message names the function and the value; the trace tells where the value came from.",
  },
  "invalid-path": {
    meaning:
      "A path is meant to be in the store and is not, or is in the store but not valid: never built, or collected as garbage.",
    example: { text: "builtins.storePath /tmp/hello" },
    mend: 'Build or fetch the path first, or let Nix make it: `"${./file}"` copies a file to the store.',
  },
  io: {
    meaning: "A file or directory cannot be read: it is not there, or is not what it should be.",
    example: { text: "builtins.readFile ./missing.txt" },
    mend: "Paths are relative to the file in which they are written. `builtins.pathExists` tells whether something is there.",
  },
  restricted: {
    meaning:
      "In pure evaluation (`--pure`) nothing may be read but what was put into the store; in restricted evaluation (`--restrict-eval`) nothing but the search path.",
    example: {
      text: "builtins.readFile /etc/passwd",
      files: { "/etc/passwd": "root" },
      settings: { restrictEval: true },
    },
    mend: "Add the path to the search path with `-I`, or evaluate without the restriction if the expression is to be trusted.",
  },
  "not-supported": {
    meaning:
      "C++ Nix can do this and Nivis cannot: it builds nothing, so an output that is imported must be in the store already.",
    example: {
      text: 'import (derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/sh"; })',
    },
    mend: "Build the derivation with C++ Nix first, evaluate this expression with it, or give the thing by other means, such as a path.",
  },
  "experimental-feature": {
    meaning: "Something is used that C++ Nix calls experimental, and that is off.",
    example: {
      text: '(derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/sh"; __contentAddressed = true; }).drvPath',
    },
    mend: "Turn it on with `--extra-experimental-features NAME`, or for good with `extra-experimental-features = NAME` in nix.conf.",
  },
  usage: {
    meaning: "An option, an argument of the command or a setting makes no sense.",
    example: { text: "1", settings: { maxMemory: 100 } },
    mend: "`--help` lists the options of a command. In the example a library is asked to limit memory, on a host that cannot measure it.",
  },
  "would-wait": {
    meaning:
      "A host that fetches files, builds or computes asynchronously was asked in a synchronous evaluation, which cannot wait.",
    example: undefined,
    mend: "Call the asynchronous form, such as `evaluateAsync` or `forceAsync`, or give the evaluation a host that has its answers at once.",
  },
  interrupted: {
    meaning: "The user stopped the evaluation.",
    example: undefined,
    mend: "Start it again.",
  },
  "re-entrance": {
    meaning:
      "Host code (a builtin, an observer or an `EvalIo` that a program gave to the library) forced a value whose own evaluation waits for that host code to return. The value is not an infinite recursion of the Nix program: it can be forced once the outer evaluation is over.",
    example: undefined,
    mend: "Let the host code force only its arguments and values made for it, or look at other values after the evaluation. Inside a builtin, `yield` a thunk instead of calling `Evaluation.force`.",
  },
  "syntax-error": {
    meaning:
      "A word, a sign or the end of the text stands where it cannot. The place is the first at which the text cannot go on; the mistake is often just before it.",
    example: { text: "{ a = 1 b = 2; }", mended: "{ a = 1; b = 2; }" },
    mend: "Look for a missing `;` at the end of an attribute, a bracket or a string that is not closed, commas in a list, `=` instead of `==` in a condition.",
  },
  "duplicate-attribute": {
    meaning:
      "A set or a `let` defines a name twice. Only sets merge: `a.b = 1; a.c = 2;` is allowed.",
    example: { text: "{ a = 1; a = 2; }" },
    mend: "Remove one of the two, or merge sets with `//`.",
  },
  "duplicate-formal": {
    meaning: "The pattern of a function names an argument twice.",
    example: { text: "{ a, b, a }: a" },
    mend: "Remove one of the two; the name at the `@` counts as well.",
  },
  "too-many-formals": {
    meaning: "The pattern of a function names more than 65,535 arguments.",
    example: undefined,
    mend: "Take one set with `args:`, and select from it.",
  },
  "dynamic-attribute-in-let": {
    meaning: "The names of a `let` must be known before evaluation, so `${...}` cannot be one.",
    example: { text: 'let ${"a" + "b"} = 1; in ab', mended: '{ ${"a" + "b"} = 1; }.ab' },
    mend: "Make a set with that attribute, and select from it.",
  },
  "dynamic-attribute-in-inherit": {
    meaning: "The names of an `inherit` must be known before evaluation.",
    example: { text: 'let set = { a = 1; }; in { inherit (set) ${"a" + ""}; }' },
    mend: "Write `${name} = set.${name};` instead.",
  },
  "invalid-integer": {
    meaning: "A number does not fit into 64 bits.",
    example: { text: "9223372036854775808", mended: "9223372036854775808.0" },
    mend: "Write a float or a string.",
  },
  "invalid-float": {
    meaning: "A number with a point or an exponent is too large or too small for a float.",
    example: { text: "1.0e999" },
    mend: "Floats reach from about 1e-308 to 1e308.",
  },
  "null-byte": {
    meaning: "A string literal holds a byte 0, which no Nix string can.",
    example: { text: '"a\0b"' },
    mend: "Remove the byte. Files that hold it cannot be read as strings either, but can be copied as paths.",
  },
  "path-trailing-slash": {
    meaning: "A path literal ends with a slash.",
    example: { text: "./folder/", mended: "./folder" },
    mend: "Leave the slash out; add it in a string if one is needed.",
  },
  "pipe-operators-disabled": {
    meaning: "`|>` and `<|` are an experimental feature that is off.",
    example: { text: "[ 1 2 ] |> builtins.length", mended: "builtins.length [ 1 2 ]" },
    mend: "Turn them on with `--extra-experimental-features pipe-operators`, or write the call.",
  },
  "home-path-in-pure-mode": {
    meaning: "`~/file` depends on who evaluates it, so pure evaluation forbids it.",
    example: { text: "~/file", settings: { pureEval: true } },
    mend: "Write a path relative to the file, or evaluate with `--impure`.",
  },
  "url-literal": {
    meaning:
      "URLs without quotes are deprecated, for `x:x` is one and no function. The setting `lint-url-literals` decides whether they are ignored, warned about or an error.",
    example: {
      text: "https://example.org",
      settings: { lintUrlLiterals: "fatal" },
      mended: '"https://example.org"',
    },
    mend: "Put the URL in double quotes.",
  },
  "short-path-literal": {
    meaning:
      "A path such as `a/b` is easily taken for a division. The setting `lint-short-path-literals` decides whether it is ignored, warned about or an error.",
    example: {
      text: "folder/file",
      settings: { lintShortPathLiterals: "fatal" },
      mended: "./folder/file",
    },
    mend: "Begin the path with `./`.",
  },
  "absolute-path-literal": {
    meaning:
      "An absolute path means another file on every machine. The setting `lint-absolute-path-literals` decides whether it is ignored, warned about or an error.",
    example: { text: "/etc/hosts", settings: { lintAbsolutePathLiterals: "fatal" } },
    mend: "Use a path relative to the file, or take the path as an argument.",
  },
  "cursed-or": {
    meaning:
      "A warning. `or` is a word of the language only behind a selection; as a name behind a value it makes a call, even inside a list, where nobody expects one.",
    example: { text: "let or = 1; f = x: x; in [ f or ]" },
    mend: "Use another name.",
  },
};

/** What an example prints, and the code it has. */
export interface Outcome {
  readonly code: string;
  /** A byte string. */
  readonly text: string;
}

/** Evaluates an example with everything inside; answers its error, or else its first warning. */
export function runExample({ text, files = {}, settings = {} }: Example): Outcome {
  const warnings: Outcome[] = [];
  let evaluation: Evaluation | undefined;
  try {
    const io = memoryIo({ files, environment: { HOME: "/home/user" } });
    evaluation = new Evaluation({ io, settings });
    const value = evaluation.loadText(text);
    const source = evaluation.positions.latest;
    if (source !== undefined) {
      for (const { code, message, pos, severity } of evaluation.parse(source, "/").diagnostics) {
        if (severity !== "warning") continue;
        const at = pos === undefined ? 0 : pos + 1;
        warnings.push({ code, text: renderWarning(message, at, evaluation.positions, false) });
      }
    }
    evaluation.deepForce(value);
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    if (evaluation === undefined) return { code: error.kind, text: `error: ${error.message}` };
    const { code } = explainError(error, evaluation.positions, evaluation.context.settings);
    const shown = renderError(error, evaluation.positions, { showTrace: false, color: false });
    return { code, text: shown };
  }
  return warnings[0] ?? { code: "none", text: "no error" };
}
