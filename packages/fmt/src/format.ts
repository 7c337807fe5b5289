/**
 * The door of the formatter: a text in, the same program in the official style (RFC 166) out.
 *
 * The result is what nixfmt 1.4 prints, byte for byte. Unless told otherwise the formatter reads its own
 * result and compares: the two texts must be the same program with the same comments, or
 * `FormatError` is thrown and nothing is lost.
 */
import { type DiagnosticCode, parseTree, SourceFile, type SyntaxTree } from "@nivis/syntax";
import { columns, stripEnd, stripStart } from "./bytes.ts";
import { DocumentWriter } from "./document.ts";
import { layOut } from "./layout.ts";
import { NestingError } from "./style/core.ts";
import { Model } from "./style/model.ts";
import { printText } from "./style/printer.ts";
import { readTrivia } from "./trivia.ts";
import { difference } from "./verify.ts";

/** How to format. */
export interface FormatOptions {
  /** The limit of a line in code points, not counting its indentation. Defaults to 100. */
  readonly width?: number;
  /** The columns of one indentation. Defaults to 2. */
  readonly indent?: number;
  /** Ignore the line breaks of the input where the style would keep them. Defaults to false. */
  readonly strict?: boolean;
  /** Compare the result with the input. Defaults to true. */
  readonly verify?: boolean;
}

/** A text that cannot be formatted. `offset` is the byte of the input at which it was noticed. */
export class FormatError extends Error {
  override readonly name = "FormatError";

  constructor(
    readonly kind: "syntax" | "nesting" | "verification",
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

/** The errors after which a tree does not say all that the text does; others leave it whole. */
const BREAKS_TREE: ReadonlySet<DiagnosticCode> = new Set<DiagnosticCode>([
  "syntax-error",
  "dynamic-attribute-in-inherit",
  "path-trailing-slash",
  "null-byte",
]);

const DEFAULT_WIDTH = 100;
const DEFAULT_INDENT = 2;

/**
 * Formats a text, given and returned as bytes (one char a byte).
 *
 * @throws {FormatError} If the text does not parse, nests too deeply, or the result is not the same program.
 */
export function format(source: SourceFile, options: FormatOptions = {}): string {
  const tree = parseTree(source);
  const error = tree.diagnostics.find(({ code }) => BREAKS_TREE.has(code));
  if (error !== undefined)
    throw new FormatError("syntax", error.message, error.pos ?? error.span.start);
  const result = formatTree(tree, options);
  if (options.verify !== false && result !== source.text) verify(tree, result);
  return result;
}

/** Formats a tree without errors; does not look at the result. */
export function formatTree(tree: SyntaxTree, options: FormatOptions = {}): string {
  const { width = DEFAULT_WIDTH, indent = DEFAULT_INDENT, strict = false } = options;
  const model = new Model(tree, readTrivia(tree, strict));
  const writer = new DocumentWriter(columns);
  try {
    printText(model, writer);
  } catch (error) {
    if (!(error instanceof NestingError)) throw error;
    throw new FormatError("nesting", error.message, tree.tokenStarts[error.token] as number);
  }
  const text = layOut(writer.finish(), width, indent);
  return model.trivia.endsDisabled ? stripStart(text) : `${stripEnd(stripStart(text))}\n`;
}

function verify(tree: SyntaxTree, result: string): void {
  const after = parseTree(new SourceFile({ kind: "string" }, result));
  const found = difference(tree, after);
  if (found === undefined) return;
  throw new FormatError(
    "verification",
    `the formatted text is not the same program (${found}); this is a bug in the formatter`,
    0,
  );
}
