/**
 * Nivis server: gives runs of commands to workers that keep evaluations, and ends those whose command is
 * gone. It evaluates nothing itself, so it always listens.
 *
 *     command ── socket ──▶ server ── messages ──▶ worker, one for each kept evaluation
 *        ▲                    │ ▲                     │
 *        └────── frames ──────┘ └────── frames ───────┘
 *
 * A run gets the idle worker that has run the most similar command in the same directory; otherwise a new
 * worker. When all workers together take more memory than they may, the idle one that has waited longest
 * ends, and its evaluation with it. docs/design/015-server.md says why runs print what they would print
 * alone. Only the worker with the last run evaluates ahead; it is ended when that takes long, or when a command
 * has waited for it as long as a new evaluation would take.
 */
import type { ChildProcess } from "node:child_process";
import {
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import type { Server, Socket } from "node:net";
import { join } from "node:path";
import { EvalError } from "@nivis/eval";
import { encodeUtf8 } from "@nivis/formats";
import { errnoCode, errnoMessage } from "@nivis/node";
import { WORKER_FLAGS } from "../worker-flags.ts";
import { FrameKind, FrameReader, frameOf, jsonFrame } from "./frames.ts";
import {
  cardPath,
  exposureOf,
  identityOf,
  makeServerDirectory,
  readCard,
  type ServerCard,
} from "./server-address.ts";
import type {
  RunEnd,
  RunRequest,
  ServerRequest,
  ServerStatus,
  WorkerEnd,
  WorkerStatus,
} from "./server-messages.ts";

/** How a server is started. Texts, not bytes. */
export interface ServerOptions {
  readonly directory: string;
  /** Identifies the code of Nivis. */
  readonly build: string;
  /** The script that launches commands. */
  readonly launcher: string;
  /** Of all workers together, in MiB. */
  readonly maxMemory: number;
  /** How many runs there may be at once. */
  readonly workers: number;
  /** Whether workers evaluate after a change what the last command needs, before the next one. */
  readonly ahead: boolean;
}

const MIB = 2 ** 20;
/** How long a started server may take until it listens, in milliseconds. */
const START_TIME = 30_000;
const START_INTERVAL = 50;
/** How long a server may take to reply, in milliseconds. */
const REPLY_TIME = 10_000;
/** How long the processes of workers may take to end, in milliseconds. */
const END_TIME = 5000;
/** The time between two looks at the memory of the workers, in milliseconds. */
const MEMORY_INTERVAL = 500;
/** Idle workers end after this time, in milliseconds. */
const MAX_IDLE = 60 * 60 * 1000;
/** More workers are not kept, however little memory they take. */
const MAX_KEPT = 16;
/** An evaluation ahead of commands that takes longer is ended, in milliseconds. */
const MAX_AHEAD = 1000;
/** A command waits at least this long for an evaluation ahead, in milliseconds. */
const MIN_PATIENCE = 50;
const SIGNAL_CODE = 128;

/** Runs a server until somebody stops it; returns the exit code. */
export async function runServer(options: ServerOptions): Promise<number> {
  const { directory } = options;
  prepareDirectory(directory);
  const exposure = exposureOf(directory);
  if (exposure !== undefined) {
    throw new EvalError("io", encodeUtf8(`'${directory}' is not safe for a server: ${exposure}`));
  }
  if ((await askServer(directory, "status")) !== undefined) {
    throw new EvalError("io", encodeUtf8(`a server is running already in '${directory}'`));
  }
  const { randomBytes } = process.getBuiltinModule("node:crypto");
  const name = randomBytes(8).toString("hex");
  const card: ServerCard = {
    pid: process.pid,
    socket:
      process.platform === "win32" ? `\\\\.\\pipe\\nivis-${name}` : join(directory, `${name}.sock`),
    key: randomBytes(32).toString("hex"),
    identity: identityOf(options.build),
  };
  const server = new NivisServer(options, card);
  let hasCard: boolean;
  try {
    await server.listen();
    hasCard = await writeCard(directory, card);
  } catch (error) {
    server.close();
    throw unwritable(directory, error);
  }
  if (!hasCard) {
    server.close();
    throw new EvalError("io", encodeUtf8(`a server is running already in '${directory}'`));
  }
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.on(signal, () => server.close());
  }
  await server.closed;
  if (readCard(directory)?.key === card.key) unlinkQuietly(cardPath(directory));
  return 0;
}

