/** The program of the threads of `nivis/worker` in Node, Deno and Bun. */
import { serveNix } from "@nivis/embed";
import { nodeHost } from "../library/node-host.ts";
import { sessionOptions, type WorkerStart } from "../library/worker-options.ts";

const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
if (parentPort === null) throw new Error("this module is the program of a worker thread");
const port = parentPort;
// Messages wait in the port until something listens.
const options = await sessionOptions(workerData as WorkerStart);
serveNix(
  {
    postMessage: (message, transfer) => port.postMessage(message, transfer as ArrayBuffer[]),
    receive: (listener) => {
      port.on("message", listener);
    },
  },
  options,
  nodeHost(),
);
