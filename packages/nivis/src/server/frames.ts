/**
 * Frames: how commands, the server and its workers send messages over streams of bytes.
 *
 *     u32 length of the payload, u8 kind, payload
 *
 * Numbers are little-endian. Output is sent as it is, everything else as JSON.
 */

/** The kinds of frames. */
export const FrameKind = {
  /** JSON: what a command asks for. */
  Request: 1,
  /** Bytes for standard output. */
  Out: 2,
  /** Bytes for standard error. */
  Error: 3,
  /** JSON: how a run has ended. */
  End: 4,
  /** JSON: the reply to a question that is not a run. */
  Reply: 5,
  /** JSON, of a worker: whether it has begun to evaluate ahead, or has ended that. */
  Ahead: 6,
} as const;

/** The bytes before the payload. */
export const FRAME_HEAD = 5;
/** A request is larger than this only if something is wrong, in bytes. */
export const MAX_REQUEST = 64 * 2 ** 20;

/** Returns a frame. */
export function frameOf(kind: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEAD + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame[4] = kind;
  frame.set(payload, FRAME_HEAD);
  return frame;
}

/** Returns a frame with a value as JSON. */
export function jsonFrame(kind: number, value: unknown): Buffer {
  return frameOf(kind, Buffer.from(JSON.stringify(value)));
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);
  readonly #receive: (kind: number, payload: Buffer) => void;

  constructor(receive: (kind: number, payload: Buffer) => void) {
    this.#receive = receive;
  }

  /** Takes the next bytes; throws if a frame is too long to be one. */
  push(chunk: Buffer): void {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (rest.length >= FRAME_HEAD) {
      const length = rest.readUInt32LE(0);
      if (length > MAX_REQUEST) throw new Error("a message is too long");
      const end = FRAME_HEAD + length;
      if (rest.length < end) break;
      const payload = rest.subarray(FRAME_HEAD, end);
      const kind = rest[4] as number;
      rest = rest.subarray(end);
      this.#receive(kind, payload);
    }
    this.#rest = rest;
  }
}