/** Makes the directory of a server if it is missing; throws a user's error if that fails. */
function prepareDirectory(directory: string): void {
  try {
    makeServerDirectory(directory);
  } catch (error) {
    throw unwritable(directory, error);
  }
}

/** The error of a directory in which a server cannot make its files. Rethrows what is not of the system. */
function unwritable(directory: string, error: unknown): EvalError {
  const message = errnoMessage(errnoCode(error));
  return new EvalError(
    "io",
    encodeUtf8(
      `a server cannot make its files in '${directory}': ${message}; set NIVIS_SERVER to another directory`,
    ),
  );
}

/** Writes the card of a server unless there is one whose server lives. */
async function writeCard(directory: string, card: ServerCard): Promise<boolean> {
  const path = cardPath(directory);
  const text = JSON.stringify(card);
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      const descriptor = openSync(path, "wx", 0o600);
      try {
        writeSync(descriptor, text);
      } catch (error) {
        // A part of a card would be in the way of later servers.
        unlinkQuietly(path);
        throw error;
      } finally {
        closeSync(descriptor);
      }
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const old = readText(path);
    if ((await askServer(directory, "status")) !== undefined) return false;
    // Another server may have done the same meanwhile, so only the card that was read is removed.
    const aside = `${path}.${process.pid}.old`;
    try {
      renameSync(path, aside);
    } catch {
      continue;
    }
    if (readText(aside) === old) unlinkQuietly(aside);
    else writeFileSync(path, readText(aside) ?? "", { flag: "wx", mode: 0o600 });
  }
  return false;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is gone already.
  }
}

/** Asks the server in a directory; `undefined` if there is none. */
export function askServer(
  directory: string,
  question: "status" | "stop",
): Promise<ServerStatus | undefined> {
  const card = readCard(directory);
  if (card === undefined) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const socket = process.getBuiltinModule("node:net").connect(card.socket);
    let status: ServerStatus | undefined;
    const reader = new FrameReader((kind, payload) => {
      if (kind === FrameKind.Reply) status = JSON.parse(payload.toString()) as ServerStatus;
    });
    const request: ServerRequest = { key: card.key, question };
    socket.setTimeout(REPLY_TIME, () => socket.destroy());
    socket.on("connect", () => socket.write(jsonFrame(FrameKind.Request, request)));
    socket.on("data", (chunk) => reader.push(chunk));
    socket.on("error", () => {});
    socket.on("close", () => resolve(status));
  });
}

/** Starts a server that outlives this process; returns its process id once it listens. */
export async function startInBackground(
  directory: string,
  flags: readonly string[],
): Promise<number> {
  prepareDirectory(directory);
  const { spawn } = process.getBuiltinModule("node:child_process");
  const script = process.argv[1] as string;
  const log = join(directory, "server.log");
  const descriptor = openLog(directory, log);
  const child = spawn(process.execPath, [...process.execArgv, script, "server", "run", ...flags], {
    cwd: "/",
    detached: true,
    windowsHide: true,
    stdio: ["ignore", descriptor, descriptor],
  });
  closeSync(descriptor);
  let hasEnded = false;
  child.on("exit", () => {
    hasEnded = true;
  });
  child.on("error", () => {
    hasEnded = true;
  });
  for (let waited = 0; waited < START_TIME && !hasEnded; waited += START_INTERVAL) {
    await new Promise((resolve) => setTimeout(resolve, START_INTERVAL));
    const status = await askServer(directory, "status");
    if (status === undefined) continue;
    child.unref();
    return status.pid;
  }
  child.kill("SIGKILL");
  const said = (readText(log) ?? "").trim();
  throw new EvalError(
    "io",
    encodeUtf8(
      said === ""
        ? `the server did not start, and has written nothing to '${log}'`
        : `the server did not start: ${said}`,
    ),
  );
}

