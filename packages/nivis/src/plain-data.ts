/**
 * Values as plain JavaScript data, for programs that use the library: what `JSON.parse` would give, with
 * bigints for large integers. The way back is `toNixValue` (nix-value.ts).
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

/** What a value without functions becomes. */
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

/** How {@link toPlainData} converts what has more than one form in JavaScript. */
export interface PlainOptions {
  /**
   * `auto` (the default): numbers while they are safe, else bigints; `bigint`: always bigints; `number`:
   * always numbers, and an error for an integer that is not safe.
   */
  readonly integers?: "auto" | "bigint" | "number";
  /** `number` (the default), or `tagged`: a `NixFloat`, which tells `1.0` from `1`. */
  readonly floats?: "number" | "tagged";
  /**
   * Strings and names that are not UTF-8: `strict` (the default) is an error, `lossy` puts U+FFFD in the
   * place of each fault, `bytes` leaves all texts as byte strings.
   */
  readonly texts?: "strict" | "lossy" | "bytes";
  /**
   * Sets become an `object` (the default), whose integer-like keys come first as JavaScript wants it, or
   * a `Map` in the order of the names.
   */
  readonly sets?: "object" | "map";
  /**
   * Derivations, which contain themselves: their `outPath` (the default) as `toJSON` writes it, their
   * `drvPath`, or `expand`: like any other set, where the cycle is an error.
   */
  readonly derivations?: "outPath" | "drvPath" | "expand";
  /** The most values that the result may consist of; no limit unless given. */
  readonly maxValues?: number;
}

/** The deepest nesting, beyond which a value is taken for one without an end. */
const MAX_DEPTH = 1_000_000;

/** The way to a value: the key under which the container `parent` has it. */
interface Way {
  readonly parent: Way | null;
  readonly key: string | number;
  readonly depth: number;
  /** The container at the end of the way, once it is open. */
  container: Value | null;
}

/** A value that is still to be converted, and where its result goes; or a container to be closed. */
type Pending =
  | { readonly slot: Slot; readonly way: Way; readonly put: (data: PlainData) => void }
  | { readonly close: Value };

/**
 * Forces a slot with everything inside and converts it: sets to objects, texts to JavaScript strings,
 * paths to their text. Throws an {@link EvalError} for what evaluation throws, for functions, for values
 * that contain themselves and for what `options` refuse; the message names the attribute path.
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
  /** The containers that the current value is inside of. */
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
    // Backwards, so that the first is taken from the stack first.
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
      // An assignment would set the prototype.
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

/** How many parts of a long path messages show at its end. */
const MAX_PARTS = 20;

/** A way as a path: `a.b[3]`. */
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
