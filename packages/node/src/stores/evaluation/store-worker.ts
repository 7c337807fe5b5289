/**
 * The thread that holds the connections to the stores of an evaluation: opens them when it starts,
 * replies to requests, and wakes the thread that waits. Writes are done in the order in which they
 * come, and before all requests that come after them; other requests run side by side.
 */
import { openSync, writeSync } from "node:fs";
import { isMainThread, workerData } from "node:worker_threads";
import { messageOf, type Store, StoreError } from "@nivis/store";
import { ThreadPort, type ThreadStart } from "../../threads/blocking-thread.ts";
import { DiskNarInfoMemory } from "../disk-narinfo-memory.ts";
import { openStore } from "../open-store.ts";
import {
  BuildLogger,
  type BuildLogOptions,
  type BuildLogOutput,
  TeeLogger,
} from "../progress/build-logger.ts";
import { standardError } from "../progress/standard-error.ts";
import { CANCEL, type StoreMessage, type StoreReply, type WorkerStart } from "./requests.ts";
import { EvaluationServer } from "./serve-evaluation.ts";

const WARNING_LEVEL = 1;
const HIGHEST_LEVEL = 7;

/** Daemons colour their messages, whoever asks. */
function plainText(message: string): string {
  const { stripVTControlCharacters } = process.getBuiltinModule("node:util");
  return stripVTControlCharacters(message);
}

/** Nix: a file that cannot be written is passed over. */
function jsonLogger(path: string): BuildLogger[] {
  let stream: number;
  try {
    stream = openSync(Buffer.from(path, "latin1"), "a");
  } catch {
    return [];
  }
  const file: BuildLogOutput = {
    write: (bytes) => {
      writeSync(stream, Buffer.from(bytes.replace(/^@nix /, ""), "latin1"));
    },
    columns: () => 0,
    now: () => performance.now(),
  };
  const format = "internal-json";
  return [new BuildLogger({ format, verbosity: HIGHEST_LEVEL, isTerminal: false }, file)];
}

function loggerFor(options: BuildLogOptions): TeeLogger {
  const { jsonPath } = options;
  const files = jsonPath === undefined ? [] : jsonLogger(jsonPath);
  return new TeeLogger(new BuildLogger(options, standardError()), ...files);
}

async function serve(start: WorkerStart, logger: TeeLogger | undefined) {
  const options = {
    ...start.options,
    warn: (message: string) => logger?.print(WARNING_LEVEL, `\x1b[35;1mwarning:\x1b[0m ${message}`),
    ...(logger === undefined ? {} : { observer: logger }),
    ...(start.narInfoDirectory === undefined
      ? {}
      : { narInfoMemory: new DiskNarInfoMemory(start.narInfoDirectory) }),
  };
  const evalStore = await openStore(start.evalStore, options);
  const buildStore: Store =
    start.buildStore === start.evalStore ? evalStore : await openStore(start.buildStore, options);
  const openSource = (url: string): Promise<Store> => openStore(url, options);
  return new EvaluationServer(evalStore, buildStore, openSource, logger);
}

if (!isMainThread) {
  const { port: messagePort, signal, ...start } = workerData as WorkerStart & ThreadStart;
  const logger = start.log === undefined ? undefined : loggerFor(start.log);
  const port = new ThreadPort<StoreMessage | typeof CANCEL, StoreReply>({
    port: messagePort,
    signal,
  });
  const server = serve(start, logger);
  // Whoever requests something hears of it.
  server.catch(() => {});
  const running = new Set<AbortController>();
  let written: Promise<unknown> = Promise.resolve();
  const reply = (message: StoreReply): void => {
    logger?.pause();
    port.post(message);
  };
  const work = async ({ id, request }: StoreMessage): Promise<void> => {
    const controller = new AbortController();
    running.add(controller);
    const earlier = written;
    const result = (async () => {
      await earlier;
      return (await server).answer(request, controller.signal);
    })();
    if (request.ask === "write") written = result.catch(() => {});
    try {
      reply({ id, value: await result });
    } catch (error) {
      const message = plainText(messageOf(error));
      const { kind: code, exitCode } =
        error instanceof StoreError ? error : { kind: "store", exitCode: undefined };
      reply({ id, failure: { code, message, exitCode } });
    } finally {
      running.delete(controller);
    }
  };
  port.onMessage((message) => {
    if (message === CANCEL) for (const controller of running) controller.abort();
    else void work(message);
  });
}
