/**
 * `nivis dap`: serves the Debug Adapter Protocol on standard input and output, or on a port of this machine.
 * A bundle of its own (see scripts/bundles.mjs).
 */
import type { Socket } from "node:net";
import {
  type DapHost,
  DapSession,
  type DebuggedProgram,
  type Debugger,
  encodeMessage,
  type LaunchArguments,
  MessageReader,
  RubbishError,
  RunningProgram,
} from "@nivis/debugger";
import {
  EvalError,
  evalErrorOf,
  printPretty,
  renderError,
  type Slot,
  type StopSignal,
  type Suspendable,
  select,
  type Value,
} from "@nivis/eval";
import { type Bytes, decodeUtf8, encodeUtf8, marked } from "@nivis/formats";
import { applySetting, errnoMessage } from "@nivis/node";
import { loadOutput } from "../flakes/repl-flake.ts";
import type { Invocation } from "../invocation.ts";
import type { AutoArgument } from "../options/evaluation-options.ts";
import { flag, usageError, valueFlag } from "../options/option.ts";
import {
  addPositional,
  defaultSourceFlags,
  SOURCE_OPTIONS,
  type SourceFlags,
  valueToPrint,
} from "../options/source-options.ts";
import { runWaitingProgram, type WaitingProgram } from "../program.ts";
import { openSession, type Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import { DAP_TOPIC } from "./dap-topic.ts";

interface DapFlags extends SourceFlags {
  /** The port to listen on; standard input and output unless given. */
  port: number | undefined;
  /** Whether the program runs at once, and editors attach while it does. */
  runs: boolean;
}

/** Where the messages of a client come from and go to. */
interface Connection {
  /** Writes bytes to the client. */
  write(bytes: Bytes): void;
  /** Nothing more is sent or wanted. */
  close(): void;
}

/** Receives what the program prints, which the client shows. */
class DapTerminal {
  session: DapSession | undefined;
}

/** Runs the command and returns the exit code. */
export async function startDap(args: readonly string[], terminal: Terminal): Promise<number> {
  const shown = new DapTerminal();
  // Standard output belongs to the protocol.
  const own: Terminal = Object.create(terminal, {
    writeOut: {
      value: (bytes: Bytes) => {
        if (shown.session === undefined) terminal.writeOut(bytes);
        else shown.session.write("stdout", bytes);
      },
    },
    writeLine: {
      value: (bytes: Bytes) => {
        if (shown.session === undefined) terminal.writeLine(bytes);
        else shown.session.write("stderr", `${bytes}\n`);
      },
    },
    showProgress: { value: undefined },
    ask: { value: undefined },
  }) as Terminal;
  return runWaitingProgram(dapCommand(terminal, shown), args, own);
}

const dapCommand = (terminal: Terminal, shown: DapTerminal): WaitingProgram<DapFlags> => ({
  ...DAP_TOPIC,
  description: [
    "An editor that speaks the Debug Adapter Protocol starts a program with 'launch', whose arguments are 'program' (a file), 'expression' or 'flake', and 'attr', 'args', 'argstr', 'nixPath', 'settings', 'cwd', 'stopOnEntry' and 'deep'. 'attach' runs the program of the command line. The other flags hold for every program.",
  ],
  options: [
    ...SOURCE_OPTIONS,
    valueFlag<DapFlags>(
      ["--port"],
      "PORT",
      "Listen on PORT of this machine, for one editor at a time; 0 takes any free port",
      (flags, text) => {
        const port = Number(text);
        if (!/^\d+$/.test(text) || port > 65535) {
          throw usageError(marked`'${encodeUtf8(text)}' is not a port`);
        }
        flags.port = port;
      },
    ),
    flag<DapFlags>(
      ["--run"],
      "With --port: evaluate at once, print the value and end. Editors may attach while it runs",
      (flags) => {
        flags.runs = true;
      },
    ),
  ],
  defaults: (invocation) => {
    invocation.requireFlakes();
    return { ...defaultSourceFlags(invocation), port: undefined, runs: false };
  },
  positional: addPositional,
  run: (flags, invocation) => {
    const { port } = flags;
    if (flags.runs) return serveRunning(flags, invocation, terminal);
    return port === undefined
      ? serveStreams(flags, invocation, terminal, shown)
      : servePort(port, terminal, (connection) => new Client(flags, invocation, shown, connection));
  },
});

/** Serves the program that has started this one. */
async function serveStreams(
  flags: DapFlags,
  invocation: Invocation,
  terminal: Terminal,
  shown: DapTerminal,
): Promise<number> {
  const input = terminal.openInput?.();
  if (input === undefined) throw usageError("standard input cannot be read here");
  let isOpen = true;
  const client = new Client(flags, invocation, shown, {
    write: (bytes) => terminal.writeOut(bytes),
    close: () => {
      isOpen = false;
      input.close();
    },
  });
  while (isOpen) {
    const bytes = await input.read();
    if (bytes === undefined) break;
    client.receive(bytes);
  }
  client.vanish();
  await client.ended;
  return client.wasRefused ? 1 : 0;
}

/** Milliseconds that a client waits for the one before it to leave. */
const PATIENCE = 1000;

/** Serves programs that connect to a port, one after the other, until the user or the signal stops it. */
function servePort(
  port: number,
  terminal: Terminal,
  clientOf: (connection: Connection) => Client,
  signal?: AbortSignal,
): Promise<number> {
  const { createServer } = process.getBuiltinModule("node:net");
  return new Promise((resolve, reject) => {
    const sockets = new Set<Socket>();
    let served: Socket | undefined;
    const serve = (socket: Socket): void => {
      served = socket;
      const client = clientOf({
        write: (bytes) => socket.write(bytes, "latin1"),
        close: () => socket.end(),
      });
      socket.setEncoding("latin1");
      socket.on("data", (bytes) => client.receive(String(bytes)));
      socket.on("close", () => client.vanish());
      socket.on("error", () => client.vanish());
      socket.resume();
    };
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      if (served === undefined || served.destroyed) {
        serve(socket);
        return;
      }
      // A client that leaves may be followed by the next before its connection is closed.
      const timer = setTimeout(() => socket.destroy(), PATIENCE);
      served.once("close", () => {
        clearTimeout(timer);
        if (!socket.destroyed) serve(socket);
      });
    });
    // One that is served, and one that waits.
    server.maxConnections = 2;
    server.on("error", (error) => {
      reject(
        new EvalError("io", marked`cannot listen on port ${port}: ${encodeUtf8(error.message)}`),
      );
    });
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const actual = typeof address === "object" && address !== null ? address.port : port;
      terminal.writeLine(`listening on port ${actual}`);
    });
    const stop = (): void => {
      server.close();
      for (const socket of sockets) socket.end();
      resolve(0);
    };
    if (signal === undefined) terminal.onInterrupt?.(stop);
    else signal.addEventListener("abort", stop);
  });
}

