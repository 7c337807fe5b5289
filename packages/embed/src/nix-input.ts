/**
 * JavaScript data as Nix values, the inverse of `plainDataOf`. The conversion copies the data, so
 * later changes to an object do not change a Nix value.
 */
import {
  Attrs,
  ContextString,
  encodeContextElement,
  isNixObject,
  NixFloat,
  NixPath as PathValue,
  type Slot,
} from "@nivis/eval";
import { bytesToByteString, canonPath, encodeUtf8 } from "@nivis/formats";
import { type FileUrl, type NixInput, NixPath, NixText, type ValueOwner } from "./data.ts";
import { builtinOf, HostFunction } from "./host-function.ts";
import { NixValue } from "./nix-value.ts";
import { NixSource } from "./template.ts";

/** A value to convert and the place for its result, or a container to close. */
type Pending =
  | { readonly data: unknown; readonly where: string; readonly put: (value: Slot) => void }
  | { readonly finish: () => void };

const INT64_MAX = 2n ** 63n - 1n;

/**
 * Returns the Nix value of JavaScript data, which `name` names in messages. Throws a `TypeError` that
 * names the position (`data.a[3].b`) for `undefined`, symbols, instances of classes, holes in arrays,
 * cycles, integers beyond 64 bits, NaN and the infinities, strings with a NUL, and values of another
 * session.
 */
export function toSlot(data: NixInput, name: string, owner: ValueOwner): Slot {
  return new Conversion(owner).convert(data, name);
}

class Conversion {
  readonly #owner: ValueOwner;
  readonly #pending: Pending[] = [];
  readonly #open = new Set<object>();

  constructor(owner: ValueOwner) {
    this.#owner = owner;
  }

  convert(data: unknown, name: string): Slot {
    let result: Slot = null;
    const put = (value: Slot): void => {
      result = value;
    };
    this.#pending.push({ data, where: name, put });
    for (let next = this.#pending.pop(); next !== undefined; next = this.#pending.pop()) {
      if ("finish" in next) next.finish();
      else this.#convert(next.data, next.where, next.put);
    }
    return result;
  }

  #convert(data: unknown, where: string, put: (value: Slot) => void): void {
    if (typeof data === "function") {
      const run = data as (...args: unknown[]) => unknown;
      put(builtinOf(HostFunction.of(run, where), this.#owner, toSlot));
    } else if (typeof data !== "object" || data === null) put(atomOf(data, where));
    else if (data instanceof Uint8Array) put(bytesToByteString(data));
    else if (data instanceof NixText) put(stringOf(data, where));
    else if (data instanceof NixPath) put(pathOf(data.path, where));
    else if (data instanceof NixSource) put(this.#owner.load(data));
    else if (data instanceof HostFunction) put(builtinOf(data, this.#owner, toSlot));
    else if (data instanceof NixValue) put(this.#owner.slotOf(data));
    else if (isUrl(data)) put(pathOfUrl(data, where));
    else if (isNixObject(data)) put(data);
    else {
      if (this.#open.has(data)) throw new TypeError(`${where} contains itself`);
      this.#open.add(data);
      if (Array.isArray(data)) this.#openArray(data, where, put);
      else this.#openSet(data, where, put);
    }
  }

  #openArray(data: readonly unknown[], where: string, put: (value: Slot) => void): void {
    const items = new Array<Slot>(data.length).fill(null);
    const finish = (): void => {
      this.#open.delete(data);
      put(items);
    };
    this.#pending.push({ finish });
    for (let i = data.length - 1; i >= 0; i--) {
      if (!(i in data)) throw new TypeError(`${where}[${i}] is a hole`);
      const put = (value: Slot): void => {
        items[i] = value;
      };
      this.#pending.push({ data: data[i], where: `${where}[${i}]`, put });
    }
  }

  #openSet(data: object, where: string, put: (value: Slot) => void): void {
    const entries = entriesOf(data, where);
    const names = entries.map(([key]) =>
      bytesOf(key, `the name ${JSON.stringify(key)} in ${where}`),
    );
    if (new Set(names).size < names.length) {
      throw new TypeError(`${where} has two names that are the same in UTF-8`);
    }
    const slots = new Array<Slot>(entries.length).fill(null);
    const finish = (): void => {
      this.#open.delete(data);
      put(Attrs.of(names, slots));
    };
    this.#pending.push({ finish });
    for (let i = entries.length - 1; i >= 0; i--) {
      const [key, value] = entries[i] as readonly [string, unknown];
      const put = (slot: Slot): void => {
        slots[i] = slot;
      };
      this.#pending.push({ data: value, where: `${where}.${key}`, put });
    }
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
      return bytesOf(data, where);
    case "number":
      if (Number.isSafeInteger(data)) return data + 0;
      if (Number.isFinite(data)) return new NixFloat(data);
      throw new TypeError(`${where} is ${data}; wrap it in a NixFloat if that is meant`);
    case "bigint":
      if (data > INT64_MAX || data < -INT64_MAX - 1n) {
        throw new TypeError(`${where} is ${data}, which does not fit into 64 bits`);
      }
      return Number.isSafeInteger(Number(data)) ? Number(data) : data;
    case "object":
      return null;
    default:
      throw new TypeError(`${where} is ${typeof data === "symbol" ? "a symbol" : "undefined"}`);
  }
}

function bytesOf(text: string, where: string): string {
  if (text.includes("\0")) throw new TypeError(`${where} contains a NUL, which no Nix string can`);
  return encodeUtf8(text);
}

function stringOf({ text, context }: NixText, where: string): Slot {
  const bytes = bytesOf(text, where);
  if (context.length === 0) return bytes;
  return new ContextString(bytes, new Set(context.map(encodeContextElement)));
}

function pathOf(path: string, where: string): PathValue {
  if (!path.startsWith("/")) throw new TypeError(`${where} is ${path}, not an absolute path`);
  return new PathValue(canonPath(bytesOf(path, where)));
}

/** Whether an object is a `URL`, of whichever realm. */
function isUrl(data: object): data is FileUrl {
  return classOf(data) === "a URL" && typeof (data as FileUrl).pathname === "string";
}

function pathOfUrl(url: FileUrl, where: string): PathValue {
  if (url.protocol !== "file:" || url.host !== "") {
    throw new TypeError(`${where} is a URL, and only one with file: stands for a path`);
  }
  return pathOf(decodeURIComponent(url.pathname), where);
}
