/**
 * One connection to a daemon. Small requests are pipelined: they are sent as they come, and replies
 * are taken in the same order. Requests with bytes of their own (`framed`, NARs) need the connection
 * for themselves; the pool in daemon-store.ts sees to that.
 *
 * An error that the daemon reports leaves the connection usable, except after frames, which the
 * daemon may not have read. Any other error breaks it, and everything that waits fails with the same
 * error. Giving up a request that runs alone closes the connection: that is the only way to stop a
 * daemon, and it stops its builds too.
 */
import {
  type AnyOperation,
  type ClientHandshake,
  type ClientOptions,
  clientHandshake,
  FormatError,
  FrameWriter,
  type HandshakeOptions,
  marked,
  OPERATIONS,
  type OperationName,
  type OperationReply,
  type OperationRequest,
  type RemoteError,
  serverMessage,
} from "@nivis/formats";
import { StoreError } from "../error.ts";
import type { ByteStream, CancelSignal, Clock } from "../host.ts";
import type { StoreObserver } from "../store.ts";
import { checkCancelled } from "../stream.ts";
import type { Connector } from "./transport.ts";
import { WireStream } from "./wire-stream.ts";

/** How connections are opened. */
export interface ConnectionOptions {
  readonly handshake: HandshakeOptions;
  /** Settings to send; the daemon's own hold unless given. */
  readonly clientOptions?: ClientOptions;
  readonly observer?: StoreObserver;
  readonly clock: Clock;
  /** Milliseconds that the daemon may take to greet. */
  readonly handshakeTimeout: number;
}

const DISCONNECTED = "Nix daemon disconnected unexpectedly (maybe it crashed?)";

/** See the head of this file. */
export class DaemonConnection {
  readonly agreed: ClientHandshake;
  readonly #stream: WireStream;
  readonly #observer: StoreObserver | undefined;
  /** Resolves when all replies that were asked for are read. */
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(stream: WireStream, agreed: ClientHandshake, observer?: StoreObserver) {
    this.#stream = stream;
    this.agreed = agreed;
    this.#observer = observer;
  }

  /** Connects, shakes hands, and sends the settings. */
  static async open(
    connector: Connector,
    options: ConnectionOptions,
    signal?: CancelSignal,
  ): Promise<DaemonConnection> {
    const transport = await connector(signal);
    const stream = new WireStream(transport, DISCONNECTED, true);
    const timer = new AlarmClock(options.clock, options.handshakeTimeout, () => {
      stream.fail(
        new StoreError(
          "connection",
          marked`the daemon did not complete the handshake within ${options.handshakeTimeout / 1000} seconds`,
        ),
      );
    });
    const stopWatching = stream.closeOnCancel(signal);
    try {
      const agreed = await stream.decode(
        clientHandshake(stream.input, stream.output, options.handshake),
      );
      const connection = new DaemonConnection(stream, agreed, options.observer);
      await connection.#messages();
      if (options.clientOptions !== undefined && !agreed.features.has("disable-set-options")) {
        await connection.call("setOptions", options.clientOptions);
      }
      return connection;
    } catch (error) {
      transport.close();
      throw error;
    } finally {
      timer.stop();
      stopWatching();
    }
  }

  /** Whether the connection cannot be used any more. */
  get isBroken(): boolean {
    return this.#stream.broken !== undefined;
  }

  close(): void {
    this.#stream.fail(new StoreError("connection", "the connection to the daemon was closed"));
  }

