/**
 * The examples in `docs/errors/`: for each error code, a wrong expression and, if it is short, its
 * correction. A guard test runs both. The prose of the pages is in `docs/errors/source/`, and
 * error-documents.ts puts them together.
 */
import {
  type ErrorKind,
  EvalError,
  Evaluation,
  explainError,
  memoryIo,
  type PosIdx,
  positionIn,
  renderError,
  renderWarning,
  type Settings,
} from "@nivis/eval";
import type { DiagnosticCode } from "@nivis/syntax";

/** The code of an error or a warning. */
export type Code = Exclude<ErrorKind, "parse"> | "parse" | DiagnosticCode;

/** A wrong expression. */
export interface Example {
  readonly text: string;
  /** Files by path, for expressions that read files. */
  readonly files?: Readonly<Record<string, string>>;
  readonly settings?: Partial<Settings>;
  /** The corrected expression, if it is short. */
  readonly fixed?: string;
}

/** An example for each code; `undefined` for codes that no expression of bearable size causes. */
export const ERROR_EXAMPLES: Readonly<Record<Code, Example | undefined>> = {
  throw: { text: 'throw "this package is for Linux only"' },
  assertion: { text: 'let version = "1.0"; in assert version != "1.0"; version' },
  "search-path": {
    text: "import <nixpkgs/lib>",
    files: { "/nixpkgs/lib/default.nix": "{ }" },
    fixed: "import ./nixpkgs/lib",
  },
  abort: { text: 'builtins.abort "unknown system"' },
  parse: undefined,
  "undefined-variable": {
    text: 'let greeting = "hello"; in greting',
    fixed: 'let greeting = "hello"; in greeting',
  },
  type: { text: '"version " + 2', fixed: '"version " + toString 2' },
  "missing-attribute": {
    text: 'let package = { name = "hello"; }; in package.nmae',
    fixed: 'let package = { name = "hello"; }; in package.name',
  },
  "missing-argument": {
    text: "let f = { a, b }: a + b; in f { a = 1; }",
    fixed: "let f = { a, b ? 0 }: a + b; in f { a = 1; }",
  },
  "infinite-recursion": { text: "rec { version = version; }.version" },
  "stack-overflow": { text: "let f = n: 1 + f (n + 1); in f 0", settings: { maxCallDepth: 1000 } },
  "limit-exceeded": {
    text: "builtins.foldl' (sum: x: sum + x) 0 (builtins.genList (x: x) 100000)",
    settings: { maxSteps: 1000 },
  },
  arithmetic: { text: "10 / 0" },
  value: { text: "builtins.head [ ]" },
  "invalid-path": { text: "builtins.storePath /tmp/hello" },
  io: { text: "builtins.readFile ./missing.txt" },
  fetch: undefined,
  "hash-mismatch": undefined,
  restricted: {
    text: "builtins.readFile /etc/passwd",
    files: { "/etc/passwd": "root" },
    settings: { restrictEval: true },
  },
  "import-from-derivation": {
    text: 'import (derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/sh"; })',
    settings: { allowImportFromDerivation: false },
  },
  "not-supported": {
    text: 'import (derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/sh"; })',
  },
  "experimental-feature": {
    text: '(derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/sh"; __contentAddressed = true; }).drvPath',
  },
  usage: { text: "1", settings: { maxMemory: 100 } },
  "would-wait": undefined,
  interrupted: undefined,
  "re-entrance": undefined,
  "syntax-error": { text: "{ a = 1 b = 2; }", fixed: "{ a = 1; b = 2; }" },
  "duplicate-attribute": { text: "{ a = 1; a = 2; }" },
  "duplicate-formal": { text: "{ a, b, a }: a" },
  "too-many-formals": undefined,
  "dynamic-attribute-in-let": {
    text: 'let ${"a" + "b"} = 1; in ab',
    fixed: '{ ${"a" + "b"} = 1; }.ab',
  },
  "dynamic-attribute-in-inherit": {
    text: 'let set = { a = 1; }; in { inherit (set) ${"a" + ""}; }',
  },
  "invalid-integer": { text: "9223372036854775808", fixed: "9223372036854775808.0" },
  "invalid-float": { text: "1.0e999" },
  "null-byte": { text: '"a\0b"' },
  "path-trailing-slash": { text: "./folder/", fixed: "./folder" },
  "pipe-operators-disabled": {
    text: "[ 1 2 ] |> builtins.length",
    fixed: "builtins.length [ 1 2 ]",
  },
  "home-path-in-pure-mode": { text: "~/file", settings: { pureEval: true } },
  "url-literal": {
    text: "https://example.org",
    settings: { lintUrlLiterals: "fatal" },
    fixed: '"https://example.org"',
  },
  "short-path-literal": {
    text: "folder/file",
    settings: { lintShortPathLiterals: "fatal" },
    fixed: "./folder/file",
  },
  "absolute-path-literal": { text: "/etc/hosts", settings: { lintAbsolutePathLiterals: "fatal" } },
  "cursed-or": { text: "let or = 1; f = x: x; in [ f or ]" },
};

/** The code and the message of an example. */
export interface Outcome {
  readonly code: string;
  /** A byte string. */
  readonly text: string;
}

/** Evaluates an example deeply; returns its error, or else its first warning. */
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
        const at = positionIn(1 as PosIdx, pos);
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
