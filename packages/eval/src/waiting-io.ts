/**
 * WaitingFiles and WaitingIo: a tree of files and a world whose answers may be promises.
 *
 * A question whose answer is a promise throws a {@link Pending}; the evaluation waits and asks
 * again, and then the answer is available. It is kept until the code that asked has completed
 * (`vm/pending.ts`), so code that asks several questions in turn makes progress with each.
 */
import type {
  DetailMessage,
  DirectoryEntry,
  EvalIo,
  FileType,
  LogMessage,
  MemoryGauge,
  SourceAccessor,
} from "./io.ts";
import { isPromise, Pending } from "./vm/pending.ts";

/** An answer, or a promise of it that may be rejected with an error of the host. */
type Eventual<Answer> = Answer | PromiseLike<Answer>;

/** The questions about files, whose answers may be promises; see {@link SourceAccessor}. */
export interface EventualFiles {
  readFile(path: string): Eventual<string>;
  readDirectory(path: string): Eventual<readonly DirectoryEntry[]>;
  fileType(path: string): Eventual<FileType | undefined>;
  readLink(path: string): Eventual<string>;
  isExecutable(path: string): Eventual<boolean>;
}

/** A promised answer, and its result once it is settled. */
type Answer =
  | { readonly state: "pending"; readonly promise: Promise<void> }
  | { readonly state: "fulfilled"; readonly value: unknown }
  | { readonly state: "rejected"; readonly error: unknown };

/** Answers that are pending or have not been used yet, by question. */
export class PendingAnswers {
  readonly #answers = new Map<string, Answer>();

  /**
   * Returns the answer to a question; throws a {@link Pending} while there is none.
   *
   * @param key - distinguishes this question from all others
   * @param subject - the subject of the question, for messages
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

/** Files whose answers may be promises, as a {@link SourceAccessor}. */
export class WaitingFiles implements SourceAccessor {
  readonly #files: EventualFiles;
  readonly #answers = new PendingAnswers();

  constructor(files: EventualFiles) {
    this.#files = files;
  }

  readFile(path: string): string {
    return this.#ask("file", path, () => this.#files.readFile(path));
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    return this.#ask("directory", path, () => this.#files.readDirectory(path));
  }

  fileType(path: string): FileType | undefined {
    return this.#ask("type", path, () => this.#files.fileType(path));
  }

  readLink(path: string): string {
    return this.#ask("link", path, () => this.#files.readLink(path));
  }

  isExecutable(path: string): boolean {
    return this.#ask("executable", path, () => this.#files.isExecutable(path));
  }

  display(path: string): string {
    return path;
  }

  physicalPath(path: string): string | undefined {
    return path;
  }

  #ask<Value>(question: string, path: string, ask: () => Eventual<Value>): Value {
    return this.#answers.get(`${question} ${path}`, `'${path}'`, ask);
  }
}

/** A world for asynchronous evaluation: `base`, with the file system of `files`. */
export class WaitingIo extends WaitingFiles implements EvalIo {
  readonly #base: EvalIo;

  constructor(base: EvalIo, files: EventualFiles) {
    super(files);
    this.#base = base;
  }

  homeDirectory(): string {
    return this.#base.homeDirectory();
  }

  environment(name: string): string | undefined {
    return this.#base.environment(name);
  }

  now(): number {
    return this.#base.now();
  }

  milliseconds(): number {
    return this.#base.milliseconds?.() ?? this.now() * 1000;
  }

  async pause(): Promise<void> {
    await this.#base.pause?.();
  }

  get memory(): MemoryGauge | undefined {
    return this.#base.memory;
  }

  currentDirectory(): string {
    return this.#base.currentDirectory();
  }

  system(): string {
    return this.#base.system();
  }

  log(message: LogMessage): void {
    this.#base.log(message);
  }

  get detail(): ((message: DetailMessage) => void) | undefined {
    const base = this.#base;
    return base.detail === undefined ? undefined : (message) => base.detail?.(message);
  }
}
