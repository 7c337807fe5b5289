/**
 * Nix for CodeMirror: a parser for the editor over Nivis' own lossless tree, so that colours are right
 * for every text that Nix reads, however strings, paths and comments nest.
 *
 * The whole text is parsed after each change, which takes milliseconds for the texts of a page.
 */
import {
  defineLanguageFacet,
  Language,
  LanguageSupport,
  languageDataProp,
} from "@codemirror/language";
import { type Input, NodeSet, NodeType, Parser, type PartialParse, Tree } from "@lezer/common";
import { styleTags, type Tag, tags } from "@lezer/highlight";
import { encodeUtf8 } from "@nivis/formats";
import {
  GLOBAL_NAMES,
  parseTree,
  rootOf,
  SourceFile,
  SyntaxKind,
  type SyntaxNode,
  SyntaxToken,
  Token,
} from "@nivis/syntax";
import { Offsets } from "../text/offsets.ts";

/** The kinds of leaves, and how each is coloured. */
const LEAVES = {
  Keyword: tags.keyword,
  Operator: tags.operator,
  Bracket: tags.bracket,
  Punctuation: tags.punctuation,
  Variable: tags.variableName,
  Global: tags.standard(tags.variableName),
  Constant: tags.atom,
  Definition: tags.definition(tags.variableName),
  Attribute: tags.propertyName,
  Number: tags.number,
  Text: tags.string,
  Quote: tags.string,
  Interpolation: tags.special(tags.brace),
  Path: tags.special(tags.string),
  Link: tags.link,
  Comment: tags.comment,
  Invalid: tags.invalid,
} satisfies Record<string, Tag>;

type Leaf = keyof typeof LEAVES;

const LEAF_NAMES = Object.keys(LEAVES) as Leaf[];
/** The names of the nodes, by {@link SyntaxKind}. */
export const NODE_NAMES = [
  "Root",
  "Paren",
  "List",
  "Apply",
  "OrApply",
  "Select",
  "HasAttr",
  "Binary",
  "Unary",
  "Lambda",
  "Formals",
  "Formal",
  "Assert",
  "With",
  "If",
  "Let",
  "AttrSet",
  "Binding",
  "Inherit",
  "InheritSource",
  "String",
  "IndentedString",
  "Path",
  "Interpolation",
] as const;

const facet = defineLanguageFacet({
  commentTokens: { line: "#", block: { open: "/*", close: "*/" } },
  closeBrackets: { brackets: ["(", "[", "{", '"', "''"] },
});

const NODE_SET = new NodeSet([
  NodeType.none,
  ...LEAF_NAMES.map((name, i) => NodeType.define({ id: i + 1, name })),
  ...NODE_NAMES.map((name, i) =>
    NodeType.define({
      id: i + 1 + LEAF_NAMES.length,
      name: `${name}Node`,
      top: name === "Root",
      // The editor finds its language by this.
      ...(name === "Root" ? { props: [[languageDataProp, facet]] } : {}),
    }),
  ),
]).extend(styleTags(LEAVES));

const LEAF_IDS = Object.fromEntries(LEAF_NAMES.map((name, i) => [name, i + 1])) as Record<
  Leaf,
  number
>;

const KEYWORDS = new Set<Token>([
  Token.If,
  Token.Then,
  Token.Else,
  Token.Assert,
  Token.With,
  Token.Let,
  Token.In,
  Token.Rec,
  Token.Inherit,
  Token.Or,
]);
const BRACKETS = new Set<Token>([
  Token.LeftParen,
  Token.RightParen,
  Token.LeftBrace,
  Token.RightBrace,
  Token.LeftBracket,
  Token.RightBracket,
]);
const PUNCTUATION = new Set<Token>([
  Token.Semicolon,
  Token.Comma,
  Token.Colon,
  Token.Dot,
  Token.Ellipsis,
  Token.At,
  Token.Equals,
]);
const CONSTANTS = new Set(["true", "false", "null"]);