/** Opens an empty file for what a server prints; throws a user's error if it could print nothing there. */
function openLog(directory: string, log: string): number {
  try {
    // Making a file takes no space on some full disks, and writing does.
    writeFileSync(log, "\n", { mode: 0o600 });
    return openSync(log, "w", 0o600);
  } catch (error) {
    throw unwritable(directory, error);
  }
}

/** A run that waits for a worker, or has one. */
interface PendingRun {
  readonly request: RunRequest;
  readonly socket: Socket;
  isOver: boolean;
}

class NivisServer {
  /** Settled when the server has ended. */
  readonly closed: Promise<void>;
  readonly #options: ServerOptions;
  readonly #card: ServerCard;
  readonly #server: Server;
  readonly #workers = new Set<WorkerHandle>();
  readonly #sockets = new Set<Socket>();
  /** The connections of commands that wait for the end of this process. */
  readonly #stopping = new Set<Socket>();
  readonly #started = Math.floor(Date.now() / 1000);
  readonly #timer: NodeJS.Timeout;
  #queue: PendingRun[] = [];
  /** The worker with the last run, the only one that evaluates ahead. */
  #latest: WorkerHandle | undefined;
  #runs = 0;
  #warmRuns = 0;
  #isClosing = false;
  #end: () => void = () => {};

