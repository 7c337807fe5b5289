/**
 * OutputCursor: an attribute of a flake's outputs, found by its path and evaluated when something is
 * asked of it. Messages name the path (C++ Nix: `AttrCursor` in libexpr/eval-cache.cc).
 */
import {
  Attrs,
  contextOf,
  EvalError,
  isList,
  isString,
  NixPath,
  type Slot,
  textOf,
  typeWithArticle,
  type Value,
} from "@nivis/eval";
import { marked, sortedBytes, uncolored } from "@nivis/formats";
import type { Session } from "../session.ts";
import type { KnownOutput, OutputMemory } from "./output-memory.ts";

/** A name that a set lacks, and those that it has. */
export interface MissingAttribute {
  readonly missing: string;
  readonly known: readonly string[];
}

/** See the head of this file. */
export class OutputCursor {
  readonly #session: Session;
  readonly #slot: () => Slot;
  readonly #memory: OutputMemory | undefined;
  /** The names on the way from the outputs to here. */
  readonly names: readonly string[];

  /** @param memory - what is known without evaluating, if anything is */
  constructor(session: Session, names: readonly string[], slot: () => Slot, memory?: OutputMemory) {
    this.#session = session;
    this.names = names;
    this.#slot = slot;
    this.#memory = memory;
  }

  /** The path as messages have it. */
  get path(): string {
    return this.names.join(".");
  }

  /** What is there, not evaluated. */
  get slot(): Slot {
    return this.#slot();
  }

  /** What is there. */
  value(): Value {
    const value = this.#session.evaluation.force(this.#slot());
    this.#memory?.put(this.names, value);
    return value;
  }

  /** What is remembered of this. */
  get #known(): KnownOutput | undefined {
    return this.#memory?.get(this.names);
  }

  /** An attribute; `undefined` if there is none or this is not a set. */
  find(name: string): OutputCursor | undefined {
    const known = this.#known;
    if (known !== undefined) {
      const isThere = typeof known === "object" && includesSorted(known, name);
      return isThere ? this.#child(name, () => this.#attribute(name)) : undefined;
    }
    const value = this.value();
    const slot = value instanceof Attrs ? value.get(name) : undefined;
    return slot === undefined ? undefined : this.#child(name, () => slot);
  }

  /** The slot of an attribute that is there. */
  #attribute(name: string): Slot {
    return (this.value() as Attrs).get(name) as Slot;
  }

  /** An attribute; an error if there is none. */
  get(name: string): OutputCursor {
    const found = this.find(name);
    if (found !== undefined) return found;
    throw new EvalError(
      "missing-attribute",
      marked`attribute '${[...this.names, name].join(".")}' does not exist`,
    );
  }

  #child(name: string, slot: () => Slot): OutputCursor {
    return new OutputCursor(this.#session, [...this.names, name], slot, this.#memory);
  }

  /** Follows a path to its end, or to the first name that is missing. */
  follow(path: readonly string[]): OutputCursor | MissingAttribute {
    let at: OutputCursor = this;
    for (const name of path) {
      const next = at.find(name);
      if (next === undefined) return { missing: name, known: at.attributeNames() };
      at = next;
    }
    return at;
  }

  /** The names of the attributes, sorted; an error if this is not a set. */
  attributeNames(): readonly string[] {
    const known = this.#known;
    if (typeof known === "object") return known;
    const value = this.value();
    if (!(value instanceof Attrs)) throw this.#typeError("is not an attribute set");
    return sortedBytes(value.names());
  }

  /** The text of a string or path. */
  text(): string {
    const known = this.#known;
    if (typeof known === "string") return known;
    const value = this.value();
    if (isString(value)) return textOf(value);
    if (value instanceof NixPath) return value.path;
    throw this.#typeError(`is not a string but ${typeWithArticle(value)}`);
  }

  /** What the text refers to. */
  textContext(): readonly string[] {
    if (typeof this.#known === "string") return [];
    const value = this.value();
    return isString(value) ? [...(contextOf(value) ?? [])] : [];
  }

  boolean(): boolean {
    const known = this.#known;
    if (typeof known === "boolean") return known;
    const value = this.value();
    if (typeof value === "boolean") return value;
    throw this.#typeError("is not a Boolean");
  }

  /** A list of strings. */
  texts(): readonly string[] {
    const value = this.value();
    if (!isList(value)) throw this.#typeError("is not a list");
    return value.map((slot) => {
      const element = this.#session.evaluation.force(slot);
      if (isString(element)) return textOf(element);
      throw this.#typeError("is not a list of strings");
    });
  }

  #typeError(what: string): EvalError {
    return new EvalError("type", marked`'${this.path}' ${uncolored(what)}`);
  }

  /** Whether this is a derivation. */
  isDerivation(): boolean {
    return this.find("type")?.text() === "derivation";
  }

  /** The text of an attribute of `meta`; `undefined` if there is none. */
  meta(name: string): string | undefined {
    return this.find("meta")?.find(name)?.text();
  }
}

/** Whether a name is among sorted ones. */
function includesSorted(names: readonly string[], name: string): boolean {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((names[middle] as string) < name) low = middle + 1;
    else high = middle;
  }
  return names[low] === name;
}
