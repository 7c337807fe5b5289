/**
 * The format of a compiled file in a cache.
 *
 * An entry is read with as few steps as possible, because all of it happens before V8 has optimised
 * anything: numbers are words of a typed array over the bytes as they were read, and code stays where
 * it lies; strings are one JSON text in UTF-8, which V8 reads natively.
 *
 *     entry        = words  strings
 *     words        = header  rows  captures  descriptions  bodies       32 bits each, this machine's byte order
 *     strings      = JSON: the constants of the file, a list of the strings and of a 0 for each other constant
 *
 * A *lambda* is a row of {@link LambdaRow} words; row 0 is the file itself. Row and description are
 * what is needed to make a closure or thunk; the body is looked at when it is first entered. It names
 * the rows of the lambdas that it makes, each with the captures of what is made:
 *
 *     captures     = count  capture…
 *     description  = name  param  docStart  docEnd  formals  ellipsis  (name  hasDefault  position)…  order…
 *     body         = {@link Body} words  code  fixups  recipes  (row  captures)…
 *
 * All lambdas share one list of constants. Strings are in it from the start, the inline caches of
 * select sites are made with their body, and every other constant by a *recipe*: a {@link Recipe} word,
 * the index of the constant, and what it is made of.
 *
 * Positions are offsets into the text plus 1, and 0 for none. Those among the operands of the code are
 * named by the *fixups*: code offsets at which the base of the text in this evaluation is added.
 * Indexes into the strings for things that may be missing are plus 1, too.
 *
 * Not in an entry: the places of instructions, the traces that errors get, the texts of assertions,
 * and bodies that were not compiled when the entry was made. Whoever needs them compiles the file
 * again, see `compiled-file.ts`; so lambdas know the number of their unit.
 *
 * The header has the key and a SHA-256 of all that follows it, key included. That finds accidents
 * and entries in the wrong place; it does not stop somebody who may write into the cache, who could
 * as well replace the Nix files.
 */
import type { HashFunctions } from "@nivis/formats";

// The two globals are in every host; the package's type library knows no host.
declare class TextEncoder {
  encode(text: string): Uint8Array;
}
declare class TextDecoder {
  decode(bytes: Uint8Array): string;
}

/** Between the strings of an entry and their bytes. */
export class TextCodec {
  private decoder: TextDecoder | undefined;

  encode(text: string): Uint8Array {
    return new TextEncoder().encode(text);
  }

  /** Ill-formed bytes do not make it fail. */
  decode(bytes: Uint8Array): string {
    // Making one takes as long as decoding a file.
    this.decoder ??= new TextDecoder();
    return this.decoder.decode(bytes);
  }
}

/** What reading and writing entries takes. */
export interface EntryTools {
  readonly hashes: HashFunctions;
  readonly text: TextCodec;
}

/** Counted up when the format changes in a way that does not change the sources of the compiler. */
export const FORMAT = 1;

/** The first word, also to tell byte orders apart. */
export const MAGIC = 0x4e495642;

/** The words of the header. */
export const enum Header {
  Magic,
  /** The bytes of everything. */
  Length,
  /** Eight words: SHA-256 of all bytes from `Key` on. */
  Checksum,
  /** Eight words. */
  Key = 10,
  /** The word at which the captures begin, and the rows end. */
  CapturesAt = 18,
  /** The word at which descriptions and bodies begin. */
  WordsAt,
  /** How many words there are; the strings follow. */
  End,
  /** Whether all bodies are there that can be. */
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
  /** Where its body begins, in words from `WordsAt`, plus 1; 0 if it is not here. */
  Body,
  /** The number of its unit; of a fused lambda that of the function that has it. */
  Unit,
  /** Of a fused lambda: the arguments before the last. */
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

/** How a constant is made; what follows the index of the constant. */
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
  /** `string`: the digits of an integer that is no double. */
  BigInt,
  /** The literals, without more words. */
  True,
  False,
  Null,
  EmptyList,
  EmptySet,
  /** `constant`: the text of an assertion, which has that index in the code of its unit. */
  Assertion,
  /** `string`: a relative path of a file that is in a tree of its own. */
  TreePath,
}
