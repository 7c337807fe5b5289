/**
 * Values as plain JavaScript data for programs that use the library: what `JSON.parse` would
 * return, plus bigints for large integers. `toSlot` (nix-input.ts) is the inverse.
 *
 * The conversion is a generator with a stack of its own, so depth takes no native stack, and an
 * asynchronous evaluation may wait in the middle of it.
 */
import {
  Attrs,
  contextOf,
  decodeContextElement,
  type EvalContext,
  EvalError,
  isDerivation,
  isFunction,
  isList,
  isString,
  NixFloat,
  NixPath as PathValue,
  type Slot,
  type Suspendable,
  Thunk,
  textOf,
  typeWithArticle,
  type Value,
} from "@nivis/eval";
import { byteStringToBytes, decodeUtf8, findUtf8Error } from "@nivis/formats";
import { NixPath, NixText, type PlainData, type PlainOptions, type ValueOwner } from "./data.ts";

/** The deepest nesting; a value beyond it is assumed to be infinite. */
const MAX_DEPTH = 1_000_000;

/** The path to a value: its key in the container that `parent` leads to. */
interface Way {
  readonly parent: Way | null;
  readonly key: string | number;
  readonly depth: number;
  /** The container at the end of the path, once it is open. */
  container: Value | null;
}

/** A value to convert and the place for its result, or a container to close. */
type Pending =
  | { readonly slot: Slot; readonly way: Way; readonly place: Place }
  | { readonly close: Value };

/** Where a result belongs. */
interface Place {
  put(data: PlainData): void;
  /** Leaves the value out; absent where there has to be one. */
  omit?(): void;
}

/**
 * Forces a slot deeply and converts it: sets to objects, texts to JavaScript strings, paths to
 * their text. Throws an {@link EvalError} if evaluation fails, for functions, for values that
 * contain themselves and for values that `options` rejects; the message names the attribute path.
 */
export function plainDataOf(
  ctx: EvalContext,
  slot: Slot,
  options: PlainOptions,
  owner: ValueOwner,
): Suspendable<PlainData> {
  return new Conversion(ctx, options, owner).convert(slot);
}

class Conversion {
  readonly #ctx: EvalContext;
  readonly #options: PlainOptions;
  readonly #owner: ValueOwner;
  readonly #pending: Pending[] = [];
  /** The containers that enclose the current value. */
  readonly #open = new Set<Value>();
  #values = 0;

  constructor(ctx: EvalContext, options: PlainOptions, owner: ValueOwner) {
    this.#ctx = ctx;
    this.#options = options;
    this.#owner = owner;
  }

  *convert(slot: Slot): Suspendable<PlainData> {
    const { derivations = "outPath" } = this.#options;
    let result: PlainData = null;
    const way: Way = { parent: null, key: "", depth: 0, container: null };
    const place: Place = {
      put: (data) => {
        result = data;
      },
    };
    this.#pending.push({ slot, way, place });
    for (let next = this.#pending.pop(); next !== undefined; next = this.#pending.pop()) {
      if ("close" in next) {
        this.#open.delete(next.close);
        continue;
      }
      const { slot, way, place } = next;
      const value = (slot instanceof Thunk ? yield slot : slot) as Value;
      this.#count();
      if (
        value instanceof Attrs &&
        derivations !== "expand" &&
        value.has("type") &&
        ((yield isDerivation(value)) as boolean)
      ) {
        if (derivations === "value") place.put(this.#owner.value(value));
        else this.#pending.push(this.#derivation(value, way, place, derivations));
      } else {
        this.#convert(value, way, place);
      }
    }
    return result;
  }

  #derivation(set: Attrs, way: Way, place: Place, name: string): Pending {
    const slot = set.get(name);
    if (slot === undefined) throw refused(`a derivation without '${name}'`, way);
    this.#enter(set, way);
    return {
      slot,
      way: { parent: way, key: name, depth: way.depth + 1, container: null },
      place,
    };
  }

