/**
 * Colours for the input while it is typed, from the tokens of the lossless tree, which has them also
 * for texts that do not parse yet.
 */

import { encodeUtf8 } from "@nivis/formats";
import { parseTree, SourceFile, Token } from "@nivis/syntax";

/** A stretch of a text with a colour; offsets are bytes. */
export interface Paint {
  readonly start: number;
  readonly end: number;
  /** The parameters of an SGR sequence, such as `35` for magenta. */
  readonly sgr: string;
}

const KEYWORD = "34";
const STRING = "32";
const NUMBER = "36";
const PATH = "35";
const COMMENT = "2";
const BUILTIN = "33";
const COMMAND = "1;34";

function sgrOf(
  kind: Token,
  text: string,
  isBuiltin: (name: string) => boolean,
): string | undefined {
  switch (kind) {
    case Token.If:
    case Token.Then:
    case Token.Else:
    case Token.Assert:
    case Token.With:
    case Token.Let:
    case Token.In:
    case Token.Rec:
    case Token.Inherit:
    case Token.Or:
      return KEYWORD;
    case Token.Int:
    case Token.Float:
      return NUMBER;
    case Token.StringText:
    case Token.Quote:
    case Token.CloseQuote:
    case Token.IndentedOpen:
    case Token.CloseIndented:
      return STRING;
    case Token.Path:
    case Token.HomePath:
    case Token.SearchPath:
    case Token.Uri:
      return PATH;
    case Token.Id:
      return isBuiltin(text) ? BUILTIN : undefined;
    default:
      return undefined;
  }
}

/** The colours of an input: of an expression, of bindings, or of a command and its argument. */
export function highlight(input: string, isBuiltin: (name: string) => boolean): Paint[] {
  const bytes = encodeUtf8(input);
  const paints: Paint[] = [];
  const command = /^\s*:\S*/.exec(bytes)?.[0].length ?? 0;
  if (command > 0) paints.push({ start: 0, end: command, sgr: COMMAND });
  const tree = parseTree(new SourceFile({ kind: "string" }, bytes.slice(command)));
  for (let token = 0; token < tree.tokenCount; token++) {
    const start = tree.tokenStarts[token] as number;
    const end = tree.tokenEnds[token] as number;
    const sgr = sgrOf(tree.tokenKinds[token] as Token, tree.text.slice(start, end), isBuiltin);
    if (sgr !== undefined && end > start) {
      paints.push({ start: start + command, end: end + command, sgr });
    }
  }
  tree.commentStarts.forEach((start, i) => {
    const end = tree.commentEnds[i] as number;
    paints.push({ start: start + command, end: end + command, sgr: COMMENT });
  });
  return paints.sort((a, b) => a.start - b.start);
}
