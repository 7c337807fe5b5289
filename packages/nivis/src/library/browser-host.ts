/**
 * The library's host in browsers, workers and at the edge: no files, no environment, no fetchers.
 * Nothing here comes from Node.
 */
import type { FileUrl, NixHost } from "@nivis/embed";
import { memoryIo } from "@nivis/eval";

/** Returns the host of sessions without a machine. */
export function browserHost(): NixHost {
  return {
    io: () => memoryIo({ now: Math.floor(Date.now() / 1000) }),
    path: pathOf,
    pause,
  };
}

function pathOf(path: string | FileUrl): string {
  if (typeof path === "string") return path;
  if (path.protocol !== "file:") throw new TypeError(`${path.href} is not a file: URL`);
  return decodeURIComponent(path.pathname);
}

/** Lets the event loop turn. Browsers delay timers that nest, but not messages. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const done = (): void => {
      port1.close();
      resolve();
    };
    // The types are those of Node, whose ports are events as well.
    (port1 as unknown as { onmessage: () => void }).onmessage = done;
    port2.postMessage(null);
  });
}
