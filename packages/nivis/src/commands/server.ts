/** `nivis server`: starts, stops and describes the server that keeps evaluations between commands. */
import { EvalError } from "@nivis/eval";
import { encodeUtf8, marked } from "@nivis/formats";
import type { Invocation } from "../invocation.ts";
import { defaultFlags, type EvaluationFlags } from "../options/evaluation-options.ts";
import { flag, usageError, valueFlag } from "../options/option.ts";
import { runWaitingProgram, type WaitingProgram } from "../program.ts";
import { askServer, runServer, startInBackground } from "../server/nivis-server.ts";
import { isServerWish, serverDirectory } from "../server/server-address.ts";
import type { ServerStatus } from "../server/server-messages.ts";
import type { Terminal } from "../terminal.ts";
import { SERVER_TOPIC } from "./server-topic.ts";

const ACTIONS = ["start", "stop", "status", "run"] as const;
type Action = (typeof ACTIONS)[number];

interface ServerFlags extends EvaluationFlags {
  action: Action | undefined;
  /** In MiB. */
  maxMemory: number | undefined;
  workers: number | undefined;
  ahead: boolean;
  json: boolean;
}

const MIB = 2 ** 20;
/** The share of the machine's memory that a server takes unless told otherwise. */
const MEMORY_SHARE = 0.5;

function count(name: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw usageError(marked`${name} takes a number from 1, not '${encodeUtf8(text)}'`);
}

const SERVER_PROGRAM: WaitingProgram<ServerFlags> = {
  ...SERVER_TOPIC,
  description: [
    "A server runs commands and keeps their evaluations: the next command on the same files evaluates only what is new or has changed. Commands use it if NIVIS_SERVER is set to 1, or to the directory of a server; eval, instantiate, nivis-instantiate and nivis-nix eval do, without flakes. They print what they would print without it, with the directory, the environment and the settings of the command. Ctrl-C ends only the own command.",
    "When a file changes, the server evaluates again what the last command needed, if that took less than a second: the next command then finds it evaluated. It starts no builds and downloads for it, and ends it after a second, or when a command waits. With --on-demand it waits for the command.",
    "Commands that cannot use the server say so and do the work themselves. So do those that read standard input, and those with a limit (--max-steps, --max-memory, --max-time, max-call-depth), without a word.",
    "The directory of the server is $XDG_RUNTIME_DIR/nivis or nivis/server in the user's cache directory; only the user may enter it.",
    "`start` returns when the server listens; `run` is the server in the foreground, for service managers. `stop` ends it and all runs.",
  ],
  options: [
    valueFlag<ServerFlags>(
      ["--max-memory"],
      "MIB",
      "With start and run: the memory of all kept evaluations together; half of the machine's unless given",
      (flags, text) => {
        flags.maxMemory = count("--max-memory", text);
      },
    ),
    valueFlag<ServerFlags>(
      ["--workers"],
      "N",
      "With start and run: how many commands run at once; as many as there are processors unless given. There are more processes: one for each kept evaluation, and a spare one",
      (flags, text) => {
        flags.workers = count("--workers", text);
      },
    ),
    flag<ServerFlags>(
      ["--on-demand"],
      "With start and run: evaluate nothing before a command asks for it",
      (flags) => {
        flags.ahead = false;
      },
    ),
    flag<ServerFlags>(["--json"], "With status: print JSON", (flags) => {
      flags.json = true;
    }),
  ],
  defaults: (invocation) => ({
    ...defaultFlags(invocation),
    action: undefined,
    maxMemory: undefined,
    workers: undefined,
    ahead: true,
    json: false,
  }),
  positional: (flags, argument) => {
    const action = ACTIONS.find((one) => one === argument);
    if (action === undefined || flags.action !== undefined) {
      throw usageError(
        marked`'nivis server' takes one of ${ACTIONS.join(", ")}, not '${argument}'`,
      );
    }
    flags.action = action;
  },
  run: (flags, invocation) => {
    if (flags.action === undefined)
      throw usageError(marked`'nivis server' needs one of ${ACTIONS.join(", ")}`);
    return runAction(flags.action, flags, invocation);
  },
};

