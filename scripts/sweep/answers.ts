/**
 * Answers: the result of an evaluator for one attribute, and the files that store them. One JSON
 * object per line, written immediately, so that an interrupted sweep can resume.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";

/** The result for an attribute. Exactly one of the fields is present. */
export interface Answer {
  /** A derivation. */
  readonly drvPath?: string;
  /** Any other value: its type, as `typeOf` names it. */
  readonly type?: string;
  /** Failed by `throw` or `assert`: the part that failed. */
  readonly failed?: "value" | "type" | "drvPath";
  /** Failed by an error that `tryEval` does not catch: its first line. */
  readonly aborted?: string;
  /** Ran out of memory although it was evaluated alone: the evidence. */
  readonly outOfMemory?: string;
  /** Crashed the process or timed out: how it ended. */
  readonly crashed?: string;
}

/** The answers of one evaluator, by name, in a file. */
export class AnswerFile {
  readonly answers = new Map<string, Answer>();
  readonly #path: string;

  /** Starts empty unless `resume`. */
  constructor(path: string, resume: boolean) {
    this.#path = path;
    if (!resume || !existsSync(path)) {
      writeFileSync(path, "");
      return;
    }
    for (const line of readFileSync(path, "utf8").split("\n")) {
      const parsed = parseAnswer(line);
      if (parsed !== undefined) this.answers.set(parsed.name, parsed.answer);
    }
  }

  add(name: string, answer: Answer): void {
    this.answers.set(name, answer);
    appendFileSync(this.#path, `${JSON.stringify({ name, ...answer })}\n`);
  }
}

/** Parses a line; returns `undefined` for a truncated one. */
export function parseAnswer(line: string): { name: string; answer: Answer } | undefined {
  try {
    const { name, ...answer } = JSON.parse(line) as Answer & { name: string };
    return { name, answer };
  } catch {
    return undefined;
  }
}
