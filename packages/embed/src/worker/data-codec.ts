/**
 * Data as bytes that can be transferred between threads. A structured clone overflows the stack for
 * deep data and copies it; here depth takes no native stack, and the buffer changes hands.
 *
 * A value is a tag and what belongs to it; numbers are little-endian, lengths of 32 bits, texts
 * UTF-8. The format is private to one version of this package.
 */
import { NixFloat } from "@nivis/eval";
import { byteStringToBytes, bytesToByteString, decodeUtf8, encodeUtf8 } from "@nivis/formats";
import { NixPath, NixText, type PlainData, type TextContext } from "../data.ts";

const enum Tag {
  Null,
  False,
  True,
  Number,
  BigInt,
  String,
  Bytes,
  Array,
  Object,
  Map,
  Float,
  Text,
  Path,
}

const INITIAL_SIZE = 1024;

/** Encodes data; the bytes fill their buffer. Throws a `TypeError` for functions and handles. */
export function encodeData(data: PlainData): Uint8Array<ArrayBuffer> {
  const out = new Writer();
  const pending: unknown[] = [data];
  while (pending.length > 0) {
    const value = pending.pop();
    if (value instanceof Key) out.text(value.name);
    else encodeValue(out, value, pending);
  }
  return out.finish();
}

/** The name of an attribute, which precedes its value. */
class Key {
  constructor(readonly name: string) {}
}

function encodeValue(out: Writer, value: unknown, pending: unknown[]): void {
  if (value === null) out.byte(Tag.Null);
  else if (typeof value === "boolean") out.byte(value ? Tag.True : Tag.False);
  else if (typeof value === "number") {
    out.byte(Tag.Number);
    out.float(value);
  } else if (typeof value === "bigint") {
    out.byte(Tag.BigInt);
    out.text(String(value));
  } else if (typeof value === "string") {
    out.byte(Tag.String);
    out.text(value);
  } else if (typeof value === "object") encodeObject(out, value, pending);
  else throw new TypeError(`a ${typeof value} cannot be sent to another thread`);
}

function encodeObject(out: Writer, value: object, pending: unknown[]): void {
  if (value instanceof Uint8Array) {
    out.byte(Tag.Bytes);
    out.bytes(value);
  } else if (Array.isArray(value)) {
    out.byte(Tag.Array);
    out.length(value.length);
    for (let i = value.length - 1; i >= 0; i--) pending.push(value[i]);
  } else if (value instanceof NixFloat) {
    out.byte(Tag.Float);
    out.float(value.value);
  } else if (value instanceof NixText) {
    out.byte(Tag.Text);
    out.text(value.text);
    out.text(JSON.stringify(value.context));
  } else if (value instanceof NixPath) {
    out.byte(Tag.Path);
    out.text(value.path);
  } else {
    const isMap = value instanceof Map;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (!isMap && prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      const name = (value as { constructor?: { name?: string } }).constructor?.name;
      throw new TypeError(`a ${name ?? "class"} cannot be sent to another thread`);
    }
    const entries = isMap ? Array.from(value as Map<string, unknown>) : Object.entries(value);
    out.byte(isMap ? Tag.Map : Tag.Object);
    out.length(entries.length);
    for (const [name, item] of entries.reverse()) pending.push(item, new Key(name));
  }
}

/** A container that is being decoded. */
interface Open {
  /** The number of items that it still lacks. */
  left: number;
  /** Reads what precedes an item, and returns what takes it. */
  next(): (item: PlainData) => void;
}

/** Decodes what {@link encodeData} returned. */
export function decodeData(bytes: Uint8Array): PlainData {
  const input = new Reader(bytes);
  let result: PlainData = null;
  let put = (item: PlainData): void => {
    result = item;
  };
  const open: Open[] = [];
  for (;;) {
    const container = decodeValue(input, put);
    if (container !== undefined) open.push(container);
    let last = open.at(-1);
    while (last !== undefined && last.left === 0) {
      open.pop();
      last = open.at(-1);
    }
    if (last === undefined) return result;
    last.left--;
    put = last.next();
  }
}

function decodeValue(input: Reader, put: (item: PlainData) => void): Open | undefined {
  const tag = input.byte() as Tag;
  switch (tag) {
    case Tag.Array: {
      const items: PlainData[] = [];
      put(items);
      return { left: input.length(), next: () => (item) => items.push(item) };
    }
    case Tag.Object: {
      const object: { [name: string]: PlainData } = {};
      put(object);
      const next = (): ((item: PlainData) => void) => {
        const name = input.text();
        return (value) =>
          Object.defineProperty(object, name, {
            value,
            configurable: true,
            enumerable: true,
            writable: true,
          });
      };
      return { left: input.length(), next };
    }
    case Tag.Map: {
      const map = new Map<string, PlainData>();
      put(map);
      const next = (): ((item: PlainData) => void) => {
        const name = input.text();
        return (item) => map.set(name, item);
      };
      return { left: input.length(), next };
    }
    default:
      put(decodeAtom(input, tag));
      return undefined;
  }
}

function decodeAtom(input: Reader, tag: Exclude<Tag, Tag.Array | Tag.Object | Tag.Map>): PlainData {
  switch (tag) {
    case Tag.Null:
      return null;
    case Tag.False:
      return false;
    case Tag.True:
      return true;
    case Tag.Number:
      return input.float();
    case Tag.BigInt:
      return BigInt(input.text());
    case Tag.String:
      return input.text();
    case Tag.Bytes:
      return input.bytes();
    case Tag.Float:
      return new NixFloat(input.float());
    case Tag.Text: {
      const text = input.text();
      return new NixText(text, JSON.parse(input.text()) as TextContext[]);
    }
    case Tag.Path:
      return new NixPath(input.text());
  }
}

class Writer {
  #bytes = new Uint8Array(INITIAL_SIZE);
  #view = new DataView(this.#bytes.buffer);
  #used = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#used++] = value;
  }

  float(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#used, value, true);
    this.#used += 8;
  }

  length(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#used, value, true);
    this.#used += 4;
  }

  bytes(value: Uint8Array): void {
    this.length(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#used);
    this.#used += value.length;
  }

  text(value: string): void {
    this.bytes(byteStringToBytes(encodeUtf8(value)));
  }

  /** The bytes in a buffer of their length. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#used);
  }

  #reserve(more: number): void {
    const wanted = this.#used + more;
    if (wanted <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(wanted, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    return this.#view.getUint8(this.#at++);
  }

  float(): number {
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }

  length(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  bytes(): Uint8Array {
    const length = this.length();
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  text(): string {
    return decodeUtf8(bytesToByteString(this.bytes()));
  }
}
