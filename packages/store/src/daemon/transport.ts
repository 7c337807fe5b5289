/** Transport: bytes to a daemon and back; a socket, the pipes of a process, or two ends in memory. */
import type { CancelSignal } from "../host.ts";
import { copyBytes } from "../stream.ts";

/** One connection. */
export interface Transport {
  /** Sends bytes, in the order of the calls; resolves when more may be sent. */
  write(bytes: Uint8Array): Promise<void>;
  /** The next bytes; `undefined` at the end. Not called again before it has resolved. */
  read(): Promise<Uint8Array | undefined>;
  /** Ends the connection at once; whoever reads sees the end. */
  close(): void;
}

/** Opens connections to one daemon. */
export type Connector = (signal?: CancelSignal) => Promise<Transport>;

/** Two ends of a connection in memory. */
export function transportPair(): readonly [Transport, Transport] {
  const there = new Queue();
  const back = new Queue();
  return [new MemoryTransport(there, back), new MemoryTransport(back, there)];
}

class Queue {
  readonly #chunks: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  push(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#chunks.push(bytes);
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) return chunk;
      if (this.#closed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

class MemoryTransport implements Transport {
  constructor(
    private readonly out: Queue,
    private readonly from: Queue,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    this.out.push(copyBytes(bytes));
  }

  read(): Promise<Uint8Array | undefined> {
    return this.from.next();
  }

  close(): void {
    this.out.close();
    this.from.close();
  }
}
