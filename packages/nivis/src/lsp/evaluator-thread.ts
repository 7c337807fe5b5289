/**
 * The thread that evaluates for `nivis lsp`: takes a question at a time, with limits, and keeps what it
 * has evaluated for the next one. When a file changes that an evaluation has looked at, all of it is
 * dropped, the positions of texts included, and the next question begins anew: in this thread, or in another
 * process if this one has become large.
 */
import { parentPort, workerData } from "node:worker_threads";
import {
  Attrs,
  EvalError,
  evalErrorOf,
  explainErrors,
  knownValue,
  NixPath,
  renderError,
  type Slot,
  type SourceSpan,
  typeName,
  type Value,
} from "@nivis/eval";
import { decodeUtf8, encodeUtf8, marked } from "@nivis/formats";
import {
  type DescribedValue,
  type EvaluationProblem,
  type EvaluationQuery,
  type ListedAttribute,
  type OpenText,
  rangeIn,
} from "@nivis/lsp";
import { describeBug, Invocation } from "../invocation.ts";
import { defaultFlags, evaluationGrammar } from "../options/evaluation-options.ts";
import { parseArguments } from "../options/option.ts";
import { openSession, type Session } from "../session.ts";
import type { Launcher, Terminal } from "../terminal.ts";
import { ValueReader } from "./described-values.ts";
import type {
  EvaluatorStart,
  FromEvaluator,
  Question,
  Reply,
  ToEvaluator,
} from "./evaluator-messages.ts";
import { OpenTexts } from "./open-texts.ts";

/** A `flake.nix` is evaluated as a flake, whatever the configuration of the machine says. */
const ALWAYS = ["--extra-experimental-features", "flakes"];
/** Errors of one file, at most. */
const MAX_PROBLEMS = 20;
/** Steps to an error that are shown with it, at most. */
const MAX_RELATED = 10;
/** Roots whose values are kept, at most. */
const MAX_ROOTS = 50;

/** Evaluates what the messages to this thread ask for; the promise never settles. */
export function runEditorEvaluator(launcher: Launcher): Promise<number> {
  const port = parentPort as NonNullable<typeof parentPort>;
  const { stopped, ...start } = workerData as EvaluatorStart & { stopped: Int32Array };
  const thread = new EditorEvaluator(start, stopped, launcher, (message) =>
    port.postMessage(message),
  );
  port.on("message", (message: ToEvaluator) => thread.take(message));
  return new Promise(() => {});
}

class EditorEvaluator {
  readonly #start: EvaluatorStart;
  readonly #stopped: Int32Array;
  readonly #launcher: Launcher;
  readonly #send: (message: FromEvaluator) => void;
  #session: Session | undefined;
  #texts: OpenTexts | undefined;
  /** The open documents by path, until an evaluation begins. */
  readonly #pending = new Map<string, OpenText>();
  readonly #roots = new Map<string, Slot>();
  /** Ends what the evaluation has started. */
  #close = (): void => {};
  #hasForgotten = false;
  #running = 0;

  constructor(
    start: EvaluatorStart,
    stopped: Int32Array,
    launcher: Launcher,
    send: (message: FromEvaluator) => void,
  ) {
    this.#start = start;
    this.#stopped = stopped;
    this.#launcher = launcher;
    this.#send = send;
  }

