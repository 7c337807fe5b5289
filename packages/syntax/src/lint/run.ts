/**
 * One run of the linter over one file: what rules may ask, and where they report to.
 *
 * The tree does not keep everything that a rule wants to point at (keywords, semicolons, the exact
 * end of a name), so the run also looks at the text, and gives up where a comment is in the way:
 * a fix never loses one.
 */
import { type Expr, NodeKind, type Span } from "../ast/nodes.ts";
import type { ParseResult } from "../parse/options.ts";
import type { Resolver } from "../scope/resolve.ts";
import type { Variable } from "../scope/scope.ts";
import type { DiagnosticLabel } from "../text/diagnostic.ts";
import type { Fix, LintDiagnostic, TextEdit } from "./diagnostic.ts";

/** What a report may say besides its message. */
export interface ReportDetails {
  readonly labels?: readonly DiagnosticLabel[];
  readonly fix?: Fix | undefined;
}

const SPACE_ONLY = /^[ \t\r\n]*$/;
const BLANK = /[ \t\r\n]/;
/** Bytes that could become one word with a neighbour. */
const WORD = /[a-zA-Z0-9_'.\-/~<>+:$@?=&!|*]/;

/** One run of the linter over one file. */
export class LintRun {
  readonly text: string;
  readonly diagnostics: LintDiagnostic[] = [];
  readonly #parenEnds = new Map<number, Set<number>>();
  /** Where comments start, by where they end; made when it is first needed. */
  #commentStarts: ReadonlyMap<number, number> | undefined = undefined;

  readonly #resolver: Resolver;

  constructor(
    readonly parsed: ParseResult,
    resolver: Resolver,
  ) {
    this.#resolver = resolver;
    this.text = parsed.source.text;
    for (const { start, end } of parsed.parens) {
      const ends = this.#parenEnds.get(start);
      if (ends === undefined) this.#parenEnds.set(start, new Set([end]));
      else ends.add(end);
    }
  }

  /** Reports `span`; `code` is the rule's. */
  report(code: string, span: Span, message: string, details: ReportDetails = {}): void {
    this.diagnostics.push({
      code,
      severity: "warning",
      message,
      span: { start: span.start, end: span.end },
      pos: span.start,
      // Copies: the spans may be those of expressions, which move.
      labels: (details.labels ?? []).map(({ span: { start, end }, message: said }) => ({
        span: { start, end },
        message: said,
      })),
      fix: details.fix,
    });
  }

  /** The variable that a name means at the expression that is being entered. */
  lookup(name: string): Variable | undefined {
    return this.#resolver.lookup(name);
  }

  /** Says that what a rule finds here also depends on other parts of the text. */
  dependsOnOthers(): void {
    this.#resolver.visitAgain();
  }

  /** Whether the expression that is being entered (or a part of it) is this global. */
  isGlobal(expr: Expr, name: string): boolean {
    return expr.kind === NodeKind.Var && expr.name === name && this.#resolver.isGlobal(name);
  }

  /** Whether a name means a global at the expression that is being entered. */
  isGlobalName(name: string): boolean {
    return this.#resolver.isGlobal(name);
  }

  /** `true` and `false` when the expression is that literal, else `undefined`. */
  literalBool(expr: Expr): boolean | undefined {
    if (this.isGlobal(expr, "true")) return true;
    if (this.isGlobal(expr, "false")) return false;
    return undefined;
  }

  /** Whether the whole expression stands in parentheses; known only if the parser kept them. */
  isParenthesized(expr: Span): boolean {
    return this.#parenEnds.get(expr.start)?.has(expr.end) === true;
  }

  /** Whether the expression that begins at `start`, parentheses aside, is what a binding binds or a default. */
  isBindingValue(start: number): boolean {
    const { text } = this;
    this.#commentStarts ??= new Map(
      this.parsed.comments.map((comment) => [comment.end, comment.start]),
    );
    let at = this.skipBlankBack(start);
    for (;;) {
      const commentStart = this.#commentStarts.get(at);
      if (commentStart !== undefined) at = commentStart;
      else if (text[at - 1] === "(") at -= 1;
      else break;
      at = this.skipBlankBack(at);
    }
    if (text[at - 1] === "?") return true;
    return text[at - 1] === "=" && !/[=!<>]/.test(text[at - 2] ?? "");
  }

  /** The bytes of a span. */
  slice({ start, end }: Span): string {
    return this.text.slice(start, end);
  }

  /** Where a name that is written at `start` stands: plain, in quotes or in `${"…"}`. */
  nameSpan(name: string, start: number): Span {
    const { text } = this;
    if (text.startsWith(name, start) && name !== "") return { start, end: start + name.length };
    const quoted = /"(?:[^"\\]|\\[\s\S])*"|\$\{\s*"(?:[^"\\]|\\[\s\S])*"\s*\}/y;
    quoted.lastIndex = start;
    const end = quoted.test(text) ? quoted.lastIndex : start + 1;
    return { start, end };
  }

  /** Whether there is nothing but white space between two offsets. */
  isBlank(start: number, end: number): boolean {
    return SPACE_ONLY.test(this.text.slice(start, end));
  }

  /** The first offset from `at` on that is not white space. */
  skipBlank(at: number): number {
    const { text } = this;
    let i = at;
    while (i < text.length && BLANK.test(text[i] as string)) i += 1;
    return i;
  }

  /** Where the white space in front of `at` begins. */
  skipBlankBack(at: number): number {
    const { text } = this;
    let i = at;
    while (i > 0 && BLANK.test(text[i - 1] as string)) i -= 1;
    return i;
  }

  /**
   * An edit that removes a stretch. When nothing else stands on its lines, they go with it; when what
   * is left and right of it would grow together, a space is put between.
   */
  removal(start: number, end: number): TextEdit {
    const { text } = this;
    let from = start;
    while (from > 0 && (text[from - 1] === " " || text[from - 1] === "\t")) from -= 1;
    let to = end;
    while (to < text.length && (text[to] === " " || text[to] === "\t")) to += 1;
    const opensLine = from === 0 || text[from - 1] === "\n";
    if (opensLine && text[to] === "\n") return { start: from, end: to + 1, text: "" };
    if (opensLine) return { start, end: to, text: "" };
    if (text[to] === "\n" || to === text.length) return { start: from, end: to, text: "" };
    return { start, end: to, text: this.separator(start, to) };
  }

  /** What must stand between the bytes at the two sides of a gap so that they stay apart. */
  separator(left: number, right: number): string {
    const before = this.text[left - 1];
    const after = this.text[right];
    const apart =
      before === undefined || after === undefined || !WORD.test(before) || !WORD.test(after);
    return apart ? "" : " ";
  }

  /** Edits that take away the parentheses of a span that has them. */
  unwrapping({ start, end }: Span): TextEdit[] {
    return [
      { start, end: start + 1, text: this.separator(start, start + 1) },
      { start: end - 1, end, text: this.separator(end - 1, end) },
    ];
  }
}
