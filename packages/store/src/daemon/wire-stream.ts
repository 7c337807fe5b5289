/**
 * A transport with decoders on top: whoever reads waits for as many chunks as the decoder needs.
 * Shared by client and server.
 */
import { type Decoding, FormatError, FrameReader, WireInput, WireOutput } from "@nivis/formats";
import { messageOf, StoreError } from "../error.ts";
import type { CancelSignal } from "../host.ts";
import { NarReader } from "../nar-reader.ts";
import { cancelled } from "../stream.ts";
import type { Transport } from "./transport.ts";

const PIECE = 64 * 1024;

/** See the head of this file. */
export class WireStream {
  readonly input = new WireInput();
  readonly output = new WireOutput();
  readonly #transport: Transport;
  /** The message when the other side goes away. */
  ended: string;
  readonly #closesOnNonsense: boolean;
  /** A read that is under way; several may wait for it. */
  #reading: Promise<void> | undefined;
  /** Set when the stream cannot be used any more. */
  broken: StoreError | undefined;

  /**
   * `ended` is the message when the other side goes away. A client closes the connection when it
   * reads nonsense; a server, which still has to say so, keeps it open.
   */
  constructor(transport: Transport, ended: string, closesOnNonsense: boolean) {
    this.#transport = transport;
    this.ended = ended;
    this.#closesOnNonsense = closesOnNonsense;
  }

  /** Runs a decoder and waits for what it needs; sends what is in the output before it waits. */
  async decode<T>(decoding: Decoding<T>): Promise<T> {
    for (;;) {
      if (this.broken !== undefined) throw this.broken;
      const step = this.#step(decoding);
      if (this.output.length > 0) await this.flush();
      if (step.done === true) return step.value;
      await this.more();
    }
  }

  #step<T>(decoding: Decoding<T>): IteratorResult<number, T> {
    try {
      return decoding.next();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      const failure = new StoreError("connection", error.message);
      throw this.#closesOnNonsense ? this.fail(failure) : failure;
    }
  }

  /** Waits for the next chunk; several callers may wait for the same one. */
  more(): Promise<void> {
    this.#reading ??= this.#readChunk().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readChunk(): Promise<void> {
    let chunk: Uint8Array | undefined;
    try {
      chunk = await this.#transport.read();
    } catch (error) {
      throw this.fail(new StoreError("connection", messageOf(error)));
    }
    if (this.broken !== undefined) throw this.broken;
    if (chunk === undefined) throw this.fail(new StoreError("connection", this.ended));
    this.input.push(chunk);
  }

  /** Sends what is in the output. */
  flush(): Promise<void> {
    return this.send(this.output.take());
  }

  /**
   * Sends bytes. That the other side is gone is found out by reading, which may still bring the
   * reason, so a failed write is not an error of its own.
   */
  async send(bytes: Uint8Array): Promise<void> {
    if (this.broken !== undefined) throw this.broken;
    try {
      await this.#transport.write(bytes);
    } catch {
      // See above.
    }
  }

  /** The bytes in the frames that come now; reads all of them, whether wanted or not. */
  async *frames(): AsyncGenerator<Uint8Array> {
    const reader = new FrameReader(this.input);
    let ended = false;
    try {
      for (;;) {
        const piece = await this.decode(reader.next(PIECE));
        if (piece === undefined) break;
        yield piece;
      }
      ended = true;
    } finally {
      // Whoever stops early must not leave frames that would be taken for requests.
      if (!ended && this.broken === undefined) {
        while ((await this.decode(reader.next(PIECE))) !== undefined);
      }
    }
  }

  /** The NAR that comes now; what follows it stays in the input. */
  async *nar(): AsyncGenerator<Uint8Array> {
    const nar = new NarReader();
    while (!nar.done) {
      while (this.input.available === 0) await this.more();
      const piece = this.input.takeSome(this.input.available);
      nar.push(piece);
      if (!nar.done) {
        yield piece;
        continue;
      }
      const rest = nar.takeRest();
      this.input.push(rest);
      yield piece.subarray(0, piece.length - rest.length);
    }
  }

  /** Ends the connection when a signal says so; returns how to stop that. */
  closeOnCancel(signal: CancelSignal | undefined): () => void {
    if (signal === undefined) return () => {};
    const listener = (): void => {
      this.fail(cancelled());
    };
    signal.addEventListener("abort", listener);
    return () => signal.removeEventListener("abort", listener);
  }

  /** Ends the connection; pending reads fail with `error`. */
  fail(error: StoreError): StoreError {
    this.broken ??= error;
    this.#transport.close();
    return this.broken;
  }
}
