/**
 * Strings, paths and interpolations.
 *
 * An interpolation is kept on one line if it is short; a line that holds nothing else treats it as
 * parentheses are treated.
 */
import { type Element, SyntaxKind, Token } from "@nivis/syntax";
import { columns, isSpaces, leadingBlanks } from "../bytes.ts";
import { GroupKind, Space, TextKind } from "../document.ts";
import { PrinterCore } from "./core.ts";
import { type StringPart, splitLines } from "./string-lines.ts";

/** An interpolation that can be written in so many columns stays on its line. */
const MAX_ONE_LINE_INTERPOLATION = 30;

/** Adds strings and paths to the printer. */
export abstract class StringPrinter extends PrinterCore {
  /** Writes what stands in parentheses or alone on a line of a string. */
  protected abstract inner(element: Element): void;

  /** Writes a term without a group around it. */
  protected abstract term(element: Element, wide: boolean): void;

  /** `"…"` with its trivia */
  protected quotedString(node: number): void {
    this.leading(this.model.firstToken(node));
    this.#quotedLines(splitLines(this.model, this.model.children(node)));
    this.trailing(this.model.lastToken(node));
  }

  /** `''…''` with its trivia, as `"…"` where that is as good */
  protected indentedString(node: number): void {
    const { lines, simple, cut } = this.model.stringLines(node);
    this.leading(this.model.firstToken(node));
    if (simple) this.#quotedLines(lines);
    else this.#indentedLines(lines, cut);
    this.trailing(this.model.lastToken(node));
  }

  /** A path with interpolations, with its trivia */
  protected path(node: number): void {
    this.leading(this.model.firstToken(node));
    this.#stringLine(splitLines(this.model, this.model.children(node))[0] as StringPart[]);
    this.trailing(this.model.lastToken(node));
  }

  /** `${e}` as the name of an attribute, with its trivia */
  protected dynamicName(node: number): void {
    this.leading(this.model.firstToken(node));
    this.#interpolation(node);
    this.trailing(this.model.lastToken(node));
  }

  protected uri(token: number): void {
    this.leading(token);
    this.#quotedLines([[this.model.tree.tokenText(token)]], "");
    this.trailing(token);
  }

  #quotedLines(lines: readonly (readonly StringPart[])[], quote = '"'): void {
    this.group(() => {
      this.out.text('"');
      for (let i = 0; i < lines.length; i += 1) {
        // A line end that is text: what follows must not be indented.
        if (i > 0) this.out.text("\n");
        this.#stringLine(lines[i] as readonly StringPart[]);
      }
      this.out.text(quote === "" ? '"' : quote);
    });
  }

  #indentedLines(lines: readonly (readonly StringPart[])[], cut: string | undefined): void {
    this.group(() => {
      this.out.text("''");
      if (lines.length > 1) this.out.space(Space.Cut);
      this.nest(() => {
        for (let i = 0; i < lines.length; i += 1) {
          if (i > 0) this.out.space(Space.Newlines);
          const line = lines[i] as readonly StringPart[];
          if (cut === undefined) this.#stringLine(line);
          else this.#rawLine(line, cut);
        }
      });
      this.out.text("''");
    });
  }

  /** A line of a string that a disabled region cuts: it stays at its columns. */
  #rawLine(line: readonly StringPart[], indentation: string): void {
    const [first, ...rest] = line;
    if (first === undefined) return;
    if (typeof first !== "string") {
      this.out.text(indentation, TextKind.Raw);
      this.#stringLine(line);
      return;
    }
    const blanks = leadingBlanks(first);
    const content = first.slice(blanks.length);
    this.out.text(indentation + blanks, TextKind.Raw);
    this.out.shift(columns(blanks));
    this.#stringLine(content === "" ? ["", ...rest] : [content, ...rest]);
    this.out.shift(-columns(blanks));
  }

  #stringLine(line: readonly StringPart[]): void {
    const [first, second] = line;
    if (first === undefined) return;
    if (typeof first !== "string") {
      if (line.length > 1) for (const part of line) this.#part(part);
      else if (this.#hasLastComments(first)) this.#brokenInterpolation(first);
      else this.#onlyInterpolation("", first);
      return;
    }
    if (line.length === 2 && typeof second === "number" && isSpaces(first)) {
      if (!this.#hasLastComments(second)) {
        this.#onlyInterpolation(first, second);
        return;
      }
    }
    this.out.text(first);
    const offset = columns(leadingBlanks(first));
    this.out.shift(offset);
    for (let i = 1; i < line.length; i += 1) this.#part(line[i] as StringPart);
    this.out.shift(-offset);
  }

  /** Whether comments or blank lines stand before the `}` of an interpolation. */
  #hasLastComments(node: number): boolean {
    return this.model.hasLeading(this.model.lastToken(node));
  }

  /** An interpolation that is alone on its line, behind `blanks`. */
  #onlyInterpolation(blanks: string, node: number): void {
    this.out.text(blanks);
    this.out.shift(blanks.length);
    this.group(() => {
      this.out.text("${");
      this.nest(() => this.inner(this.model.child(node, 1)));
      this.out.text("}");
    });
    this.out.shift(-blanks.length);
  }

  #brokenInterpolation(node: number): void {
    this.group(() => {
      this.out.text("${");
      this.#broken(node);
      this.out.text("}");
    });
  }

  #broken(node: number): void {
    this.out.space(Space.Cut);
    this.nest(() => this.#content(node));
    this.out.space(Space.Cut);
  }

  /** What stands between `${` and `}`, with the comments before the `}`. */
  #content(node: number): void {
    this.group(() => {
      this.expression(this.model.child(node, 1));
      this.leading(this.model.lastToken(node));
    });
  }

  #part(part: StringPart): void {
    if (typeof part === "string") this.out.text(part);
    else this.#interpolation(part);
  }

  #interpolation(node: number): void {
    const { model, out } = this;
    const expression = model.child(node, 1);
    const bare = !this.#hasLastComments(node);
    if (bare && model.isTerm(expression) && model.isAbsorbable(expression)) {
      this.group(() => {
        out.text("${");
        this.term(expression, false);
        out.text("}");
      });
    } else if (bare && model.isSimple(expression)) {
      out.text("${");
      if (!this.onOneLine(-1, () => this.expression(expression))) this.expression(expression);
      out.text("}");
    } else {
      this.group(() => {
        out.text("${");
        if (!this.onOneLine(MAX_ONE_LINE_INTERPOLATION, () => this.#content(node)))
          this.#broken(node);
        out.text("}");
      });
    }
  }

  /** Writes on one line if that works, see {@link DocumentWriter.onOneLine}. */
  protected onOneLine(room: number, write: () => void): boolean {
    if (this.out.isOneLine) {
      write();
      return true;
    }
    return this.model.trivia.attempt(() => this.out.onOneLine(room, write));
  }

  /** A name in an attribute path. */
  protected name(element: Element): void {
    switch (this.model.kind(element)) {
      case SyntaxKind.String:
        this.quotedString(element);
        return;
      case SyntaxKind.Interpolation:
        this.dynamicName(element);
        return;
      default:
        this.token(~element);
    }
  }

  /** Whether a token is written like a string. */
  protected isUri(token: number): boolean {
    return this.model.tree.tokenKinds[token] === Token.Uri;
  }

  protected priority(write: () => void): void {
    this.group(write, GroupKind.Priority);
  }

  protected transparent(write: () => void): void {
    this.group(write, GroupKind.Transparent);
  }
}