  constructor(options: ServerOptions, card: ServerCard) {
    this.#options = options;
    this.#card = card;
    this.#server = process.getBuiltinModule("node:net").createServer((socket) => {
      this.#accept(socket);
    });
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#timer = setInterval(() => this.#bound(), MEMORY_INTERVAL);
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#card.socket, () => {
        this.#addWorker();
        resolve();
      });
    });
  }

  /** Ends all runs and the server. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    clearInterval(this.#timer);
    for (const worker of this.#workers) worker.kill();
    for (const socket of this.#sockets) if (!this.#stopping.has(socket)) socket.destroy();
    this.#server.close();
    this.#endWhenAlone();
    // A process that cannot be killed must not keep the server.
    setTimeout(() => this.#end(), END_TIME).unref();
  }

  #endWhenAlone(): void {
    if (this.#isClosing && this.#workers.size === 0) this.#end();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    const reader = new FrameReader((kind, payload) => {
      if (kind !== FrameKind.Request) throw new Error("not a request");
      this.#answer(JSON.parse(payload.toString()) as ServerRequest, socket);
    });
    socket.on("data", (chunk) => {
      try {
        reader.push(chunk);
      } catch {
        socket.destroy();
      }
    });
  }

  #answer({ key, question, run }: ServerRequest, socket: Socket): void {
    const { timingSafeEqual } = process.getBuiltinModule("node:crypto");
    const given = Buffer.from(String(key));
    const own = Buffer.from(this.#card.key);
    if (given.length !== own.length || !timingSafeEqual(given, own)) {
      socket.destroy();
      return;
    }
    switch (question) {
      case "status":
        socket.end(jsonFrame(FrameKind.Reply, this.#status()));
        return;
      case "stop":
        // The command waits for the end of the connection, which is that of this process.
        this.#stopping.add(socket);
        socket.write(jsonFrame(FrameKind.Reply, this.#status()), () => this.close());
        return;
      case "run":
        if (run === undefined) socket.destroy();
        else this.#enqueue({ request: run, socket, isOver: false });
    }
  }

  #enqueue(pending: PendingRun): void {
    pending.socket.on("close", () => {
      if (pending.isOver) return;
      pending.isOver = true;
      this.#queue = this.#queue.filter((one) => one !== pending);
      // The command is gone; nobody waits for the evaluation.
      for (const worker of this.#workers) if (worker.pending === pending) worker.kill();
    });
    this.#queue.push(pending);
    this.#dispatch();
  }

  /** Gives waiting runs to workers. */
  #dispatch(): void {
    while (this.#queue.length > 0 && !this.#isClosing) {
      const busy = [...this.#workers].filter((worker) => worker.isBusy).length;
      if (busy >= this.#options.workers) return;
      const pending = this.#queue.shift() as PendingRun;
      const worker = this.#workerFor(pending.request);
      this.#runs++;
      if (this.#latest !== worker) this.#latest?.rest();
      this.#latest = worker;
      worker.begin(pending);
    }
  }

  /** The idle worker that has done the most similar run, a new one, or any. */
  #workerFor(request: RunRequest): WorkerHandle {
    let best: WorkerHandle | undefined;
    for (const worker of this.#workers) {
      if (!worker.isIdle) continue;
      const { last } = worker;
      if (last === undefined) best ??= worker;
      else if (isSimilar(last, request) && (best?.last === undefined || worker.used > best.used)) {
        best = worker;
      }
    }
    return best ?? this.#addWorker();
  }

  #addWorker(): WorkerHandle {
    const worker = new WorkerHandle(this.#options, {
      ended: ({ isWarm }) => {
        if (isWarm === true) this.#warmRuns++;
        this.#bound();
        this.#dispatch();
        this.#keepSpare();
      },
      dropped: (pending) => {
        if (pending !== undefined) {
          this.#runs--;
          this.#queue.unshift(pending);
        }
        this.#dispatch();
        this.#keepSpare();
      },
      lost: () => {
        this.#workers.delete(worker);
        if (this.#latest === worker) this.#latest = undefined;
        this.#dispatch();
        this.#endWhenAlone();
      },
    });
    this.#workers.add(worker);
    return worker;
  }

  /** Starts a worker ahead, so that the next command in another directory does not wait for it. */
  #keepSpare(): void {
    if (this.#isClosing || this.#resident() > this.#options.maxMemory * MIB) return;
    const hasSpare = [...this.#workers].some((worker) => worker.last === undefined);
    if (!hasSpare) this.#addWorker();
  }

  #resident(): number {
    let sum = 0;
    for (const worker of this.#workers) sum += worker.resident;
    return sum;
  }

  /** Ends idle workers that take too much together, or have waited long. */
  #bound(): void {
    for (const worker of this.#workers) worker.look();
    const idle = [...this.#workers]
      .filter((worker) => worker.isIdle && worker.last !== undefined)
      .sort((a, b) => a.used - b.used);
    for (const [index, worker] of idle.entries()) {
      const isOld = performance.now() - worker.used > MAX_IDLE || index < idle.length - MAX_KEPT;
      if (!isOld && this.#resident() <= this.#options.maxMemory * MIB) continue;
      worker.kill();
      worker.resident = 0;
    }
  }

  #status(): ServerStatus {
    return {
      pid: process.pid,
      started: this.#started,
      runs: this.#runs,
      warmRuns: this.#warmRuns,
      waiting: this.#queue.length,
      maxMemory: this.#options.maxMemory,
      workers: Array.from(this.#workers, (worker) => worker.status()),
    };
  }
}

/**
 * Whether two runs are likely to use one evaluation. Only speed depends on it: a worker finds out for itself
 * what it can use.
 */
function isSimilar(a: RunRequest, b: RunRequest): boolean {
  if (a.program !== b.program || a.directory !== b.directory) return false;
  return JSON.stringify(settingsOf(a)) === JSON.stringify(settingsOf(b));
}

/** Flags that say what is selected and how it is printed; with the number of their values. */
const SELECTING: Readonly<Record<string, number>> = {
  "-A": 1,
  "--attr": 1,
  "--apply": 1,
  "--json": 0,
  "--xml": 0,
  "--raw": 0,
  "--strict": 0,
};

/** Flags before an expression, each of which is a slot of its own in an evaluation. */
const EXPRESSION_FLAGS: ReadonlySet<string> = new Set(["--expr", "-E"]);

/** The arguments without what selects; of those that are no flags, the first is the file. */
function settingsOf({ args }: RunRequest): readonly string[] {
  const kept: string[] = [];
  let positionals = 0;
  for (let at = 0; at < args.length; at++) {
    const argument = args[at] as string;
    const values = SELECTING[argument];
    if (values !== undefined) at += values;
    else if (EXPRESSION_FLAGS.has(argument)) {
      kept.push("--expr");
      at++;
    } else if (argument.startsWith("-") || ++positionals <= 2) kept.push(argument);
  }
  return kept;
}

interface WorkerEvents {
  /** A run has ended, and the worker is free. */
  ended(end: WorkerEnd): void;
  /** The worker was ended in the middle of an evaluation ahead; its run, if it had one, has not begun. */
  dropped(pending: PendingRun | undefined): void;
  /** The process has ended. */
  lost(): void;
}

/** A worker process. */
class WorkerHandle {
  /** The run that it does. */
  pending: PendingRun | undefined;
  /** The last run that has begun. */
  last: RunRequest | undefined;
  /** When the last run ended, by `performance.now`. */
  used = performance.now();
  /** In bytes. */
  resident = 0;
  readonly #process: ChildProcess;
  readonly #events: WorkerEvents;
  #runs = 0;
  #isReady = false;
  #isKilled = false;
  #mark = "";
  #hasMark = false;
  #end: WorkerEnd | undefined;

  readonly #ahead: boolean;
  /** Ends an evaluation ahead; `undefined` if there is none. */
  #deadline: NodeJS.Timeout | undefined;
  /** When the evaluation ahead began, by `performance.now`. */
  #aheadSince = 0;
  /** When the present run began, by `performance.now`. */
  #began = 0;
  /** Whether the worker must still be told to {@link rest}. */
  #mustRest = false;
  /** How long the last run took that had no earlier evaluation, in milliseconds. */
  #coldTime = 0;

  constructor({ launcher, ahead }: ServerOptions, events: WorkerEvents) {
    this.#ahead = ahead;
    this.#events = events;
    const { spawn } = process.getBuiltinModule("node:child_process");
    const program = `require(${JSON.stringify(launcher)}).launch("nivis-server-worker")`;
    const child = spawn(process.execPath, [...process.execArgv, ...WORKER_FLAGS, "-e", program], {
      stdio: ["ignore", "ignore", "pipe", "ipc", "pipe"],
      windowsHide: true,
    });
    this.#process = child;
    const reader = new FrameReader((kind, payload) => this.#receive(kind, payload));
    const frames = child.stdio[4] as NodeJS.ReadableStream;
    frames.on("data", (chunk: Buffer) => reader.push(chunk));
    let rest = "";
    child.stderr?.setEncoding("latin1");
    child.stderr?.on("data", (text: string) => {
      rest = this.#forward(rest + text);
    });
    child.on("message", () => {
      this.#isReady = true;
      this.#send();
    });
    child.on("error", () => this.#lose("could not be started", 1));
    // After the end of its streams, so that nothing that it said is lost.
    child.on("close", (code, signal) => {
      this.#show(rest);
      const { constants } = process.getBuiltinModule("node:os");
      const number = signal === null ? 0 : constants.signals[signal];
      this.#lose(
        signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`,
        signal === null ? code || 1 : SIGNAL_CODE + number,
      );
    });
  }

  get isBusy(): boolean {
    return this.pending !== undefined;
  }

  /** Whether it can begin a run. */
  get isIdle(): boolean {
    return !this.isBusy && !this.#isKilled;
  }

  begin(pending: PendingRun): void {
    const { randomBytes } = process.getBuiltinModule("node:crypto");
    this.pending = pending;
    this.last = pending.request;
    this.#mark = `\0${randomBytes(16).toString("hex")}\n`;
    this.#hasMark = false;
    this.#end = undefined;
    this.#runs++;
    this.#mustRest = false;
    this.#began = performance.now();
    // After that time, another worker has done it from the start.
    if (this.isAhead) this.#endAhead(this.#patience);
    this.#send();
  }

  /** Lets the worker evaluate nothing ahead until its next run. */
  rest(): void {
    this.#mustRest = true;
    this.#sendRest();
  }

  #sendRest(): void {
    if (!this.#mustRest || !this.#isReady || this.#isKilled) return;
    this.#mustRest = false;
    this.#process.send("rest", () => {});
  }

  /** How long a command waits for an evaluation ahead, in milliseconds. */
  get #patience(): number {
    return Math.max(MIN_PATIENCE, this.#coldTime);
  }

  /** Whether it evaluates what the next command may need. */
  get isAhead(): boolean {
    return this.#deadline !== undefined;
  }

  /** Ends the worker after a time unless its evaluation ahead has ended; it is never longer than allowed. */
  #endAhead(time: number): void {
    clearTimeout(this.#deadline);
    const left = this.#aheadSince + MAX_AHEAD - performance.now();
    this.#deadline = setTimeout(
      () => {
        if (this.#end !== undefined) {
          // The last run is over; threads of stores have nothing more to say.
          this.#hasMark = true;
          this.#finish();
        }
        const { pending } = this;
        this.pending = undefined;
        this.kill();
        this.#events.dropped(pending);
      },
      Math.max(0, Math.min(time, left)),
    );
  }

  kill(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    this.#isKilled = true;
    this.#process.kill("SIGKILL");
  }

  /** Looks at the memory of the process where the system tells. */
  look(): void {
    if (this.#isKilled) return;
    const status = readText(`/proc/${this.#process.pid}/status`) ?? "";
    const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1];
    if (kibibytes !== undefined) this.resident = Number(kibibytes) * 1024;
  }

  status(): WorkerStatus {
    this.look();
    const { last } = this;
    return {
      pid: this.#process.pid ?? 0,
      resident: this.resident,
      runs: this.#runs,
      isBusy: this.isBusy,
      isAhead: this.isAhead,
      last:
        last === undefined ? "" : `${last.directory}: ${[last.program, ...last.args].join(" ")}`,
    };
  }

  #send(): void {
    if (this.#isReady && this.pending !== undefined && !this.pending.isOver) {
      const run = { run: this.pending.request, mark: this.#mark, ahead: this.#ahead };
      this.#process.send(run, () => {});
    }
    this.#sendRest();
  }

  #receive(kind: number, payload: Buffer): void {
    if (kind === FrameKind.End) {
      this.#end = JSON.parse(payload.toString()) as WorkerEnd;
      this.#finish();
    } else if (kind === FrameKind.Ahead) {
      clearTimeout(this.#deadline);
      this.#deadline = undefined;
      if (this.#isKilled || payload.toString() !== "true") return;
      this.#aheadSince = performance.now();
      // A command that came just before waits as one that comes now.
      this.#endAhead(this.isBusy ? this.#patience : MAX_AHEAD);
    } else this.pending?.socket.write(frameOf(kind, payload));
  }

  /** Shows what threads write; returns what may be the beginning of the mark. */
  #forward(text: string): string {
    const at = this.#mark === "" ? -1 : text.indexOf(this.#mark);
    if (at >= 0) {
      this.#show(text.slice(0, at));
      this.#hasMark = true;
      this.#finish();
      return text.slice(at + this.#mark.length);
    }
    const start = text.lastIndexOf("\0");
    const mayBegin = start >= 0 && this.#mark.startsWith(text.slice(start));
    this.#show(mayBegin ? text.slice(0, start) : text);
    return mayBegin ? text.slice(start) : "";
  }

  #show(bytes: string): void {
    if (bytes === "") return;
    this.pending?.socket.write(frameOf(FrameKind.Error, Buffer.from(bytes, "latin1")));
  }

  /** The run has ended once its end and the mark are there. */
  #finish(): void {
    const { pending } = this;
    const end = this.#end;
    if (pending === undefined || end === undefined || !this.#hasMark) return;
    this.pending = undefined;
    this.used = performance.now();
    this.resident = end.resident;
    if (end.isWarm !== true) this.#coldTime = this.used - this.#began;
    finishRun(pending, end);
    this.#events.ended(end);
  }

  #lose(how: string, code: number): void {
    const { pending } = this;
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    this.pending = undefined;
    this.resident = 0;
    if (pending !== undefined) {
      finishRun(pending, { code, reason: `the process of the Nivis server that evaluated ${how}` });
    }
    this.#events.lost();
  }
}

function finishRun(pending: PendingRun, end: RunEnd): void {
  if (pending.isOver) return;
  pending.isOver = true;
  pending.socket.end(jsonFrame(FrameKind.End, end));
}
