/**
 * What all rules share: how tokens, trivia and items are written to the document.
 *
 * The printer is one class in several files, each of which adds one subject to the one before:
 *
 *     PrinterCore ◀ StringPrinter ◀ TermPrinter ◀ ApplicationPrinter ◀ Printer
 *
 * A rule writes from left to right and never looks back at what it wrote.
 */
import type { Element } from "@nivis/syntax";
import { type DocumentWriter, GroupKind, Space, TextKind } from "../document.ts";
import { type Trivium, TriviumKind } from "../trivia.ts";
import type { Model } from "./model.ts";

/** Writes tokens, trivia and items. */
export abstract class PrinterCore {
  protected readonly model: Model;
  protected readonly out: DocumentWriter;

  constructor(model: Model, out: DocumentWriter) {
    this.model = model;
    this.out = out;
  }

  /** Writes an expression. */
  protected abstract expression(element: Element): void;

  /** Writes in a group. */
  protected group(write: () => void, kind: GroupKind = GroupKind.Regular): void {
    this.out.open(kind);
    write();
    this.out.close();
  }

  /** Writes one nesting deeper. */
  protected nest(write: () => void): void {
    this.out.nest();
    write();
    this.out.unnest();
  }

  /** Writes a token with all its trivia. */
  protected token(token: number): void {
    this.leading(token);
    this.bareToken(token);
    this.trailing(token);
  }

  protected bareToken(token: number): void {
    this.out.text(this.model.tree.tokenText(token));
  }

  /** Writes what leads a token. */
  protected leading(token: number): void {
    this.trivia(this.model.trivia.leading(token));
  }

  protected trailing(token: number): void {
    this.comment(this.model.trivia.trailing(token));
  }

  /** Writes a comment behind code. */
  protected comment(text: string | undefined): void {
    if (text === undefined) return;
    this.out.space(Space.Hard);
    this.out.text(`# ${text}`, TextKind.TrailingComment);
    this.out.space(Space.Line);
  }

  protected trivia(trivia: readonly Trivium[]): void {
    const [first] = trivia;
    if (first === undefined) return;
    if (trivia.length > 1 || first.kind !== TriviumKind.Language) this.out.space(Space.Line);
    for (const one of trivia) this.trivium(one);
  }

  protected trivium({ kind, text, lines }: Trivium): void {
    const { out } = this;
    switch (kind) {
      case TriviumKind.Blank:
        out.space(Space.Blank);
        return;
      case TriviumKind.Line:
        out.text(`#${text}`, TextKind.Comment);
        out.space(Space.Line);
        return;
      case TriviumKind.Language:
        out.text(`/* ${text} */`, TextKind.Comment);
        out.space(Space.Hard);
        return;
      case TriviumKind.Block:
      case TriviumKind.Doc:
        out.text(kind === TriviumKind.Doc ? "/**" : "/*", TextKind.Comment);
        out.space(Space.Line);
        out.shift(2);
        for (const line of lines) {
          if (line === "") out.space(Space.Blank);
          else {
            out.text(line, TextKind.Comment);
            out.space(Space.Line);
          }
        }
        out.shift(-2);
        out.text("*/", TextKind.Comment);
        out.space(Space.Line);
        return;
      case TriviumKind.Disable:
        out.text("", TextKind.Disabled);
        return;
      case TriviumKind.Enable:
        out.text(text, TextKind.Verbatim);
        out.space(Space.Line);
        return;
      case TriviumKind.DisabledToEnd:
        out.text(text, TextKind.VerbatimToEnd);
        return;
      case TriviumKind.LoneEnable:
        out.text(text, TextKind.Comment);
        out.space(Space.Line);
    }
  }

  /** Writes the items of a set, list or `let`, with `separator` between them. */
  protected items(node: number, separator: Space, write: (item: Element) => void): void {
    const { model, out } = this;
    let isFirst = true;
    for (const item of model.items(node)) {
      if (!isFirst) out.space(separator);
      isFirst = false;
      const comments = model.trivia.item(model.firstToken(item));
      if (comments.length > 0) {
        const last = comments[comments.length - 1] as Trivium;
        if (last.kind === TriviumKind.Language) {
          this.trivia(comments.slice(0, -1));
          this.trivium(last);
          out.space(Space.Hard);
        } else {
          this.trivia(comments);
          out.space(separator);
        }
      }
      this.group(() => write(item));
    }
    if (!model.hasLastComments(node)) return;
    if (!isFirst) out.space(separator);
    this.trivia(model.trivia.item(model.closeOf(node)));
  }
}
