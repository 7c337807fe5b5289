/**
 * Runs one process and measures it: wall time with Node's clock, processor time and peak memory
 * with GNU time. Node does not report the resources of a child process, so without GNU time only
 * the wall time is known.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "@nivis/testkit";

/** A program and its first arguments. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** The measurements and the output of one run. */
export interface Run {
  /** Wall time in milliseconds. */
  readonly wall: number;
  /** Processor time of all threads in milliseconds; `undefined` without GNU time. */
  readonly user: number | undefined;
  /** Peak memory in mebibytes; `undefined` without GNU time. */
  readonly peak: number | undefined;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** In milliseconds; a run that takes longer is considered stuck. */
const TIMEOUT = 600_000;
const MAX_OUTPUT = 1 << 28;

/** Runs processes and measures them. */
export class Meter {
  readonly #folder = mkdtempSync(join(tmpdir(), "nivis-bench-"));

  readonly #time: string | undefined;

  private constructor(time: string | undefined) {
    this.#time = time;
  }

  /** A meter, with GNU time if it is on `PATH`. The caller must {@link close} it. */
  static open(): Meter {
    const time = findProgram("time");
    const isGnu =
      time !== undefined && /GNU/.test(spawnSync(time, ["--version"], { encoding: "utf8" }).stdout);
    return new Meter(isGnu ? time : undefined);
  }

  /** Whether processor time and memory are measured. */
  get isComplete(): boolean {
    return this.#time !== undefined;
  }

  /** Runs a command. `environment` replaces the usual one, whose store is never used. */
  run(
    command: Command,
    args: readonly string[],
    environment: Readonly<Record<string, string | undefined>> = {
      ...process.env,
      NIX_REMOTE: "dummy://",
    },
  ): Run {
    const report = join(this.#folder, "time");
    const whole = [command.program, ...command.args, ...args];
    const [program, ...rest] =
      this.#time === undefined
        ? whole
        : [this.#time, "--quiet", "--format=%U %M", `--output=${report}`, ...whole];
    const started = performance.now();
    const result = spawnSync(program as string, rest, {
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "latin1",
      // Node reads the certificates that this variable names at every start, which takes longer than
      // the start itself.
      env: {
        // A remembered result would hide what is to be measured.
        NIVIS_NO_RESULTS: "1",
        ...environment,
        NODE_EXTRA_CA_CERTS: undefined,
      },
      maxBuffer: MAX_OUTPUT,
      timeout: TIMEOUT,
    });
    const wall = performance.now() - started;
    const { status, error, stdout, stderr } = result;
    if (error !== undefined) throw new Error(`cannot run ${program}: ${error.message}`);
    const [user, peak] = this.#time === undefined ? [] : readReport(report);
    return { wall, user, peak, code: status ?? 128, stdout, stderr };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Milliseconds and mebibytes; the report is in seconds and kibibytes. */
function readReport(file: string): [user: number, peak: number] {
  const [seconds, kibibytes] = readFileSync(file, "latin1").trim().split(" ").map(Number);
  return [(seconds as number) * 1000, (kibibytes as number) / 1024];
}
