/** A terminal in memory, and a file system of its own for the commands that are run with it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { RunObserver } from "@nivis/eval";
import type { LiveInput } from "../src/live-input.ts";
import { runNivis } from "../src/nivis.ts";
import { nixInstantiate } from "../src/nix-instantiate.ts";
import { runProgram } from "../src/program.ts";
import type { Terminal } from "../src/terminal.ts";

/** What a run printed; texts, not bytes. */
export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What a run may be given. */
export interface Given {
  readonly input?: string;
  /** What is typed to commands that converse; not a terminal. */
  readonly typed?: string;
  readonly environment?: Record<string, string>;
  readonly color?: boolean;
  /** What stands for the build of Nivis; without it, outputs of flakes are not remembered. */
  readonly build?: string;
  readonly observer?: RunObserver;
  /** Takes what listens to interruptions. */
  readonly onInterrupt?: Terminal["onInterrupt"];
}

function terminalFor(given: Given): { terminal: Terminal; printed(code: number): Printed } {
  const out: string[] = [];
  const err: string[] = [];
  const terminal: Terminal = {
    writeOut: (bytes) => out.push(bytes),
    writeLine: (bytes) => err.push(`${bytes}\n`),
    readInput: () => given.input ?? "",
    ...(given.typed === undefined ? {} : { openInput: () => typedInput(given.typed as string) }),
    color: given.color ?? false,
    ...(given.onInterrupt === undefined ? {} : { onInterrupt: given.onInterrupt }),
    ...(given.build === undefined ? {} : { build: given.build }),
    ...(given.observer === undefined ? {} : { observer: given.observer }),
    environment: {
      NIX_CONF_DIR: "/var/empty",
      NIX_USER_CONF_FILES: "",
      NIX_PATH: "",
      // No channels of this machine in the search path.
      HOME: "/homeless",
      NIX_STATE_DIR: "/var/empty",
      NIVIS_NO_CACHE: "1",
      ...given.environment,
    },
  };
  const text = (pieces: string[]): string => {
    const bytes = pieces.join("");
    const [mark] = /.{0,40}[^\0-\xff].{0,40}/s.exec(bytes) ?? [];
    if (mark !== undefined)
      throw new Error(`not bytes, maybe marks for colours: ${JSON.stringify(mark)}`);
    return Buffer.from(bytes, "latin1").toString("utf8");
  };
  return { terminal, printed: (code) => ({ code, out: text(out), err: text(err) }) };
}

/** Standard input that has a text. */
function typedInput(text: string): LiveInput {
  const pieces = [text];
  return {
    isTerminal: false,
    read: async () => pieces.shift(),
    pause: () => {},
    setRaw: () => {},
    close: () => {},
  };
}

function run(start: (terminal: Terminal) => number | Promise<number>, given: Given): Printed {
  const { terminal, printed } = terminalFor(given);
  const code = start(terminal);
  if (typeof code !== "number") throw new Error("the command waits for something: use nivisLater");
  return printed(code);
}

/** Runs `nivis`. */
export function nivis(args: readonly string[], given: Given = {}): Printed {
  return run((terminal) => runNivis(args, terminal), given);
}

/** Runs `nivis` with a command that waits for a store. */
export async function nivisLater(args: readonly string[], given: Given = {}): Promise<Printed> {
  const { terminal, printed } = terminalFor(given);
  return printed(await runNivis(args, terminal));
}

/** Runs `nivis-instantiate`. */
export function instantiate(args: readonly string[], given: Given = {}): Printed {
  return run((terminal) => runProgram(nixInstantiate, args, terminal), given);
}

/** Makes a folder with files; `remove` takes it away again. */
export function folderWith(files: Record<string, string>): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "nivis-command-"));
  for (const [name, contents] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), contents);
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
