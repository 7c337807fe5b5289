/**
 * The tokens of a regular expression: POSIX extended, as libstdc++'s `std::regex::extended` reads
 * it.
 *
 * The scanner is always one token ahead of the parser, because the order in which two faults of one
 * pattern are found decides which error Nix reports. It has three states: ordinary text, inside
 * `[...]`, and inside `{...}`. A backslash escapes only the characters that are special in ordinary
 * text; there are no `\d`, `\n` or back-references, and inside brackets it is a plain byte.
 */
import { RegexError } from "./regex-error.ts";

export const enum Token {
  End,
  Byte,
  AnyByte,
  Bol,
  Eol,
  Star,
  Plus,
  Question,
  Bar,
  GroupOpen,
  GroupClose,
  BracketOpen,
  NegatedBracketOpen,
  BracketClose,
  Dash,
  CollatingSymbol,
  EquivalenceClass,
  CharacterClass,
  IntervalOpen,
  IntervalClose,
  Comma,
  Count,
}

/** The characters that a backslash may precede. */
const SPECIAL = ".[\\()*+?{|^$";

const SIMPLE: ReadonlyMap<string, Token> = new Map([
  ["^", Token.Bol],
  ["$", Token.Eol],
  [".", Token.AnyByte],
  ["*", Token.Star],
  ["+", Token.Plus],
  ["?", Token.Question],
  ["|", Token.Bar],
  ["(", Token.GroupOpen],
  [")", Token.GroupClose],
]);

/** Reads the tokens of one pattern, from left to right. */
export class Scanner {
  /** The current token of the parser. */
  token: Token = Token.End;
  /** The text of a byte, a count or a class name; stale for other tokens. */
  value = "";
  readonly #pattern: string;
  #at = 0;
  #state: "text" | "bracket" | "interval" = "text";
  #bracketIsEmpty = false;

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.advance();
  }

  /** Reads the next token if the current one is `token`; returns whether it was. */
  accept(token: Token): boolean {
    if (this.token !== token) return false;
    this.advance();
    return true;
  }

  /** Like `accept`, but returns the token's text, or undefined if it is another token. */
  acceptValue(token: Token): string | undefined {
    if (this.token !== token) return undefined;
    const value = this.value;
    this.advance();
    return value;
  }

  /** Reads the next token; throws a {@link RegexError} if there is no valid one. */
  advance(): void {
    if (this.#at === this.#pattern.length) this.token = Token.End;
    else if (this.#state === "text") this.#scanText();
    else if (this.#state === "bracket") this.#scanBracket();
    else this.#scanInterval();
  }

  #byte(byte: string): void {
    this.token = Token.Byte;
    this.value = byte;
  }

  #scanText(): void {
    const c = this.#pattern[this.#at++] as string;
    const simple = SIMPLE.get(c);
    if (simple !== undefined) {
      this.token = simple;
    } else if (c === "\\") {
      const escaped = this.#pattern[this.#at++];
      if (escaped === undefined || !SPECIAL.includes(escaped)) throw new RegexError("escape");
      this.#byte(escaped);
    } else if (c === "[") {
      this.#state = "bracket";
      this.#bracketIsEmpty = true;
      if (this.#pattern[this.#at] === "^") {
        this.#at++;
        this.token = Token.NegatedBracketOpen;
      } else {
        this.token = Token.BracketOpen;
      }
    } else if (c === "{") {
      this.#state = "interval";
      this.token = Token.IntervalOpen;
    } else if (c === "\0") {
      throw new RegexError("null");
    } else {
      this.#byte(c);
    }
  }

  #scanBracket(): void {
    const c = this.#pattern[this.#at++] as string;
    const isFirst = this.#bracketIsEmpty;
    this.#bracketIsEmpty = false;
    if (c === "-") {
      this.token = Token.Dash;
    } else if (c === "[") {
      const kind = this.#pattern[this.#at];
      if (kind === undefined) throw new RegexError("brack");
      if (kind === ".") this.#scanName(Token.CollatingSymbol, kind);
      else if (kind === ":") this.#scanName(Token.CharacterClass, kind);
      else if (kind === "=") this.#scanName(Token.EquivalenceClass, kind);
      else this.#byte(c);
    } else if (c === "]" && !isFirst) {
      this.token = Token.BracketClose;
      this.#state = "text";
    } else {
      this.#byte(c);
    }
  }

  /** Reads `:name:]`, where ':' may be any `mark`; the name may not contain the mark. */
  #scanName(token: Token, mark: string): void {
    const start = this.#at + 1;
    const end = this.#pattern.indexOf(mark, start);
    if (end < 0 || this.#pattern[end + 1] !== "]")
      throw new RegexError(mark === ":" ? "ctype" : "collate");
    this.token = token;
    this.value = this.#pattern.slice(start, end);
    this.#at = end + 2;
  }

  #scanInterval(): void {
    const start = this.#at++;
    const c = this.#pattern[start] as string;
    if (isDigit(c)) {
      while (this.#at < this.#pattern.length && isDigit(this.#pattern[this.#at] as string))
        this.#at++;
      this.token = Token.Count;
      this.value = this.#pattern.slice(start, this.#at);
    } else if (c === ",") {
      this.token = Token.Comma;
    } else if (c === "}") {
      this.#state = "text";
      this.token = Token.IntervalClose;
    } else {
      throw new RegexError("badbrace");
    }
  }
}

function isDigit(c: string): boolean {
  return c >= "0" && c <= "9";
}
