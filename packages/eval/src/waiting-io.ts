/**
 * WaitingIo: an {@link EvalIo} over a host whose answers may be promises.
 *
 * A question whose answer is a promise throws a {@link Pending}; the evaluation waits and asks again,
 * and then the answer is here. It is kept until the code that asked has got through (`vm/pending.ts`),
 * so one that asks several questions in turn makes progress with each.
 */
import type { DirectoryEntry, EvalIo, FileType } from "./io.ts";
import { isPromise, Pending } from "./vm/pending.ts";

/** An answer, or a promise of it that is rejected with what a host would throw. */
type Eventual<Answer> = Answer | PromiseLike<Answer>;

/** The questions about files, each of whose answers may be a promise. */
export interface EventualFiles {
  /** See {@link EvalIo.readFile}. */
  readFile(path: string): Eventual<string>;
  /** See {@link EvalIo.readDirectory}. */
  readDirectory(path: string): Eventual<readonly DirectoryEntry[]>;
  /** See {@link EvalIo.fileType}. */
  fileType(path: string): Eventual<FileType | undefined>;
  /** See {@link EvalIo.readLink}. */
  readLink(path: string): Eventual<string>;
  /** See {@link EvalIo.isExecutable}. */
  isExecutable(path: string): Eventual<boolean>;
}

/** A promise that was asked for, and what it was settled with. */
type Answer =
  | { readonly state: "pending"; readonly promise: Promise<void> }
  | { readonly state: "fulfilled"; readonly value: unknown }
  | { readonly state: "rejected"; readonly error: unknown };

/** Answers that are under way or have not been used yet, by question. */
export class PendingAnswers {
  readonly #answers = new Map<string, Answer>();

  /**
   * The answer to a question, or a {@link Pending} thrown while there is none.
   *
   * @param key - tells this question from all others
   * @param subject - what is asked about, for messages
   */
  get<Value>(key: string, subject: string, ask: () => Eventual<Value>): Value {
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      const given = ask();
      if (!isPromise(given)) return given;
      answer = { state: "pending", promise: this.#settle(key, given) };
      this.#answers.set(key, answer);
    }
    if (answer.state === "fulfilled") return answer.value as Value;
    if (answer.state === "rejected") {
      this.#answers.delete(key);
      throw answer.error;
    }
    throw new Pending(answer.promise, subject, () => this.#answers.delete(key));
  }

  async #settle(key: string, promise: PromiseLike<unknown>): Promise<void> {
    try {
      this.#answers.set(key, { state: "fulfilled", value: await promise });
    } catch (error) {
      this.#answers.set(key, { state: "rejected", error });
    }
  }
}

/**
 * A world for asynchronous evaluation.
 *
 * @param base - everything but files: environment, time, log
 * @param files - the files, which may be promises
 */
export function waitingIo(base: Omit<EvalIo, keyof EventualFiles>, files: EventualFiles): EvalIo {
  const answers = new PendingAnswers();
  const asked =
    <Value>(name: string, ask: (path: string) => Eventual<Value>) =>
    (path: string): Value =>
      answers.get(`${name} ${path}`, `'${path}'`, () => ask(path));
  return Object.assign(Object.create(base) as EvalIo, {
    readFile: asked("file", (path) => files.readFile(path)),
    readDirectory: asked("directory", (path) => files.readDirectory(path)),
    fileType: asked("type", (path) => files.fileType(path)),
    readLink: asked("link", (path) => files.readLink(path)),
    isExecutable: asked("executable", (path) => files.isExecutable(path)),
  });
}