  #request(name: OperationName, request: unknown): Uint8Array {
    const operation: AnyOperation = OPERATIONS[name];
    const { output } = this.#stream;
    if (this.agreed.minor < operation.since) {
      throw new StoreError(
        "unsupported",
        marked`the daemon is too old (protocol 1.${this.agreed.minor}) for '${name}', which needs 1.${operation.since}`,
      );
    }
    try {
      output.uint(operation.number);
      operation.request.write(output, request, this.agreed);
      return output.take();
    } catch (error) {
      output.take();
      if (!(error instanceof FormatError)) throw error;
      const isPath = error.kind === "bad-store-path" || error.kind === "bad-store-path-name";
      throw new StoreError(isPath ? "invalid-path" : "unsupported", error.message);
    }
  }

  /** Asks something small; several may be under way at once. */
  async call<Name extends OperationName>(
    name: Name,
    request: OperationRequest<Name>,
    signal?: CancelSignal,
  ): Promise<OperationReply<Name>> {
    checkCancelled(signal);
    const sent = this.#stream.send(this.#request(name, request));
    const reply = this.#tail.then(async () => {
      await this.#messages();
      return this.#reply(name);
    });
    this.#tail = reply.catch(() => {});
    // Both may fail; what the daemon said is the better reason.
    const [, result] = await Promise.all([sent, reply]);
    return result;
  }

  /** Asks something that takes its time, alone on the connection; giving up closes it. */
  async callAlone<Name extends OperationName>(
    name: Name,
    request: OperationRequest<Name>,
    signal?: CancelSignal,
  ): Promise<OperationReply<Name>> {
    checkCancelled(signal);
    const stop = this.#stream.closeOnCancel(signal);
    try {
      return await this.call(name, request);
    } finally {
      stop();
    }
  }

  /** Sends a request and bytes in frames. The connection is broken after an error. */
  async callFramed<Name extends OperationName>(
    name: Name,
    request: OperationRequest<Name>,
    bytes: ByteStream,
    signal?: CancelSignal,
  ): Promise<OperationReply<Name>> {
    checkCancelled(signal);
    const stop = this.#stream.closeOnCancel(signal);
    const progress = { ended: false };
    const sending = this.#sendFrames(this.#request(name, request), bytes, progress);
    const reply = this.#tail
      .then(() => this.#messages())
      .finally(() => {
        progress.ended = true;
      });
    this.#tail = reply.catch(() => {});
    try {
      const [sent, received] = await Promise.allSettled([sending, this.#failing(sending, reply)]);
      if (sent.status === "rejected" && !this.#isFromDaemon(received)) throw sent.reason;
      if (received.status === "rejected") throw received.reason;
      return await this.#reply(name);
    } catch (error) {
      // The daemon may not have read the frames, and would take them for requests.
      this.#stream.fail(
        error instanceof StoreError ? error : new StoreError("connection", DISCONNECTED),
      );
      throw error;
    } finally {
      stop();
    }
  }

  /** A source that fails leaves the daemon waiting for frames: end the connection. */
  async #failing(sending: Promise<void>, reply: Promise<void>): Promise<void> {
    sending.catch((error: unknown) => {
      this.#stream.fail(
        error instanceof StoreError ? error : new StoreError("connection", DISCONNECTED),
      );
    });
    await reply;
  }

  #isFromDaemon(result: PromiseSettledResult<void>): boolean {
    return result.status === "rejected" && (result.reason as StoreError).kind === "remote";
  }

  async #sendFrames(
    request: Uint8Array,
    bytes: ByteStream,
    progress: { readonly ended: boolean },
  ): Promise<void> {
    const writer = new FrameWriter(request);
    for await (const chunk of bytes) {
      // The daemon has ended the operation: by an error, or it has what it wants already.
      if (progress.ended) return;
      for (const frame of writer.push(chunk)) await this.#stream.send(frame);
    }
    await this.#stream.send(writer.end());
  }

  /**
   * The NAR of a path that is known to be valid, alone on the connection. Whoever stops reading
   * early breaks the connection.
   */
  async *nar(path: string, signal?: CancelSignal): AsyncGenerator<Uint8Array> {
    checkCancelled(signal);
    const stop = this.#stream.closeOnCancel(signal);
    let ended = false;
    try {
      await this.call("narFromPath", { path });
      yield* this.#stream.nar();
      ended = true;
    } finally {
      stop();
      if (!ended) this.close();
    }
  }

  async #reply<Name extends OperationName>(name: Name): Promise<OperationReply<Name>> {
    const operation: AnyOperation = OPERATIONS[name];
    this.#stream.input.beginValue();
    return (await this.#stream.decode(
      operation.reply.read(this.#stream.input, this.agreed),
    )) as OperationReply<Name>;
  }

  /** Passes messages on until the operation ends; throws what the daemon reports. */
  async #messages(): Promise<void> {
    const { input } = this.#stream;
    const observer = this.#observer;
    for (;;) {
      input.beginValue();
      const message = await this.#stream.decode(serverMessage.read(input, this.agreed));
      switch (message.kind) {
        case "last":
          return;
        case "error":
          throw remoteError(message.error);
        case "next":
          observer?.message?.(message.text.replace(/\n$/, ""));
          break;
        case "start-activity":
          observer?.startActivity?.(message.activity);
          break;
        case "stop-activity":
          observer?.stopActivity?.(message.id);
          break;
        case "result":
          observer?.result?.(message.result);
          break;
        case "read":
        case "write":
          throw this.#stream.fail(
            new StoreError(
              "connection",
              marked`the daemon sent a '${message.kind}' message, which belongs to protocols older than 1.23`,
            ),
          );
      }
    }
  }
}

/** The error that a daemon reported. */
function remoteError({ message, traces }: RemoteError): StoreError {
  return new StoreError("remote", message, traces);
}

/** Calls back after a time unless it is stopped before. */
class AlarmClock {
  readonly #listeners = new Set<() => void>();
  #stopped = false;

  constructor(clock: Clock, milliseconds: number, ring: () => void) {
    const signal: CancelSignal = {
      aborted: false,
      addEventListener: (_, listener) => this.#listeners.add(listener),
      removeEventListener: (_, listener) => this.#listeners.delete(listener),
    };
    void clock.sleep(milliseconds, signal).then(() => {
      if (!this.#stopped) ring();
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const listener of this.#listeners) listener();
  }
}
