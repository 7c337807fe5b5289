/**
 * Runs invocations as processes: the built command of Nivis, or a real C++ Nix.
 *
 * Neither standard input nor the environment of the test leaks into them, and a process that does
 * not end is killed, so that a hang is a failure of one test and not of the run.
 */
import { spawn } from "node:child_process";
import type { Invocation, Outcome, Runner } from "./invocation.ts";
import { testEnvironment } from "./invocation.ts";

/** How long and how large a process may become. */
export interface ProcessLimits {
  /** Milliseconds after which it is killed. */
  readonly timeout?: number;
}

/** A runner that starts `program` with `prefix` and the arguments of the invocation. */
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

/** Starts a program and collects what it prints, as bytes. */
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
    // A program may end without reading its input; that is not our failure.
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