  #count(): void {
    const { maxValues = Number.POSITIVE_INFINITY } = this.#options;
    this.#ctx.limits?.work(1);
    if (++this.#values > maxValues) {
      throw new EvalError("limit-exceeded", `the result has more than ${maxValues} values`);
    }
  }

  #convert(value: Value, way: Way, place: Place): void {
    if (isList(value)) place.put(this.#list(value, way));
    else if (value instanceof Attrs) place.put(this.#set(value, way));
    else if (isFunction(value)) this.#function(value, way, place);
    else place.put(this.#atom(value, way));
  }

  #atom(value: Value, way: Way): PlainData {
    if (isString(value)) return this.#string(value, way);
    if (value instanceof PathValue) {
      const path = this.#name(value.path, way, "a path");
      return this.#options.paths === "tagged" ? new NixPath(path) : path;
    }
    if (value instanceof NixFloat) {
      return this.#options.floats === "tagged" ? value : value.value;
    }
    if (typeof value === "number" || typeof value === "bigint") return this.#integer(value, way);
    return value as null | boolean;
  }

  #function(value: Value, way: Way, place: Place): void {
    const { functions = "error" } = this.#options;
    if (functions === "value") place.put(this.#owner.value(value));
    else if (functions === "function")
      place.put(this.#owner.value(value).toFunction(this.#options));
    else if (functions === "omit" && place.omit !== undefined) place.omit();
    else throw refused(`cannot convert ${typeWithArticle(value)} to plain data`, way, "type");
  }

  #integer(value: number | bigint, way: Way): number | bigint {
    const { integers = "auto" } = this.#options;
    if (integers === "bigint") return BigInt(value);
    if (integers === "number" && typeof value === "bigint") {
      throw refused(`the integer ${value} is not a safe number`, way);
    }
    return value;
  }

  #string(value: Value & Parameters<typeof textOf>[0], way: Way): PlainData {
    const { texts = "strict", contexts = "drop" } = this.#options;
    const bytes = textOf(value);
    const context = contextOf(value);
    if (context !== undefined && contexts === "error") {
      throw refused("cannot convert a string with context to plain data", way);
    }
    if (texts === "binary" && findUtf8Error(bytes) !== undefined) return byteStringToBytes(bytes);
    const text = this.#name(bytes, way, "a string");
    if (context === undefined || contexts !== "keep") return text;
    return new NixText(
      text,
      Array.from(context, (element) => decodeContextElement(element)),
    );
  }

  /** A text that is not a value of its own. */
  #name(bytes: string, way: Way, what: string): string {
    const { texts = "strict" } = this.#options;
    if (texts === "bytes") return bytes;
    if (texts !== "lossy" && findUtf8Error(bytes) !== undefined) {
      throw refused(`cannot convert ${what} that is not UTF-8 to plain data`, way);
    }
    return decodeUtf8(bytes);
  }

  #list(list: readonly Slot[], way: Way): PlainData {
    this.#enter(list as Value, way);
    const items: PlainData[] = new Array<PlainData>(list.length).fill(null);
    // In reverse, so that the first item is popped first.
    for (let i = list.length - 1; i >= 0; i--) {
      const put = (data: PlainData): void => {
        items[i] = data;
      };
      this.#item(list[i] as Slot, way, i, { put });
    }
    return items;
  }

  #set(set: Attrs, way: Way): PlainData {
    const { sets = "object" } = this.#options;
    this.#enter(set, way);
    const names = set.sortedNames();
    const keys = names.map((name) => this.#name(name, way, "an attribute name"));
    const map = new Map<string, PlainData>(keys.map((key) => [key, null]));
    if (map.size < keys.length) {
      throw refused(
        "cannot convert attribute names that differ only where they are not UTF-8",
        way,
      );
    }
    const object: { [name: string]: PlainData } = {};
    const put = (key: string, data: PlainData): void => {
      if (sets === "map") map.set(key, data);
      else if (key !== "__proto__") object[key] = data;
      // An assignment to `__proto__` would set the prototype.
      else Object.defineProperty(object, key, { ...PLAIN_PROPERTY, value: data });
    };
    for (const key of keys) put(key, null);
    for (let i = names.length - 1; i >= 0; i--) {
      const key = keys[i] as string;
      this.#item(set.get(names[i] as string) as Slot, way, key, {
        put: (data) => put(key, data),
        omit: () => {
          map.delete(key);
          delete object[key];
        },
      });
    }
    return sets === "map" ? map : object;
  }

  #enter(container: Value, way: Way): void {
    if (this.#open.has(container)) {
      let outer = way.parent;
      while (outer !== null && outer.container !== container) outer = outer.parent;
      const place = outer === null || outer.parent === null ? "the whole value" : pathOf(outer);
      throw refused(
        `cannot convert a value that contains itself to plain data: it is ${place}`,
        way,
      );
    }
    const maxDepth = Math.min(this.#options.maxDepth ?? MAX_DEPTH, MAX_DEPTH);
    if (way.depth >= maxDepth) {
      throw refused(`a value is nested deeper than ${maxDepth} levels`, way, "stack-overflow");
    }
    way.container = container;
    this.#open.add(container);
    this.#pending.push({ close: container });
  }

  #item(slot: Slot, parent: Way, key: string | number, place: Place): void {
    const way: Way = { parent, key, depth: parent.depth + 1, container: null };
    this.#pending.push({ slot, way, place });
  }
}

const PLAIN_PROPERTY = { configurable: true, enumerable: true, writable: true };

/** How many components at the end of a long path messages show. */
const MAX_PARTS = 20;

/** Formats a path: `a.b[3]`. */
function pathOf(way: Way): string {
  const parts: string[] = [];
  let at: Way | null = way;
  for (; at !== null && at.parent !== null && parts.length < MAX_PARTS; at = at.parent) {
    parts.push(typeof at.key === "number" ? `[${at.key}]` : `.${at.key}`);
  }
  const text = parts.reverse().join("");
  if (at !== null && at.parent !== null) return `…${text}`;
  return text.startsWith(".") ? text.slice(1) : text;
}

function refused(message: string, way: Way, kind: EvalError["kind"] = "value"): EvalError {
  return new EvalError(kind, way.parent === null ? message : `${message} (at ${pathOf(way)})`);
}
