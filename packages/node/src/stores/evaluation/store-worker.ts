/**
 * The thread that holds the connections to the stores of an evaluation: opens them when it is first
 * asked something, answers one question after the other, and wakes the thread that waits.
 */
import { writeSync } from "node:fs";
import { isMainThread, type MessagePort, workerData } from "node:worker_threads";
import { messageOf, type Store, StoreError } from "@nivis/store";
import { openStore } from "../open-store.ts";
import { BuildLogger, type BuildLogOutput } from "../progress/build-logger.ts";
import { CANCEL, type StoreReply, type StoreRequest, type WorkerStart } from "./requests.ts";
import { EvaluationServer } from "./serve-evaluation.ts";

const WARNING_LEVEL = 1;

/** Daemons colour their messages, whoever asks. */
function plainText(message: string): string {
  const { stripVTControlCharacters } = process.getBuiltinModule("node:util");
  return stripVTControlCharacters(message);
}

const output: BuildLogOutput = {
  // What this thread gives to `process.stderr` is written by the other one, which waits.
  write: (bytes) => {
    for (let rest: Uint8Array = Buffer.from(bytes, "latin1"); rest.length > 0; ) {
      try {
        rest = rest.subarray(writeSync(2, rest));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      }
    }
  },
  columns: terminalColumns(),
  now: () => performance.now(),
};

/** How wide standard error is, if it is a terminal. */
function terminalColumns(): () => number {
  const { isatty, WriteStream } = process.getBuiltinModule("node:tty");
  if (!isatty(2)) return () => 0;
  const stream = new WriteStream(2);
  stream.unref();
  return () => stream.getWindowSize()[0];
}

async function serve(start: WorkerStart, logger: BuildLogger | undefined) {
  const options = {
    ...start.options,
    warn: (message: string) => logger?.print(WARNING_LEVEL, `\x1b[35;1mwarning:\x1b[0m ${message}`),
    ...(logger === undefined ? {} : { observer: logger }),
  };
  const evalStore = await openStore(start.evalStore, options);
  const buildStore: Store =
    start.buildStore === start.evalStore ? evalStore : await openStore(start.buildStore, options);
  return new EvaluationServer(evalStore, buildStore, logger);
}

if (!isMainThread) {
  const { port, ...start } = workerData as WorkerStart & { readonly port: MessagePort };
  const signal = new Int32Array(start.signal);
  const logger = start.log === undefined ? undefined : new BuildLogger(start.log, output);
  let server: Promise<EvaluationServer> | undefined;
  let cancellation = new AbortController();
  const reply = (answer: StoreReply): void => {
    logger?.pause();
    port.postMessage(answer);
    Atomics.add(signal, 0, 1);
    Atomics.notify(signal, 0);
  };
  port.on("message", (request: StoreRequest | typeof CANCEL) => {
    if (request === CANCEL) {
      cancellation.abort();
      return;
    }
    cancellation = new AbortController();
    server ??= serve(start, logger);
    server
      .then((ready) => ready.answer(request, cancellation.signal))
      .then(
        (value) => reply({ value }),
        (error: unknown) => {
          const code = error instanceof StoreError ? error.kind : "store";
          reply({ failure: { code, message: plainText(messageOf(error)) } });
        },
      );
  });
}
