/**
 * The questions of the differential suite: the lines of `expressions/*.txt`, and two generated
 * tables.
 *
 * Each line is an expression, evaluated with and without `--strict`; a file that begins with
 * `# modes: json xml` uses these modes instead. The tables apply every operator and
 * every simple builtin to one value of each type: that is where two evaluators disagree first.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Invocation } from "@nivis/testkit";

/** The way to print a value. */
export type QuestionMode = "strict" | "lazy" | "json" | "xml";

/** An expression and the way to evaluate it. */
export interface Question {
  /** The mode and the expression, the key of recorded answers. */
  readonly key: string;
  readonly mode: QuestionMode;
  readonly expression: string;
}

/**
 * The part of an outcome that must agree. Messages are excluded, because they differ between
 * versions.
 */
export interface Answer {
  readonly code: number;
  readonly stdout: string;
}

/** The current directory of the questions, with a file and a tree for questions about the store. */
export const fixture = fileURLToPath(new URL("./fixture", import.meta.url));

const modeArguments: Record<QuestionMode, readonly string[]> = {
  strict: ["--eval", "--strict"],
  lazy: ["--eval"],
  json: ["--eval", "--strict", "--json"],
  xml: ["--eval", "--strict", "--xml", "--no-location"],
};

const operators = ["+", "-", "*", "/", "<", "==", "//", "++", "&&", "->", "?"];

const operands = ["1", "1.5", '"s"', "true", "null", "[ 1 ]", "{ a = 1; }", "/p", "(x: x)"];

const unaryBuiltins = [
  "attrNames",
  "attrValues",
  "baseNameOf",
  "ceil",
  "concatLists",
  "dirOf",
  "floor",
  "fromJSON",
  "functionArgs",
  "getContext",
  "hasContext",
  "head",
  "isAttrs",
  "isBool",
  "isFloat",
  "isFunction",
  "isInt",
  "isList",
  "isNull",
  "isPath",
  "isString",
  "length",
  "listToAttrs",
  "parseDrvName",
  "placeholder",
  "splitVersion",
  "stringLength",
  "tail",
  "throw",
  "toJSON",
  "toPath",
  "toString",
  "toXML",
  "tryEval",
  "typeOf",
  "unsafeDiscardStringContext",
];

/** All questions, each once. */
export function questions(): Question[] {
  const all = [...fromFiles(), ...operatorTable(), ...builtinTable()];
  return [...new Map(all.map((question) => [question.key, question])).values()];
}

/** The invocation for a question. */
export function invocationOf(question: Question): Invocation {
  return batchInvocation(question.mode, [question.expression]);
}

/** The invocation for several questions of one mode, which prints one line per answer. */
export function batchInvocation(mode: QuestionMode, expressions: readonly string[]): Invocation {
  // A leading minus would make it a flag; a space before it changes nothing.
  const texts = expressions.map((text) => (text.startsWith("-") ? ` ${text}` : text));
  return { args: [...modeArguments[mode], "-E", ...texts], cwd: fixture };
}

function fromFiles(): Question[] {
  const folder = fileURLToPath(new URL("./expressions", import.meta.url));
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const lines = readFileSync(join(folder, name), "latin1").split("\n");
      const header = /^# modes: (.*)$/.exec(lines[0] ?? "")?.[1];
      const modes = (header?.split(" ") ?? ["strict", "lazy"]) as QuestionMode[];
      const expressions = lines.filter((line) => line !== "" && !line.startsWith("#"));
      return expressions.flatMap((expression) => modes.map((mode) => ask(mode, expression)));
    });
}

function operatorTable(): Question[] {
  return operators.flatMap((operator) =>
    operands.flatMap((left) =>
      (operator === "?" ? ["a"] : operands).map((right) =>
        ask("strict", `${left} ${operator} ${right}`),
      ),
    ),
  );
}

function builtinTable(): Question[] {
  return unaryBuiltins.flatMap((name) =>
    operands.map((operand) => ask("strict", `builtins.${name} ${operand}`)),
  );
}

function ask(mode: QuestionMode, expression: string): Question {
  return { key: `${mode} ${expression}`, mode, expression };
}
