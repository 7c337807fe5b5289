/**
 * Server client: lets a server run a command. It is part of the launcher, so a command that a server runs
 * loads neither the bundle nor the evaluator; of Node, only the module for sockets.
 */
import type { Socket } from "node:net";
import { isTerminal } from "@nivis/node";
import { writeAll } from "../results/write-all.ts";
import { FrameKind, FrameReader, jsonFrame } from "./frames.ts";
import {
  exposureOf,
  identityOf,
  isServerWish,
  readCard,
  type ServerCard,
  serverDirectory,
} from "./server-address.ts";
import type { RunEnd, RunRequest, ServerRequest } from "./server-messages.ts";

/** Arguments of runs that are about this process. */
const OWN_ARGUMENTS: ReadonlySet<string> = new Set(["-", "--arg-from-stdin", "--debugger"]);
/**
 * A limit that counts what is evaluated, as a flag or as the name after `--option`: a kept evaluation would need
 * less of it.
 */
const LIMIT = /^(--)?max-(steps|memory|time|call-depth)(=|$)/;
/** Variables that ask for figures of this process. */
const OWN_VARIABLES = ["NIX_SHOW_STATS", "NIVIS_SHOW_STATS"];

/** A run that a server may do. */
export interface ServedCommand {
  readonly program: string;
  readonly build: string;
}

/** Whether the environment asks for a server and the command is one that a server can run. */
export function wantsServer(): boolean {
  const wish = process.env["NIVIS_SERVER"] ?? "";
  if (wish === "" || wish === "0") return false;
  const isOwn = (argument: string): boolean =>
    OWN_ARGUMENTS.has(argument) || LIMIT.test(argument) || /(^|[=/])\/*(dev|proc)\//.test(argument);
  return !process.argv.slice(2).some(isOwn) && !OWN_VARIABLES.some((name) => name in process.env);
}

/**
 * Lets the server run the command and ends the process; calls `runHere` if there is no server that can.
 */
export function runOnServer({ program, build }: ServedCommand, runHere: () => void): void {
  const goOn = (reason: string): void => {
    writeAll(2, latin1(`warning: ${reason}; evaluating without it\n`));
    runHere();
  };
  const connection = connectionOf(build, goOn);
  if (connection === undefined) return;
  const run = runRequest(program);
  if (run === undefined) runHere();
  else {
    const socket = process.getBuiltinModule("node:net").connect(connection.socket);
    new ServedRun(socket, goOn, runHere).begin({ key: connection.key, question: "run", run });
  }
}

/** The card of a server that can run commands of this build; otherwise calls `goOn` with the reason. */
function connectionOf(build: string, goOn: (reason: string) => void): ServerCard | undefined {
  const wish = process.env["NIVIS_SERVER"] ?? "";
  if (!isServerWish(wish)) {
    goOn(`NIVIS_SERVER must be 1 or an absolute path, not '${wish}'`);
    return undefined;
  }
  const directory = serverDirectory(process.env);
  if (directory === undefined) {
    goOn("there is no directory for a Nivis server");
    return undefined;
  }
  const card = readCard(directory);
  if (card === undefined) {
    const exposure = exposureOf(directory);
    goOn(
      exposure === undefined || exposure === "it does not exist"
        ? "no Nivis server is running ('nivis server start' starts one)"
        : `'${directory}' is not safe for a Nivis server: ${exposure}`,
    );
    return undefined;
  }
  if (card.identity === identityOf(build)) return card;
  goOn(
    "the Nivis server has another build of Nivis or Node, or other rights ('nivis server stop', then 'nivis server start')",
  );
  return undefined;
}

/** This run, with everything of this process that matters. */
function runRequest(program: string): RunRequest | undefined {
  try {
    const environment: Record<string, string> = {};
    for (const [name, value] of Object.entries(process.env)) environment[name] = value as string;
    return {
      program,
      args: process.argv.slice(2),
      directory: process.cwd(),
      umask: process.umask(),
      environment,
      terminals: [isTerminal(0), isTerminal(1), isTerminal(2)],
    };
  } catch {
    // The directory is gone.
    return undefined;
  }
}

class ServedRun {
  readonly #socket: Socket;
  readonly #goOn: (reason: string) => void;
  readonly #runHere: () => void;
  #isConnected = false;
  #isOver = false;

  constructor(socket: Socket, goOn: (reason: string) => void, runHere: () => void) {
    this.#socket = socket;
    this.#goOn = goOn;
    this.#runHere = runHere;
  }

  begin(request: ServerRequest): void {
    const socket = this.#socket;
    const reader = new FrameReader((kind, payload) => this.#receive(kind, payload));
    socket.on("connect", () => {
      this.#isConnected = true;
      socket.write(jsonFrame(FrameKind.Request, request));
    });
    socket.on("data", (chunk) => reader.push(chunk));
    socket.on("error", () => this.#lose());
    socket.on("close", () => this.#lose());
    // A signal ends this process as it would without a server; the closed socket then ends the run.
  }

  #receive(kind: number, payload: Buffer): void {
    if (this.#isOver) return;
    if (kind === FrameKind.Out) writeAll(1, payload.toString("latin1"));
    else if (kind === FrameKind.Error) writeAll(2, payload.toString("latin1"));
    else if (kind === FrameKind.End) this.#end(JSON.parse(payload.toString()) as RunEnd);
  }

  #end({ code, reason }: RunEnd): void {
    this.#isOver = true;
    if (code === undefined) {
      this.#socket.destroy();
      this.#runHere();
      return;
    }
    if (reason !== undefined) writeAll(2, latin1(`error: ${reason}\n`));
    process.exit(code);
  }

  /** The connection has ended before the run. */
  #lose(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.#isConnected) {
      this.#goOn("the Nivis server does not accept connections ('nivis server start' starts one)");
      return;
    }
    const text =
      "error: the Nivis server ended before the command did; run it again, or without NIVIS_SERVER\n";
    writeAll(2, latin1(text));
    process.exit(1);
  }
}

function latin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}
