/**
 * The entry point of the formatter: a text in, the same program in the official style (RFC 166) out.
 *
 * The result is what nixfmt 1.4 prints, byte for byte. Unless told otherwise the formatter parses a
 * result that differs from its input and compares: the two texts must be the same program with the same
 * comments, or a `FormatError` is thrown. And it formats the result again: where nixfmt needs a second
 * run to come to rest, the result here is that of the second.
 */
import { type DiagnosticCode, parseTree, SourceFile, type SyntaxTree, Token } from "@nivis/syntax";
import { columns, stripEnd, stripStart } from "./bytes.ts";
import { DocumentWriter } from "./document.ts";
import { layOut } from "./layout.ts";
import { Model, NestingError } from "./style/model.ts";
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
  /** Compare the result with the input, and format it again until it stays. Defaults to true. */
  readonly verify?: boolean;
  /**
   * How many constructs may stand in each other. A level takes up to 3 KiB of the native stack, so that a higher
   * limit needs a thread with a larger one. Defaults to 250.
   */
  readonly maxNesting?: number;
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

/** After so many rounds the result is taken as it is. */
const MAX_ROUNDS = 5;

const DEFAULT_WIDTH = 100;
const DEFAULT_INDENT = 2;
const DEFAULT_MAX_NESTING = 250;

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
  const rest = tree.tokenKinds.indexOf(Token.Invalid);
  if (rest >= 0) {
    const message = "the text ends at a null byte, and more follows it";
    throw new FormatError("syntax", message, tree.tokenStarts[rest] as number);
  }
  const result = formatTree(tree, options);
  return options.verify === false || result === source.text
    ? result
    : settled(tree, result, options);
}

/** Formats a tree without errors; does not look at the result. */
export function formatTree(tree: SyntaxTree, options: FormatOptions = {}): string {
  const { width = DEFAULT_WIDTH, indent = DEFAULT_INDENT } = options;
  const model = modelOf(tree, options);
  const writer = new DocumentWriter(columns);
  printText(model, writer);
  const text = layOut(writer.finish(), width, indent);
  return model.trivia.endsDisabled ? stripStart(text) : `${stripEnd(stripStart(text))}\n`;
}

function modelOf(tree: SyntaxTree, options: FormatOptions): Model {
  const { strict = false, maxNesting = DEFAULT_MAX_NESTING } = options;
  try {
    return new Model(tree, readTrivia(tree, strict), maxNesting);
  } catch (error) {
    if (!(error instanceof NestingError)) throw error;
    throw new FormatError("nesting", error.message, tree.tokenStarts[error.token] as number);
  }
}

/**
 * Formats a result again until that changes nothing, and compares it with the input each time. Once is
 * nearly always enough: the style looks at the line breaks of its input, and a comment that moves to a
 * line of its own adds one.
 */
function settled(tree: SyntaxTree, first: string, options: FormatOptions): string {
  let result = first;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const after = parseTree(new SourceFile({ kind: "string" }, result));
    const found = difference(tree, after);
    if (found !== undefined) {
      const message = `the formatted text is not the same program (${found}); this is a bug in the formatter`;
      throw new FormatError("verification", message, 0);
    }
    const again = formatTree(after, options);
    if (again === result) break;
    result = again;
  }
  return result;
}
