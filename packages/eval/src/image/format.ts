/**
 * The format of a heap image: a part of an evaluated heap as one array of words. `encode.ts` writes it,
 * `image-reader.ts` reads it object by object.
 *
 *     image    = header  words  texts          the words are 32 bits, in this machine's byte order
 *     words    = records  tables  digests  starts of the strings in the texts, and the end of the last
 *     texts    = the bytes of all strings
 *     record   = kind, which says what follows
 *     slot     = a payload times 8, plus a {@link Tag}
 *
 * A record is referred to by its offset in words. Strings, numbers that fit and the values of {@link
 * Constant} need none. References to thunks have a tag of their own, so that a thunk can be made without a
 * look at its record, which is read when the thunk is forced. All other objects are read with the object
 * that refers to them.
 *
 * Positions are relative: the image lays the texts of its files end to end, and a reader reserves as many
 * positions at once. They are plus 1; 0 is the unknown position.
 *
 * Records are read by pages of {@link PAGE_WORDS} and texts by pages of {@link TEXT_PAGE_BYTES}, so that an
 * evaluation loads what it looks at. Each page has a SHA-256 among the digests, those of records first, and the
 * header has one of everything else. They detect accidents; the
 * owner of an image decides whether it belongs to the present state of the files
 * (docs/design/016-heap-images.md).
 */

/** The first word, which also tells byte orders apart. */
export const IMAGE_MAGIC = 0x4e495649;
/** The number of words of a page, as a power of 2. */
export const PAGE_BITS = 12;
/** The words of a SHA-256. */
export const DIGEST_WORDS = 8;
/** Incremented when the format changes. */
export const IMAGE_FORMAT = 4;

/** The words of a page of records. Page 0 begins at the start of the image, but does not cover its header. */
export const PAGE_WORDS = 1 << PAGE_BITS;

/** The bytes of a page of texts, as a power of 2. */
export const TEXT_PAGE_BITS = 14;
/** The bytes of a page of texts. */
export const TEXT_PAGE_BYTES = 1 << TEXT_PAGE_BITS;

/** The words of the header. */
export const enum Head {
  Magic,
  Format,
  /** The size of the image in bytes. */
  Length,
  /** Eight words: SHA-256 of the words behind it in the header, and of those behind the records. */
  Checksum,
  /** The number of words, including the header. */
  Words = 11,
  /** The number of words up to the end of the records, including the header. */
  Records,
  /** Where the table of files begins, as for the other tables; each begins with the number of its rows. */
  Files,
  Imports,
  Calls,
  Derivations,
  References,
  /** The paths that inputs are about; the row 0 is no input. */
  Inputs,
  /** The sets of inputs. */
  Sets,
  /** Where the digests of the pages are. */
  Digests,
  /** Where the starts of the strings are; that many strings and one word more. */
  Strings,
  StringCount,
  /** How many positions the texts of all files take. */
  Positions,
  Size,
}

/** What the lowest three bits of a slot say about the others. */
export const enum Tag {
  /** A {@link Constant}. */
  Constant,
  /** The number itself. */
  Int,
  /** The index of a string. */
  String,
  /** The record of a thunk. */
  Thunk,
  /** The record of anything else. */
  Object,
}

export const TAG_BITS = 3;
export const TAG_MASK = 7;
/** The largest payload. */
export const MAX_PAYLOAD = 2 ** 28 - 1;

/** Values without a record. */
export const enum Constant {
  /** An upvalue or a slot that does not exist. */
  Absent,
  Null,
  True,
  False,
  EmptySet,
  /** The mark of a formal that the caller did not give. */
  Missing,
}

/** The kinds of records, with their words; `text` is the index of a string, `n×` as many as said. */
export const enum Kind {
  /** A thunk with a value: `slot`. */
  Forced = 1,
  /**
   * A thunk with a value that depends on inputs: `set slot recipe`. The recipe is the record of a thunk as
   * this one was before it was evaluated. It is behind all records that are needed as long as no input changes.
   */
  Tracked,
  /** A suspended expression: `code count count×slot`. */
  Suspended,
  /** A suspended call: `function argument`. */
  Apply,
  /** A suspended call: `function second first`. */
  Apply2,
  /** The line of a position: `position`. */
  Line,
  /** The column of a position: `position`. */
  Column,
  /** `shape base depth count×slot`; `count` is that of the names. */
  Attrs,
  /** `count count×slot` */
  List,
  /** `code count count×slot` */
  Closure,
  /** `text context` */
  ContextString,
  /** The elements of a context: `count count×text`. */
  Context,
  /** `text tree` */
  Path,
  /** Two words: an IEEE double, an integer of the language. */
  Number,
  /** Two words: an IEEE double, a float of the language. */
  Float,
  /** `text`: the digits. */
  BigInt,
  /** `text`: the name of a global, `builtins.x` for an attribute of `builtins`. */
  Global,
  /** A builtin with some arguments: `builtin count count×slot`. */
  Partial,
  /** The scope of a `with`: `namespace parent position`. */
  With,
  /** `count flags count×text count×position`; see {@link ShapeFlag} */
  Shape,
  /** Code: {@link Code} words and, for a function, its formals: `count×(text hasDefault position)  count×order`. */
  Code,
  /** What the thunks of an argument were before a call: `count count×(slot slot)`; see `call-note.ts`. */
  Note,
  /** Something that an image cannot hold. */
  Poison,
}

/** What the second word of a {@link Kind.Shape} says. */
export const enum ShapeFlag {
  /** There are positions. */
  Placed = 1,
  /** All names are in one text, separated by {@link NAME_SEPARATOR}. */
  Joined = 2,
}

/** Separates the names of a large shape. */
export const NAME_SEPARATOR = "\n";

/** The words of a {@link Kind.Code} record. Texts are plus 1, and 0 for none. */
export const enum Code {
  /** `Kind.Code`. */
  Kind,
  File,
  /** The number of the unit in its file. */
  Unit,
  LambdaKind,
  Position,
  Name,
  Param,
  DocStart,
  DocEnd,
  /** -1 for a function without formals. */
  FormalCount,
  Ellipsis,
  Size,
}

/** The words of a row in the table of files. */
export const enum FileRow {
  /** A {@link FileKind}. */
  Kind,
  /** The text of its path; of other texts their contents. */
  Path,
  /** The number of its tree; of other texts a JSON text: the origin, and of a main program its directory. */
  Tree,
  /** The relative position of its first byte. */
  Base,
  /** The text of its key in the cache of compiled files. */
  Key,
  Size,
}

export const enum FileKind {
  /** A Nix file, which is read from its path. */
  Program,
  /** A text that positions are in. */
  Text,
  /** The text of a main program, with code that is compiled from it. */
  Main,
}

/** The words of a row in the table of imports: what was requested, what it resolved to, and the value. */
export const enum ImportRow {
  Requested,
  Path,
  Tree,
  Value,
  /** The set of inputs that it depends on. */
  Set,
  Size,
}

/** The words of a row in the table of calls. */
export const enum CallRow {
  /** The record of the closure. */
  Function,
  Argument,
  Result,
  /** The slot of a {@link Kind.Note}, or nothing for an argument that is plain data. */
  Note,
  Size,
}

/** The words of a row in the table of sets: the sets that it is the union of, or an input and -1. */
export const enum SetRow {
  Left,
  Right,
  Size,
}

/** The words of a row about a store path: the path, and a JSON text. */
export const enum StoreRow {
  Path,
  Facts,
  Size,
}
