/**
 * What an editor shows of a value: its type, a short printed form, and what packages and options say of
 * themselves. Parts that fail are left out. Sources: lib/options.nix and lib/modules.nix of nixpkgs for
 * options, pkgs/stdenv/generic/check-meta.nix for packages.
 */
import {
  Attrs,
  attributeDocumentation,
  Builtin,
  Closure,
  documentationOf,
  type Evaluation,
  isDerivation,
  isFunction,
  isList,
  isString,
  NixFloat,
  printForError,
  type Slot,
  textOf,
  typeName,
  type Value,
} from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";
import type { DescribedOption, DescribedPackage, DescribedValue, Place } from "@nivis/lsp";

/** A printed value is cut. */
const MAX_SHOWN = 2000;

/** Looks into values; an attribute that fails is missing. */
export class ValueReader {
  readonly #evaluation: Evaluation;

  constructor(evaluation: Evaluation) {
    this.#evaluation = evaluation;
  }

  /** The value of a slot; `undefined` if it fails. */
  force(slot: Slot | undefined): Value | undefined {
    if (slot === undefined) return undefined;
    try {
      return this.#evaluation.force(slot);
    } catch {
      return undefined;
    }
  }

  get(value: Value | undefined, name: string): Value | undefined {
    return value instanceof Attrs ? this.force(value.get(name)) : undefined;
  }

  /** An attribute that is a string, as text. */
  text(value: Value | undefined, name: string): string | undefined {
    const found = this.get(value, name);
    return found !== undefined && isString(found) ? decodeUtf8(textOf(found)) : undefined;
  }

  /** Calls a function; `undefined` if that fails. */
  call(callee: Value | undefined, ...args: readonly Slot[]): Value | undefined {
    if (callee === undefined) return undefined;
    try {
      return this.#evaluation.call(callee, ...args);
    } catch {
      return undefined;
    }
  }

  builtin(name: string): Value | undefined {
    return this.force(this.#evaluation.context.builtins.get(name));
  }

  /** Whether a value is an option of a module. */
  isOption(value: Value | undefined): boolean {
    return this.text(value, "_type") === "option";
  }

  /**
   * The options below an option, as a set: those of a submodule. `names` is what follows in the path; the
   * result says how many of them are keys that users choose.
   */
  subOptions(
    option: Value,
    names: readonly string[],
  ): { readonly options: Value; readonly used: number } | undefined {
    let type = this.get(option, "type");
    let used = 0;
    for (let depth = 0; depth < 10; depth += 1) {
      const name = this.text(type, "name");
      if (name === undefined) return undefined;
      if (name === "submodule" || name === "deferredModule") {
        const options = this.call(this.get(type, "getSubOptions"), []);
        return options === undefined ? undefined : { options, used };
      }
      if (/^(?:attrsOf|lazyAttrsOf|attrsWith)$/.test(name)) {
        if (used >= names.length) return undefined;
        used += 1;
      }
      type = this.get(this.get(type, "nestedTypes"), "elemType");
    }
    return undefined;
  }

  describe(value: Value, parent: Attrs | undefined, name: string | undefined): DescribedValue {
    const place =
      parent === undefined || name === undefined ? undefined : this.#attributePlace(parent, name);
    const isPackage = value instanceof Attrs && this.#isDerivation(value);
    const isOption = !isPackage && this.isOption(value);
    return {
      type: isPackage ? "derivation" : isOption ? "option" : typeName(value),
      shown: shown(value),
      formals: this.#formals(value),
      documentation: isPackage || isOption ? undefined : this.#documentation(value, parent, name),
      place,
      package: isPackage ? this.#package(value as Attrs) : undefined,
      option: isOption ? this.#option(value as Attrs) : undefined,
    };
  }

  #documentation(
    value: Value,
    parent: Attrs | undefined,
    name: string | undefined,
  ): string | undefined {
    const { context } = this.#evaluation;
    try {
      const own = this.#evaluation.run(documentationOf(context, value));
      const pos = name === undefined ? undefined : parent?.positionOf(name);
      const text =
        own?.text ?? (pos === undefined ? undefined : attributeDocumentation(context, pos));
      return text === undefined ? undefined : decodeUtf8(text).trim();
    } catch {
      return undefined;
    }
  }

