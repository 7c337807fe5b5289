/**
 * Server worker: a process of `nivis server` that runs commands, one at a time, and keeps the evaluation of
 * the last one. The server ends it to cancel a run.
 *
 * For each run, the process takes on the directory, the environment and the mask of new files of the
 * command. What it prints goes to the server as frames on a pipe of its own, so that the order of both
 * streams is kept. A run that wants something that only the command's own process has, such as its standard
 * input, is given back, and the command does it itself.
 *
 * Loaded on demand, so it exports nothing but functions (`scripts/bundles.mjs`).
 */
import { lstatSync, writeSync } from "node:fs";
import { CALM, InputRecorder, InputWatcher } from "@nivis/node";
import { evalCommand } from "../commands/eval.ts";
import { namesFlakes } from "../commands/flake-detection.ts";
import { instantiateCommand } from "../commands/instantiate.ts";
import { runNix } from "../nix.ts";
import { nixInstantiate } from "../nix-instantiate.ts";
import { runProgram } from "../program.ts";
import { writeAll } from "../results/write-all.ts";
import { type Launcher, type Terminal, wantsColor } from "../terminal.ts";
import { WatchedCommand } from "../warm/watched-command.ts";
import { FrameKind, frameOf, jsonFrame } from "./frames.ts";
import type { RunRequest, WorkerEnd } from "./server-messages.ts";

/** The pipe to the server: behind the standard streams and the channel for messages. */
const SERVER_PIPE = 4;
/** How long output is held back, in milliseconds: until then, a run can be given back. */
const PATIENCE = 500;
/** The time between two looks whether the server is still there, in milliseconds. */
const WATCH_INTERVAL = 500;
/** Runs after which an evaluation is not kept: its lists of what it printed and wrote have grown. */
const MAX_RUNS = 1000;

/** A run or an evaluation ahead that takes longer, in milliseconds, is not followed by one: a command could wait. */
const MAX_AHEAD = 1000;
/** More directories are not watched: how many a user may watch is limited. */
const MAX_WATCHED = 4096;

/** A run and the mark behind its lines on standard error. */
export interface WorkerRun {
  readonly run: RunRequest;
  readonly mark: string;
  /** Whether to evaluate ahead after it. */
  readonly ahead: boolean;
}

/** Runs commands for a server until it is gone. */
export function runServerWorker(launcher: Launcher): Promise<number> {
  watchServer();
  return new Promise((resolve) => {
    const worker = new ServerWorker(launcher);
    process.on("message", (message: WorkerRun | "rest") => {
      if (message === "rest") worker.rest();
      else worker.run(message);
    });
    process.on("disconnect", () => resolve(0));
    process.on("SIGINT", () => {});
    process.send?.("ready");
  });
}

/** Ends this process when its server is gone, even in the middle of a run. */
function watchServer(): void {
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const server = process.ppid;
  const program = `setInterval(() => {
    if (process.ppid !== ${server}) process.kill(process.pid, "SIGKILL");
  }, ${WATCH_INTERVAL});`;
  new Worker(program, { eval: true, stdin: false }).unref();
}

/** The run wants something that only the command's own process has. */
class GivenBack extends Error {}

/** Records what runs look at, and refuses what is different in each process. */
class ServedInputs extends InputRecorder {
  readonly #giveBack: () => Error;
  readonly #isAhead: () => boolean;

  constructor(giveBack: () => Error, isAhead: () => boolean) {
    super();
    this.#giveBack = giveBack;
    this.#isAhead = isAhead;
  }

