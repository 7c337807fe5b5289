/**
 * JavaScript data as Nix values, the inverse of `toPlainData`. The conversion copies the data, so
 * later changes to an object do not change a Nix value.
 */
import {
  Attrs,
  args,
  Builtin,
  type Evaluation,
  isNixObject,
  NixFloat,
  NixPath,
  plain,
  type Slot,
  strict,
} from "@nivis/eval";
import { bytesToByteString, canonPath, encodeUtf8 } from "@nivis/formats";
import { type PlainData, type PlainOptions, toPlainData } from "./plain-data.ts";

/**
 * The data that {@link toNixValue} converts. Texts are JavaScript strings. Numbers that are
 * integers become integers, others floats. A `Uint8Array` becomes a string of bytes, a `URL` with
 * `file:` a path. Nix values and thunks are used unchanged, except that a string is always an
 * ordinary text.
 */
export type NixData =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | URL
  | Exclude<Slot, string>
  | readonly NixData[]
  | ReadonlyMap<string, NixData>
  | { readonly [name: string]: NixData };

/** A value to convert and the place for its result, or a container to close. */
type Pending =
  | { readonly data: unknown; readonly where: string; readonly put: (value: Slot) => void }
  | { readonly finish: () => void };

const INT64_MAX = 2n ** 63n - 1n;

/**
 * Returns the Nix value of JavaScript data. Throws a `TypeError` that names the position
 * (`data.a[3].b`) for `undefined`, symbols, functions (use {@link nixFunction}), instances of
 * classes, holes in arrays, cycles, integers beyond 64 bits, NaN and the infinities, and strings
 * with a NUL.
 */
export function toNixValue(data: NixData, name = "data"): Slot {
  let result: Slot = null;
  const open = new Set<object>();
  const put = (value: Slot): void => {
    result = value;
  };
  const pending: Pending[] = [{ data, where: name, put }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if ("finish" in next) next.finish();
    else convert(next.data, next.where, next.put, pending, open);
  }
  return result;
}

function convert(
  data: unknown,
  where: string,
  put: (value: Slot) => void,
  pending: Pending[],
  open: Set<object>,
): void {
  if (typeof data !== "object" || data === null) {
    put(atomOf(data, where));
    return;
  }
  if (isNixObject(data)) put(data);
  else if (data instanceof Uint8Array) put(bytesToByteString(data));
  else if (data instanceof URL) put(pathOf(data, where));
  else {
    if (open.has(data)) throw new TypeError(`${where} contains itself`);
    open.add(data);
    if (Array.isArray(data)) openArray(data, where, put, pending, open);
    else openSet(data, where, put, pending, open);
  }
}

function openArray(
  data: readonly unknown[],
  where: string,
  put: (value: Slot) => void,
  pending: Pending[],
  open: Set<object>,
): void {
  const items = new Array<Slot>(data.length).fill(null);
  pending.push({
    finish: () => {
      open.delete(data);
      put(items);
    },
  });
  for (let i = data.length - 1; i >= 0; i--) {
    if (!(i in data)) throw new TypeError(`${where}[${i}] is a hole`);
    pending.push({
      data: data[i],
      where: `${where}[${i}]`,
      put: (value) => {
        items[i] = value;
      },
    });
  }
}

function openSet(
  data: object,
  where: string,
  put: (value: Slot) => void,
  pending: Pending[],
  open: Set<object>,
): void {
  const entries = entriesOf(data, where);
  const names = entries.map(([key]) => textOf(key, `the name ${JSON.stringify(key)} in ${where}`));
  if (new Set(names).size < names.length) {
    throw new TypeError(`${where} has two names that are the same in UTF-8`);
  }
  const slots = new Array<Slot>(entries.length).fill(null);
  pending.push({
    finish: () => {
      open.delete(data);
      put(Attrs.of(names, slots));
    },
  });
  for (let i = entries.length - 1; i >= 0; i--) {
    const [key, value] = entries[i] as readonly [string, unknown];
    pending.push({
      data: value,
      where: `${where}.${key}`,
      put: (slot) => {
        slots[i] = slot;
      },
    });
  }
}

