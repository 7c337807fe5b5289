/**
 * The answers of a real C++ Nix 2.8 in `recorded.json`, and the list of those that changed in
 * 2.36, in `differences.json`, with the reason for each.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Answer, Question } from "./questions.ts";

/**
 * The file of recorded answers. A failure is recorded as its exit code, a success as its output.
 */
export interface Recording {
  /** The version of C++ Nix. */
  readonly version: string;
  readonly answers: Readonly<Record<string, string | number>>;
}

/** An answer of the reference that is known to be out of date. */
export interface Difference {
  /** The expression, or a pattern between slashes for whole rows of a table. */
  readonly expression: string;
  /** The modes that it concerns; all if absent. */
  readonly modes?: readonly string[];
  /** What changed between 2.8 and 2.36. */
  readonly why: string;
  /** The output of 2.36; a failure if absent. */
  readonly stdout?: string;
}

const recordedFile = fileURLToPath(new URL("./recorded.json", import.meta.url));
const differencesFile = fileURLToPath(new URL("./differences.json", import.meta.url));

/** The recorded answers. */
export function readRecording(): Recording {
  return JSON.parse(readFileSync(recordedFile, "utf8")) as Recording;
}

/** Writes the recorded answers, one per line, so that a changed answer is a changed line. */
export function writeRecording(version: string, answers: ReadonlyMap<string, Answer>): void {
  const lines = [...answers]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([key, { code, stdout }]) =>
        `    ${JSON.stringify(key)}: ${JSON.stringify(code === 0 ? stdout : code)}`,
    );
  const text = `{\n  "version": ${JSON.stringify(version)},\n  "answers": {\n${lines.join(",\n")}\n  }\n}\n`;
  writeFileSync(recordedFile, text);
}

/** The recorded answer to a question, or `undefined`. */
export function recordedAnswer(recording: Recording, question: Question): Answer | undefined {
  const found = recording.answers[question.key];
  if (found === undefined) return undefined;
  if (typeof found === "number") return { code: found, stdout: "" };
  // Nix: 2.8 ends JSON without a newline, 2.36 with one (processExpr in nix-instantiate.cc).
  const end = question.mode === "json" && !found.endsWith("\n") ? "\n" : "";
  return { code: 0, stdout: found + end };
}

/** The known differences. */
export function readDifferences(): Difference[] {
  return JSON.parse(readFileSync(differencesFile, "utf8")) as Difference[];
}

/** The difference that concerns a question, or undefined. */
export function differenceFor(
  differences: readonly Difference[],
  question: Question,
): Difference | undefined {
  return differences.find(
    ({ expression, modes }) =>
      (modes === undefined || modes.includes(question.mode)) &&
      (expression === question.expression ||
        (/^\/.*\/$/.test(expression) &&
          new RegExp(`^(?:${expression.slice(1, -1)})$`).test(question.expression))),
  );
}