/** Evaluates the program of the command line, and serves editors while it does. */
async function serveRunning(
  flags: DapFlags,
  invocation: Invocation,
  terminal: Terminal,
): Promise<number> {
  const args = attachable(flags);
  if (flags.port === undefined) throw usageError("'--run' needs '--port'");
  if (args === undefined) throw usageError("'--run' needs a program: give a file, or --expr EXPR");
  const running = new RunningProgram();
  const program = await launch(args, running.debug, flags, invocation);
  const done = new AbortController();
  const served = servePort(
    flags.port,
    terminal,
    (connection) => new Client(flags, invocation, new DapTerminal(), connection, running),
    done.signal,
  );
  // A port that is taken must end the command, and not only the server.
  const outcome = await Promise.race([
    running.start(program).then(
      (text) => {
        terminal.writeOut(text.endsWith("\n") ? text : `${text}\n`);
        return 0;
      },
      (error: unknown) => {
        terminal.writeLine(program.render(error));
        return 1;
      },
    ),
    served,
  ]);
  program.close();
  // The events about the end are sent before the connections are closed.
  await new Promise((resolve) => setImmediate(resolve));
  done.abort();
  await served;
  return outcome;
}

/** One client: its messages, its session, and the programs that it has launched. */
class Client {
  /** Settled when the session is over. */
  readonly ended: Promise<void>;
  /** Whether the session is over because the client has sent what cannot be read. */
  wasRefused = false;
  readonly #reader = new MessageReader();
  readonly #session: DapSession;
  readonly #connection: Connection;
  readonly #shown: DapTerminal;

