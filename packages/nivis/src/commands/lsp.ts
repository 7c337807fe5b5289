/**
 * `nivis lsp`: the language server for editors, on standard input and output or a socket.
 *
 * The server ends with its client: when the input ends, when the socket closes, and when the process that
 * the client named is gone. Loaded on demand.
 */
import { marked } from "@nivis/formats";
import { serve } from "@nivis/lsp";
import { createConnection } from "vscode-languageserver/node.js";
import type { Invocation } from "../invocation.ts";
import { nodeHost } from "../lsp/node-host.ts";
import { defaultFlags, type EvaluationFlags } from "../options/evaluation-options.ts";
import { flag, usageError, valueFlag } from "../options/option.ts";
import { runWaitingProgram, type WaitingProgram } from "../program.ts";
import type { Terminal } from "../terminal.ts";
import { VERSION } from "../version.ts";
import { LSP_TOPIC } from "./lsp-topic.ts";

interface LspFlags extends EvaluationFlags {
  /** The port on which a client waits for the server. */
  socket: number | undefined;
  /** The port on which the server waits for a client. */
  listen: number | undefined;
}

function defaultLspFlags(invocation: Invocation): LspFlags {
  return { ...defaultFlags(invocation), socket: undefined, listen: undefined };
}

function portOf(name: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port > 0 && port < 65536) return port;
  throw usageError(marked`${name} takes the number of a port, not '${text}'`);
}

const LSP_PROGRAM: WaitingProgram<LspFlags> = {
  ...LSP_TOPIC,
  description: [
    "Speaks the Language Server Protocol. Editors start it; docs/editors.md has their settings, docs/lsp.md lists what it can do and how to configure it.",
    "The server ends when its client does.",
  ],
  options: [
    flag<LspFlags>(["--stdio"], "Use standard input and output; the default", () => {}),
    valueFlag<LspFlags>(
      ["--socket"],
      "PORT",
      "Connect to a client that listens on PORT of this machine",
      (flags, text) => {
        flags.socket = portOf("--socket", text);
      },
    ),
    valueFlag<LspFlags>(
      ["--listen"],
      "PORT",
      "Wait for one client on PORT of this machine",
      (flags, text) => {
        flags.listen = portOf("--listen", text);
      },
    ),
    valueFlag<LspFlags>(
      ["--clientProcessId"],
      "PID",
      "End when the process PID ends; editors pass it",
      () => {},
    ),
  ],
  defaults: defaultLspFlags,
  positional: (_flags, argument) => {
    throw usageError(marked`'nivis lsp' takes no argument, but was given '${argument}'`);
  },
  run: async (flags, invocation) => {
    const { input, output } = await openStreams(flags);
    const connection = createConnection(input, output);
    serve(connection, nodeHost(flags, invocation), { name: "nivis", version: VERSION });
    // The library ends the process with the connection.
    return new Promise<number>(() => {});
  },
};

interface Streams {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

function openStreams({ socket, listen }: LspFlags): Promise<Streams> {
  if (socket !== undefined && listen !== undefined)
    throw usageError("--socket and --listen exclude each other");
  const net = process.getBuiltinModule("node:net");
  return new Promise((resolve, reject) => {
    if (socket !== undefined) {
      const client = net.connect(socket, "127.0.0.1", () =>
        resolve({ input: client, output: client }),
      );
      client.once("error", (error) =>
        reject(usageError(marked`nobody listens on port ${socket}: ${error.message}`)),
      );
    } else if (listen !== undefined) {
      const server = net.createServer((client) => {
        server.close();
        resolve({ input: client, output: client });
      });
      server.once("error", (error) =>
        reject(usageError(marked`cannot listen on port ${listen}: ${error.message}`)),
      );
      server.listen(listen, "127.0.0.1");
    } else {
      // A client that vanishes in the middle of a reply is not an error of the server.
      process.stdout.on("error", () => process.exit(1));
      resolve({ input: process.stdin, output: process.stdout });
    }
  });
}

/** Runs the language server until its client is gone. */
export function startLsp(args: readonly string[], terminal: Terminal): Promise<number> {
  return runWaitingProgram(LSP_PROGRAM, args, terminal);
}
