/** `nivis/worker` in browsers: sessions in web workers. */
import { NixWorker, type WorkerThread } from "@nivis/embed";
import { browserHost } from "../library/browser-host.ts";
import type { NixWorkerOptions } from "../library/worker-options.ts";

export { NixWorker, type WorkerEvaluateOptions, type WorkerThread } from "@nivis/embed";
export type { NixWorkerOptions } from "../library/worker-options.ts";

/** A web worker; the types of this package are those of Node. */
interface WebWorker {
  postMessage(message: unknown, transfer: ArrayBufferLike[]): void;
  terminate(): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onerror: ((event: { readonly message: string }) => void) | null;
}

declare const Worker: new (script: URL, options: { readonly type: "module" }) => WebWorker;

/** Starts a web worker with a session. */
export function createNixWorker(given: NixWorkerOptions = {}): NixWorker {
  const { options = {}, module } = given;
  // Bundlers look for exactly this expression.
  const worker = new Worker(new URL("./browser-worker-main.js", import.meta.url), {
    type: "module",
  });
  worker.postMessage({ options, module: module === undefined ? undefined : String(module) }, []);
  const thread: WorkerThread = {
    path: browserHost().path,
    postMessage: (message, transfer) => worker.postMessage(message, transfer),
    receive: (listener) => {
      worker.onmessage = ({ data }) => listener(data);
    },
    ended: (listener) => {
      worker.onerror = ({ message }) => listener(new Error(message));
    },
    terminate: () => worker.terminate(),
  };
  return new NixWorker(thread);
}
