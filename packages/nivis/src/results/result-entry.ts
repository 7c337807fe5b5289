/**
 * Result entry: the result of a run as bytes.
 *
 *     u32 magic, u32 length, the body, the body once more
 *
 * The second body serves as a checksum, which comparing memory makes nearly free (see
 * `launch/code-cache.ts`). A body is
 *
 *     u32 × 4     lengths of the parts that follow
 *     inputs      what the run looked at (recorded-inputs.ts), padded to 4
 *     key         everything that identifies the command, as text
 *     form        the exit code, and the streams and lengths of the pieces of output, as JSON
 *     output      the pieces
 */
import { decodeInputs, encodeInputs, type RecordedInputs } from "@nivis/node";

/** A piece of output: its stream, 1 or 2, and its bytes. */
export type OutputPiece = readonly [stream: number, bytes: string];

/** The result of a run. */
export interface ResultEntry {
  /** See `result-slot.ts`. */
  readonly key: string;
  readonly inputs: RecordedInputs;
  readonly exitCode: number;
  readonly output: readonly OutputPiece[];
}

const MAGIC = 0x4e56_5231;
/** The magic number and the length. */
const HEAD = 8;
const PARTS = 4;
const WORD = 4;

interface Form {
  readonly exitCode: number;
  readonly pieces: readonly (readonly [stream: number, length: number])[];
}

/** Returns an entry as bytes. */
export function encodeEntry({ key, inputs, exitCode, output }: ResultEntry): Uint8Array {
  const form: Form = {
    exitCode,
    pieces: output.map(([stream, bytes]) => [stream, bytes.length]),
  };
  const encoded = encodeInputs(inputs);
  const padding = Buffer.alloc(-encoded.length & (WORD - 1));
  const parts = [
    Buffer.concat([encoded, padding]),
    Buffer.from(key),
    Buffer.from(JSON.stringify(form)),
    Buffer.from(output.map(([, bytes]) => bytes).join(""), "latin1"),
  ];
  const lengths = Buffer.alloc(PARTS * WORD);
  parts.forEach((part, i) => {
    lengths.writeUInt32LE(i === 0 ? encoded.length : part.length, i * WORD);
  });
  const head = Buffer.alloc(HEAD);
  const length = lengths.length + parts.reduce((sum, part) => sum + part.length, 0);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(length, WORD);
  return Buffer.concat([head, lengths, ...parts, lengths, ...parts]);
}

/**
 * Returns the entry in a buffer of its own that starts at a multiple of 8, if it is whole and for this
 * key; otherwise `undefined`.
 */
export function decodeEntry(bytes: Buffer, key: string): ResultEntry | undefined {
  try {
    if (bytes.length < HEAD || bytes.readUInt32LE(0) !== MAGIC) return undefined;
    const length = bytes.readUInt32LE(WORD);
    if (bytes.length !== HEAD + 2 * length) return undefined;
    const body = bytes.subarray(HEAD, HEAD + length);
    if (body.compare(bytes, HEAD + length) !== 0) return undefined;
    const lengths = Array.from({ length: PARTS }, (_, i) => body.readUInt32LE(i * WORD));
    let at = PARTS * WORD;
    const [inputs, keyBytes, formBytes, output] = lengths.map((partLength, i) => {
      const part = body.subarray(at, at + partLength);
      at += i === 0 ? Math.ceil(partLength / WORD) * WORD : partLength;
      return part;
    }) as [Buffer, Buffer, Buffer, Buffer];
    if (keyBytes.toString() !== key) return undefined;
    const { exitCode, pieces } = JSON.parse(formBytes.toString()) as Form;
    let end = 0;
    return {
      key,
      inputs: decodeInputs(inputs),
      exitCode,
      output: pieces.map(([stream, pieceLength]): OutputPiece => {
        end += pieceLength;
        return [stream, output.toString("latin1", end - pieceLength, end)];
      }),
    };
  } catch {
    return undefined;
  }
}
