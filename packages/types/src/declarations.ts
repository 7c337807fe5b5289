/**
 * Declarations of TypeScript, written from types. They belong in a file `x.d.nix.ts` beside `x.nix`, where
 * TypeScript looks for them under `allowArbitraryExtensions`.
 */
import { type Field, isNever, type ObjectType, type Type } from "./type.ts";

/** What declarations are about. */
export interface DeclarationOptions {
  /** What the types were made from, for the first line. */
  readonly source: string;
  /**
   * `module` declares a module whose default export has the type, and whose other exports are its
   * attributes; a name declares and exports an interface or type of that name. Defaults to `module`.
   */
  readonly name?: string;
}

const JSON_DECLARATION =
  "export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue };\n";

/** Words that cannot be the name of an export, and names with a meaning of their own. */
const RESERVED = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export " +
    "extends false finally for function if implements import in instanceof interface let new null package " +
    "private protected public return static super switch this throw true try typeof var void while with yield"
  ).split(" "),
);

/** Whether a name of an attribute can be the name of an export. */
export function isExportName(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name) && !RESERVED.has(name) && name !== "__proto__";
}

/** Writes the declarations of a type. */
export function declarationsOf(
  type: Type,
  { source, name = "module" }: DeclarationOptions,
): string {
  const head = `// Generated from ${source.replaceAll(/[\r\n]+/g, " ")} by \`nivis types\`; changes are lost.\n`;
  const json = usesJson(type) ? JSON_DECLARATION : "";
  if (name !== "module") {
    if (!isExportName(name)) throw new TypeError(`'${name}' cannot be the name of a type`);
    const isInterface = type.kind === "object";
    const body = isInterface
      ? `export interface ${name} ${textOf(type, "")}\n`
      : `export type ${name} = ${textOf(type, "")};\n`;
    return `${head}${json}${body}`;
  }
  const names = type.kind === "object" ? type.fields.map((field) => field.name) : [];
  const exports = names
    .filter(isExportName)
    .map((name) => `export declare const ${name}: (typeof value)[${JSON.stringify(name)}];\n`);
  return `${head}${json}declare const value: ${textOf(type, "")};\nexport default value;\n${exports.join("")}`;
}

function usesJson(type: Type): boolean {
  switch (type.kind) {
    case "json":
      return true;
    case "list":
      return usesJson(type.element);
    case "record":
      return usesJson(type.value);
    case "object":
      return (
        type.fields.some((field) => usesJson(field.type)) ||
        (type.rest !== undefined && usesJson(type.rest))
      );
    case "union":
      return type.members.some(usesJson);
    case "function":
      return usesJson(type.argument) || usesJson(type.result);
    default:
      return false;
  }
}

function textOf(type: Type, indent: string): string {
  switch (type.kind) {
    case "json":
      return "JsonValue";
    case "literal":
      return JSON.stringify(type.value);
    case "list": {
      const element = textOf(type.element, indent);
      return `readonly ${isSimple(type.element) ? element : `(${element})`}[]`;
    }
    case "record":
      return `{ readonly [name: string]: ${textOf(type.value, indent)} }`;
    case "object":
      return objectText(type, indent);
    case "union":
      if (isNever(type)) return "never";
      return type.members
        .map((member) => {
          const text = textOf(member, indent);
          return member.kind === "function" ? `(${text})` : text;
        })
        .join(" | ");
    case "function":
      return `(${parameterName(type.parameter)}: ${textOf(type.argument, indent)}) => ${textOf(type.result, indent)}`;
    default:
      return type.kind;
  }
}

/** Whether `[]` can follow the text of a type. */
function isSimple(type: Type): boolean {
  return !["list", "function"].includes(type.kind) && (type.kind !== "union" || isNever(type));
}

function objectText({ fields, rest }: ObjectType, indent: string): string {
  const inner = `${indent}  `;
  const lines = fields.map((field) => fieldText(field, inner));
  if (rest !== undefined) {
    // TypeScript wants the type of all names to contain those of the known ones.
    const type = fields.length === 0 ? textOf(rest, inner) : "unknown";
    lines.push(`${inner}readonly [name: string]: ${type};\n`);
  }
  return lines.length === 0 ? "Record<string, never>" : `{\n${lines.join("")}${indent}}`;
}

function fieldText({ name, type, isOptional, doc }: Field, indent: string): string {
  const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
  const comment = doc === undefined ? "" : commentOf(doc, indent);
  // What is optional may also be given as `undefined` by those who have not set exactOptionalPropertyTypes.
  return `${comment}${indent}readonly ${key}${isOptional ? "?" : ""}: ${textOf(type, indent)};\n`;
}

function commentOf(doc: string, indent: string): string {
  const lines = doc.replaceAll("*/", "*\\/").split(/\r?\n/);
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  const body = lines.map((line) => `${indent} *${line === "" ? "" : ` ${line}`}\n`).join("");
  return `${indent}/**\n${body}${indent} */\n`;
}

function parameterName(name: string): string {
  return isExportName(name) ? name : "arg";
}
