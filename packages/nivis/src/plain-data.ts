/** Values as plain JavaScript data, for programs that use the library. */
import {
  Attrs,
  EvalError,
  type Evaluation,
  isList,
  isString,
  NixFloat,
  NixPath,
  type Slot,
  textOf,
  typeWithArticle,
  type Value,
} from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";

/** What a value without functions becomes. */
export type PlainData =
  | null
  | boolean
  | number
  | bigint
  | string
  | PlainData[]
  | { [name: string]: PlainData };

/** A value that is still to be converted, and where its result goes. */
interface Pending {
  readonly slot: Slot;
  readonly put: (data: PlainData) => void;
}

/**
 * Forces a slot with everything inside and converts it: sets to objects (without a prototype), texts
 * to JavaScript strings, paths to their text, integers beyond 2^53 to bigints. Throws an
 * {@link EvalError} for functions, and what evaluation throws; a cyclic value does not end.
 */
export function toPlainData(evaluation: Evaluation, slot: Slot): PlainData {
  let result: PlainData = null;
  const pending: Pending[] = [
    {
      slot,
      put: (data) => {
        result = data;
      },
    },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    next.put(convert(evaluation.force(next.slot), pending));
  }
  return result;
}

function convert(value: Value, pending: Pending[]): PlainData {
  if (isString(value)) return decodeUtf8(textOf(value));
  if (value instanceof NixPath) return decodeUtf8(value.path);
  if (value instanceof NixFloat) return value.value;
  if (isList(value)) {
    const items: PlainData[] = new Array<PlainData>(value.length).fill(null);
    // Backwards, so that the first is taken from the stack first.
    for (let i = value.length - 1; i >= 0; i--) {
      pending.push({
        slot: value[i] as Slot,
        put: (data) => {
          items[i] = data;
        },
      });
    }
    return items;
  }
  if (value instanceof Attrs) {
    const object = Object.create(null) as { [name: string]: PlainData };
    const names = value.sortedNames();
    for (const name of names) object[decodeUtf8(name)] = null;
    for (const name of names.toReversed()) {
      const key = decodeUtf8(name);
      pending.push({
        slot: value.get(name) as Slot,
        put: (data) => {
          object[key] = data;
        },
      });
    }
    return object;
  }
  if (value === null || typeof value !== "object") return value;
  throw new EvalError("type", `cannot convert ${typeWithArticle(value)} to plain data`);
}
