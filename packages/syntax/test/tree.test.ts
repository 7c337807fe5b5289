/** The lossless tree by example: which nodes a text has, which comments a token has, what views show. */
import { expect, test } from "vitest";
import {
  attrSetView,
  bindingView,
  formalsView,
  inheritView,
  lambdaView,
  listView,
  parseTree,
  rootOf,
  SourceFile,
  SyntaxKind,
  SyntaxNode,
  type SyntaxToken,
  selectView,
  visitTree,
} from "../src/index.ts";

const KIND_NAMES = [
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
];

function root(text: string): SyntaxNode {
  return rootOf(parseTree(new SourceFile({ kind: "string" }, text)));
}

/** `Kind(child child)`, with tokens as they are written. */
function shape(node: SyntaxNode): string {
  const parts = node.children.map((child) =>
    child instanceof SyntaxNode ? shape(child) : child.text,
  );
  return `${KIND_NAMES[node.kind]}(${parts.filter((part) => part !== "").join(" ")})`;
}

function expectShape(text: string, expected: string): void {
  expect(shape(root(text))).toBe(`Root(${expected})`);
}

/** The first node of a kind. */
function find(text: string, kind: SyntaxKind): SyntaxNode {
  let found: SyntaxNode | undefined;
  visitTree(root(text), {
    [kind]: (node: SyntaxNode) => {
      found ??= node;
    },
  });
  return found as SyntaxNode;
}

test("every construct has a node", () => {
  expectShape("f a (g b)", "Apply(f a Paren(( Apply(g b) )))");
  expectShape("(f a) b", "Apply(Paren(( Apply(f a) )) b)");
  expectShape("a.b.c or d.e", "Select(a . b . c or Select(d . e))");
  expectShape('a ? b."c"', 'HasAttr(a ? b . String(" c "))');
  expectShape("a + b * -c", "Binary(a + Binary(b * Unary(- c)))");
  expectShape("a |> b", "Binary(a |> b)");
  expectShape("x: y: x", "Lambda(x : Lambda(y : x))");
  expectShape(
    "{ a, b ? 1, ... }@c: a",
    "Lambda(Formals({ Formal(a) , Formal(b ? 1) , ... }) @ c : a)",
  );
  expectShape("c@{ }: a", "Lambda(c @ Formals({ }) : a)");
  expectShape("if a then b else c", "If(if a then b else c)");
  expectShape("assert a; with b; c", "Assert(assert a ; With(with b ; c))");
  expectShape("let a = 1; in a", "Let(let Binding(a = 1 ;) in a)");
  expectShape("rec { a.b = 1; }", "AttrSet(rec { Binding(a . b = 1 ;) })");
  expectShape("let { body = 1; }", "AttrSet(let { Binding(body = 1 ;) })");
  expectShape(
    '{ inherit a; inherit (b) c "d"; }',
    'AttrSet({ Inherit(inherit a ;) Inherit(inherit InheritSource(( b )) c String(" d ") ;) })',
  );
  expectShape("[ a or b ]", "List([ OrApply(a or) b ])");
  expectShape("./a/${b}.c", "Path(./a/ Interpolation(${ b }) .c)");
  expectShape("{ ${a} = b; }", "AttrSet({ Binding(Interpolation(${ a }) = b ;) })");
  expectShape('"a${b}c"', 'String(" a Interpolation(${ b }) c ")');
  expectShape("''\n  a\n''", "IndentedString('' \n  a\n '')");
  expectShape("{ }", "AttrSet({ })");
});

test("a broken text keeps the nodes that can be told", () => {
  expectShape("{ a = (1; b = 2; }", "AttrSet({ Binding(a = Paren(( 1) ;) Binding(b = 2 ;) })");
  expectShape("{ a = ", "AttrSet({ Binding(a =))");
  expectShape("[ a ) b ]", "List([ a ) b ])");
});

test("a comment belongs to the token before it on its line, else to the one after it", () => {
  const list = root("[ # one\n  a /* two */ # three\n\n  # four\n  b\n]");
  const items = (listView(list.children[0] as SyntaxNode)?.items ?? []) as SyntaxToken[];
  const texts = (token: SyntaxToken, side: "leading" | "trailing"): string[] =>
    token[side].map(({ start, end }) => token.tree.text.slice(start, end));
  const [a, b] = items as [SyntaxToken, SyntaxToken];
  expect(texts(a.previous as SyntaxToken, "trailing")).toEqual(["# one"]);
  expect(texts(a, "leading")).toEqual([]);
  expect(texts(a, "trailing")).toEqual(["/* two */", "# three"]);
  expect(texts(b, "leading")).toEqual(["# four"]);
});

test("views name the parts", () => {
  const set = attrSetView(find("rec { a.${b} = c; inherit (d) e; }", SyntaxKind.AttrSet));
  const [binding, inherit] = (set?.items ?? []) as [SyntaxNode, SyntaxNode];
  expect([binding.text, inherit.text]).toEqual(["a.${b} = c;", "inherit (d) e;"]);
  expect(bindingView(binding)?.names.map((name) => name.text)).toEqual(["a", "${b}"]);
  expect(bindingView(binding)?.value?.text).toBe("c");
  expect(inheritView(inherit)?.source?.text).toBe("(d)");
  expect(inheritView(inherit)?.names.map((name) => name.text)).toEqual(["e"]);
  const lambda = lambdaView(find("{ a, b ? 1, ... }@c: d", SyntaxKind.Lambda));
  expect(lambda?.param?.text).toBe("c");
  expect(lambda?.body?.text).toBe("d");
  const formals = formalsView(lambda?.formals as SyntaxNode);
  expect(formals?.formals.map(({ name, fallback }) => [name.text, fallback?.text])).toEqual([
    ["a", undefined],
    ["b", "1"],
  ]);
  expect(formals?.ellipsis?.text).toBe("...");
  const select = selectView(find("a.or.b or c", SyntaxKind.Select));
  expect(select?.names.map((name) => name.text)).toEqual(["or", "b"]);
  expect(select?.fallback?.text).toBe("c");
});

test("handles lead up and sideways", () => {
  const inner = find("{ a = [ b ]; }", SyntaxKind.List);
  expect(inner.ancestors().map((node) => node.kind)).toEqual([
    SyntaxKind.Binding,
    SyntaxKind.AttrSet,
    SyntaxKind.Root,
  ]);
  const b = inner.children[1] as SyntaxToken;
  expect(b.parent.equals(inner)).toBe(true);
  expect(b.next?.text).toBe("]");
  expect(b.previous?.text).toBe("[");
  expect(inner.tree.tokenAt(b.start)).toBe(b.index);
  expect(inner.tree.tokenAt(b.start - 1)).toBe(b.index);
});
