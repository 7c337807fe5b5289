/**
 * Nivis itself as a runner: `nivis-instantiate` inside the test process, so that a case costs a few
 * milliseconds and not the start of a process.
 *
 * The command takes everything it needs of the process through its terminal, except the current
 * directory, which is that of the test process for the time of the run. Runs are synchronous, so
 * two never meet.
 */
import { fileURLToPath } from "node:url";
import { nixInstantiate } from "../../nivis/src/nix-instantiate.ts";
import { runProgram } from "../../nivis/src/program.ts";
import type { Invocation, Outcome, Runner } from "./invocation.ts";
import { testEnvironment } from "./invocation.ts";

/** One runner for each mode of evaluation, the plain VM first. */
export function nivisRunners(): Runner[] {
  return [{ name: "vm", run: (invocation) => Promise.resolve(runInstantiate(invocation)) }];
}

/** The built command of that name; what users run, so limits and timing are taken on it. */
export function builtCommand(name: "cli" | "instantiate" = "instantiate"): string {
  return fileURLToPath(new URL(`../../nivis/dist/${name}.js`, import.meta.url));
}

function runInstantiate(invocation: Invocation): Outcome {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const outside = process.cwd();
  process.chdir(invocation.cwd);
  try {
    const args = invocation.args.map((text) => Buffer.from(text, "latin1").toString("utf8"));
    const code = runProgram(nixInstantiate, args, {
      writeOut: (bytes) => stdout.push(bytes),
      writeLine: (bytes) => stderr.push(`${bytes}\n`),
      readInput: () => invocation.stdin ?? "",
      color: false,
      environment: { ...testEnvironment(), ...invocation.env },
    });
    return { code, stdout: stdout.join(""), stderr: stderr.join("") };
  } finally {
    process.chdir(outside);
  }
}
