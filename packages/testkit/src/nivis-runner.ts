/**
 * Nivis itself as a runner: `nivis-instantiate` inside the test process, so that a case costs a few
 * milliseconds instead of the start of a process.
 *
 * The command reaches the process only through its terminal, except for the current directory,
 * which the runner changes for the time of the run. Runs are synchronous, so two never overlap.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunObserver, TierMode } from "@nivis/eval";
import { nixInstantiate } from "../../nivis/src/nix-instantiate.ts";
import { runProgram } from "../../nivis/src/program.ts";
import type { Invocation, Outcome, Runner } from "./invocation.ts";
import { testEnvironment } from "./invocation.ts";

/** A mode of evaluation. */
interface RunnerMode {
  readonly tier: TierMode;
  readonly tierStress?: boolean;
  readonly observer?: RunObserver;
  readonly environment?: Record<string, string>;
}

/** One runner for each mode of evaluation, the plain VM first. */
export function nivisRunners(): Runner[] {
  return [
    runnerOf("vm", (run) => run({ tier: "vm" })),
    runnerOf("vm+observer", (run) => run({ tier: "vm", observer: checkingObserver() })),
    runnerOf("vm+cold cache", (run) =>
      withCache((environment) => run({ tier: "vm", environment })),
    ),
    runnerOf("vm+warm cache", (run) =>
      withCache((environment) => {
        run({ tier: "vm", environment });
        return run({ tier: "vm", environment });
      }),
    ),
    ...tierRunners(),
  ];
}

/** The runners that translate code before its first run; one also takes every possible fallback. */
export function tierRunners(): Runner[] {
  return [
    runnerOf("js", (run) => run({ tier: "js" })),
    runnerOf("js+fallback", (run) => run({ tier: "js", tierStress: true })),
  ];
}

function runnerOf(name: string, inMode: (run: (mode: RunnerMode) => Outcome) => Outcome): Runner {
  return {
    name,
    run: (invocation) => Promise.resolve(inMode((mode) => runInstantiate(invocation, mode))),
  };
}

/** Runs with a cache of compiled files in a temporary folder, which is removed afterwards. */
function withCache(run: (environment: Record<string, string>) => Outcome): Outcome {
  const folder = mkdtempSync(join(tmpdir(), "nivis-cache-"));
  try {
    return run({ NIVIS_NO_CACHE: "", XDG_CACHE_HOME: folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An observer that checks everything it is shown and must not affect the evaluation. */
function checkingObserver(): RunObserver {
  return {
    enterFrame: (lambda) => {
      if (!lambda.compiled) throw new Error("a frame without code");
    },
    leaveFrame: (_lambda, value) => {
      if (value === undefined) throw new Error("a frame without a value");
    },
    callBuiltin: (builtin) => {
      if (builtin.arity < 1) throw new Error("a builtin without arguments");
    },
    instruction: (_lambda, pc, stack, base, sp) => {
      if (pc < 0 || base > sp || sp > stack.length) throw new Error("an instruction off the stack");
    },
  };
}

/** The path of a built command, which is what users run; tests of limits and timings use it. */
export function builtCommand(
  name: "nivis" | "nivis-instantiate" | "nivis-nix" = "nivis-instantiate",
): string {
  return fileURLToPath(new URL(`../../nivis/bin/${name}.cjs`, import.meta.url));
}

/** The built script of a thread: a thread cannot run the sources. */
function threadScript(name: "store-worker" | "fetch-worker"): string {
  return fileURLToPath(new URL(`../../nivis/dist/${name}.cjs`, import.meta.url));
}

function runInstantiate(invocation: Invocation, { environment, ...mode }: RunnerMode): Outcome {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const outside = process.cwd();
  process.chdir(invocation.cwd);
  try {
    const given = invocation.args.map((text) => Buffer.from(text, "latin1").toString("utf8"));
    const args = ["--tier", mode.tier, ...given];
    const code = runProgram(nixInstantiate, args, {
      writeOut: (bytes) => stdout.push(bytes),
      writeLine: (bytes) => stderr.push(`${bytes}\n`),
      readInput: () => invocation.stdin ?? "",
      color: false,
      storeWorker: threadScript("store-worker"),
      fetchWorker: threadScript("fetch-worker"),
      environment: { ...testEnvironment(), ...environment, ...invocation.env },
      ...mode,
    });
    return { code, stdout: stdout.join(""), stderr: stderr.join("") };
  } finally {
    process.chdir(outside);
  }
}
