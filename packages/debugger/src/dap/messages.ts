/**
 * Messages of the Debug Adapter Protocol as bytes: a header with the length, an empty line, and JSON in
 * UTF-8. A byte string has one char for each byte.
 */
import { type Bytes, decodeUtf8, encodeUtf8 } from "@nivis/formats";
import type { DebugProtocol } from "@vscode/debugprotocol";

/** The most bytes of a message; clients send a few kilobytes. */
const MAX_LENGTH = 64 * 1024 * 1024;
/** The most bytes of a header. */
const MAX_HEADER = 4096;

const SEPARATOR = "\r\n\r\n";

/** What a client has sent that is not a message. */
export class RubbishError extends Error {
  override readonly name = "RubbishError";
  constructor(
    message: string,
    /** Whether the messages that follow can still be found. */
    readonly isRecoverable: boolean,
  ) {
    super(message);
  }
}

/** A message as bytes. */
export function encodeMessage(message: DebugProtocol.ProtocolMessage): Bytes {
  const body = encodeUtf8(JSON.stringify(message));
  return `Content-Length: ${body.length}${SEPARATOR}${body}`;
}

/** Cuts a stream of bytes into messages. */
export class MessageReader {
  #buffer: Bytes = "";

  /** Adds bytes and returns the messages that are complete now; what is none is returned as an error. */
  add(bytes: Bytes): (DebugProtocol.ProtocolMessage | RubbishError)[] {
    this.#buffer += bytes;
    const found: (DebugProtocol.ProtocolMessage | RubbishError)[] = [];
    for (;;) {
      const next = this.#next();
      if (next === undefined) return found;
      found.push(next);
      if (next instanceof RubbishError && !next.isRecoverable) return found;
    }
  }

  #next(): DebugProtocol.ProtocolMessage | RubbishError | undefined {
    const end = this.#buffer.indexOf(SEPARATOR);
    if (end < 0) {
      if (this.#buffer.length <= MAX_HEADER) return undefined;
      return new RubbishError("something that is not the Debug Adapter Protocol", false);
    }
    const header = this.#buffer.slice(0, end);
    const match = /^Content-Length: *(\d+)$/im.exec(header);
    if (match === null) {
      this.#buffer = this.#buffer.slice(end + SEPARATOR.length);
      return new RubbishError("a header without Content-Length", true);
    }
    const length = Number(match[1]);
    if (length > MAX_LENGTH) return new RubbishError(`a message of ${length} bytes`, false);
    const start = end + SEPARATOR.length;
    if (this.#buffer.length < start + length) return undefined;
    const body = this.#buffer.slice(start, start + length);
    this.#buffer = this.#buffer.slice(start + length);
    let message: unknown;
    try {
      message = JSON.parse(decodeUtf8(body));
    } catch (error) {
      return new RubbishError(`a message that is not JSON: ${(error as Error).message}`, true);
    }
    if (!isMessage(message)) return new RubbishError("a message without 'seq' and 'type'", true);
    return message;
  }
}

function isMessage(value: unknown): value is DebugProtocol.ProtocolMessage {
  if (typeof value !== "object" || value === null) return false;
  const { seq, type } = value as { seq?: unknown; type?: unknown };
  return typeof seq === "number" && typeof type === "string";
}
