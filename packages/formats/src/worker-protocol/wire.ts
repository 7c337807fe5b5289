/**
 * Wire types: how a value of TypeScript is laid out in bytes, and what of it depends on the version
 * and the features that both sides agreed on.
 *
 * A `Wire` reads, writes and says what it is made of, so that one table serves client, server, tests
 * and documents. Records list their fields in the order of the protocol; `since` and `withFeature`
 * mark fields that not every peer knows. Encodings: serialise.cc of libutil, worker-protocol.cc and
 * length-prefixed-protocol-helper.hh of libstore.
 */
import { sortedBytes } from "../byte-order.ts";
import { bytesToByteString } from "../codec/bytes.ts";
import { type Decoding, type WireInput, wireError } from "../codec/wire-input.ts";
import type { WireOutput } from "../codec/wire-output.ts";

/** What a connection agreed on, and what its paths mean. */
export interface Agreement {
  /** The minor number of the protocol's version; the major number is 1. */
  readonly minor: number;
  readonly features: ReadonlySet<ProtocolFeature>;
  /** The store directory of the daemon, such as `/nix/store`. */
  readonly storeDir: string;
}

/** Extensions that are agreed on by name since 1.38. */
export type ProtocolFeature =
  | "realisation-with-path-not-hash"
  | "delete-dead-specific-referrers"
  | "disable-set-options"
  | "add-to-store-scanning"
  | "submit-output";

/** What a wire type is made of, for documents and tests. */
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

/** How values of one type travel. */
export interface Wire<T> {
  read(input: WireInput, agreed: Agreement): Decoding<T>;
  write(output: WireOutput, value: T, agreed: Agreement): void;
  readonly shape: WireShape;
}

/** A wire type of whatever values. */
// biome-ignore lint/suspicious/noExplicitAny: `Wire` is invariant, so no other type takes them all.
export type AnyWire = Wire<any>;

/** The values that a wire type carries. */
export type WireValue<W> = W extends Wire<infer T> ? T : never;

/** A wire type that is not made of others. */
export function basic<T>(
  name: string,
  read: Wire<T>["read"],
  write: (output: WireOutput, value: T, agreed: Agreement) => void,
): Wire<T> {
  return { read, write, shape: { kind: "basic", name } };
}

/** A type made from another by a pair of functions; `name` is that of the new type. */
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
  // biome-ignore lint/correctness/useYield: nothing has to be waited for.
  function* () {
    return undefined;
  },
  () => {},
);

/** A number of eight bytes that fits into a JavaScript number. */
export const uint: Wire<number> = basic(
  "uint",
  (input) => input.uint(),
  (output, value) => output.uint(value),
);

/** A number of eight bytes, exactly. */
export const uint64: Wire<bigint> = basic(
  "uint64",
  (input) => input.uint64(),
  (output, value) => output.uint64(value),
);

/** A number with a sign, in two's complement; refuses what a JavaScript number cannot hold. */
export const int: Wire<number> = mapped(
  "int",
  uint64,
  (value) => {
    const signed = BigInt.asIntN(64, value);
    const number = Number(signed);
    if (!Number.isSafeInteger(number)) {
      throw wireError(
        `serialised integer ${signed} is too large for type 'exact JavaScript number'`,
      );
    }
    return number;
  },
  (value) => BigInt(value),
);

/** A number of 32 bits, which C++ Nix calls unsigned int. */
export const uint32: Wire<number> = mapped(
  "uint32",
  uint64,
  (value) => {
    if (value > 0xffff_ffffn) {
      throw wireError(`serialised integer ${value} is too large for type 'j'`);
    }
    return Number(value);
  },
  (value) => BigInt(value),
);

/** Zero is false, everything else true. */
export const bool: Wire<boolean> = mapped(
  "bool",
  uint64,
  (value) => value !== 0n,
  (value) => (value ? 1n : 0n),
);

/** A number that means nothing any more: `value` is written, and whatever is read is dropped. */
export function obsolete(value: number): Wire<undefined> {
  return mapped(
    `obsolete ${value}`,
    uint64,
    () => undefined,
    () => BigInt(value),
  );
}

/** A string as it is. */
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

/** A count and the items. */
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

/** A list of texts that is written in order of their bytes, each once, as C++ Nix writes sets. */
export function set(item: Wire<string>): Wire<readonly string[]> {
  const items = list(item);
  return {
    ...items,
    write: (output, values, agreed) => items.write(output, sortedBytes(new Set(values)), agreed),
  };
}

/** A count, then keys and values in turn; written in order of the keys. */
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

/** A tag, 0 or 1, and the value behind a 1. */
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

/** The values of a record; a field that may be missing may be left out. */
export type RecordValue<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: WireValue<F[K]>;
} & { readonly [K in OptionalKeys<F>]?: Exclude<WireValue<F[K]>, undefined> };

/** Fields one behind the other, in the order of the object's keys. */
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

/** A field that exists from 1.`minor` on; older peers are taken to have said `fallback`. */
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

/** One layout where a feature was agreed on, another where it was not. */
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

/** A layout that needs a feature: without it, reading and writing fail with `message`. */
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
