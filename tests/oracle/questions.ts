/**
 * What the differential suite asks: the lines of `expressions/*.txt`, and two generated tables.
 *
 * Each line is an expression, asked with and without `--strict`; a file that begins with
 * `# modes: json xml` is asked in those modes instead. The tables put every operator between, and
 * every simple builtin before, one value of each type: that is where two evaluators disagree first.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Invocation } from "@nivis/testkit";

/** How a value is printed. */
export type QuestionMode = "strict" | "lazy" | "json" | "xml";

/** One expression asked in one way. */
export interface Question {
  /** The mode and the expression: what the recorded answers are filed under. */
  readonly key: string;
  readonly mode: QuestionMode;
  readonly expression: string;
}

/** The part of an outcome that must agree. Messages differ between versions, so they do not count. */
export interface Answer {
  readonly code: number;
  readonly stdout: string;
}

/** The folder in which the questions are asked: it holds a file and a tree for the store questions. */
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

/** How a question is put to a runner. */
export function invocationOf(question: Question): Invocation {
  return batchInvocation(question.mode, [question.expression]);
}

/** How several questions of one mode are put to a runner at once: one line of answer each. */
export function batchInvocation(mode: QuestionMode, expressions: readonly string[]): Invocation {
  // What begins with a minus would be taken for a flag; a blank before it changes nothing.
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