/** Returns the kind of a token, which depends on what is around a name. */
function leafOf(token: SyntaxToken, parent: SyntaxNode): Leaf {
  const { kind } = token;
  switch (kind) {
    case Token.Id:
      return nameOf(token, parent);
    case Token.Int:
    case Token.Float:
      return "Number";
    case Token.StringText:
      return parent.kind === SyntaxKind.Path ? "Path" : "Text";
    case Token.Quote:
    case Token.IndentedOpen:
    case Token.CloseQuote:
    case Token.CloseIndented:
      return "Quote";
    case Token.Path:
    case Token.HomePath:
    case Token.SearchPath:
      return "Path";
    case Token.Uri:
      return "Link";
    case Token.DollarBrace:
      return "Interpolation";
    case Token.Invalid:
      return "Invalid";
    default:
      if (KEYWORDS.has(kind)) return "Keyword";
      if (kind === Token.RightBrace && parent.kind === SyntaxKind.Interpolation) {
        return "Interpolation";
      }
      if (BRACKETS.has(kind)) return "Bracket";
      return PUNCTUATION.has(kind) ? "Punctuation" : "Operator";
  }
}

function nameOf(token: SyntaxToken, parent: SyntaxNode): Leaf {
  switch (parent.kind) {
    case SyntaxKind.Formal:
      return token.equals(parent.firstToken) ? "Definition" : variableOf(token);
    case SyntaxKind.Lambda:
      return token.equals(parent.firstToken) || isAround(token, Token.At)
        ? "Definition"
        : variableOf(token);
    case SyntaxKind.Binding: {
      const equals = parent.token(Token.Equals);
      const isName = equals === undefined || token.end <= equals.start;
      return isName ? "Attribute" : variableOf(token);
    }
    case SyntaxKind.Inherit:
      return "Attribute";
    case SyntaxKind.Select:
    case SyntaxKind.HasAttr:
      return token.previous?.kind === Token.Dot || token.previous?.kind === Token.Question
        ? "Attribute"
        : variableOf(token);
    default:
      return variableOf(token);
  }
}

function isAround(token: SyntaxToken, kind: Token): boolean {
  return token.previous?.kind === kind || token.next?.kind === kind;
}

function variableOf(token: SyntaxToken): Leaf {
  const { text } = token;
  if (CONSTANTS.has(text)) return "Constant";
  return GLOBAL_NAMES.has(text) ? "Global" : "Variable";
}

/** Parses a text into a tree of the editor. Never throws. */
export function editorTree(text: string): Tree {
  const source = new SourceFile({ kind: "string" }, encodeUtf8(text));
  const offsets = new Offsets(text);
  const buffer: number[] = [];
  const put = (id: number, start: number, end: number, size: number): void => {
    const [from, to] = [offsets.toUnits(start), offsets.toUnits(end)];
    // Each byte of a character that begins no token is a token; the first stands for all.
    if (to > from || size > 4) buffer.push(id, from, to, size);
  };
  let commented = -1;
  const comments = (token: SyntaxToken): void => {
    if (token.index <= commented) return;
    commented = token.index;
    for (const { kind, start, end } of token.before) {
      if (kind !== "blank") put(LEAF_IDS.Comment, start, end, 4);
    }
  };
  // Children before their node: a node is entered twice, and written when it is left.
  const work: { readonly node: SyntaxNode; readonly begin: number }[] = [];
  const pending: (SyntaxNode | SyntaxToken)[] = [rootOf(parseTree(source))];
  for (let element = pending.pop(); element !== undefined; element = pending.pop()) {
    if (element instanceof SyntaxToken) {
      comments(element);
      if (element.end > element.start) {
        put(LEAF_IDS[leafOf(element, element.parent)], element.start, element.end, 4);
      }
      continue;
    }
    const top = work.at(-1);
    if (top?.node === element) {
      work.pop();
      const { node, begin } = top;
      put(LEAF_NAMES.length + 1 + node.kind, node.start, node.end, buffer.length - begin + 4);
      continue;
    }
    // Comments before the first token are outside of the node.
    comments(element.firstToken);
    work.push({ node: element, begin: buffer.length });
    pending.push(element, ...element.children.reverse());
  }
  // The root spans the whole text; its node is the tree itself.
  return Tree.build({
    buffer: buffer.slice(0, -4),
    nodeSet: NODE_SET,
    topID: LEAF_NAMES.length + 1,
    length: text.length,
    maxBufferLength: 512,
  });
}

class NixParser extends Parser {
  createParse(input: Input): PartialParse {
    return {
      parsedPos: input.length,
      stoppedAt: null,
      stopAt: () => {},
      advance: () => editorTree(input.read(0, input.length)),
    };
  }
}

/** The language for an editor. */
export const nixLanguage = new Language(facet, new NixParser(), [], "nix");

/** Returns the extension that an editor takes. */
export function nix(): LanguageSupport {
  return new LanguageSupport(nixLanguage);
}
