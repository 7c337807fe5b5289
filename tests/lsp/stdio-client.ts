/**
 * A client that talks to the built `nivis lsp` over standard streams, with the protocol library of VS Code,
 * and the processes that belong to it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { builtCommand } from "@nivis/testkit";
import {
  createProtocolConnection,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node.js";

/** A running server. */
export class StdioClient {
  readonly child: ChildProcess;
  readonly connection: ProtocolConnection;
  readonly published: PublishDiagnosticsParams[] = [];
  readonly logged: string[] = [];
  #version = 0;

  constructor(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, [builtCommand("nivis"), "lsp", ...args], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, NIX_PATH: "", NIVIS_NO_CACHE: "1", ...env },
    });
    this.connection = createProtocolConnection(
      new StreamMessageReader(this.child.stdout as NonNullable<ChildProcess["stdout"]>),
      new StreamMessageWriter(this.child.stdin as NonNullable<ChildProcess["stdin"]>),
    );
    this.connection.onNotification("textDocument/publishDiagnostics", (params) => {
      this.published.push(params as PublishDiagnosticsParams);
    });
    this.connection.onNotification("window/logMessage", (params) => {
      this.logged.push((params as { message: string }).message);
    });
    this.connection.listen();
  }

  async initialize(folder: string, settings?: unknown): Promise<unknown> {
    const result = await this.connection.sendRequest("initialize", {
      processId: process.pid,
      rootUri: `file://${folder}`,
      capabilities: {},
      initializationOptions: settings,
    });
    await this.connection.sendNotification("initialized", {});
    return result;
  }

  /** Opens a document; a `§` in the text is the place of later requests. */
  async open(path: string, text: string): Promise<{ uri: string; place: object }> {
    const [before = "", after = ""] = text.split("§");
    const lines = before.split("\n");
    const uri = `file://${path}`;
    this.#version += 1;
    await this.connection.sendNotification("textDocument/didOpen", {
      textDocument: { uri, languageId: "nix", version: this.#version, text: before + after },
    });
    const position = { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
    return { uri, place: { textDocument: { uri }, position } };
  }

  async change(uri: string, text: string): Promise<void> {
    this.#version += 1;
    await this.connection.sendNotification("textDocument/didChange", {
      textDocument: { uri, version: this.#version },
      contentChanges: [{ text }],
    });
  }

  /** Asks until the reply satisfies a condition, at most for some seconds. */
  async until<T>(method: string, params: object, isGood: (reply: T) => boolean): Promise<T> {
    const end = Date.now() + 60_000;
    for (;;) {
      const reply = await this.connection.sendRequest<T>(method, params);
      if (isGood(reply) || Date.now() > end) return reply;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends the input, as a client that exits does; returns the exit code. */
  async end(): Promise<number | null> {
    const exited = once(this.child, "exit");
    this.child.stdin?.end();
    const [code] = await exited;
    return code as number | null;
  }

  kill(): void {
    this.connection.dispose();
    this.child.kill("SIGKILL");
  }
}

/** The processes below a process, by their ids; Linux only. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "latin1");
      const [, parent] = /\) \S (\d+)/.exec(stat) ?? [];
      parents.set(Number(entry), Number(parent));
    } catch {
      // It has ended meanwhile.
    }
  }
  const found: number[] = [];
  const pending = [pid];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const [child, parent] of parents) {
      if (parent !== at) continue;
      found.push(child);
      pending.push(child);
    }
  }
  return found;
}

/** Whether a process runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

/** The processor time of a process so far, in milliseconds; Linux only. */
export function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
