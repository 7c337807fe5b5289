/** The program of a worker of `format-pool.ts`: takes files from the common counter until there are none. */
import { workerData } from "node:worker_threads";
import { EditorConfigs } from "./editor-configs.ts";
import { formatFile, formatText } from "./format-file.ts";
import { Shared, type WorkerMessage, type WorkerTask } from "./format-task.ts";

const { paths, text, job, port, shared, worker } = workerData as WorkerTask;

const configs = new EditorConfigs();

for (;;) {
  const index = Atomics.add(shared, Shared.Next, 1);
  const path = paths[index];
  if (path === undefined) break;
  Atomics.store(shared, Shared.Current + worker, index);
  const message: WorkerMessage = { index, result: resultOf(path) };
  if (message.result.kind !== "same") port.postMessage(message);
  Atomics.store(shared, Shared.Current + worker, -1);
  Atomics.add(shared, Shared.Done, 1);
  Atomics.notify(shared, Shared.Done);
}
port.close();

function resultOf(path: string): WorkerMessage["result"] {
  try {
    return text === undefined
      ? formatFile(path, job, configs)
      : formatText(path, text, job, configs);
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: "failed", message: `this is a bug in Nivis, please report it: ${stack}` };
  }
}
