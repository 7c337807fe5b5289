/**
 * Wire types: how TypeScript values are encoded as bytes, and how that depends on the version
 * and the features that both sides negotiated.
 *
 * A `Wire` reads, writes and describes its structure, so that one table serves client, server,
 * tests and documents. Records list their fields in the order of the protocol; `since` and
 * `withFeature` mark fields that not all peers know. Encodings: serialise.cc of libutil,
 * worker-protocol.cc and length-prefixed-protocol-helper.hh of libstore.
 */

import { sortedBytes } from "../byte-order.ts";
import { bytesToByteString } from "../codec/bytes.ts";
import { type Decoding, type WireInput, wireError } from "../codec/wire-input.ts";
import type { WireOutput } from "../codec/wire-output.ts";
import { marked } from "../marked-text.ts";

/** The negotiated parameters of a connection, and its store directory. */
export interface Agreement {
  /** The minor number of the protocol's version; the major number is 1. */
  readonly minor: number;
  readonly features: ReadonlySet<ProtocolFeature>;
  /** The store directory of the daemon, such as `/nix/store`. */
  readonly storeDir: string;
}

/** Extensions of the protocol, negotiated by name since 1.38. */
export type ProtocolFeature =
  | "realisation-with-path-not-hash"
  | "delete-dead-specific-referrers"
  | "disable-set-options"
  | "add-to-store-scanning"
  | "submit-output";

/** The structure of a wire type, for documents and tests. */
export type WireShape =
  | { readonly kind: "basic"; readonly name: string }
  | { readonly kind: "list" | "optional"; readonly item: AnyWire }
  | { readonly kind: "map"; readonly key: AnyWire; readonly value: AnyWire }
  | { readonly kind: "record"; readonly fields: Readonly<Record<string, AnyWire>> }
  | { readonly kind: "since"; readonly minor: number; readonly item: AnyWire }
  | {
      readonly kind: "feature";
      readonly feature: ProtocolFeature;
      readonly item: AnyWire;
      readonly otherwise: AnyWire;
    };

/** The encoding of values of one type. */
export interface Wire<T> {
  read(input: WireInput, agreed: Agreement): Decoding<T>;
  write(output: WireOutput, value: T, agreed: Agreement): void;
  readonly shape: WireShape;
}

/** A wire type of any values. */
// biome-ignore lint/suspicious/noExplicitAny: `Wire` is invariant, so no other type takes them all.
export type AnyWire = Wire<any>;

/** The values that a wire type carries. */
export type WireValue<W> = W extends Wire<infer T> ? T : never;

/** A primitive wire type. */
export function basic<T>(
  name: string,
  read: Wire<T>["read"],
  write: (output: WireOutput, value: T, agreed: Agreement) => void,
): Wire<T> {
  return { read, write, shape: { kind: "basic", name } };
}

/** A type derived from another by a pair of functions; `name` is the name of the new type. */
export function mapped<From, To>(
  name: string,
  item: Wire<From>,
  decode: (value: From, agreed: Agreement) => To,
  encode: (value: To, agreed: Agreement) => From,
): Wire<To> {
  return basic(
    name,
    function* (input, agreed) {
      return decode(yield* item.read(input, agreed), agreed);
    },
    (output, value, agreed) => item.write(output, encode(value, agreed), agreed),
  );
}

/** Reads nothing, writes nothing. */
export const nothing: Wire<undefined> = basic(
  "nothing",
  // biome-ignore lint/correctness/useYield: it reads nothing.
  function* () {
    return undefined;
  },
  () => {},
);

/** An unsigned 64-bit number; throws if a JavaScript number cannot represent it. */
export const uint: Wire<number> = basic(
  "uint",
  (input) => input.uint(),
  (output, value) => output.uint(value),
);

/** An unsigned 64-bit number. */
export const uint64: Wire<bigint> = basic(
  "uint64",
  (input) => input.uint64(),
  (output, value) => output.uint64(value),
);

/**
 * A signed 64-bit number in two's complement; throws if a JavaScript number cannot represent it.
 */
export const int: Wire<number> = mapped(
  "int",
  uint64,
  (value) => {
    const signed = BigInt.asIntN(64, value);
    const number = Number(signed);
    if (!Number.isSafeInteger(number)) {
      throw wireError(
        marked`serialised integer ${signed} is too large for type 'exact JavaScript number'`,
      );
    }
    return number;
  },
  (value) => BigInt(value),
);

/** An unsigned 32-bit number, sent as 64 bits. */
export const uint32: Wire<number> = mapped(
  "uint32",
  uint64,
  (value) => {
    if (value > 0xffff_ffffn) {
      throw wireError(marked`serialised integer ${value} is too large for type 'j'`);
    }
    return Number(value);
  },
  (value) => BigInt(value),
);

/** A Boolean: zero is false, everything else is true. */
export const bool: Wire<boolean> = mapped(
  "bool",
  uint64,
  (value) => value !== 0n,
  (value) => (value ? 1n : 0n),
);

/** A number without meaning: `value` is written, and any number is read and ignored. */
export function obsolete(value: number): Wire<undefined> {
  return mapped(
    `obsolete ${value}`,
    uint64,
    () => undefined,
    () => BigInt(value),
  );
}

