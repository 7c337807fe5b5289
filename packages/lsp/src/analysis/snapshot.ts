/**
 * Snapshot: one version of one text with everything that is known about it without evaluation.
 *
 * Each part is computed when a feature first asks for it and kept: the evaluator's tree and the lints
 * from one parse, the meaning of every name from a walk. A snapshot
 * never changes; an edit makes a new one, which may take over the trees of the one before and parse only
 * what was edited. Offsets are bytes.
 */
import { encodeUtf8 } from "@nivis/formats";
import {
  type Expr,
  LINT_PARSE_OPTIONS,
  type LintDiagnostic,
  LintMemory,
  type LintOptions,
  lint,
  type ParsedWithTree,
  type ParseOptions,
  type ParseResult,
  type ParseSummary,
  parse,
  parseWithTree,
  reparse,
  SourceFile,
  type Span,
  type SyntaxTree,
  summarizeReparse,
} from "@nivis/syntax";
import type { Position, Range } from "vscode-languageserver";
import { type EncodedText, encodeText, PositionMap } from "../text/position-map.ts";
import { baseNameOf, directoryOf } from "../text/uri.ts";
import { Names } from "./names.ts";

/** Texts beyond this many UTF-16 code units get diagnostics and formatting only. */
export const MAX_ANALYSED_LENGTH = 4 * 1024 * 1024;

/** One version of one text. */
export class Snapshot {
  readonly uri: string;
  /** The path as text; `undefined` for documents that are not files. */
  readonly path: string | undefined;
  readonly version: number;
  readonly text: string;
  readonly source: SourceFile;
  readonly positions: PositionMap;
  #parsed: ParseResult | undefined;
  #tree: SyntaxTree | undefined;
  readonly #table: EncodedText["table"];
  /** Whether it is a version among many: what helps the next one is worth a little time. */
  readonly #isEdited: boolean;
  /** The trees of an earlier text, to begin with. */
  #earlier: ParsedWithTree | undefined;
  #names: Names | undefined;
  #lints: { readonly key: string; readonly found: readonly LintDiagnostic[] } | undefined;
  /** What the linter found in versions before, if the trees are theirs. */
  #lintMemory: { readonly key: string; readonly memory: LintMemory } | undefined;

  constructor(
    uri: string,
    path: string | undefined,
    version: number,
    text: string,
    before?: Snapshot,
  ) {
    this.uri = uri;
    this.path = path;
    this.version = version;
    this.text = text;
    const earlier = before && { text: before.text, bytes: before.bytes, table: before.#table };
    const { bytes, table } = encodeText(text, earlier);
    this.#table = table;
    this.#isEdited = before !== undefined;
    this.source = new SourceFile({ kind: "file", path: path ?? uri }, bytes);
    this.positions = new PositionMap(text, table, this.source);
  }

  /**
   * The next version of the text, which takes over the trees of this one. Nobody may hold a part of them
   * any more: their offsets change.
   */
  next(version: number, text: string): Snapshot {
    const next = new Snapshot(this.uri, this.path, version, text, this);
    if (!this.isAnalysed || !next.isAnalysed) return next;
    if (this.#tree === undefined) next.#earlier = this.#earlier;
    else if (this.#parsed?.expr === this.#tree.expr)
      next.#earlier = { tree: this.#tree, parsed: this.#parsed };
    next.#lintMemory = this.#lintMemory;
    this.#earlier = undefined;
    this.#tree = undefined;
    this.#parsed = undefined;
    this.#names = undefined;
    this.#lints = undefined;
    this.#lintMemory = undefined;
    return next;
  }

  /** The directory that relative paths in the text start from. */
  get directory(): string {
    return this.path === undefined ? "/" : directoryOf(this.path);
  }

  /** Whether this is the `flake.nix` of a flake, by its name. */
  get isFlake(): boolean {
    return this.path !== undefined && baseNameOf(this.path) === "flake.nix";
  }

  /** Whether the text is small enough for features that look at all of it. */
  get isAnalysed(): boolean {
    return this.text.length <= MAX_ANALYSED_LENGTH;
  }

  /** The bytes of the text, one per char. */
  get bytes(): string {
    return this.source.text;
  }

  get #parseOptions(): ParseOptions {
    return {
      basePath: encodeUtf8(this.directory),
      home: "/homeless",
      features: { pipeOperators: true },
      ...LINT_PARSE_OPTIONS,
    };
  }

  /** The evaluator's tree. Relative paths in it are absolute. */
  get parsed(): ParseResult {
    if (this.#parsed === undefined && this.#isEdited && this.isAnalysed) void this.tree;
    // A plain parse is faster, and the diagnostics of a file that nobody edits need no more.
    this.#parsed ??= parse(this.source, this.#parseOptions);
    return this.#parsed;
  }

  get expr(): Expr {
    void this.tree;
    return this.parsed.expr;
  }

  /** The lossless tree. */
  get tree(): SyntaxTree {
    if (this.#tree === undefined) {
      const options = this.#parseOptions;
      const earlier = this.#earlier;
      this.#earlier = undefined;
      const taken = earlier === undefined ? undefined : reparse(earlier, this.source, options);
      if (taken === undefined) this.#lintMemory = undefined;
      else this.#lintMemory?.memory.replace(taken.read);
      const { tree, parsed } = taken ?? parseWithTree(this.source, options);
      this.#tree = tree;
      this.#parsed = parsed;
    }
    return this.#tree;
  }

  /** Whether a text that differs a little from this one parses, and how many comments it has. */
  summaryOf(bytes: string): ParseSummary {
    const source = new SourceFile(this.source.origin, bytes);
    const options = this.#parseOptions;
    const { tree, parsed } = this;
    const summary = summarizeReparse({ tree, parsed }, source, options);
    if (summary !== undefined) return summary;
    const { firstError, comments } = parse(source, options);
    return { hasError: firstError !== undefined, commentCount: comments.length };
  }

  /** What every name means. */
  get names(): Names {
    if (this.#names === undefined) {
      // Whoever asks about names looks at tokens, too: one parse for both.
      void this.tree;
      this.#names = new Names(this.parsed);
    }
    return this.#names;
  }

  /** The findings of the linter. */
  lints(options: LintOptions): readonly LintDiagnostic[] {
    const key = JSON.stringify(options);
    if (this.#lints?.key !== key) {
      const { parsed } = this;
      // The first version of a text may be the only one.
      if (this.#isEdited && this.#lintMemory?.key !== key)
        this.#lintMemory = { key, memory: new LintMemory() };
      this.#lints = { key, found: lint(parsed, options, this.#lintMemory?.memory) };
    }
    return this.#lints.found;
  }

  offset(position: Position): number {
    return this.positions.offset(position);
  }

  position(offset: number): Position {
    return this.positions.position(offset);
  }

  range(span: Span): Range {
    return this.positions.range(span);
  }

  slice({ start, end }: Span): string {
    return this.source.text.slice(start, end);
  }
}
