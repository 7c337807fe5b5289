/**
 * The classes of bytes that the lexer asks for, as one table of bit sets.
 *
 * A table look-up is what keeps the inner loops of the lexer short. Bytes from 128 belong to no class.
 */

/** The bits of {@link CHAR_CLASS}. */
export const enum Char {
  /** `[a-zA-Z_]` */
  IdStart = 1,
  /** `[a-zA-Z0-9_'-]` */
  IdPart = 2,
  /** `[a-zA-Z0-9._+-]` */
  Path = 4,
  /** `[a-zA-Z0-9+.-]`, the part of a URI before the colon */
  Scheme = 8,
  /** what may follow the colon of a URI */
  Uri = 16,
  Digit = 32,
  /** The first letter of a keyword. */
  Keyword = 64,
}

/** For each byte the union of the {@link Char} bits that it has. */
export const CHAR_CLASS: Uint8Array = makeTable();

function makeTable(): Uint8Array {
  const table = new Uint8Array(256);
  const add = (bits: number, chars: string): void => {
    for (let i = 0; i < chars.length; i += 1) {
      const code = chars.charCodeAt(i);
      table[code] = (table[code] as number) | bits;
    }
  };
  const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const digits = "0123456789";
  add(Char.IdStart, `${letters}_`);
  add(Char.IdPart, `${letters}${digits}_'-`);
  add(Char.Path, `${letters}${digits}._-+`);
  add(Char.Scheme, `${letters}${digits}+-.`);
  add(Char.Uri, `${letters}${digits}%/?:@&=+$,-_.!~*'`);
  add(Char.Digit, digits);
  add(Char.Keyword, "aeilortw");
  return table;
}
