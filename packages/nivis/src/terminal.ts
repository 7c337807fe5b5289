/**
 * Terminal: the standard streams of a command.
 *
 * Data goes to standard output, everything else to standard error; both as byte strings. Writing is
 * synchronous, so that nothing is lost when the process ends, and a reader that went away is not
 * an error: the process ends quietly. Tests give commands a terminal of their own.
 */

import { readFileSync, writeSync } from "node:fs";
import type { RunObserver } from "@nivis/eval";
import { setLongRunFlags } from "./launch/engine-flags.ts";

/** The standard streams of a command and its environment. */
export interface Terminal {
  /** Writes data. */
  writeOut(bytes: string): void;
  /** Writes a line, without its end, for the user. */
  writeLine(bytes: string): void;
  /** All of standard input. */
  readInput(): string;
  /** Shows a line that the next one replaces, and removes it when empty; only on a terminal. */
  readonly showProgress?: ((line: string) => void) | undefined;
  /** Whether messages may have colours. */
  readonly color: boolean;
  /** The environment; texts, not bytes. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether standard output is a terminal, so that people read it. */
  readonly isOutTerminal?: boolean;
  /** Whether messages go to a terminal that can draw. */
  readonly isErrTerminal?: boolean;
  /** The script of the thread that talks to stores; that of `@nivis/node` unless given. */
  readonly storeWorker?: string;
  /** The script of the thread that fetches; that of `@nivis/node` unless given. */
  readonly fetchWorker?: string;
  /** Calls back when the user interrupts the command; returns how to stop that. */
  readonly onInterrupt?: (listener: () => void) => () => void;
  /** Observes every evaluation that has no observer of its own; for tests. */
  readonly observer?: RunObserver;
  /** Lets translated code fall back wherever it can; see `EvaluationOptions`. */
  readonly tierStress?: boolean;
  /**
   * Prepares V8 for a long-running evaluation. Only a terminal that owns its process has this: V8
   * is shared with everything else in it.
   */
  readonly onLongRun?: () => void;
}

/** The scripts of the threads of a command. */
export type ThreadScripts = Required<Pick<Terminal, "storeWorker" | "fetchWorker">>;

/** The terminal of this process. */
export function processTerminal({ storeWorker, fetchWorker }: ThreadScripts): Terminal {
  const environment = process.env;
  return {
    writeOut: (bytes) => writeAll(1, bytes),
    writeLine: (bytes) => writeAll(2, `${bytes}\n`),
    readInput: () => readFileSync(0).toString("latin1"),
    // Asked when there is something to colour: most runs never load `node:tty`.
    get color() {
      return wantsColor(environment, process.getBuiltinModule("node:tty").isatty(2));
    },
    get showProgress() {
      if (!process.getBuiltinModule("node:tty").isatty(2)) return undefined;
      return (line: string) => writeAll(2, `\r\x1b[K${line}`);
    },
    environment,
    get isOutTerminal() {
      return process.getBuiltinModule("node:tty").isatty(1);
    },
    get isErrTerminal() {
      return canDraw(environment, process.getBuiltinModule("node:tty").isatty(2));
    },
    storeWorker,
    fetchWorker,
    onInterrupt: (listener) => {
      process.once("SIGINT", listener);
      return () => process.off("SIGINT", listener);
    },
    onLongRun: setLongRunFlags,
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
  return isTerminal && (environment["TERM"] ?? "dumb") !== "dumb";
}

/** Nix: isTTY in libutil/terminal.cc; what takes away colours also takes away the progress bar. */
function canDraw(
  environment: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean {
  const isPlain = environment["NO_COLOR"] !== undefined || environment["NOCOLOR"] !== undefined;
  return isTerminal && !isPlain && (environment["TERM"] ?? "dumb") !== "dumb";
}

/** How long to wait for a reader that is slow, in milliseconds. */
const PAUSE = 5;
/** How much is converted at once; a long result need not lie in memory twice. */
const CHUNK = 1 << 20;

function writeAll(descriptor: number, bytes: string): void {
  for (let at = 0; at < bytes.length; at += CHUNK) {
    let rest: Uint8Array = Buffer.from(bytes.slice(at, at + CHUNK), "latin1");
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(descriptor, rest));
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === "EPIPE") process.exit(0);
        // A full pipe that somebody made non-blocking.
        if (code !== "EAGAIN") throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
      }
    }
  }
}