  /** Nobody has asked for builds, downloads and the like when a worker evaluates ahead. */
  override giveUp(reason: string): void {
    if (this.#isAhead()) throw this.#giveBack();
    super.giveUp(reason);
  }

  override fetching(): void {
    if (this.#isAhead()) throw this.#giveBack();
  }

  override kind(path: string, kind: Parameters<InputRecorder["kind"]>[1]): void {
    this.#refuse(path);
    super.kind(path, kind);
  }

  override failure(...args: Parameters<InputRecorder["failure"]>): void {
    this.#refuse(args[1]);
    super.failure(...args);
  }

  override contents(...args: Parameters<InputRecorder["contents"]>): void {
    this.#refuse(args[0]);
    super.contents(...args);
  }

  #refuse(path: string): void {
    if (/^\/(dev|proc)\//.test(path)) throw this.#giveBack();
  }
}

class ServerWorker {
  readonly #launcher: Launcher;
  #request: RunRequest | undefined;
  #output: RunOutput | undefined;
  #watched: WatchedCommand | undefined;
  #present = new StoredPaths();
  #runs = 0;
  #hasWarmedUp = false;
  /** Reports that files have changed; `undefined` until there is something to evaluate ahead. */
  #watcher: InputWatcher | undefined;
  #isAhead = false;
  /** Whether another worker has a later command, so that this one waits for its own. */
  #isResting = false;
  /** Whether an evaluation ahead has wanted something that only a command may have. */
  #isRefused = false;
  /** How long the last evaluation took, in milliseconds. */
  #duration = 0;

  constructor(launcher: Launcher) {
    this.#launcher = launcher;
  }

  run({ run, mark, ahead }: WorkerRun): void {
    const output = new RunOutput();
    this.#isResting = false;
    this.#request = run;
    this.#output = output;
    let end: Pick<WorkerEnd, "code" | "reason" | "isWarm">;
    let held: readonly Buffer[] = [];
    try {
      takeOn(run);
      end = this.#evaluate();
    } catch (error) {
      // The directory cannot be entered, for example.
      this.#forget();
      end = { reason: error instanceof Error ? error.message : String(error) };
    }
    if (output.wasGivenBack || end.code === undefined) {
      this.#forget();
      end = output.isShown
        ? {
            code: 1,
            reason:
              "the Nivis server cannot give the command what belongs to its process; run it without NIVIS_SERVER",
          }
        : end.code === undefined
          ? end
          : {};
    } else held = output.take();
    if (this.#watched?.isRepeatable !== true || this.#runs >= MAX_RUNS) this.#forget();
    const last: WorkerEnd = {
      ...end,
      resident: process.memoryUsage.rss(),
      isKept: this.#watched !== undefined,
    };
    // Threads of stores write there; the server waits for the mark.
    writeSync(2, mark);
    // In one piece, so that the server wakes up once.
    send(Buffer.concat([...held, jsonFrame(FrameKind.End, last)]));
    setImmediate(() => this.#follow(ahead));
  }

  /** Evaluates nothing ahead until the next run. */
  rest(): void {
    this.#isResting = true;
    this.#watcher?.close();
  }

  /** Makes ready what the next run compares, and has changes of it reported. */
  #follow(ahead: boolean): void {
    const watched = this.#watched;
    if (watched?.isKept !== true) return;
    const { inputs } = watched;
    if (!ahead || this.#isResting || this.#duration > MAX_AHEAD) return;
    const isNew = this.#watcher === undefined;
    this.#watcher ??= new InputWatcher();
    if (this.#watcher.cover(inputs) > MAX_WATCHED) this.#watcher.close();
    if (isNew) void this.#evaluateAhead(this.#watcher);
  }

  /** Evaluates what the last command needs whenever something changes, so that the next one finds it evaluated. */
  async #evaluateAhead(watcher: InputWatcher): Promise<void> {
    for (;;) {
      await watcher.report();
      await watcher.rest(CALM);
      const watched = this.#watched;
      if (this.#isResting || watched?.isKept !== true || this.#duration > MAX_AHEAD) continue;
      const began = performance.now();
      this.#isAhead = true;
      // The server ends this process if it takes too long.
      send(jsonFrame(FrameKind.Ahead, true));
      this.#isRefused = false;
      try {
        if (watched.look() && watched.isKept) {
          this.#runs++;
          watched.runAhead();
          this.#present.add(watched.outputs);
        }
      } catch {
        // The command will say what is wrong.
        this.#isRefused = true;
      }
      this.#isAhead = false;
      this.#duration = performance.now() - began;
      // The evaluation has ended in the middle.
      if (this.#isRefused) this.#forget();
      send(jsonFrame(FrameKind.Ahead, false));
      this.#follow(true);
    }
  }

  /** Ends the evaluation because it wants something that only a command may have. */
  #giveBack(): Error {
    this.#isRefused = true;
    return (this.#output as RunOutput).giveBack();
  }

  #evaluate(): Pick<WorkerEnd, "code" | "reason" | "isWarm"> {
    const { program, args } = this.#request as RunRequest;
    if (isForFlakes(program, args)) return { reason: "flakes are not served" };
    this.#runs++;
    this.#watched?.look();
    if (!this.#present.areThere()) this.#forget();
    this.#watched ??= new WatchedCommand(
      this.#terminal(),
      (terminal) => {
        const { program, args } = this.#request as RunRequest;
        return start(program, args, terminal);
      },
      () =>
        new ServedInputs(
          () => this.#giveBack(),
          () => this.#isAhead,
        ),
      // A warm process does not use as much of a limit as one of its own.
      () => {
        throw this.#giveBack();
      },
    );
    const began = performance.now();
    const code = this.#watched.run();
    this.#duration = performance.now() - began;
    this.#present.add(this.#watched.outputs);
    return { code, isWarm: this.#watched.isReused };
  }

  #forget(): void {
    this.#watched?.close();
    this.#watched = undefined;
    this.#watcher?.close();
    this.#present = new StoredPaths();
    this.#runs = 0;
  }

  /** A terminal that stands for that of the present run. */
  #terminal(): Terminal {
    const request = (): RunRequest => this.#request as RunRequest;
    const output = (): RunOutput => this.#output as RunOutput;
    const environment: Terminal["environment"] = new Proxy(
      {},
      {
        get: (_, name) =>
          typeof name === "string" && Object.hasOwn(request().environment, name)
            ? request().environment[name]
            : undefined,
        has: (_, name) => typeof name === "string" && Object.hasOwn(request().environment, name),
        ownKeys: () => Reflect.ownKeys(request().environment),
        getOwnPropertyDescriptor: (_, name) =>
          Reflect.getOwnPropertyDescriptor(request().environment, name),
      },
    );
    const launcher = this.#launcher;
    const onLongRun = (moment: number, isContinued: boolean): void => {
      if (moment > 0 || !this.#hasWarmedUp) launcher.onLongRun(moment, isContinued);
      this.#hasWarmedUp = true;
    };
    return {
      writeOut: (bytes) => output().write(FrameKind.Out, bytes),
      writeLine: (bytes) => output().write(FrameKind.Error, `${bytes}\n`),
      readInput: () => {
        throw this.#giveBack();
      },
      get color() {
        return wantsColor(request().environment, request().terminals[2]);
      },
      get outColor() {
        return wantsColor(request().environment, request().terminals[1]);
      },
      get isOutTerminal() {
        return request().terminals[1];
      },
      environment,
      ...launcher,
      get onLongRun() {
        return onLongRun;
      },
      get makesDatabases() {
        return request().program !== "nivis";
      },
    };
  }
}

/** What a run prints. It is held back for a moment. */
class RunOutput {
  wasGivenBack = false;
  /** Whether something of it has left this process. */
  isShown = false;
  readonly #began = performance.now();
  #held: Buffer[] | undefined = [];

  write(kind: number, bytes: string): void {
    if (this.wasGivenBack) return;
    const frame = frameOf(kind, Buffer.from(bytes, "latin1"));
    if (this.#held !== undefined && performance.now() - this.#began < PATIENCE) {
      this.#held.push(frame);
      return;
    }
    this.show();
    send(frame);
  }

  /** Sends what was held back. */
  show(): void {
    for (const frame of this.take()) send(frame);
  }

  /** Returns what was held back, to be sent at once. */
  take(): readonly Buffer[] {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.isShown ||= held.length > 0;
    return held;
  }

  giveBack(): Error {
    this.wasGivenBack = true;
    return new GivenBack("standard input");
  }
}

/** What the kept evaluation has written to stores: it is not written again, so it must still be there. */
class StoredPaths {
  readonly #known = new Set<string>();
  readonly #present: string[] = [];

  /** Adds the places that exist. */
  add(places: Iterable<string>): void {
    for (const place of places) {
      if (this.#known.has(place)) continue;
      this.#known.add(place);
      if (exists(place)) this.#present.push(place);
    }
  }

  areThere(): boolean {
    return this.#present.every(exists);
  }
}

function exists(place: string): boolean {
  const path = Buffer.from(place, "latin1");
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Makes this process as that of the command. */
function takeOn({ directory, umask, environment }: RunRequest): void {
  process.chdir(directory);
  process.umask(umask);
  for (const name of Object.keys(process.env)) {
    if (!Object.hasOwn(environment, name)) delete process.env[name];
  }
  Object.assign(process.env, environment);
}

function isForFlakes(program: string, args: readonly string[]): boolean {
  if (program === "nivis") {
    return args[0] === "eval" && namesFlakes(args.slice(1), evalCommand.options);
  }
  const withExpression = ["-f", "--file", "--expr"];
  return program === "nivis-nix" && !args.some((argument) => withExpression.includes(argument));
}

function start(program: string, args: readonly string[], terminal: Terminal): number {
  if (program === "nivis-instantiate") return runProgram(nixInstantiate, args, terminal);
  if (program === "nivis") {
    const [word, ...rest] = args;
    if (word === "eval") return runProgram(evalCommand, rest, terminal);
    return runProgram(instantiateCommand, rest, terminal);
  }
  const code = runNix(args, terminal);
  if (typeof code !== "number") throw new GivenBack("a command that waits");
  return code;
}

function send(frame: Buffer): void {
  writeAll(SERVER_PIPE, frame.toString("latin1"));
}
