/**
 * The data on both sides of the border between JavaScript and Nix: what a Nix value becomes, what
 * becomes a Nix value, and the small classes for values that have no JavaScript counterpart. All
 * texts here are ordinary JavaScript strings.
 */
import type { NixFloat, Slot } from "@nivis/eval";
import type { HostFunction } from "./host-function.ts";
import type { NixValue } from "./nix-value.ts";
import type { NixSource } from "./template.ts";

/** A string and the store paths that it depends on. */
export class NixText {
  constructor(
    readonly text: string,
    /** The context in the order of its elements. */
    readonly context: readonly TextContext[],
  ) {}

  toString(): string {
    return this.text;
  }
}

/** An element of the context of a string. */
export type TextContext =
  /** A store path by itself, such as a source. */
  | { readonly kind: "plain"; readonly path: string }
  /** An output of a derivation. */
  | { readonly kind: "output"; readonly drvPath: string; readonly output: string }
  /** A derivation with everything that it refers to. */
  | { readonly kind: "drv-deep"; readonly drvPath: string };

/** An absolute path as a Nix path, which a plain string is not. */
export class NixPath {
  constructor(readonly path: string) {}

  toString(): string {
    return this.path;
  }
}

/**
 * The data that a Nix value becomes. Without options these are null, booleans, numbers, bigints,
 * strings, arrays and objects; the other members occur only if {@link PlainOptions} request them.
 */
export type PlainData =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | NixFloat
  | NixText
  | NixPath
  | NixValue
  | NixFunction
  | PlainData[]
  | { [name: string]: PlainData }
  | Map<string, PlainData>;

/** A Nix function as a function of JavaScript. Throws a `NixError`. */
export type NixFunction = (...args: NixInput[]) => PlainData;

/**
 * The data that becomes a Nix value.
 *
 * | JavaScript | Nix |
 * | --- | --- |
 * | `null`, booleans | the same |
 * | numbers | integers if they are safe integers, else floats; `NixFloat` for `1.0` |
 * | bigints | integers of 64 bits |
 * | strings | strings, in UTF-8 |
 * | `Uint8Array` | strings of these bytes |
 * | `NixText` | strings with context |
 * | `NixPath`, `URL` with `file:` | paths |
 * | arrays | lists |
 * | objects without a class, `Map` | sets |
 * | functions, {@link HostFunction} | functions |
 * | {@link NixValue} | the value, of the same session |
 * | {@link NixSource} | the value of the text, evaluated when it is needed |
 */
export type NixInput =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | FileUrl
  | NixFloat
  | NixText
  | NixPath
  | NixValue
  | NixSource
  | HostFunction
  // biome-ignore lint/suspicious/noExplicitAny: parameters of functions are contravariant, and which data a function takes is its own business
  | ((...args: any[]) => unknown)
  | readonly NixInput[]
  | ReadonlyMap<string, NixInput>
  | { readonly [name: string]: NixInput };

/** The members of a `URL` that matter here; neutral code does not know the class. */
export interface FileUrl {
  readonly href: string;
  readonly protocol: string;
  readonly host: string;
  readonly pathname: string;
}

/** How values become data that have more than one form in JavaScript. */
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
   * Strings that are not UTF-8: `strict` makes them an error, `lossy` replaces each fault by U+FFFD,
   * `binary` returns a `Uint8Array` for such a string, `bytes` returns all strings as byte strings
   * (one char is one byte). Names of attributes follow `lossy` and `bytes`, and are an error
   * otherwise. Defaults to `strict`.
   */
  readonly texts?: "strict" | "lossy" | "binary" | "bytes";
  /**
   * The contexts of strings: `drop` forgets them, `keep` returns a `NixText` for a string that has
   * one, `error` makes such strings an error. Defaults to `drop`.
   */
  readonly contexts?: "drop" | "keep" | "error";
  /** Paths: a `string`, or `tagged` as `NixPath`. Defaults to `string`. */
  readonly paths?: "string" | "tagged";
  /**
   * Sets: an `object`, in which JavaScript orders integer-like keys first, or a `Map` in the order
   * of the names. Defaults to `object`.
   */
  readonly sets?: "object" | "map";
  /**
   * Derivations, which contain themselves: their `outPath` as in `toJSON`, their `drvPath`, a
   * `value` as a `NixValue`, or `expand`, which treats them like any other set, so that the cycle is
   * an error. Defaults to `outPath`.
   */
  readonly derivations?: "outPath" | "drvPath" | "value" | "expand";
  /**
   * Functions: an `error`; `omit` leaves out attributes that are functions (in a list a function
   * stays an error); `value` returns a `NixValue`, `function` a {@link NixFunction}. Defaults to
   * `error`.
   */
  readonly functions?: "error" | "omit" | "value" | "function";
  /** The maximum number of values in the result. Defaults to no limit. */
  readonly maxValues?: number;
  /** The maximum number of levels in the result. Defaults to the most that are possible, 1 million. */
  readonly maxDepth?: number;
}

/** What the conversions require of the session that a value belongs to. */
export interface ValueOwner {
  /** Returns the handle of a slot. */
  value(slot: Slot): NixValue;
  /** Returns the slot of a handle of this session; throws a `TypeError` for others. */
  slotOf(value: NixValue): Slot;
  /** Returns the slot of a text of this session. */
  load(source: NixSource): Slot;
}
