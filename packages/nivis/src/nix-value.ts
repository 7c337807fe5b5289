/**
 * JavaScript data as Nix values: the way in, as `toPlainData` is the way out. Data is copied when it is
 * converted, so that later changes to an object change no Nix value.
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
 * What {@link toNixValue} converts. Texts are JavaScript strings; numbers that are integers become
 * integers, others floats; a `Uint8Array` is a string of bytes, a `URL` with `file:` a path. Nix values and
 * thunks stay what they are, except that a string is always an ordinary text.
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

/** Something that is still to be converted, and where its value goes; or a container to be closed. */
type Pending =
  | { readonly data: unknown; readonly where: string; readonly put: (value: Slot) => void }
  | { readonly finish: () => void };

const INT64_MAX = 2n ** 63n - 1n;

/**
 * The Nix value of JavaScript data. Throws a `TypeError` that names the place (`data.a[3].b`) for
 * `undefined`, symbols, functions ({@link nixFunction} makes builtins of them), instances of classes, holes in
 * arrays, cycles, integers beyond 64 bits, NaN and the infinities, and strings with a NUL.
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

/** The entries of a plain object or a Map. */
function entriesOf(data: object, where: string): readonly (readonly [string, unknown])[] {
  if (data instanceof Map) {
    for (const key of data.keys()) {
      if (typeof key !== "string") throw new TypeError(`${where} has a key that is not a string`);
    }
    return Array.from(data as ReadonlyMap<string, unknown>);
  }
  const prototype: unknown = Object.getPrototypeOf(data);
  // A plain object of another realm (a frame, `node:vm`) has a prototype without one of its own.
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

/** A function of JavaScript as a builtin; see {@link nixFunction}. */
export interface HostFunction {
  /** What traces call it: `while calling the 'NAME' builtin`. */
  readonly name: string;
  /** How many arguments it takes, one to eight: the length of a function says nothing of defaults and rest. */
  readonly arity: number;
  /** Is given plain data, everything forced; what it returns is converted by {@link toNixValue}. */
  readonly run: (...args: PlainData[]) => NixData;
  /** How its arguments are converted. */
  readonly options?: PlainOptions;
}

/**
 * A builtin that is a function of JavaScript. It gets its arguments as plain data and is called once for
 * each call of the builtin. What it throws ends the evaluation and comes out as it is; `tryEval` sees only an
 * `EvalError` of the kind `throw`.
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
