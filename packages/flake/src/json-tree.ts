/**
 * JSON as a tree whose strings are byte strings, and back: what lock files and registries are made
 * of. Objects are maps; they are written with sorted names, as nlohmann/json does.
 */
import { escapeJsonString, parseJson, sortedBytes } from "@nivis/formats";

/** A value; integers above 2^53 are bigints. */
export type JsonTree =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly JsonTree[]
  | ReadonlyMap<string, JsonTree>;

/** An object. */
export type JsonObject = ReadonlyMap<string, JsonTree>;

/** Parses a JSON text. Throws a `json-parse` error with the text of C++ Nix. */
export function readJsonTree(text: string): JsonTree {
  let root: JsonTree = null;
  const open: (JsonTree[] | Map<string, JsonTree>)[] = [];
  const names: string[] = [];
  const put = (value: JsonTree): void => {
    const around = open.at(-1);
    if (around === undefined) root = value;
    else if (Array.isArray(around)) around.push(value);
    else around.set(names.at(-1) as string, value);
  };
  const start = (value: JsonTree[] | Map<string, JsonTree>): void => {
    put(value);
    open.push(value);
    names.push("");
  };
  const end = (): void => {
    open.pop();
    names.pop();
  };
  parseJson(text, {
    null: () => put(null),
    boolean: put,
    integer: put,
    unsigned: put,
    float: put,
    string: put,
    startObject: () => start(new Map()),
    key: (name) => {
      names[names.length - 1] = name;
    },
    endObject: end,
    startArray: () => start([]),
    endArray: end,
  });
  return root;
}

/** Whether a value is an object. */
export function isJsonObject(value: JsonTree | undefined): value is JsonObject {
  return value instanceof Map;
}

/** Whether a value is an array. */
export function isJsonArray(value: JsonTree | undefined): value is readonly JsonTree[] {
  return Array.isArray(value);
}

/**
 * The text of a value: with two blanks a level, or on one line if `indent` is empty. The depth of
 * what is written here is bounded by the formats, so this recurses.
 */
export function formatJsonTree(value: JsonTree, indent = "  ", outer = ""): string {
  if (value === null) return "null";
  if (typeof value === "string") return escapeJsonString(value);
  if (typeof value !== "object") return String(value);
  const inner = outer + indent;
  const newline = indent === "" ? "" : "\n";
  const colon = indent === "" ? ":" : ": ";
  const [left, right, members] = isJsonArray(value)
    ? ["[", "]", value.map((item) => formatJsonTree(item, indent, inner))]
    : ["{", "}", objectMembers(value as JsonObject, indent, inner, colon)];
  if (members.length === 0) return left + right;
  const lines = members.map((member) => `${inner}${member}`).join(`,${newline}`);
  return `${left}${newline}${lines}${newline}${outer}${right}`;
}

function objectMembers(
  value: JsonObject,
  indent: string,
  inner: string,
  colon: string,
): readonly string[] {
  return sortedBytes(value.keys()).map((name) => {
    const text = formatJsonTree(value.get(name) as JsonTree, indent, inner);
    return `${escapeJsonString(name)}${colon}${text}`;
  });
}
