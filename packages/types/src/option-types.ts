/**
 * The types of options: what one may write for the options of a module system, and what `config` then
 * has. They are read from the evaluated options (`(lib.evalModules …).options`), because `options.json` has
 * the types in English only. Source: nixpkgs, lib/types.nix and lib/modules.nix of 26.11; those of 19.09 work.
 */
import type { NixValue } from "@nivis/embed";
import {
  BOOLEAN,
  type Field,
  JSON_VALUE,
  NULL,
  NUMBER,
  STRING,
  type Type,
  UNKNOWN,
  unionOf,
} from "./type.ts";

/** Which side of a module system is described. */
export type OptionMode =
  /** What one writes: what has a default is optional, what is read-only is left out. */
  | "input"
  /** What `config` has: everything. */
  | "output";

/** How options are read. */
export interface OptionTypeOptions {
  readonly mode: OptionMode;
  /** The deepest nesting of types, for those that contain themselves. Defaults to 16. */
  readonly maxDepth?: number;
  /** The most options and sets that are looked at; more are a `RangeError`. Defaults to 200,000. */
  readonly maxOptions?: number;
}

/** The type of a set of options, and the options whose type is not known. */
export interface OptionTypes {
  readonly type: Type;
  /** The options that became `unknown`, with the reason. */
  readonly unknown: readonly { readonly option: string; readonly reason: string }[];
}

/** Returns the type of a set of options. Throws a `NixError` if the set itself cannot be evaluated. */
export function typeOfOptions(options: NixValue, settings: OptionTypeOptions): OptionTypes {
  const reader = new OptionReader(settings);
  return { type: reader.set(options, "", 0), unknown: reader.unknown };
}

/** Types whose name says it all. */
const SIMPLE: Readonly<Record<string, Type>> = {
  bool: BOOLEAN,
  boolByOr: BOOLEAN,
  int: NUMBER,
  float: NUMBER,
  str: STRING,
  nonEmptyStr: STRING,
  singleLineStr: STRING,
  separatedString: STRING,
  string: STRING,
  path: STRING,
  pathInStore: STRING,
  externalPath: STRING,
  json: JSON_VALUE,
  toml: JSON_VALUE,
  luaInline: {
    kind: "object",
    fields: [
      { name: "_type", type: { kind: "literal", value: "lua-inline" }, isOptional: false },
      { name: "expr", type: STRING, isOptional: false },
    ],
  },
  // A derivation is its output path in data, and a path is what one may write for it.
  package: STRING,
  shellPackage: STRING,
  attrs: { kind: "record", value: UNKNOWN },
};

/** Types whose names continue with data: a pattern, bounds. */
const BY_PREFIX: readonly (readonly [prefix: string, type: Type])[] = [
  ["strMatching", STRING],
  ["passwdEntry", STRING],
  ["intBetween", NUMBER],
  ["positiveInt", NUMBER],
  ["unsignedInt", NUMBER],
  ["signedInt", NUMBER],
  ["number", NUMBER],
  ["numberBetween", NUMBER],
];

/** Types that hold whatever is written. */
const OPEN = ["anything", "unspecified", "raw", "fileset", "pkgs", "deferredModule", "optionType"];

class OptionReader {
  readonly unknown: { readonly option: string; readonly reason: string }[] = [];
  readonly #mode: OptionMode;
  readonly #maxDepth: number;
  readonly #maxOptions: number;
  #count = 0;

  constructor({ mode, maxDepth = 16, maxOptions = 200_000 }: OptionTypeOptions) {
    this.#mode = mode;
    this.#maxDepth = maxDepth;
    this.#maxOptions = maxOptions;
  }