  #isDerivation(value: Attrs): boolean {
    try {
      return this.#evaluation.run(isDerivation(value)) === true;
    } catch {
      return false;
    }
  }

  #attributePlace(parent: Attrs, name: string): Place | undefined {
    const found = this.call(this.builtin("unsafeGetAttrPos"), name, parent);
    return this.#place(found);
  }

  /** A set with `file`, `line` and `column`, as positions are in Nix. */
  #place(value: Value | undefined): Place | undefined {
    const path = this.text(value, "file");
    const line = this.get(value, "line");
    const column = this.get(value, "column");
    if (path?.startsWith("/") !== true || typeof line !== "number") return undefined;
    return {
      path,
      position: { line: line - 1, character: typeof column === "number" ? column - 1 : 0 },
    };
  }

  #formals(value: Value): DescribedValue["formals"] {
    let args: Value | undefined;
    if (value instanceof Closure) args = this.call(this.builtin("functionArgs"), value);
    else if (value instanceof Attrs && value.get("__functor") !== undefined)
      args = this.get(value, "__functionArgs");
    if (!(args instanceof Attrs) || args.names().length === 0) return undefined;
    return args.names().map((name) => ({
      name: decodeUtf8(name),
      optional: this.get(args, name) === true,
    }));
  }

  #package(value: Attrs): DescribedPackage {
    const meta = this.get(value, "meta");
    const name = this.text(value, "name") ?? "";
    const homepage = this.get(meta, "homepage");
    const [firstPage] = homepage !== undefined && isList(homepage) ? homepage : [];
    const page = this.force(firstPage) ?? homepage;
    return {
      name,
      version: this.text(value, "version") ?? /-(\d.*)$/.exec(name)?.[1],
      description: this.text(meta, "description"),
      homepage: page !== undefined && isString(page) ? decodeUtf8(textOf(page)) : undefined,
      license: this.#license(this.get(meta, "license")),
      place: this.#metaPosition(this.text(meta, "position")),
    };
  }

  #license(value: Value | undefined): string | undefined {
    if (value === undefined) return undefined;
    if (isString(value)) return decodeUtf8(textOf(value));
    if (isList(value)) {
      const all = value.slice(0, 20).map((slot) => this.#license(this.force(slot)));
      return all.filter((one) => one !== undefined).join(", ") || undefined;
    }
    return (
      this.text(value, "spdxId") ?? this.text(value, "shortName") ?? this.text(value, "fullName")
    );
  }

  /** `FILE:LINE`, with lines from 1. */
  #metaPosition(text: string | undefined): Place | undefined {
    const [, path, line] = /^(\/.*):(\d+)$/.exec(text ?? "") ?? [];
    if (path === undefined || line === undefined) return undefined;
    return { path, position: { line: Math.max(0, Number(line) - 1), character: 0 } };
  }

  #option(value: Attrs): DescribedOption {
    const declared = this.get(value, "declarationPositions");
    const declarations =
      declared !== undefined && isList(declared)
        ? declared.slice(0, 20).flatMap((slot) => this.#place(this.force(slot)) ?? [])
        : [];
    return {
      type: this.text(this.get(value, "type"), "description"),
      description: this.#prose(value, "description"),
      default: this.#prose(value, "defaultText") ?? this.#prose(value, "default"),
      example: this.#prose(value, "example"),
      readOnly: this.get(value, "readOnly") === true,
      declarations,
    };
  }

  /** A text, a text in a wrapper such as `literalExpression`, or any value as it is printed. */
  #prose(value: Attrs, name: string): string | undefined {
    const found = this.get(value, name);
    if (found === undefined) return undefined;
    const wrapped = this.text(found, "_type") === undefined ? undefined : this.text(found, "text");
    if (wrapped !== undefined) return wrapped.trim();
    if (isString(found) && name !== "default" && name !== "example")
      return decodeUtf8(textOf(found)).trim();
    return shown(found);
  }
}

/** A value as it is printed, without evaluating anything. */
function shown(value: Value): string {
  if (value instanceof Builtin) return `builtins.${value.definition.name}`;
  if (isFunction(value)) return "a function";
  if (value instanceof NixFloat) return printForError(value);
  const text = decodeUtf8(printForError(value));
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
