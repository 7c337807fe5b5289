/**
 * Streams of Node as transports: sockets, and the pipes of a process. What arrives is read no
 * faster than it is taken.
 */

import type { Readable, Writable } from "node:stream";
import { marked, uncolored } from "@nivis/formats";
import { type CancelSignal, type Connector, StoreError, type Transport } from "@nivis/store";

/** How many bytes may wait to be taken before the stream is paused. */
const HIGH_WATER = 256 * 1024;

/** See the head of this file. */
export class DuplexTransport implements Transport {
  readonly #readable: Readable;
  readonly #writable: Writable;
  readonly #chunks: Uint8Array[] = [];
  #waitingBytes = 0;
  #ended = false;
  #corked = false;
  /** Resolves when more may be written. */
  #drained: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  readonly #onClose: (() => void) | undefined;

  /** `onClose` is called when the transport is closed by us. */
  constructor(readable: Readable, writable: Writable, onClose?: () => void) {
    this.#readable = readable;
    this.#writable = writable;
    this.#onClose = onClose;
    const end = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    readable.on("data", (chunk: Uint8Array) => {
      this.#chunks.push(chunk);
      this.#waitingBytes += chunk.length;
      if (this.#waitingBytes > HIGH_WATER) readable.pause();
      this.#wake?.();
    });
    readable.on("end", end).on("error", end).on("close", end);
    // What the other side said before it went away can still be read.
    writable.on("error", () => {});
  }

  write(bytes: Uint8Array): Promise<void> {
    const writable = this.#writable;
    if (writable.destroyed || writable.writableEnded) {
      return Promise.reject(new Error("the connection is closed"));
    }
    if (!this.#corked) {
      // Requests that are made in a row go out in one packet.
      this.#corked = true;
      writable.cork();
      process.nextTick(() => {
        this.#corked = false;
        writable.uncork();
      });
    }
    if (writable.write(bytes)) return Promise.resolve();
    this.#drained ??= this.#waitForDrain();
    return this.#drained;
  }

  /** Several writers may wait for the same room. */
  async #waitForDrain(): Promise<void> {
    const writable = this.#writable;
    try {
      await new Promise<void>((resolve, reject) => {
        const settle = (isOpen: boolean) => (): void => {
          writable.off("drain", onDrain).off("close", onEnd).off("error", onEnd);
          if (isOpen) resolve();
          else reject(new Error("the connection is closed"));
        };
        const onDrain = settle(true);
        const onEnd = settle(false);
        writable.on("drain", onDrain).on("close", onEnd).on("error", onEnd);
      });
    } finally {
      this.#drained = undefined;
    }
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#waitingBytes -= chunk.length;
        if (this.#waitingBytes <= HIGH_WATER && this.#readable.isPaused()) this.#readable.resume();
        return chunk;
      }
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  close(): void {
    this.#ended = true;
    this.#chunks.length = 0;
    this.#readable.destroy();
    this.#writable.destroy();
    this.#wake?.();
    this.#onClose?.();
  }
}

/** A socket address holds 108 bytes, one of them a zero; C++ Nix connects directly up to this. */
const LONGEST_ADDRESS = 106;

/** Connects to a Unix domain socket, however long its path is. */
export function unixConnector(path: string): Connector {
  return (signal?: CancelSignal) => connectUnix(path, signal);
}

async function connectUnix(path: string, signal?: CancelSignal): Promise<Transport> {
  const net = process.getBuiltinModule("node:net");
  const { openSync, closeSync } = process.getBuiltinModule("node:fs");
  const { basename, dirname } = process.getBuiltinModule("node:path");
  let address = path;
  let directory: number | undefined;
  if (Buffer.byteLength(path) > LONGEST_ADDRESS) {
    if (process.platform !== "linux" || Buffer.byteLength(basename(path)) > 64) {
      throw new StoreError("connection", marked`socket path '${path}' is too long`);
    }
    directory = openSync(dirname(path), "r");
    address = `/proc/self/fd/${directory}/${basename(path)}`;
  }
  try {
    return await new Promise<Transport>((resolve, reject) => {
      const socket = net.connect(address);
      const abort = (): void => {
        socket.destroy();
        reject(new StoreError("cancelled", "interrupted by the user"));
      };
      signal?.addEventListener("abort", abort);
      socket.once("connect", () => {
        signal?.removeEventListener("abort", abort);
        socket.removeListener("error", onError);
        // An idle connection does not keep the process alive; a pending request does so by reading.
        resolve(new DuplexTransport(socket, socket));
      });
      const onError = (error: NodeJS.ErrnoException): void => {
        signal?.removeEventListener("abort", abort);
        reject(
          new StoreError(
            "connection",
            marked`cannot connect to socket at '${path}': ${reason(error)}`,
          ),
        );
      };
      socket.once("error", onError);
    });
  } finally {
    if (directory !== undefined) closeSync(directory);
  }
}

function reason(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ENOENT":
      return "No such file or directory";
    case "ECONNREFUSED":
      return "Connection refused";
    case "EACCES":
      return "Permission denied";
    default:
      return error.message;
  }
}

/** What a process that stands for a daemon is started with. */
export interface ProcessConnectorOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** A line that the process prints before it begins to speak the protocol. */
  readonly greeting?: string;
  /** The message when the greeting does not come. */
  readonly failure: string;
}

/** Connects to the standard streams of a process, such as `ssh … nix-daemon --stdio`. */
export function processConnector(options: ProcessConnectorOptions): Connector {
  return async (signal) => {
    const { spawn } = process.getBuiltinModule("node:child_process");
    const child = spawn(options.program, options.args, {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...options.environment },
    });
    const failed = new Promise<never>((_, reject) => {
      child.once("error", (error) =>
        reject(new StoreError("connection", marked`${options.failure}: ${error.message}`)),
      );
    });
    const transport = new DuplexTransport(child.stdout, child.stdin, () => child.kill());
    const abort = (): void => transport.close();
    signal?.addEventListener("abort", abort);
    try {
      const ready =
        options.greeting === undefined
          ? new Promise<Transport>((resolve) => child.once("spawn", () => resolve(transport)))
          : skipGreeting(transport, options.greeting, options.failure);
      return await Promise.race([ready, failed]);
    } catch (error) {
      transport.close();
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  };
}

const LONGEST_GREETING = 4096;

/** Reads the greeting and returns a transport that begins behind it. */
async function skipGreeting(
  transport: Transport,
  greeting: string,
  failure: string,
): Promise<Transport> {
  let read = Buffer.alloc(0);
  for (;;) {
    const end = read.indexOf(10);
    if (end >= 0) {
      if (read.subarray(0, end).toString("latin1") !== greeting) break;
      return withFirst(transport, read.subarray(end + 1));
    }
    if (read.length > LONGEST_GREETING) break;
    const chunk = await transport.read();
    if (chunk === undefined) break;
    read = Buffer.concat([read, chunk]);
  }
  const shown = read.subarray(0, 100).toString("latin1");
  throw new StoreError(
    "connection",
    read.length === 0 ? failure : marked`${uncolored(failure)}: got '${shown}'`,
  );
}

/** A transport whose first bytes were read already. */
function withFirst(transport: Transport, bytes: Uint8Array): Transport {
  let first: Uint8Array | undefined = bytes.length > 0 ? bytes : undefined;
  return {
    write: (data) => transport.write(data),
    close: () => transport.close(),
    read: async () => {
      const taken = first;
      first = undefined;
      return taken ?? transport.read();
    },
  };
}