  take(message: ToEvaluator): void {
    switch (message.kind) {
      case "ask": {
        const { id, question } = message;
        if (this.#hasForgotten && process.memoryUsage.rss() > this.#start.maxResting) {
          this.#send({ kind: "renew", id });
          return;
        }
        this.#running = id;
        const reply = this.#reply(question);
        this.#running = 0;
        this.#send({ kind: "reply", id, reply, memory: process.memoryUsage.rss() });
        return;
      }
      case "texts":
        if (this.#texts === undefined) this.#await(message.texts);
        else if (this.#texts.update(message.texts)) this.#forget();
        return;
      case "files":
        if (this.#texts?.hasSeen(message.paths) === true) this.#forget();
        return;
      default:
    }
  }

  #await(texts: readonly OpenText[]): void {
    for (const text of texts) this.#pending.set(text.path, text);
  }

  /** Drops the evaluation: even one that forgets its files keeps the texts that its positions are in. */
  #forget(): void {
    this.#roots.clear();
    if (this.#texts !== undefined) this.#await(this.#texts.documents());
    this.#texts = undefined;
    this.#session = undefined;
    this.#close();
    this.#close = () => {};
    this.#hasForgotten = true;
  }

  #open(): Session {
    if (this.#session !== undefined) return this.#session;
    const terminal: Terminal = {
      writeOut: () => {},
      // Traces and warnings of programs have no reader here.
      writeLine: () => {},
      readInput: () => "",
      color: false,
      environment: process.env,
      ...this.#launcher,
    };
    const invocation = new Invocation(terminal, "nivis lsp");
    const flags = defaultFlags(invocation);
    const positional = (): void => {};
    const args = [...ALWAYS, ...this.#start.args];
    parseArguments(args, { ...evaluationGrammar([], "modern"), positional }, flags);
    const { settings } = invocation;
    settings.maxTime = this.#start.maxTime;
    settings.maxMemory = this.#start.maxMemory;
    const session = openSession(flags, {
      readOnly: true,
      overlay: (world) => {
        this.#texts = new OpenTexts(world, () => {
          const id = Atomics.load(this.#stopped, 0);
          return id !== 0 && id === this.#running;
        });
        this.#texts.update([...this.#pending.values()]);
        this.#pending.clear();
        return this.#texts;
      },
    });
    session.evaluation.allowImportFromDerivation(false);
    this.#session = session;
    this.#close = () => {
      session.evaluation.context.fetcher?.close?.();
      invocation.openStore?.abandon();
    };
    return session;
  }

  #reply(question: Question): Reply {
    try {
      const session = this.#open();
      session.evaluation.renewLimits();
      switch (question.kind) {
        case "attributes":
          return { kind: "value", value: this.#attributes(session, question) };
        case "describe":
          return { kind: "value", value: this.#describe(session, question.query) };
        case "check":
          return { kind: "value", value: this.#check(session, question.path) };
      }
    } catch (thrown) {
      const error = evalErrorOf(thrown);
      const positions = this.#session?.evaluation.positions;
      const message =
        error instanceof EvalError && positions !== undefined
          ? decodeUtf8(renderError(error, positions, { showTrace: false, color: false }))
          : describeBug(thrown);
      return { kind: "failure", message };
    }
  }

  #root(session: Session, { root, directory }: EvaluationQuery): Slot {
    const key = `${directory}\n${root}`;
    let slot = this.#roots.get(key);
    if (slot === undefined) {
      slot = session.evaluation.loadText(encodeUtf8(root), { basePath: encodeUtf8(directory) });
      this.#roots.set(key, slot);
      for (const oldest of this.#roots.keys()) {
        if (this.#roots.size <= MAX_ROOTS) break;
        this.#roots.delete(oldest);
      }
    }
    return slot;
  }

  /** The value at a path; goes through submodules of options as well as through sets. */
  #select(
    session: Session,
    query: EvaluationQuery,
    reader: ValueReader,
  ): { value: Value; parent: Attrs | undefined } {
    const { evaluation } = session;
    let value = evaluation.force(this.#root(session, query));
    let parent: Attrs | undefined;
    const { path } = query;
    for (let i = 0; i < path.length; ) {
      if (reader.isOption(value)) {
        const below = reader.subOptions(value, path.slice(i));
        if (below === undefined) throw missing(path, i);
        value = below.options;
        i += below.used;
        parent = undefined;
        continue;
      }
      const slot = value instanceof Attrs ? value.get(encodeUtf8(path[i] as string)) : undefined;
      if (slot === undefined) throw missing(path, i);
      parent = value as Attrs;
      value = evaluation.force(slot);
      i += 1;
    }
    return { value, parent };
  }

  #attributes(
    session: Session,
    { query, prefix, limit }: Extract<Question, { kind: "attributes" }>,
  ): readonly ListedAttribute[] {
    const reader = new ValueReader(session.evaluation);
    let { value } = this.#select(session, query, reader);
    // Below an option whose keys users choose, the path may end before the key.
    if (reader.isOption(value)) value = reader.subOptions(value, [])?.options ?? value;
    if (!(value instanceof Attrs) || reader.isOption(value)) return [];
    const wanted = encodeUtf8(prefix).toLowerCase();
    const found: string[] = [];
    const others: string[] = [];
    for (const name of [...value.names()].sort()) {
      const lower = name.toLowerCase();
      if (lower.startsWith(wanted)) found.push(name);
      else if (wanted !== "" && lower.includes(wanted)) others.push(name);
    }
    const set = value;
    return [...found, ...others].slice(0, limit).map((name) => {
      const known = knownValue(set.get(name) as Slot);
      return { name: decodeUtf8(name), type: known === undefined ? undefined : typeName(known) };
    });
  }

  #describe(session: Session, query: EvaluationQuery): DescribedValue {
    const reader = new ValueReader(session.evaluation);
    const { value, parent } = this.#select(session, query, reader);
    const name = query.path.at(-1);
    return reader.describe(value, parent, name === undefined ? undefined : encodeUtf8(name));
  }

  #check(session: Session, path: string): readonly EvaluationProblem[] {
    const { evaluation } = session;
    const problems: EvaluationProblem[] = [];
    const note = (thrown: unknown): boolean => {
      const error = evalErrorOf(thrown);
      if (!(error instanceof EvalError)) throw thrown;
      // What takes too long or builds says nothing about the text.
      if (error.kind === "limit-exceeded" || error.kind === "import-from-derivation") return false;
      for (const explained of explainErrors(error, evaluation.positions)) {
        if (problems.length >= MAX_PROBLEMS) return false;
        const [first] = explained.labels;
        const primary = explained.labels.find((one) => one.primary) ?? first;
        const related = explained.trace.flatMap(({ message, at }) => {
          const place = at === undefined ? undefined : placeOf(at);
          return place === undefined ? [] : [{ message: decodeUtf8(message), ...place }];
        });
        problems.push({
          message: decodeUtf8(explained.message),
          place: primary === undefined ? undefined : placeOf(primary),
          related: related.slice(0, MAX_RELATED),
        });
      }
      return true;
    };
    let value: Value;
    try {
      value = evaluation.force(evaluation.loadFile(new NixPath(encodeUtf8(path))));
    } catch (thrown) {
      note(thrown);
      return inFile(problems, path);
    }
    if (!(value instanceof Attrs)) return [];
    for (const name of value.names()) {
      try {
        evaluation.force(value.get(name) as Slot);
      } catch (thrown) {
        if (!note(thrown)) break;
      }
    }
    return inFile(problems, path);
  }
}

function missing(path: readonly string[], at: number): EvalError {
  const name = encodeUtf8(path[at] as string);
  return new EvalError("missing-attribute", marked`attribute '${name}' missing`);
}

/** The place of a span in a file; `undefined` for other texts. */
function placeOf({ source, span }: SourceSpan) {
  if (source.origin.kind !== "file") return undefined;
  return { path: decodeUtf8(source.origin.path), range: rangeIn(source, span) };
}

/** Errors that arise elsewhere, shown at the step in this file that leads there. */
function inFile(problems: readonly EvaluationProblem[], path: string): EvaluationProblem[] {
  return problems.flatMap((problem) => {
    const { place, related, message } = problem;
    if (place?.path === path) return [problem];
    const step = related.findLast((one) => one.path === path);
    if (step === undefined) return [];
    const origin = place === undefined ? [] : [{ message, ...place }];
    return [
      {
        message,
        place: { path, range: step.range },
        related: [...origin, ...related.filter((one) => one !== step)],
      },
    ];
  });
}
