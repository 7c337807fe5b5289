/**
 * Terminal: the standard streams of a command.
 *
 * Data goes to standard output, everything else to standard error; both as byte strings. Writing is
 * synchronous, so that nothing is lost when the process ends, and a reader that went away is not
 * an error: the process ends quietly. Tests give commands a terminal of their own.
 */

import { readFileSync, readSync } from "node:fs";
import type { RunObserver } from "@nivis/eval";
import { type InputRecorder, isTerminal } from "@nivis/node";
import type { FlakeResults } from "./flakes/flake-run.ts";
import type { ImageUse } from "./images/image-run.ts";
import { type LiveInput, liveInput } from "./live-input.ts";
import { writeAll } from "./results/write-all.ts";
import type { EvaluationKeeper } from "./warm/evaluation-keeper.ts";

/** The standard streams of a command and its environment. */
export interface Terminal {
  /** Writes data. */
  writeOut(bytes: string): void;
  /** Writes a line, without its end, for the user. */
  writeLine(bytes: string): void;
  /** All of standard input. */
  readInput(): string;
  /** Asks the user, if there is one, and returns the line that is typed. */
  readonly ask?: (question: string) => string | undefined;
  /** Shows a line that the next one replaces, and removes it when empty; only on a terminal. */
  readonly showProgress?: ((line: string) => void) | undefined;
  /** Standard input as it comes, for commands that converse with the user. */
  readonly openInput?: () => LiveInput;
  /** The width of the terminal that standard output is, in columns. */
  readonly columns?: () => number | undefined;
  /** The height of that terminal, in lines. */
  readonly rows?: () => number | undefined;
  /** Calls back when the width of the terminal changes; returns how to stop that. */
  readonly onResize?: (listener: () => void) => () => void;
  /** Whether messages may have colours. */
  readonly color: boolean;
  /** Whether values on standard output may have colours. */
  readonly outColor?: boolean;
  /** The environment; texts, not bytes. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether standard output is a terminal, so that people read it. */
  readonly isOutTerminal?: boolean;
  /** Whether messages go to a terminal that can draw. */
  readonly isErrTerminal?: boolean;
  /** Whether new local stores get a database of C++ Nix: for programs that stand for its own. */
  readonly makesDatabases?: boolean;
  /** The script of the thread that talks to stores; that of `@nivis/node` unless given. */
  readonly storeWorker?: string;
  /** The script of the thread that fetches; that of `@nivis/node` unless given. */
  readonly fetchWorker?: string;
  /** Identifies the build of Nivis; without it, nothing is remembered that depends on its code. */
  readonly build?: string;
  /** Calls back when the user interrupts the command; returns how to stop that. */
  readonly onInterrupt?: (listener: () => void) => () => void;
  /** Records what the command looks at; the environment and the streams report to it, too. */
  readonly inputs?: InputRecorder | undefined;
  /** Remembers the results of a command about flakes. */
  readonly flakeResults?: FlakeResults;
  /** Keeps an evaluation for further runs of the same command; see `nivis watch`. */
  readonly keeper?: EvaluationKeeper;
  /** Gives evaluations heap images, or keeps theirs; see `nivis cache warm`. */
  readonly images?: ImageUse;
  /** Observes every evaluation that has no observer of its own; for tests. */
  readonly observer?: RunObserver;
  /** Lets translated code fall back wherever it can; see `EvaluationOptions`. */
  readonly tierStress?: boolean;
  /**
   * Prepares V8 for a long-running evaluation. Only a terminal that owns its process has this: V8
   * is shared with everything else in it. For the moments, see `EvaluationOptions`; `isContinued`: the
   * evaluation goes on with a heap image.
   */
  readonly onLongRun?: (moment: number, isContinued: boolean) => void;
  /**
   * Runs the same command in a thread whose heap has room for so many MiB of young objects, and returns
   * its exit code. That thread does not have it.
   */
  readonly runInThread?: ((youngGeneration: number) => Promise<number>) | undefined;
}

/** What only the launcher of a command knows: the scripts of its threads, the build, and V8's flags. */
export type Launcher = Required<
  Pick<Terminal, "storeWorker" | "fetchWorker" | "build" | "onLongRun">
> &
  Pick<Terminal, "runInThread">;

/** The terminal of this process; `inputs` records what is asked of it. */
export function processTerminal(
  launcher: Launcher & Pick<Terminal, "makesDatabases">,
  inputs?: InputRecorder,
): Terminal {
  const environment = inputs?.observeEnvironment(process.env) ?? process.env;
  const observeTerminal = (descriptor: number): boolean => {
    const result = isTerminal(descriptor);
    inputs?.terminal(descriptor, result);
    return result;
  };
  return {
    writeOut: (bytes) => writeAll(1, bytes),
    writeLine: (bytes) => writeAll(2, `${bytes}\n`),
    readInput: () => readFileSync(0).toString("latin1"),
    ask: (question) => {
      if (!isTerminal(0) || !isTerminal(2)) return undefined;
      writeAll(2, `\r\x1b[K${question} `);
      return readLine();
    },
    openInput: liveInput,
    columns: () => process.stdout.columns,
    rows: () => process.stdout.rows,
    onResize: (listener) => {
      process.stdout.on("resize", listener);
      return () => process.stdout.off("resize", listener);
    },
    get outColor() {
      return wantsColor(environment, observeTerminal(1));
    },
    get color() {
      return wantsColor(environment, observeTerminal(2));
    },
    get showProgress() {
      if (!observeTerminal(2)) return undefined;
      // What is drawn is not output, and not repeated.
      inputs?.giveUp("progress was shown");
      return (line: string) => writeAll(2, `\r\x1b[K${line}`);
    },
    environment,
    get isOutTerminal() {
      return observeTerminal(1);
    },
    get isErrTerminal() {
      return canDraw(environment, observeTerminal(2));
    },
    ...launcher,
    onInterrupt: (listener) => {
      process.once("SIGINT", listener);
      return () => process.off("SIGINT", listener);
    },
  };
}

/**
 * Whether messages have colours: as the environment wants, else on terminals that can show them.
 */
export function wantsColor(
  environment: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean {
  // Nix: isTTY in libutil/terminal.cc; FORCE_COLOR is ours.
  if (environment["NO_COLOR"] !== undefined || environment["NOCOLOR"] !== undefined) return false;
  const force = environment["FORCE_COLOR"];
  if (force !== undefined && force !== "") return force !== "0" && force !== "false";
  return isTerminal && !isDumb(environment);
}

/** Whether the terminal cannot move its cursor, or nothing is known of it. */
export function isDumb({ TERM = "" }: Readonly<Record<string, string | undefined>>): boolean {
  return TERM === "" || TERM === "dumb" || TERM === "unknown";
}

/** Nix: isTTY in libutil/terminal.cc; what takes away colours also takes away the progress bar. */
function canDraw(
  environment: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean {
  const isPlain = environment["NO_COLOR"] !== undefined || environment["NOCOLOR"] !== undefined;
  return isTerminal && !isPlain && !isDumb(environment);
}

/** Reads a line from standard input, without its end and blanks around it. */
function readLine(): string {
  const byte = Buffer.alloc(1);
  let line = "";
  while (readSync(0, byte) === 1 && byte[0] !== NEWLINE) line += byte.toString("latin1");
  return line.trim();
}

const NEWLINE = 10;

/** Whether a variable that switches something on does so. Nix: every value except `0` does, even none. */
export function isOn(variable: string | undefined): boolean {
  return (variable ?? "0") !== "0";
}
