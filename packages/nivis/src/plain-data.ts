/**
 * Values as plain JavaScript data for programs that use the library: what `JSON.parse` would
 * return, plus bigints for large integers. `toNixValue` (nix-value.ts) is the inverse.
 */
import {
  Attrs,
  EvalError,
  type Evaluation,
  isDerivation,
  isList,
  isString,
  NixFloat,
  NixPath,
  type Slot,
  textOf,
  typeWithArticle,
  type Value,
} from "@nivis/eval";
import { decodeUtf8, findUtf8Error } from "@nivis/formats";

/** The plain form of a value that contains no functions. */
export type PlainData =
  | null
  | boolean
  | number
  | bigint
  | string
  | NixFloat
  | PlainData[]
  | { [name: string]: PlainData }
  | Map<string, PlainData>;

/** How {@link toPlainData} converts values that have more than one form in JavaScript. */
export interface PlainOptions {
  /**
   * Integers: `auto` returns numbers where they are safe and bigints elsewhere, `bigint` always
   * bigints, `number` always numbers, with an error for an integer that is not safe. Defaults to
   * `auto`.
   */
  readonly integers?: "auto" | "bigint" | "number";
  /**
   * Floats: numbers, or `tagged` as `NixFloat`, which distinguishes `1.0` from `1`. Defaults to
   * `number`.
   */
  readonly floats?: "number" | "tagged";
  /**
   * Strings and names that are not UTF-8: `strict` makes them an error, `lossy` replaces each fault
   * by U+FFFD, `bytes` returns all texts as byte strings. Defaults to `strict`.
   */
  readonly texts?: "strict" | "lossy" | "bytes";
  /**
   * Sets: an `object`, in which JavaScript orders integer-like keys first, or a `Map` in the order
   * of the names. Defaults to `object`.
   */
  readonly sets?: "object" | "map";
  /**
   * Derivations, which contain themselves: their `outPath` as in `toJSON`, their `drvPath`, or
   * `expand`, which treats them like any other set, so that the cycle is an error. Defaults to
   * `outPath`.
   */
  readonly derivations?: "outPath" | "drvPath" | "expand";
  /** The maximum number of values in the result. Defaults to no limit. */
  readonly maxValues?: number;
}

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
  | { readonly slot: Slot; readonly way: Way; readonly put: (data: PlainData) => void }
  | { readonly close: Value };

/**
 * Forces a slot deeply and converts it: sets to objects, texts to JavaScript strings, paths to
 * their text. Throws an {@link EvalError} if evaluation fails, for functions, for values that
 * contain themselves and for values that `options` rejects; the message names the attribute path.
 */
export function toPlainData(
  evaluation: Evaluation,
  slot: Slot,
  options: PlainOptions = {},
): PlainData {
  return new Conversion(evaluation, options).convert(slot);
}

class Conversion {
  readonly #evaluation: Evaluation;
  readonly #options: PlainOptions;
  readonly #pending: Pending[] = [];
  /** The containers that enclose the current value. */
  readonly #open = new Set<Value>();
  #values = 0;

  constructor(evaluation: Evaluation, options: PlainOptions) {
    this.#evaluation = evaluation;
    this.#options = options;
  }

  convert(slot: Slot): PlainData {
    let result: PlainData = null;
    const way: Way = { parent: null, key: "", depth: 0, container: null };
    const put = (data: PlainData): void => {
      result = data;
    };
    this.#pending.push({ slot, way, put });
    for (let next = this.#pending.pop(); next !== undefined; next = this.#pending.pop()) {
      if ("close" in next) this.#open.delete(next.close);
      else next.put(this.#value(this.#evaluation.force(next.slot), next.way));
    }
    return result;
  }

  #value(value: Value, way: Way): PlainData {
    const { maxValues = Number.POSITIVE_INFINITY } = this.#options;
    this.#evaluation.context.limits?.work(1);
    if (++this.#values > maxValues) {
      throw new EvalError("limit-exceeded", `the result has more than ${maxValues} values`);
    }
    if (isString(value)) return this.#text(textOf(value), way, "a string");
    if (value instanceof NixPath) return this.#text(value.path, way, "a path");
    if (value instanceof NixFloat) {
      return this.#options.floats === "tagged" ? value : value.value;
    }
    if (isList(value)) return this.#list(value, way);
    if (value instanceof Attrs) return this.#set(value, way);
    if (typeof value === "number" || typeof value === "bigint") return this.#integer(value, way);
    if (value === null || typeof value === "boolean") return value;
    throw refused(`cannot convert ${typeWithArticle(value)} to plain data`, way, "type");
  }

  #integer(value: number | bigint, way: Way): number | bigint {
    const { integers = "auto" } = this.#options;
    if (integers === "bigint") return BigInt(value);
    if (integers === "number" && typeof value === "bigint") {
      throw refused(`the integer ${value} is not a safe number`, way);
    }
    return value;
  }

  #text(bytes: string, way: Way, what: string): string {
    const { texts = "strict" } = this.#options;
    if (texts === "bytes") return bytes;
    if (texts === "strict" && findUtf8Error(bytes) !== undefined) {
      throw refused(`cannot convert ${what} that is not UTF-8 to plain data`, way);
    }
    return decodeUtf8(bytes);
  }

  #list(list: readonly Slot[], way: Way): PlainData {
    this.#enter(list as Value, way);
    const items: PlainData[] = new Array<PlainData>(list.length).fill(null);
    // In reverse, so that the first item is popped first.
    for (let i = list.length - 1; i >= 0; i--) {
      this.#item(list[i] as Slot, way, i, (data) => {
        items[i] = data;
      });
    }
    return items;
  }

  #set(set: Attrs, way: Way): PlainData {
    const { derivations = "outPath", sets = "object" } = this.#options;
    if (derivations !== "expand" && this.#evaluation.run(isDerivation(set))) {
      const slot = set.get(derivations);
      if (slot === undefined) throw refused(`a derivation without '${derivations}'`, way);
      const value = this.#evaluation.force(slot);
      return this.#value(value, {
        parent: way,
        key: derivations,
        depth: way.depth + 1,
        container: null,
      });
    }
    this.#enter(set, way);
    const names = set.sortedNames();
    const keys = names.map((name) => this.#text(name, way, "an attribute name"));
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
      this.#item(set.get(names[i] as string) as Slot, way, key, (data) => put(key, data));
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
    if (way.depth >= MAX_DEPTH) {
      throw refused(`a value is nested deeper than ${MAX_DEPTH} levels`, way, "stack-overflow");
    }
    way.container = container;
    this.#open.add(container);
    this.#pending.push({ close: container });
  }

  #item(slot: Slot, parent: Way, key: string | number, put: (data: PlainData) => void): void {
    const way: Way = { parent, key, depth: parent.depth + 1, container: null };
    this.#pending.push({ slot, way, put });
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
