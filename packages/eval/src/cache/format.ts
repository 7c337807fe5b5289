/**
 * The format of a compiled file in a cache.
 *
 * Reading an entry takes as few steps as possible, because all of them run before V8 has optimised
 * anything: numbers are words of a typed array over the bytes as they were read, and code is not copied;
 * strings are one JSON text in UTF-8, which V8 parses natively.
 *
 *     entry        = words  strings
 *     words        = header  rows  captures  descriptions  bodies       32 bits each, this machine's byte order
 *     strings      = JSON: the constants of the file, a list of the strings and of a 0 for each other constant
 *
 * A *lambda* is a row of {@link LambdaRow} words; row 0 is the file itself. Making a closure or thunk needs
 * the row and the description; the body is read when the lambda is first entered. The body names the rows
 * of the lambdas that it uses, each with the captures:
 *
 *     captures     = count  capture…
 *     description  = name  param  docStart  docEnd  formals  ellipsis  (name  hasDefault  position)…  order…
 *     body         = {@link Body} words  code  fixups  recipes  (row  captures)…
 *
 * All lambdas share one list of constants. Strings are in it from the start, the inline caches of select
 * sites are made with their body, and every other constant by a *recipe*: a {@link Recipe} word, the index
 * of the constant, and its parts.
 *
 * Positions are offsets into the text plus 1, and 0 for none. Those among the operands of the code are
 * listed by the *fixups*: code offsets at which the base of the text in this evaluation is added. Indexes
 * of strings that may be missing are plus 1, too.
 *
 * Not in an entry: the positions of instructions, the traces that errors get, the texts of assertions, and
 * bodies that were not compiled when the entry was made. `compiled-file.ts` compiles the file again when
 * they are needed; so lambdas know the number of their unit.
 *
 * The header has the key and a SHA-256 of everything behind it, key included. That detects accidents and
 * misplaced entries. It does not stop an attacker who can write to the cache and who could as well replace
 * the Nix files.
 */
import type { HashFunctions } from "@nivis/formats";

// Both globals exist in every host; the type library of this package knows no host.
declare class TextEncoder {
  encode(text: string): Uint8Array;
}
declare class TextDecoder {
  decode(bytes: Uint8Array): string;
}

/** Converts between the strings of an entry and their bytes. */
export class TextCodec {
  private decoder: TextDecoder | undefined;

  encode(text: string): Uint8Array {
    return new TextEncoder().encode(text);
  }

  /** Replaces ill-formed bytes; never throws. */
  decode(bytes: Uint8Array): string {
    // Constructing one takes as long as decoding a file.
    this.decoder ??= new TextDecoder();
    return this.decoder.decode(bytes);
  }
}

/** The functions that reading and writing entries needs. */
export interface EntryTools {
  readonly hashes: HashFunctions;
  readonly text: TextCodec;
}

/** Incremented when the format changes in a way that does not change the sources of the compiler. */
export const FORMAT = 1;

/** The first word, which also tells byte orders apart. */
export const MAGIC = 0x4e495642;

/** The words of the header. */
export const enum Header {
  Magic,
  /** The size of the entry in bytes. */
  Length,
  /** Eight words: SHA-256 of all bytes from `Key` on. */
  Checksum,
  /** Eight words. */
  Key = 10,
  /** The word at which the captures begin, and the rows end. */
  CapturesAt = 18,
  /** The word at which descriptions and bodies begin. */
  WordsAt,
  /** The number of words; the strings follow. */
  End,
  /** Whether all bodies are present that can be written. */
  Complete,
  Size,
}

/** The words of a row. */
export const enum LambdaRow {
  /** Its `LambdaKind`. */
  Kind,
  Position,
  /** Where its description begins, in words from `WordsAt`, plus 1; 0 for none. */
  Description,
  /** Where its body begins, in words from `WordsAt`, plus 1; 0 if it is absent. */
  Body,
  /** The number of its unit; of a fused lambda that of the function that has it. */
  Unit,
  /** For a fused lambda: how many arguments precede the last. */
  ExtraArguments,
  /** The row of its fused lambda plus 1; 0 if it has none. */
  Fused,
  Size,
}

/** The words at the beginning of a body. */
export const enum Body {
  LocalCount,
  FrameSize,
  BodyStart,
  UpvalueCount,
  /** The select sites of the body have consecutive constants. */
  FirstCache,
  CacheCount,
  CodeLength,
  FixupCount,
  RecipeLength,
  LambdaCount,
  Size,
}

/** How a constant is made; each kind gives the words behind the index of the constant. */
export const enum Recipe {
  /** `count  (string  position)…` */
  Shape,
  /** `string`: the name of a global, `builtins.x` for an attribute of `builtins`. */
  Global,
  /** `string`: the path. */
  Path,
  /** Two words: an IEEE double, a float of the language. */
  Float,
  /** Two words: an IEEE double, an integer of the language. */
  Number,
  /** `string`: the digits of an integer that is not a safe integer. */
  BigInt,
  /** The literals, without further words. */
  True,
  False,
  Null,
  EmptyList,
  EmptySet,
  /** `constant`: the text of an assertion, by its index among the constants of its unit. */
  Assertion,
  /** `string`: a relative path in a file that belongs to another tree than the host's file system. */
  TreePath,
}
