/** A server of the built commands for tests, and commands that use it or do not. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { builtCommand } from "@nivis/testkit";
import type { ServerStatus } from "../../packages/nivis/src/server/server-messages.ts";

/** What a command printed. */
export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** How a command is run. */
export interface RunOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly program?: "nivis" | "nivis-instantiate";
  /** Called with the process, for example to end it. */
  readonly onStart?: (child: ReturnType<typeof spawn>) => void;
}

/** A server whose directory is `folder`/server. */
export class RunningServer {
  readonly directory: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.directory = join(folder, "server");
    mkdirSync(join(folder, "home"), { recursive: true });
  }

  get environment(): Record<string, string> {
    return {
      PATH: process.env["PATH"] ?? "",
      HOME: join(this.#folder, "home"),
      XDG_CACHE_HOME: join(this.#folder, "cache"),
      NIX_CONF_DIR: join(this.#folder, "conf"),
      NIX_STATE_DIR: "/var/empty",
      NIVIS_NO_RESULTS: "1",
    };
  }

  /** Runs `nivis server` with an action and flags. */
  control(...args: readonly string[]): Ran {
    const ran = spawnSync(process.execPath, [builtCommand("nivis"), "server", ...args], {
      env: { ...this.environment, NIVIS_SERVER: this.directory },
      encoding: "utf8",
      timeout: 120_000,
    });
    return { code: ran.status, signal: ran.signal, out: ran.stdout, err: ran.stderr };
  }

  status(): ServerStatus {
    return JSON.parse(this.control("status", "--json").out) as ServerStatus;
  }

  /** Runs a command by the server. */
  served(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return this.#run(args, { NIVIS_SERVER: this.directory }, options);
  }

  /** Runs a command in a process of its own. */
  alone(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return this.#run(args, {}, options);
  }

  #run(
    args: readonly string[],
    variables: Readonly<Record<string, string>>,
    { cwd, environment, input, program = "nivis", onStart }: RunOptions,
  ): Promise<Ran> {
    const child = spawn(process.execPath, [builtCommand(program), ...args], {
      cwd,
      env: { ...this.environment, ...environment, ...variables },
    });
    const text = { out: "", err: "" };
    child.stdout.setEncoding("latin1").on("data", (chunk: string) => {
      text.out += chunk;
    });
    child.stderr.setEncoding("latin1").on("data", (chunk: string) => {
      text.err += chunk;
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
    onStart?.(child);
    return new Promise((resolve) => {
      child.on("close", (code, signal) => resolve({ code, signal, ...text }));
    });
  }
}
