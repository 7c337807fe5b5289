/**
 * Data as the text of a JavaScript module: the value as its default export, and the attributes whose
 * names can be names of variables as exports of their own.
 */
import { NixFloat, NixPath, NixText, type PlainData } from "@nivis/embed";
import { isExportName } from "@nivis/types";

/** Data from this length on is parsed as JSON, which engines do faster than programs. */
const JSON_LENGTH = 10_000;

/** Returns the text of a module with a value. */
export function moduleCode(value: PlainData): string {
  const lines: string[] = [];
  if (!isSet(value)) return `export default ${literal(value)};\n`;
  const members = Object.entries(value).map(([name, item]) => {
    if (!isExportName(name)) return `${key(name)}: ${literal(item)}`;
    lines.push(`export const ${name} = ${literal(item)};`);
    return name;
  });
  lines.push(`export default { ${members.join(", ")} };`);
  return `${lines.join("\n")}\n`;
}

function isSet(value: PlainData): value is { [name: string]: PlainData } {
  return (
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

/** In a literal, `__proto__: x` would set the prototype. */
function key(name: string): string {
  return name === "__proto__" ? '["__proto__"]' : JSON.stringify(name);
}

/** A container that is being written: what is left of it, and its end. */
interface Open {
  readonly items: Iterator<readonly [prefix: string, value: PlainData]>;
  readonly end: string;
  isEmpty: boolean;
}

function literal(value: PlainData): string {
  const open: Open[] = [];
  let isJson = true;
  let text = "";
  const write = (item: PlainData): void => {
    if (Array.isArray(item)) {
      text += "[";
      const items = item.map((one) => ["", one] as const).values();
      open.push({ items, end: "]", isEmpty: true });
    } else if (isSet(item)) {
      text += "{";
      const items = Object.entries(item)
        .map(([name, one]) => [`${key(name)}: `, one] as const)
        .values();
      isJson &&= !Object.hasOwn(item, "__proto__");
      open.push({ items, end: "}", isEmpty: true });
    } else {
      const atom = atomLiteral(item);
      isJson &&= atom.isJson;
      text += atom.text;
    }
  };
  write(value);
  for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
    const next = last.items.next();
    if (next.done === true) {
      text += last.end;
      open.pop();
      continue;
    }
    if (!last.isEmpty) text += ", ";
    last.isEmpty = false;
    text += next.value[0];
    write(next.value[1]);
  }
  return isJson && text.length >= JSON_LENGTH ? `JSON.parse(${JSON.stringify(text)})` : text;
}

function atomLiteral(value: PlainData): { readonly text: string; readonly isJson: boolean } {
  if (typeof value === "bigint") return { text: `${value}n`, isJson: false };
  if (typeof value === "number") {
    const isJson = Number.isFinite(value) && !Object.is(value, -0);
    if (Number.isNaN(value)) return { text: "NaN", isJson };
    return { text: Object.is(value, -0) ? "-0" : String(value), isJson };
  }
  if (value === null || typeof value === "boolean" || typeof value === "string") {
    return { text: JSON.stringify(value), isJson: true };
  }
  if (value instanceof Uint8Array) {
    return { text: `new Uint8Array([${value.join(", ")}])`, isJson: false };
  }
  if (value instanceof NixFloat) return atomLiteral(value.value);
  if (value instanceof NixText || value instanceof NixPath) return atomLiteral(String(value));
  throw new TypeError("a function or a lazy value has no place in a module");
}
