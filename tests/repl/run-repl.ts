/** Runs the built `nivis repl`, or `nivis eval --debugger`, on lines from a pipe. */
import { spawn } from "node:child_process";
import { join } from "node:path";

const COMMAND = join(import.meta.dirname, "../../packages/nivis/bin/nivis.cjs");

/** How the REPL is run. */
export interface ReplRun {
  readonly cwd: string;
  readonly home: string;
  readonly args?: readonly string[];
  /** The command and its first arguments. Defaults to `repl`. */
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Returns both streams as they come, and the exit code. */
export function runRepl(
  input: string,
  { cwd, home, command = ["repl"], args = [], environment = {} }: ReplRun,
): Promise<{ readonly output: string; readonly code: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      "/bin/sh",
      ["-c", 'exec "$@" 2>&1', "sh", process.execPath, COMMAND, ...command, ...args],
      {
        cwd,
        env: {
          PATH: process.env["PATH"],
          HOME: home,
          NIX_REMOTE: "dummy://",
          NIX_STATE_DIR: "/var/empty",
          NIX_CONF_DIR: "/var/empty",
          NIX_CONFIG: "show-trace = true",
          NIVIS_NO_CACHE: "1",
          _NIX_TEST_RAW_MARKDOWN: "1",
          _NIX_TEST_REPL_ECHO: "1",
          ...environment,
        },
      },
    );
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      output += piece;
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ output, code }));
    child.stdin.end(input);
  });
}