async function runAction(
  action: Action,
  flags: ServerFlags,
  { terminal }: Invocation,
): Promise<number> {
  const wished = terminal.environment["NIVIS_SERVER"] ?? "";
  if (!isServerWish(wished)) {
    throw usageError(
      marked`NIVIS_SERVER must be 1 or an absolute path, not '${encodeUtf8(wished)}'`,
    );
  }
  const directory = serverDirectory(terminal.environment);
  if (directory === undefined) {
    throw new EvalError(
      "io",
      "there is no directory for a server: set XDG_RUNTIME_DIR, or HOME, or NIVIS_SERVER to an absolute path",
    );
  }
  const write = (text: string): void => terminal.writeOut(encodeUtf8(`${text}\n`));
  const { availableParallelism, totalmem } = process.getBuiltinModule("node:os");
  switch (action) {
    case "run": {
      const { build, fetchWorker } = terminal;
      if (build === undefined || fetchWorker === undefined) {
        throw new EvalError(
          "not-supported",
          "'nivis server' needs the built commands: run npm run build",
        );
      }
      const { join, dirname } = process.getBuiltinModule("node:path");
      return runServer({
        directory,
        build,
        launcher: join(dirname(fetchWorker), "launch.cjs"),
        maxMemory: flags.maxMemory ?? Math.floor((totalmem() * MEMORY_SHARE) / MIB),
        workers: flags.workers ?? availableParallelism(),
        ahead: flags.ahead,
      });
    }
    case "start": {
      const given = [
        ...(flags.maxMemory === undefined ? [] : ["--max-memory", String(flags.maxMemory)]),
        ...(flags.workers === undefined ? [] : ["--workers", String(flags.workers)]),
        ...(flags.ahead ? [] : ["--on-demand"]),
      ];
      const running = await askServer(directory, "status");
      if (running !== undefined) {
        write(`a Nivis server is running already (process ${running.pid})`);
        return 0;
      }
      const pid = await startInBackground(directory, given);
      const wish = terminal.environment["NIVIS_SERVER"] === directory ? directory : "1";
      write(
        `the Nivis server is running (process ${pid}); commands use it with NIVIS_SERVER=${wish}`,
      );
      return 0;
    }
    case "stop":
      write(
        (await askServer(directory, "stop")) === undefined
          ? "no Nivis server is running"
          : "the Nivis server has ended",
      );
      return 0;
    case "status": {
      const status = await askServer(directory, "status");
      if (flags.json) write(JSON.stringify(status ?? null));
      else if (status === undefined) write("no Nivis server is running");
      else for (const line of describe(status)) write(line);
      return status === undefined ? 1 : 0;
    }
  }
}

function describe({
  pid,
  started,
  runs,
  warmRuns,
  waiting,
  maxMemory,
  workers,
}: ServerStatus): string[] {
  const resident = workers.reduce((sum, worker) => sum + worker.resident, 0);
  return [
    `process ${pid}, since ${new Date(started * 1000).toISOString()}`,
    `${runs} runs, ${warmRuns} of them with a kept evaluation; ${waiting} waiting`,
    `${(resident / MIB).toFixed(0)} of ${maxMemory} MiB`,
    ...workers.map(
      (worker) =>
        `  ${worker.pid}  ${(worker.resident / MIB).toFixed(0)} MiB  ${worker.isBusy ? "busy" : worker.isAhead ? "ahead" : "idle"}  ${worker.last === "" ? "spare, for another directory" : `${worker.runs} runs  ${worker.last}`}`,
    ),
  ];
}

/** Runs `nivis server` and returns the exit code. */
export function startServer(args: readonly string[], terminal: Terminal): Promise<number> {
  return runWaitingProgram(SERVER_PROGRAM, args, terminal);
}