/** A string as bytes. */
export const blob: Wire<Uint8Array> = basic(
  "bytes",
  (input) => input.string(),
  (output, value) => output.string(value),
);

/** A string as a byte string. */
export const text: Wire<string> = basic(
  "string",
  function* (input) {
    return bytesToByteString(yield* input.string());
  },
  (output, value) => output.string(value),
);

/** A list: the number of items, then the items. */
export function list<T>(item: Wire<T>): Wire<readonly T[]> {
  return {
    *read(input, agreed) {
      const count = yield* input.count();
      const items: T[] = [];
      for (let i = 0; i < count; i++) items.push(yield* item.read(input, agreed));
      return items;
    },
    write(output, items, agreed) {
      output.uint(items.length);
      for (const one of items) item.write(output, one, agreed);
    },
    shape: { kind: "list", item },
  };
}

/** A set of texts: a list without duplicates, written in bytewise order like C++ Nix. */
export function set(item: Wire<string>): Wire<readonly string[]> {
  const items = list(item);
  return {
    ...items,
    write: (output, values, agreed) => items.write(output, sortedBytes(new Set(values)), agreed),
  };
}

/**
 * A map: the number of entries, then alternating keys and values, written in the order of the keys.
 */
export function map<V>(key: Wire<string>, value: Wire<V>): Wire<ReadonlyMap<string, V>> {
  return {
    *read(input, agreed) {
      const count = yield* input.count();
      const entries = new Map<string, V>();
      for (let i = 0; i < count; i++) {
        const name = yield* key.read(input, agreed);
        entries.set(name, yield* value.read(input, agreed));
      }
      return entries;
    },
    write(output, entries, agreed) {
      output.uint(entries.size);
      for (const name of sortedBytes(entries.keys())) {
        key.write(output, name, agreed);
        value.write(output, entries.get(name) as V, agreed);
      }
    },
    shape: { kind: "map", key, value },
  };
}

/** An optional value: a tag 0, or a tag 1 and the value. */
export function optional<T>(item: Wire<T>): Wire<T | undefined> {
  return {
    *read(input, agreed) {
      const tag = yield* input.uint64();
      if (tag === 0n) return undefined;
      if (tag === 1n) return yield* item.read(input, agreed);
      throw wireError("Invalid optional tag from remote");
    },
    write(output, value, agreed) {
      output.uint(value === undefined ? 0 : 1);
      if (value !== undefined) item.write(output, value, agreed);
    },
    shape: { kind: "optional", item },
  };
}

type Fields = Readonly<Record<string, AnyWire>>;
type OptionalKeys<F extends Fields> = {
  [K in keyof F]: undefined extends WireValue<F[K]> ? K : never;
}[keyof F];

/** The value of a record; fields that may be undefined are optional. */
export type RecordValue<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: WireValue<F[K]>;
} & { readonly [K in OptionalKeys<F>]?: Exclude<WireValue<F[K]>, undefined> };

/** A record: its fields in the order of the object's keys. */
export function record<F extends Fields>(fields: F): Wire<RecordValue<F>> {
  const entries = Object.entries(fields);
  return {
    *read(input, agreed) {
      const value: Record<string, unknown> = {};
      for (const [name, wire] of entries) {
        const field: unknown = yield* wire.read(input, agreed);
        if (field !== undefined) value[name] = field;
      }
      return value as RecordValue<F>;
    },
    write(output, value, agreed) {
      const given = value as Record<string, unknown>;
      for (const [name, wire] of entries) wire.write(output, given[name], agreed);
    },
    shape: { kind: "record", fields },
  };
}

/** A field that exists since 1.`minor`; with older peers it reads as `fallback`. */
export function since<T, Fallback>(
  minor: number,
  item: Wire<T>,
  fallback: Fallback,
): Wire<T | Fallback> {
  return {
    *read(input, agreed) {
      return agreed.minor >= minor ? yield* item.read(input, agreed) : fallback;
    },
    write(output, value, agreed) {
      if (agreed.minor >= minor) item.write(output, value as T, agreed);
    },
    shape: { kind: "since", minor, item },
  };
}

/** One encoding if a feature was negotiated, another if it was not. */
export function withFeature<T>(
  feature: ProtocolFeature,
  item: Wire<T>,
  otherwise: Wire<T>,
): Wire<T> {
  const chosen = (agreed: Agreement): Wire<T> => (agreed.features.has(feature) ? item : otherwise);
  return {
    read: (input, agreed) => chosen(agreed).read(input, agreed),
    write: (output, value, agreed) => chosen(agreed).write(output, value, agreed),
    shape: { kind: "feature", feature, item, otherwise },
  };
}

/** The encoding without a required feature: reading and writing throw `message`. */
export function refused<T>(message: string): Wire<T> {
  const refuse = (): never => {
    throw wireError(message);
  };
  return basic<T>(
    "refused",
    // biome-ignore lint/correctness/useYield: it only throws.
    function* () {
      return refuse();
    },
    refuse,
  );
}
