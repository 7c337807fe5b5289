/**
 * Answers: what an evaluator says about one attribute, and the files that keep them. One JSON object
 * a line, written as soon as it is known, so that a sweep which was interrupted can go on.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";

/** What an attribute is. Exactly one of the fields is there. */
export interface Answer {
  /** A derivation. */
  readonly drvPath?: string;
  /** Anything else: its type, as `typeOf` names it. */
  readonly type?: string;
  /** Ended by `throw` or `assert`: which part of it. */
  readonly failed?: "value" | "type" | "drvPath";
  /** Ended by an error that `tryEval` does not catch: its first line. */
  readonly aborted?: string;
  /** Its evaluation alone takes more memory than there is: how one knows. */
  readonly outOfMemory?: string;
  /** The process did not survive it, or did not come to an end. */
  readonly crashed?: string;
}

/** The answers of one evaluator by name, on disk. */
export class AnswerFile {
  readonly answers = new Map<string, Answer>();

  /** Starts empty unless `resume`. */
  constructor(
    private readonly path: string,
    resume: boolean,
  ) {
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
    appendFileSync(this.path, `${JSON.stringify({ name, ...answer })}\n`);
  }
}

/** Reads a line; `undefined` for one that was cut off. */
export function parseAnswer(line: string): { name: string; answer: Answer } | undefined {
  try {
    const { name, ...answer } = JSON.parse(line) as Answer & { name: string };
    return { name, answer };
  } catch {
    return undefined;
  }
}