  constructor(
    flags: DapFlags,
    invocation: Invocation,
    shown: DapTerminal,
    connection: Connection,
    running?: RunningProgram,
  ) {
    this.#connection = connection;
    this.#shown = shown;
    let end: () => void = () => {};
    this.ended = new Promise((resolve) => {
      end = resolve;
    });
    const host: DapHost = {
      send: (message) => connection.write(encodeMessage(message)),
      launch: (args, debug) => launch(args, debug, flags, invocation),
      attachable: attachable(flags),
      running,
      ended: () => {
        connection.close();
        if (shown.session === this.#session) shown.session = undefined;
        end();
      },
    };
    this.#session = new DapSession(host);
    shown.session = this.#session;
  }

  receive(bytes: Bytes): void {
    for (const message of this.#reader.add(bytes)) {
      if (!(message instanceof RubbishError)) {
        void this.#session.take(message);
        continue;
      }
      this.#session.reject(message.message);
      if (!message.isRecoverable) {
        this.wasRefused = true;
        this.vanish();
        this.#connection.close();
        return;
      }
    }
  }

  /** The client is gone. */
  vanish(): void {
    this.#session.dispose();
    if (this.#shown.session === this.#session) this.#shown.session = undefined;
  }
}

/** The program that the command line names. */
function attachable({
  expression,
  file,
  positionals,
  attrPaths,
}: DapFlags): LaunchArguments | undefined {
  const rest = [...positionals];
  const source =
    expression !== undefined
      ? { expression: decodeUtf8(expression) }
      : file !== undefined
        ? { program: decodeUtf8(file) }
        : sourceOf(rest.shift());
  if (source === undefined) return undefined;
  const attr = attrPaths[0] ?? rest[0];
  return { ...source, ...(attr === undefined ? {} : { attr: decodeUtf8(attr) }) };
}

function sourceOf(argument: Bytes | undefined): LaunchArguments | undefined {
  if (argument === undefined) return undefined;
  const text = decodeUtf8(argument);
  return text.includes("#") ? { flake: text } : { program: text };
}

/** Opens the program that a client wants to debug. */
async function launch(
  args: LaunchArguments,
  debug: Debugger,
  flags: DapFlags,
  invocation: Invocation,
): Promise<DebuggedProgram> {
  if (args.cwd !== undefined) enter(args.cwd);
  const { settings } = invocation;
  for (const [name, value] of Object.entries(args.settings ?? {})) {
    applySetting(settings, encodeUtf8(name), encodeUtf8(String(value)), (text) =>
      invocation.warn(text),
    );
  }
  const autoArguments = new Map<string, AutoArgument>(flags.autoArguments);
  for (const [name, text] of Object.entries(args.args ?? {})) {
    autoArguments.set(encodeUtf8(name), { kind: "expression", text: encodeUtf8(String(text)) });
  }
  for (const [name, text] of Object.entries(args.argstr ?? {})) {
    autoArguments.set(encodeUtf8(name), { kind: "string", text: encodeUtf8(String(text)) });
  }
  const includes = [...(args.nixPath ?? []).map(encodeUtf8), ...flags.includes];
  const session = openSession(
    { ...flags, autoArguments, includes },
    { readOnly: flags.readOnly, debugger: debug.hooks },
  );
  // A mistake in the text is the answer to the request.
  const root = args.flake === undefined ? rootOf(args, session) : undefined;
  let isOpen = true;
  return {
    evaluation: session.evaluation,
    run: (signal) => run(args, root, session, invocation, signal),
    render: (thrown) => {
      const error = evalErrorOf(thrown);
      if (!(error instanceof EvalError)) return encodeUtf8(String(error));
      const { positions } = session.evaluation;
      return renderError(error, positions, { showTrace: settings.showTrace, color: false });
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      invocation.afterOutput?.();
      invocation.openStore?.abandon();
    },
  };
}

/** Makes a directory the current one. */
function enter(directory: string): void {
  try {
    process.chdir(directory);
  } catch (error) {
    const reason = errnoMessage((error as NodeJS.ErrnoException).code ?? "");
    throw new EvalError("io", marked`cannot enter '${encodeUtf8(directory)}': ${reason}`);
  }
}

/** The whole value of the file or the expression, with the trace of a file. */
function rootOf({ program, expression }: LaunchArguments, session: Session): Suspendable<Value> {
  const source =
    expression === undefined
      ? session.file(encodeUtf8(program ?? "."))
      : session.expression(encodeUtf8(expression));
  return session.program(source);
}

/** Evaluates a program and returns the text of its value. */
async function run(
  { attr = "", flake, deep = true }: LaunchArguments,
  root: Suspendable<Value> | undefined,
  session: Session,
  invocation: Invocation,
  signal: StopSignal,
): Promise<Bytes> {
  const { evaluation } = session;
  const { context } = evaluation;
  const args = session.autoArguments();
  const top: Slot =
    root === undefined
      ? (await loadOutput(encodeUtf8(flake ?? "."), session, invocation, true)).slot
      : await evaluation.runAsync(root, { signal });
  const selected = await evaluation.runAsync(select(context, encodeUtf8(attr), args, top), {
    signal,
  });
  const value = await evaluation.runAsync(valueToPrint(session, selected), { signal });
  const depth = deep ? {} : { maxDepth: 1 };
  return evaluation.runAsync(printPretty(context, value, { throwsAtTop: true, ...depth }), {
    signal,
  });
}
