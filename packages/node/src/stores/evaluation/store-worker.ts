/**
 * The thread that holds the connections to the stores of an evaluation: opens them when it is first
 * asked something, answers one question after the other, and wakes the thread that waits.
 */
import { isMainThread, type MessagePort, workerData } from "node:worker_threads";
import { messageOf, type Store, StoreError } from "@nivis/store";
import { openStore } from "../open-store.ts";
import type { StoreReply, StoreRequest, WorkerStart } from "./requests.ts";
import { EvaluationServer } from "./serve-evaluation.ts";

/** Daemons colour their messages, whoever asks. */
function plainText(message: string): string {
  const { stripVTControlCharacters } = process.getBuiltinModule("node:util");
  return stripVTControlCharacters(message);
}

async function serve(start: WorkerStart): Promise<EvaluationServer> {
  const options = {
    ...start.options,
    warn: (message: string) => process.stderr.write(`warning: ${message}\n`),
  };
  const evalStore = await openStore(start.evalStore, options);
  const buildStore: Store =
    start.buildStore === start.evalStore ? evalStore : await openStore(start.buildStore, options);
  return new EvaluationServer(evalStore, buildStore);
}

if (!isMainThread) {
  const { port, ...start } = workerData as WorkerStart & { readonly port: MessagePort };
  const signal = new Int32Array(start.signal);
  let server: Promise<EvaluationServer> | undefined;
  const reply = (answer: StoreReply): void => {
    port.postMessage(answer);
    Atomics.add(signal, 0, 1);
    Atomics.notify(signal, 0);
  };
  port.on("message", (request: StoreRequest) => {
    server ??= serve(start);
    server
      .then((ready) => ready.answer(request))
      .then(
        (value) => reply({ value }),
        (error: unknown) => {
          const code = error instanceof StoreError ? error.kind : "store";
          reply({ failure: { code, message: plainText(messageOf(error)) } });
        },
      );
  });
}
