/**
 * A connection to `nix-store --serve`. Requests run one after another: the protocol has no way to
 * tell a reply from the next one, so a request that fails half-way breaks the connection.
 */
import {
  type Agreement,
  FormatError,
  marked,
  type PathInfo,
  SERVE_COMMANDS,
  type ServeCommand,
  type ServeCommandName,
  serveHandshake,
} from "@nivis/formats";
import type { Connector, Transport } from "../daemon/transport.ts";
import { WireStream } from "../daemon/wire-stream.ts";
import { StoreError } from "../error.ts";
import type { ByteStream, CancelSignal } from "../host.ts";
import { checkCancelled } from "../stream.ts";

/** The request of a command. */
export type ServeRequest<Name extends ServeCommandName> =
  (typeof SERVE_COMMANDS)[Name] extends ServeCommand<infer Request, infer _> ? Request : never;

/** The reply of a command. */
export type ServeReply<Name extends ServeCommandName> =
  (typeof SERVE_COMMANDS)[Name] extends ServeCommand<infer _, infer Reply> ? Reply : never;

const ENDED = "unexpected end-of-file";

/** See the head of this file. */
export class ServeConnection {
  readonly #stream: WireStream;
  readonly #agreed: Agreement;

  private constructor(stream: WireStream, agreed: Agreement) {
    this.#stream = stream;
    this.#agreed = agreed;
  }

  /** Connects and shakes hands; errors name `host`. */
  static async open(
    connector: Connector,
    options: { readonly storeDir: string; readonly host: string },
    signal?: CancelSignal,
  ): Promise<ServeConnection> {
    const transport: Transport = await connector(signal);
    const stream = new WireStream(transport, `cannot connect to '${options.host}'`, true);
    const stop = stream.closeOnCancel(signal);
    try {
      const agreed = await stream.decode(serveHandshake(stream.input, stream.output, options));
      stream.ended = ENDED;
      return new ServeConnection(stream, agreed);
    } catch (error) {
      transport.close();
      throw error;
    } finally {
      stop();
    }
  }

  /** Whether the connection cannot be used any more. */
  get isBroken(): boolean {
    return this.#stream.broken !== undefined;
  }

  close(): void {
    this.#stream.fail(new StoreError("connection", "the connection was closed"));
  }

  /** Asks, and returns the reply. */
  async call<Name extends ServeCommandName>(
    name: Name,
    request: ServeRequest<Name>,
    signal?: CancelSignal,
  ): Promise<ServeReply<Name>> {
    checkCancelled(signal);
    const stop = this.#stream.closeOnCancel(signal);
    try {
      await this.#stream.send(this.#request(name, request));
      return await this.#reply(name);
    } finally {
      stop();
    }
  }

  /** Adds a path with its NAR, of the length that the info has. */
  async addNar(info: PathInfo, nar: ByteStream, signal?: CancelSignal): Promise<void> {
    checkCancelled(signal);
    const stop = this.#stream.closeOnCancel(signal);
    try {
      await this.#stream.send(this.#request("addNar", info));
      let size = 0;
      for await (const piece of nar) {
        size += piece.length;
        if (size > info.narSize) break;
        await this.#stream.send(piece);
        if (this.#stream.broken !== undefined) throw this.#stream.broken;
      }
      if (size !== info.narSize) {
        throw new StoreError(
          "corrupt",
          marked`NAR of '${info.path}' does not have the ${info.narSize} bytes that it should have`,
        );
      }
      if ((await this.#reply("addNar")) !== 1) {
        throw new StoreError("remote", marked`failed to add path '${info.path}'`);
      }
    } catch (error) {
      // The other side waits for the rest of the NAR.
      this.close();
      throw error;
    } finally {
      stop();
    }
  }

  /** The NAR of a path that is known to be valid. Whoever stops reading early breaks the connection. */
  async *nar(path: string, signal?: CancelSignal): AsyncGenerator<Uint8Array> {
    checkCancelled(signal);
    const stop = this.#stream.closeOnCancel(signal);
    let ended = false;
    try {
      await this.#stream.send(this.#request("dumpPath", { path }));
      yield* this.#stream.nar();
      ended = true;
    } finally {
      stop();
      if (!ended) this.close();
    }
  }

  #request<Name extends ServeCommandName>(name: Name, request: ServeRequest<Name>): Uint8Array {
    const { output } = this.#stream;
    const command = SERVE_COMMANDS[name] as ServeCommand<ServeRequest<Name>, unknown>;
    try {
      output.uint(command.number);
      command.request.write(output, request, this.#agreed);
      return output.take();
    } catch (error) {
      output.take();
      if (error instanceof FormatError) throw new StoreError("invalid-path", error.message);
      throw error;
    }
  }

  #reply<Name extends ServeCommandName>(name: Name): Promise<ServeReply<Name>> {
    const { reply } = SERVE_COMMANDS[name] as ServeCommand<never, unknown>;
    const { input } = this.#stream;
    input.beginValue();
    return this.#stream.decode(reply.read(input, this.#agreed)) as Promise<ServeReply<Name>>;
  }
}
