/**
 * Runs invocations as processes of the built command of Nivis or of a real C++ Nix.
 *
 * The standard input and the environment of the test do not leak into them, and a process that does
 * not end is killed, so that a hang fails one test and not the run.
 */
import { spawn } from "node:child_process";
import type { Invocation, Outcome, Runner } from "./invocation.ts";
import { testEnvironment } from "./invocation.ts";

/** Limits of a process. */
export interface ProcessLimits {
  /** The time in milliseconds after which it is killed. */
  readonly timeout?: number;
}

/** A runner that starts `program` with the arguments `prefix` and those of the invocation. */
export function processRunner(
  name: string,
  program: string,
  prefix: readonly string[] = [],
  limits: ProcessLimits = {},
): Runner {
  return {
    name,
    run: (invocation) =>
      runProcess(program, { ...invocation, args: [...prefix, ...invocation.args] }, limits),
  };
}

/** Runs a program and collects its output as bytes. */
export function runProcess(
  program: string,
  invocation: Invocation,
  limits: ProcessLimits = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    // Node encodes arguments as UTF-8, so the bytes are decoded first.
    const args = invocation.args.map((text) => Buffer.from(text, "latin1").toString("utf8"));
    const child = spawn(program, args, {
      cwd: invocation.cwd,
      env: { ...testEnvironment(), ...invocation.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, limits.timeout ?? 60_000);
    child.stdout.on("data", (piece: Buffer) => stdout.push(piece));
    child.stderr.on("data", (piece: Buffer) => stderr.push(piece));
    // A program may end without reading its input, which is not an error.
    child.stdin.on("error", () => {});
    child.stdin.end(Buffer.from(invocation.stdin ?? "", "latin1"));
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({
        code: timedOut ? 124 : (code ?? 128 + signalNumber(signal)),
        stdout: Buffer.concat(stdout).toString("latin1"),
        stderr: Buffer.concat(stderr).toString("latin1"),
      });
    });
  });
}

function signalNumber(signal: NodeJS.Signals | null): number {
  const numbers: Partial<Record<NodeJS.Signals, number>> = { SIGKILL: 9, SIGSEGV: 11, SIGABRT: 6 };
  return (signal === null ? undefined : numbers[signal]) ?? 0;
}
