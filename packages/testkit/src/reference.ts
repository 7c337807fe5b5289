/**
 * The reference: a C++ Nix on this machine, if there is one.
 *
 * Suites that compare with it report if it is missing and fall back to recorded answers.
 */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Runner } from "./invocation.ts";
import { processRunner, runProcess } from "./process-runner.ts";

/** A C++ Nix as a runner. */
export interface Reference extends Runner {
  /** Its version, such as `2.8.0`. */
  readonly version: string;
}

/** The `nix-instantiate` of C++ Nix on `PATH`, or `undefined`. */
export async function findReference(): Promise<Reference | undefined> {
  const program = findProgram("nix-instantiate");
  if (program === undefined) return undefined;
  const answer = await runProcess(program, { args: ["--version"], cwd: "/" });
  const version = /^nix-instantiate \(Nix\) (\S+)/.exec(answer.stdout)?.[1];
  if (version === undefined) return undefined;
  return { ...processRunner(`C++ Nix ${version}`, program), version };
}

/** The first executable file with the given name on `PATH`, or `undefined`. */
export function findProgram(name: string): string | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const candidate = join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Try the next folder.
    }
  }
  return undefined;
}
