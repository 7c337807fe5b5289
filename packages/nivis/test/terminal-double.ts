/** A terminal in memory, and a file system of its own for the commands that are run with it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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
  readonly environment?: Record<string, string>;
  readonly color?: boolean;
}

function run(start: (terminal: Terminal) => number, given: Given): Printed {
  const out: string[] = [];
  const err: string[] = [];
  const code = start({
    writeOut: (bytes) => out.push(bytes),
    writeLine: (bytes) => err.push(`${bytes}\n`),
    readInput: () => given.input ?? "",
    color: given.color ?? false,
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
  });
  const text = (pieces: string[]): string =>
    Buffer.from(pieces.join(""), "latin1").toString("utf8");
  return { code, out: text(out), err: text(err) };
}

/** Runs `nivis`. */
export function nivis(args: readonly string[], given: Given = {}): Printed {
  return run((terminal) => runNivis(args, terminal), given);
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
