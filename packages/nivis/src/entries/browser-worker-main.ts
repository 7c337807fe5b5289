/** The program of the web workers of `nivis/worker`. Its first message says how it starts. */
import { serveNix } from "@nivis/embed";
import { browserHost } from "../library/browser-host.ts";
import { sessionOptions, type WorkerStart } from "../library/worker-options.ts";

/** The worker's global object; the types of this package are those of Node. */
const scope = globalThis as unknown as {
  postMessage(message: unknown, transfer: ArrayBufferLike[]): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
};

/** The messages until the options are known. */
const early: unknown[] = [];

scope.onmessage = ({ data }) => {
  scope.onmessage = (event) => early.push(event.data);
  void start(data as WorkerStart);
};

async function start(given: WorkerStart): Promise<void> {
  let options: Awaited<ReturnType<typeof sessionOptions>>;
  try {
    options = await sessionOptions(given);
  } catch (error) {
    // Outside of a promise, so that the page hears of it.
    setTimeout(() => {
      throw error;
    });
    return;
  }
  const receive = (listener: (message: unknown) => void): void => {
    scope.onmessage = (event) => listener(event.data);
    for (const message of early.splice(0)) listener(message);
  };
  const postMessage = (message: unknown, transfer: ArrayBufferLike[]): void =>
    scope.postMessage(message, transfer);
  serveNix({ postMessage, receive }, options, browserHost());
}