/** Returns the entries of a plain object or a Map. */
function entriesOf(data: object, where: string): readonly (readonly [string, unknown])[] {
  if (data instanceof Map) {
    for (const key of data.keys()) {
      if (typeof key !== "string") throw new TypeError(`${where} has a key that is not a string`);
    }
    return Array.from(data as ReadonlyMap<string, unknown>);
  }
  const prototype: unknown = Object.getPrototypeOf(data);
  // In another realm (a frame, `node:vm`), a plain object's prototype has no prototype itself.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw new TypeError(`${where} is ${classOf(data)}, which is neither data nor a Nix value`);
  }
  if (Object.getOwnPropertySymbols(data).length > 0) {
    throw new TypeError(`${where} has a key that is not a string`);
  }
  return Object.keys(data).map((key) => {
    try {
      return [key, (data as Readonly<Record<string, unknown>>)[key]] as const;
    } catch (error) {
      throw new TypeError(`${where}.${key} cannot be read`, { cause: error });
    }
  });
}

function classOf(data: object): string {
  const { constructor } = data as { readonly constructor?: unknown };
  const name = typeof constructor === "function" ? constructor.name : "";
  return name === "" ? "an instance of a class" : `a ${name}`;
}

function atomOf(data: unknown, where: string): Slot {
  switch (typeof data) {
    case "boolean":
      return data;
    case "string":
      return textOf(data, where);
    case "number":
      if (Number.isSafeInteger(data)) return data + 0;
      if (Number.isFinite(data)) return new NixFloat(data);
      throw new TypeError(`${where} is ${data}; wrap it in a NixFloat if that is meant`);
    case "bigint":
      if (data > INT64_MAX || data < -INT64_MAX - 1n) {
        throw new TypeError(`${where} is ${data}, which does not fit into 64 bits`);
      }
      return Number.isSafeInteger(Number(data)) ? Number(data) : data;
    case "function":
      throw new TypeError(`${where} is a function; nixFunction makes a builtin of it`);
    case "object":
      return null;
    default:
      throw new TypeError(`${where} is ${typeof data === "symbol" ? "a symbol" : "undefined"}`);
  }
}

function textOf(text: string, where: string): string {
  if (text.includes("\0")) throw new TypeError(`${where} contains a NUL, which no Nix string can`);
  return encodeUtf8(text);
}

function pathOf(url: URL, where: string): NixPath {
  if (url.protocol !== "file:" || url.host !== "") {
    throw new TypeError(`${where} is a URL, and only one with file: stands for a path`);
  }
  return new NixPath(canonPath(encodeUtf8(decodeURIComponent(url.pathname))));
}

/** A JavaScript function to be used as a builtin; see {@link nixFunction}. */
export interface HostFunction {
  /** Its name in traces: `while calling the 'NAME' builtin`. */
  readonly name: string;
  /** The number of its arguments, 1 to 8. (`length` ignores defaults and rest parameters.) */
  readonly arity: number;
  /** Takes plain data, fully forced; {@link toNixValue} converts the result. */
  readonly run: (...args: PlainData[]) => NixData;
  /** How arguments are converted. Defaults to the defaults of {@link PlainOptions}. */
  readonly options?: PlainOptions;
}

/**
 * Returns a builtin that calls a JavaScript function with its arguments as plain data, once for
 * each call of the builtin. An exception of the function ends the evaluation and propagates
 * unchanged; `tryEval` catches only an `EvalError` of the kind `throw`.
 */
export function nixFunction(evaluation: Evaluation, host: HostFunction): Builtin {
  const { name, arity, run, options } = host;
  if (!Number.isInteger(arity) || arity < 1 || arity > MAX_ARITY) {
    throw new TypeError(`the arity of ${name} must be a number from 1 to ${MAX_ARITY}`);
  }
  const numbers = Array.from({ length: arity }, (_, i) => i);
  return new Builtin(
    plain({
      name,
      args: args(...numbers.map((i) => `arg${i + 1}`)),
      strict: numbers.map((i) => strict(i, "any", "")),
      doc: "A function of the host.",
      run: (_ctx, ...given) =>
        toNixValue(
          run(...given.map((slot) => toPlainData(evaluation, slot, options))),
          `the result of ${name}`,
        ),
    }),
  );
}

const MAX_ARITY = 8;