  /** The type of a set whose attributes are options or such sets. */
  set(options: NixValue, path: string, depth: number): Type {
    if (depth > this.#maxDepth) return UNKNOWN;
    const fields: Field[] = [];
    for (const name of options.keys()) {
      if (name.startsWith("_")) continue;
      if (++this.#count > this.#maxOptions) {
        throw new RangeError(
          `there are more than ${this.#maxOptions} options; choose a part of them`,
        );
      }
      const place = path === "" ? name : `${path}.${name}`;
      const field = this.#attempt(place, () => this.#field(name, options.get(name), place, depth));
      if (field !== undefined) fields.push(field);
    }
    return { kind: "object", fields };
  }

  #field(name: string, value: NixValue, place: string, depth: number): Field | undefined {
    if (value.type !== "set") return undefined;
    const tag = textAt(value, "_type");
    if (tag !== "option") {
      // Sets of another kind, such as types and packages, hold no options.
      if (tag !== undefined || value.has("type")) return undefined;
      const type = this.set(value, place, depth + 1);
      if (type.kind === "object" && type.fields.length === 0) return undefined;
      const isOptional =
        this.#mode === "input" &&
        type.kind === "object" &&
        type.fields.every((field) => field.isOptional);
      return { name, type, isOptional };
    }
    if (isTrue(value, "internal") || isHidden(value)) return undefined;
    if (this.#mode === "input" && isTrue(value, "readOnly")) return undefined;
    const isOptional = this.#mode === "input" && (value.has("default") || value.has("defaultText"));
    return { name, type: this.#typeOf(value, place, depth), isOptional, doc: docOf(value) };
  }

  #typeOf(option: NixValue, place: string, depth: number): Type {
    if (this.#mode === "output" && option.has("apply")) {
      this.unknown.push({ option: place, reason: "'apply' changes what is written" });
      return UNKNOWN;
    }
    if (!option.has("type")) return UNKNOWN;
    return this.#attempt(place, () => this.type(option.get("type"), place, depth)) ?? UNKNOWN;
  }

  /** The type that an option type of nixpkgs stands for. */
  type(type: NixValue, place: string, depth: number): Type {
    const name = textAt(type, "name") ?? "";
    if (depth > this.#maxDepth) return UNKNOWN;
    const nested = (key: string): Type => this.type(type.get("nestedTypes", key), place, depth + 1);
    // Such types contain themselves, and have no name of their own.
    if (/^(JSON|TOML|YAML.*) value$/.test(textAt(type, "description") ?? "")) return JSON_VALUE;
    const simple = SIMPLE[name] ?? BY_PREFIX.find(([prefix]) => name.startsWith(prefix))?.[1];
    if (simple !== undefined) return simple;
    if (OPEN.includes(name)) return UNKNOWN;
    switch (name) {
      case "enum":
        return this.#enumeration(type);
      case "nullOr":
        return unionOf([nested("elemType"), NULL]);
      case "listOf":
      case "loaOf":
        return { kind: "list", element: nested("elemType") };
      case "attrsOf":
      case "lazyAttrsOf":
        return { kind: "record", value: nested("elemType") };
      case "attrListOf":
        return { kind: "list", element: { kind: "record", value: nested("elemType") } };
      case "unique":
      case "uniq":
        return nested("elemType");
      case "either":
      case "oneOf":
        return unionOf([nested("left"), nested("right")]);
      case "coercedTo": {
        const final = nested("finalType");
        return this.#mode === "output" ? final : unionOf([nested("coercedType"), final]);
      }
      case "functionTo":
        return {
          kind: "function",
          parameter: "arg",
          argument: UNKNOWN,
          result: nested("elemType"),
        };
      case "submodule":
        return this.#submodule(type, place, depth);
      case "attrTag":
        return this.#tagged(type.get("functor", "payload", "tags"), place, depth);
      default:
        this.unknown.push({ option: place, reason: `the type '${name}' is not known` });
        return UNKNOWN;
    }
  }

  #enumeration(type: NixValue): Type {
    const payload = type.get("functor", "payload");
    const values = payload.type === "list" ? payload : payload.get("values");
    return unionOf(
      [...values].map((value): Type => {
        const data = value.type === "set" || value.type === "list" ? undefined : value.toData();
        if (data === null) return NULL;
        const isLiteral = ["string", "number", "boolean"].includes(typeof data);
        return isLiteral ? { kind: "literal", value: data as string | number | boolean } : UNKNOWN;
      }),
    );
  }

  #submodule(type: NixValue, place: string, depth: number): Type {
    const options = this.set(type.get("getSubOptions").call([]), place, depth + 1);
    if (options.kind !== "object" || !type.has("nestedTypes", "freeformType")) return options;
    const freeform = this.type(type.get("nestedTypes", "freeformType"), place, depth + 1);
    const rest = freeform.kind === "record" ? freeform.value : UNKNOWN;
    return { ...options, rest };
  }

  #tagged(tags: NixValue, place: string, depth: number): Type {
    const members = tags.keys().map((name): Type => {
      const type = this.#typeOf(tags.get(name), `${place}.${name}`, depth + 1);
      const doc = docOf(tags.get(name));
      return { kind: "object", fields: [{ name, type, isOptional: false, doc }] };
    });
    return { kind: "union", members };
  }

  /** What cannot be evaluated makes one option unknown, and not the whole set. */
  #attempt<T>(place: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Error) || error instanceof RangeError) throw error;
      const reason = error.message.split("\n")[0] ?? "";
      this.unknown.push({ option: place, reason });
      return undefined;
    }
  }
}

function textAt(set: NixValue, name: string): string | undefined {
  if (!set.has(name)) return undefined;
  const value = set.get(name);
  return value.type === "string" ? value.string().text : undefined;
}

function isTrue(set: NixValue, name: string): boolean {
  return set.has(name) && set.get(name).type === "bool" && set.get(name).toData() === true;
}

function isHidden(option: NixValue): boolean {
  if (!option.has("visible")) return false;
  const visible = option.get("visible");
  return visible.type === "bool" && visible.toData() === false;
}

/** The documentation of an option: its description, its type in words, its default and its example. */
function docOf(option: NixValue): string | undefined {
  const parts: string[] = [];
  const add = (text: string | undefined, head = ""): void => {
    const trimmed = text?.trim() ?? "";
    if (trimmed !== "") parts.push(head + trimmed);
  };
  try {
    add(textOf(option, "description"));
    const type = option.has("type", "description") ? textAt(option.get("type"), "description") : "";
    add(type, "Type: ");
    add(textOf(option, "defaultText") ?? printed(option, "default"), "@default ");
    add(textOf(option, "example") ?? printed(option, "example"), "@example ");
  } catch (error) {
    // Documentation that cannot be evaluated is no reason to lose the option.
    if (!(error instanceof Error)) throw error;
  }
  return parts.length === 0 ? undefined : parts.join("\n\n");
}

/** A text, or the text of a `literalExpression`, `mdDoc` and the like. */
function textOf(option: NixValue, name: string): string | undefined {
  if (!option.has(name)) return undefined;
  const value = option.get(name);
  if (value.type === "string") return name === "example" ? undefined : value.string().text;
  return value.type === "set" && value.has("_type") ? textAt(value, "text") : undefined;
}

/** A short value as Nix writes it; nothing for one that is long or needs much evaluation. */
function printed(option: NixValue, name: string): string | undefined {
  if (!option.has(name)) return undefined;
  const value = option.get(name);
  const isShort = ["null", "bool", "int", "float", "string"].includes(value.type);
  const isEmpty = (value.type === "list" || value.type === "set") && value.length === 0;
  return isShort || isEmpty ? value.print() : undefined;
}
