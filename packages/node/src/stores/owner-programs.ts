/**
 * What a store with a database of C++ Nix does only for a process that owns it, done by C++ Nix: the
 * worker protocol has no request for it, or daemons refuse the request.
 *
 * `nix-daemon` and `nix` are one program that goes by its name, so the one that serves the store also
 * takes the command lines of `nix`. `PATH` is not asked for `nix`, which may be Nivis.
 */
import { marked } from "@nivis/formats";
import {
  type CancelSignal,
  checkCancelled,
  type GcResult,
  StoreError,
  type StoreObserver,
  type StoreOwner,
} from "@nivis/store";

/** How the owner's programs are run. */
export interface OwnerPrograms {
  /** The program that serves the store. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly observer?: StoreObserver | undefined;
}

/** The first message of the collector. */
const COLLECTING = "finding garbage collector roots";
/** What `nix store delete` prints of each path, and at its end. */
const DELETED = /^deleting '(.*)'$/gm;
const FREED = /store paths deleted, ([\d.]+) ([KMGTPE])iB freed/;
const UNITS = "KMGTPE";
const KIBI = 1024;

/** See the head of this file. */
export function ownerPrograms(programs: OwnerPrograms): StoreOwner {
  return {
    deleteAlive: async (paths, options = {}) => {
      const { deleteReferrers = false, signal } = options;
      const flags = deleteReferrers ? ["--also-referrers"] : [];
      const args = ["delete", "--ignore-liveness", ...flags, "--", ...paths];
      return deletedOf(await runStoreCommand(programs, "nix-command", args, signal));
    },
    forgetRealisations: async (ids, options = {}) => {
      const names = ids.map(({ drvPath, outputName }) => `${drvPath}^${outputName}`);
      const args = ["build-trace", "delete", "--", ...names];
      // With this feature C++ Nix may upgrade the database, so only the command that needs it has it.
      await runStoreCommand(programs, "nix-command ca-derivations", args, options.signal);
    },
  };
}

interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** The paths are those that were named; the size is as exact as it was printed. */
function deletedOf({ stdout, stderr }: Output): GcResult {
  const paths = [...stderr.matchAll(DELETED)].map(([, path]) => path as string);
  const [, amount = "0", unit = "K"] = FREED.exec(stdout) ?? [];
  const bytes = Number(amount) * KIBI ** (UNITS.indexOf(unit) + 1);
  return { paths, bytesFreed: BigInt(Math.round(bytes)) };
}

/** The messages of the collector; what comes before is about arguments, which were looked at before. */
function messagesOf(stderr: string): readonly string[] {
  const start = stderr.indexOf(COLLECTING);
  return start < 0 ? [] : stderr.slice(start).trimEnd().split("\n");
}

/** Runs `nix store ARGS…`; its errors are those of the store. */
function runStoreCommand(
  { program, environment, observer }: OwnerPrograms,
  features: string,
  args: readonly string[],
  signal: CancelSignal | undefined,
): Promise<Output> {
  checkCancelled(signal);
  const { spawn } = process.getBuiltinModule("node:child_process");
  const child = spawn(program, ["--extra-experimental-features", features, "store", ...args], {
    argv0: "nix",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  const abort = (): void => {
    child.kill();
  };
  signal?.addEventListener("abort", abort);
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("latin1").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding("latin1").on("data", (text: string) => {
    output.stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", (error) => {
      const { message } = error;
      reject(new StoreError("unsupported", marked`cannot run '${program}' as 'nix': ${message}`));
    });
    child.once("close", (code) => {
      signal?.removeEventListener("abort", abort);
      if (signal?.aborted === true) reject(new StoreError("cancelled", "interrupted by the user"));
      if (code === 0) {
        for (const line of messagesOf(output.stderr)) observer?.message?.(line);
        resolve(output);
        return;
      }
      const [, message = output.stderr] = /^error:\s*(.*)/ms.exec(output.stderr) ?? [];
      reject(new StoreError("remote", message.trim()));
    });
  });
}
