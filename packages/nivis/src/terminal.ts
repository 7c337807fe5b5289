/**
 * Terminal: the standard streams of a command.
 *
 * Data goes to standard output, everything else to standard error, both as byte strings. Writes are
 * synchronous, so that nothing is lost when the process ends. A closed pipe is not an error: the
 * process ends quietly. Tests give commands a terminal of their own.
 */

import { readFileSync, writeSync } from "node:fs";
import type { RunObserver } from "@nivis/eval";
import { setLongRunFlags } from "./launch/engine-flags.ts";

/** The standard streams of a command and its environment. */
export interface Terminal {
  /** Writes data to standard output. */
  writeOut(bytes: string): void;
  /** Writes a line, given without its newline, to standard error. */
  writeLine(bytes: string): void;
  /** Reads all of standard input. */
  readInput(): string;
  /** Whether messages may be coloured. */
  readonly color: boolean;
  /** The environment; values are text, not bytes. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether data goes to a terminal, so that people read it. */
  readonly isOutTerminal?: boolean;
  /** Calls back when the user interrupts the command; returns how to stop that. */
  readonly onInterrupt?: (listener: () => void) => () => void;
  /** Observes every evaluation that has no observer of its own; for tests. */
  readonly observer?: RunObserver;
  /** Makes translated code fall back wherever possible; see `EvaluationOptions`. */
  readonly tierStress?: boolean;
  /**
   * Prepares V8 for a long-running evaluation. Only a terminal that owns its process provides it, because
   * everything in the process shares V8.
   */
  readonly onLongRun?: () => void;
}

/** Returns the terminal of this process. */
export function processTerminal(): Terminal {
  const environment = process.env;
  return {
    writeOut: (bytes) => writeAll(1, bytes),
    writeLine: (bytes) => writeAll(2, `${bytes}\n`),
    readInput: () => readFileSync(0).toString("latin1"),
    // Computed on first use: most runs never need `node:tty`.
    get color() {
      return wantsColor(environment, process.getBuiltinModule("node:tty").isatty(2));
    },
    environment,
    get isOutTerminal() {
      return process.getBuiltinModule("node:tty").isatty(1);
    },
    onInterrupt: (listener) => {
      process.once("SIGINT", listener);
      return () => process.off("SIGINT", listener);
    },
    onLongRun: setLongRunFlags,
  };
}

/** Whether messages are coloured: as the environment says, else on terminals that support it. */
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

/** How long to wait for a slow reader, in milliseconds. */
const PAUSE = 5;
/** How much text is converted at once, so that a long result is not in memory twice. */
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
        // The pipe is full, and another process made it non-blocking.
        if (code !== "EAGAIN") throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
      }
    }
  }
}
