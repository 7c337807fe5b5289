/** The worker: passes messages to a {@link Session} and answers each. */
import type { FromWorker, Method, Requests, ToWorker } from "./protocol.ts";
import { Session, type SessionHost } from "./session.ts";

/** The parts of a worker's global scope that are used. */
interface WorkerScope {
  postMessage(message: FromWorker): void;
  addEventListener(type: "message", listener: (event: { readonly data: ToWorker }) => void): void;
}

const scope = globalThis as unknown as WorkerScope;
const session = new Session(workerHost());

scope.addEventListener("message", ({ data }) => {
  if ("stop" in data) session.stop();
  else void serve(data.id, data.method, data.params);
});

async function serve(id: number, method: Method, params: unknown): Promise<void> {
  try {
    const call = session[method] as (params: unknown) => unknown;
    const answer = (await call.call(session, params)) as Requests[Method]["answer"];
    scope.postMessage({ id, answer });
  } catch (error) {
    scope.postMessage({ id, ...session.describe(error) });
  }
}

/** Timers are delayed by 4 ms when they are nested; messages are not. */
function workerHost(): SessionHost {
  const { port1, port2 } = new MessageChannel();
  let resume = (): void => {};
  port1.onmessage = () => resume();
  return {
    now: () => performance.now(),
    pause: () =>
      new Promise((resolve) => {
        resume = resolve;
        port2.postMessage(null);
      }),
  };
}
