/**
 * The rewrites that code actions offer. Each looks at the selection, returns edits, and leaves the meaning
 * of the program as it is; `code-actions.ts` parses the result before it is offered.
 */
import { decodeUtf8 } from "@nivis/formats";
import {
  type AttrSet,
  attrSetView,
  BindingKind,
  bindingView,
  type Expr,
  formalsView,
  inheritView,
  isExpression,
  NodeKind,
  printIdentifier,
  printString,
  type Span,
  SyntaxKind,
  SyntaxNode,
  SyntaxToken,
  selectView,
  Token,
  walk,
} from "@nivis/syntax";
import { elementOfSpan, expressionsAt, nameText, tokenAt } from "../analysis/cursor.ts";
import type { Snapshot } from "../analysis/snapshot.ts";
import { definitionAtPlace } from "../features/navigation.ts";
import type { ByteEdit } from "../text/edits.ts";
import type { Offer, Rewrite } from "./action.ts";
import { namesOfWith, outerDefinitions, usesIn } from "./names-in.ts";

const PLAIN_NAME = /^[a-zA-Z_][a-zA-Z0-9_'-]*$/;

/** The indentation of the line of an offset. */
function indentAt({ source, bytes }: Snapshot, offset: number): string {
  const start = source.lineStarts[source.lineColumn(offset).line - 1] as number;
  return /^[ \t]*/.exec(bytes.slice(start, offset))?.[0] ?? "";
}

/** The innermost node of a kind around a place. */
function nodeAround(snapshot: Snapshot, offset: number, kind: SyntaxKind): SyntaxNode | undefined {
  return tokenAt(snapshot, offset)
    ?.ancestors()
    .find((node) => node.kind === kind);
}

/** The text of an operand, in parentheses where another operator may stand around it. */
function operand(text: string, expr: Expr): string {
  switch (expr.kind) {
    case NodeKind.Var:
    case NodeKind.Int:
    case NodeKind.Float:
    case NodeKind.String:
    case NodeKind.StringTemplate:
    case NodeKind.Path:
    case NodeKind.SearchPath:
    case NodeKind.List:
    case NodeKind.AttrSet:
    case NodeKind.Select:
      return text;
    default:
      return `(${text})`;
  }
}

/** The selected expression, without blanks around it. */
function selectedExpression(snapshot: Snapshot, selection: Span): Span | undefined {
  let { start, end } = selection;
  while (start < end && /\s/.test(snapshot.bytes[start] as string)) start += 1;
  while (end > start && /\s/.test(snapshot.bytes[end - 1] as string)) end -= 1;
  if (start === end) return undefined;
  const element = elementOfSpan(snapshot, { start, end });
  return element !== undefined && isExpression(element) ? { start, end } : undefined;
}

/** `f (1 + 2)` → `let extracted = 1 + 2; in f extracted`, at the binding or body around. */
const extractToLet: Rewrite = {
  kind: "refactor.extract",
  title: "Extract the selected expression to a `let`",
  offer: (snapshot, selection) => {
    const span = selectedExpression(snapshot, selection);
    if (span === undefined) return undefined;
    const chain = expressionsAt(snapshot.expr, span.start).filter(
      (expr) => expr.start <= span.start && expr.end >= span.end,
    );
    // The innermost expression around that sees all names which the selection needs.
    const needed = outerDefinitions(snapshot, span);
    const freeUses = usesIn(snapshot, span).some(({ kind }) => kind === "free");
    let target: Expr | undefined;
    for (let i = chain.length - 1; i >= 0; i -= 1) {
      const expr = chain[i] as Expr;
      const around = chain[i - 1];
      if (expr.start === span.start && expr.end === span.end) continue;
      if (expr.kind === NodeKind.AttrSet && expr.implicit) continue;
      target = expr;
      // A name from a `with` must stay in it, and a parameter in its function.
      if (around === undefined || around.kind === NodeKind.Lambda) break;
      if (around.kind === NodeKind.AttrSet || around.kind === NodeKind.Let) break;
      if (around.kind === NodeKind.With && freeUses) break;
      if (needed.some(({ owner }) => owner === expr)) break;
    }
    if (target === undefined) return undefined;
    const place = target;
    if (
      needed.some(
        ({ owner }) => owner.start >= place.start && owner.end <= place.end && owner !== place,
      )
    )
      return undefined;
    const name = freshName(snapshot, "extracted");
    const value = snapshot.slice(span);
    const indent = indentAt(snapshot, target.start);
    return {
      title: `Extract to a let binding '${name}'`,
      edits: [
        {
          start: target.start,
          end: target.start,
          text: `let\n${indent}  ${name} = ${unwrapped(value)};\n${indent}in\n${indent}`,
        },
        { ...span, text: name },
      ],
    };
  },
};

/** An expression without parentheses that hold all of it. */
function unwrapped(text: string): string {
  if (!text.startsWith("(") || !text.endsWith(")")) return text;
  let depth = 0;
  for (let i = 0; i < text.length - 1; i += 1) {
    if (text[i] === "(") depth += 1;
    else if (text[i] === ")") depth -= 1;
    // Brackets in strings and comments make this careful, not wrong.
    if (depth === 0) return text;
  }
  return text.slice(1, -1).trim();
}

function freshName({ names }: Snapshot, base: string): string {
  const taken = new Set([
    ...names.definitions.map(({ name }) => name),
    ...names.uses.map(({ name }) => name),
  ]);
  for (let i = 1; ; i += 1) {
    const name = i === 1 ? base : `${base}${i}`;
    if (!taken.has(name)) return name;
  }
}

/** `let a = 1; in a + a` → `1 + 1` */
const inlineBinding: Rewrite = {
  kind: "refactor.inline",
  title: "Inline a binding of a `let`",
  offer: (snapshot, { start }) => {
    const definition = definitionAtPlace(snapshot, start);
    const binding = definition?.variable.binding;
    if (definition === undefined || binding === undefined || binding.kind !== BindingKind.Plain)
      return undefined;
    const { owner, uses } = definition;
    if (owner.kind !== NodeKind.Let || uses.length === 0) return undefined;
    const { value } = binding;
    if (value.kind === NodeKind.AttrSet && value.implicit) return undefined;
    if (uses.some((use) => use.isInherited || (use.start >= value.start && use.end <= value.end)))
      return undefined;
    // Every name in the value must mean the same where it goes.
    for (const inner of usesIn(snapshot, value)) {
      for (const use of uses) {
        if (
          snapshot.names.lookup(inner.name, use.start) !==
          outside(inner.definition, value, snapshot, use.start)
        )
          return undefined;
        if (
          inner.kind === "free" &&
          withCount(snapshot, use.start) !== withCount(snapshot, value.start)
        )
          return undefined;
      }
    }
    const node = nodeAround(snapshot, definition.pos, SyntaxKind.Binding);
    const view = node === undefined ? undefined : bindingView(node);
    if (node === undefined || view?.semicolon === undefined || node.start !== definition.pos)
      return undefined;
    const text = operand(snapshot.slice(value), value);
    const edits: ByteEdit[] = uses.map((use) => ({ start: use.start, end: use.end, text }));
    const set = node.parent === undefined ? undefined : attrSetView(node.parent);
    if (set === undefined) return undefined;
    if (set.items.length === 1 && set.close !== undefined) {
      const body = set.close.next;
      if (body === undefined) return undefined;
      edits.push({ start: set.node.start, end: body.start, text: "" });
    } else edits.push(lineOf(snapshot, { start: node.start, end: node.end }));
    return { title: `Inline '${definition.name}'`, edits };
  },
};

/** What a name of a value should mean at another place: names of the value itself stay its own. */
function outside(
  definition: ReturnType<Snapshot["names"]["lookup"]>,
  value: Span,
  snapshot: Snapshot,
  at: number,
): ReturnType<Snapshot["names"]["lookup"]> {
  if (definition === undefined) return undefined;
  const { owner, name } = definition;
  const isOwn = owner.start >= value.start && owner.end <= value.end;
  return isOwn ? snapshot.names.lookup(name, at) : definition;
}

function withCount(snapshot: Snapshot, offset: number): number {
  return expressionsAt(snapshot.expr, offset).filter(({ kind }) => kind === NodeKind.With).length;
}

/** An edit that removes a stretch, with its line where nothing else is on it. */
function lineOf({ bytes }: Snapshot, { start, end }: Span): ByteEdit {
  let from = start;
  while (from > 0 && /[ \t]/.test(bytes[from - 1] as string)) from -= 1;
  let to = end;
  while (/[ \t]/.test(bytes[to] ?? "")) to += 1;
  const isAlone =
    (from === 0 || bytes[from - 1] === "\n") && (bytes[to] === "\n" || to === bytes.length);
  return isAlone
    ? { start: from, end: Math.min(to + 1, bytes.length), text: "" }
    : { start, end: to, text: "" };
}

/** The `with` at a place, with the namespace and the names that it brings. */
function withAt(snapshot: Snapshot, offset: number) {
  const chain = expressionsAt(snapshot.expr, offset);
  const at = chain.findLastIndex(
    (expr) => expr.kind === NodeKind.With && offset <= expr.namespace.end,
  );
  const found = chain[at];
  if (found?.kind !== NodeKind.With) return undefined;
  // With others around or inside, nobody knows which of them brings a name.
  if (chain.slice(0, at).some(({ kind }) => kind === NodeKind.With)) return undefined;
  let isOnly = true;
  walk(found.body, (expr) => {
    if (expr.kind === NodeKind.With) isOnly = false;
    return isOnly;
  });
  return isOnly ? found : undefined;
}

/** `with lib; f x` → `let inherit (lib) f x; in f x` */
const withToInherit: Rewrite = {
  kind: "refactor.rewrite",
  title: "Turn a `with` into `let inherit (…) …; in`",
  offer: (snapshot, { start }) => {
    const found = withAt(snapshot, start);
    if (found === undefined) return undefined;
    const names = namesOfWith(snapshot, found);
    if (names.length === 0) return undefined;
    const { namespace, body } = found;
    const keyword = snapshot.tree.tokenAt(found.pos);
    const first = new SyntaxToken(snapshot.tree, keyword);
    const source = snapshot.slice(namespace);
    const bodyStart = bodyToken(snapshot, namespace.end)?.start ?? body.start;
    return {
      title: "Convert 'with' to 'inherit'",
      edits: [
        {
          start: first.start,
          end: bodyStart,
          text: `let inherit (${unwrapped(source)}) ${names.map(printIdentifier).join(" ")}; in `,
        },
      ],
    };
  },
};

/** `with lib; f x` → `lib.f lib.x` */
const withToSelections: Rewrite = {
  kind: "refactor.rewrite",
  title: "Turn a `with` into selections",
  offer: (snapshot, { start }) => {
    const found = withAt(snapshot, start);
    if (found === undefined) return undefined;
    const { namespace, body } = found;
    if (namespace.kind !== NodeKind.Var && namespace.kind !== NodeKind.Select) return undefined;
    const uses = usesIn(snapshot, body).filter(({ kind }) => kind === "free");
    if (uses.length === 0 || uses.some(({ isInherited }) => isInherited)) return undefined;
    const source = snapshot.slice(namespace);
    // The names of the namespace must mean the same at every use.
    for (const inner of usesIn(snapshot, namespace))
      for (const use of uses)
        if (snapshot.names.lookup(inner.name, use.start) !== inner.definition) return undefined;
    const bodyStart = bodyToken(snapshot, namespace.end)?.start ?? body.start;
    return {
      title: `Convert 'with' to selections from '${decodeUtf8(source)}'`,
      edits: [
        { start: found.pos, end: bodyStart, text: "" },
        ...uses.map((use) => ({ start: use.start, end: use.start, text: `${source}.` })),
      ],
    };
  },
};

/** The token behind the next semicolon. */
function bodyToken({ tree }: Snapshot, from: number): SyntaxToken | undefined {
  let index = tree.tokenAt(from);
  while (index < tree.tokenCount && tree.tokenKinds[index] !== Token.Semicolon) index += 1;
  return index + 1 < tree.tokenCount ? new SyntaxToken(tree, index + 1) : undefined;
}

/** `rec { a = 1; b = a; }` → `let a = 1; b = a; in { inherit a b; }` */
const recToLet: Rewrite = {
  kind: "refactor.rewrite",
  title: "Turn a `rec` set into a `let`",
  offer: (snapshot, { start }) => {
    const node = nodeAround(snapshot, start, SyntaxKind.AttrSet);
    const keyword = node?.token(Token.Rec);
    const set = node === undefined ? undefined : attrSetView(node);
    if (node === undefined || keyword === undefined || set?.close === undefined) return undefined;
    if (start > set.open.end) return undefined;
    const names: string[] = [];
    for (const item of set.items) {
      const inherit = inheritView(item);
      const binding = bindingView(item);
      const elements = inherit?.names ?? (binding?.names.length === 1 ? binding.names : undefined);
      if (elements === undefined) return undefined;
      for (const element of elements) {
        if (element instanceof SyntaxNode && element.kind === SyntaxKind.Interpolation)
          return undefined;
        names.push(nameText(element));
      }
      // `inherit x;` in a `let` would take the outer `x` as here.
    }
    if (names.length === 0) return undefined;
    const indent = indentAt(snapshot, node.start);
    const inner = snapshot.bytes.slice(set.open.end, set.close.start).trim();
    const text = `let\n${indent}  ${inner}\n${indent}in\n${indent}{\n${indent}  inherit ${names.join(" ")};\n${indent}}`;
    const isArgument = needsParentheses(node);
    return {
      title: "Convert 'rec' to 'let'",
      edits: [{ start: node.start, end: node.end, text: isArgument ? `(${text})` : text }],
    };
  },
};

/** Whether a `let` in place of a node needs parentheses. */
function needsParentheses(node: SyntaxNode): boolean {
  switch (node.parent?.kind) {
    case SyntaxKind.Apply:
    case SyntaxKind.List:
    case SyntaxKind.Select:
    case SyntaxKind.HasAttr:
    case SyntaxKind.Binary:
    case SyntaxKind.Unary:
      return true;
    default:
      return false;
  }
}

/** `"a\nb"` → `''…''` and back, for strings whose text needs no escapes. */
const quotes: Rewrite = {
  kind: "refactor.rewrite",
  title: "Turn `\"…\"` into `''…''` and back",
  offer: (snapshot, { start }) => {
    const token = tokenAt(snapshot, start);
    const node = token?.parent;
    if (node?.kind !== SyntaxKind.String && node?.kind !== SyntaxKind.IndentedString)
      return undefined;
    const around = node.parent;
    if (
      around?.kind === SyntaxKind.Binding &&
      bindingView(around)?.names.some((one) => one.equals(node))
    )
      return undefined;
    const chain = expressionsAt(snapshot.expr, node.start);
    const expr = chain.find(
      ({ start: at, end, kind }) =>
        at === node.start && end === node.end && kind === NodeKind.String,
    );
    if (expr?.kind !== NodeKind.String) return undefined;
    if (expr.form === "quoted") return indentedOffer(snapshot, node, expr.value);
    if (expr.form !== "indented") return undefined;
    return {
      title: 'Convert to a "…" string',
      edits: [{ start: node.start, end: node.end, text: printString(expr.value) }],
    };
  },
};

function indentedOffer(snapshot: Snapshot, node: SyntaxNode, value: string): Offer | undefined {
  if (/[\r\t]/.test(value)) return undefined;
  const escaped = value.replaceAll("''", "'''").replaceAll("${", "''${");
  const title = "Convert to a ''…'' string";
  const edit = (text: string): Offer => ({
    title,
    edits: [{ start: node.start, end: node.end, text }],
  });
  if (!value.includes("\n")) return value.startsWith(" ") ? undefined : edit(`''${escaped}''`);
  const lines = escaped.split("\n");
  // Indentation that all lines share would be lost.
  if (!lines.some((line) => line !== "" && !line.startsWith(" "))) return undefined;
  if (lines.some((line) => /^ +$/.test(line))) return undefined;
  const indent = indentAt(snapshot, node.start);
  const body = lines.slice(0, -1).map((line) => (line === "" ? "" : `${indent}  ${line}`));
  const last = lines.at(-1) ?? "";
  const end = last === "" ? indent : `${indent}  ${last}`;
  return edit(`''\n${body.join("\n")}\n${end}''`);
}

/** `"a" = 1;` → `a = 1;` and back. */
const quoteKey: Rewrite = {
  kind: "refactor.rewrite",
  title: "Add or remove the quotes of an attribute name",
  offer: (snapshot, { start }) => {
    const binding = nodeAround(snapshot, start, SyntaxKind.Binding);
    const view = binding === undefined ? undefined : bindingView(binding);
    const name = view?.names.find((one) => one.start <= start && start <= one.end);
    if (name === undefined) return undefined;
    const text = nameText(name);
    if (name instanceof SyntaxToken) {
      return {
        title: `Quote '${decodeUtf8(text)}'`,
        edits: [{ start: name.start, end: name.end, text: `"${text}"` }],
      };
    }
    if (name.kind !== SyntaxKind.String || !PLAIN_NAME.test(text) || printIdentifier(text) !== text)
      return undefined;
    return {
      title: `Unquote '${decodeUtf8(text)}'`,
      edits: [{ start: name.start, end: name.end, text }],
    };
  },
};

/** `a = { b = 1; c = 2; };` → `a.b = 1; a.c = 2;` */
const flatten: Rewrite = {
  kind: "refactor.rewrite",
  title: "Flatten a nested set into dotted names",
  offer: (snapshot, { start }) => {
    const node = nodeAround(snapshot, start, SyntaxKind.Binding);
    const view = node === undefined ? undefined : bindingView(node);
    const { value } = view ?? {};
    if (node === undefined || view?.equals === undefined || start > view.equals.end)
      return undefined;
    if (!(value instanceof SyntaxNode) || value.kind !== SyntaxKind.AttrSet) return undefined;
    if (value.token(Token.Rec) !== undefined) return undefined;
    const set = attrSetView(value);
    if (set === undefined || set.items.length === 0 || hasComments(snapshot, value))
      return undefined;
    const path = snapshot.slice({ start: node.start, end: view.equals.start }).trimEnd();
    const indent = indentAt(snapshot, node.start);
    const lines: string[] = [];
    for (const item of set.items) {
      if (item.kind !== SyntaxKind.Binding) return undefined;
      lines.push(`${path}.${item.text}`);
    }
    return {
      title: "Flatten into dotted names",
      edits: [{ start: node.start, end: node.end, text: lines.join(`\n${indent}`) }],
    };
  },
};

/** `a.b = 1;` → `a = { b = 1; };`, with all neighbours of the same first name. */
const pack: Rewrite = {
  kind: "refactor.rewrite",
  title: "Pack dotted names into a nested set",
  offer: (snapshot, { start }) => {
    const node = nodeAround(snapshot, start, SyntaxKind.Binding);
    const view = node === undefined ? undefined : bindingView(node);
    const set = node?.parent === undefined ? undefined : attrSetView(node.parent);
    const [first] = view?.names ?? [];
    if (node === undefined || set === undefined || first === undefined) return undefined;
    if ((view?.names.length ?? 0) < 2 || (view?.equals?.start ?? 0) < start) return undefined;
    const name = nameText(first);
    const kin = set.items.filter((item) => {
      const [one] = bindingView(item)?.names ?? [];
      return one !== undefined && nameText(one) === name;
    });
    const lines: string[] = [];
    for (const item of kin) {
      const names = bindingView(item)?.names ?? [];
      const second = names[1];
      if (second === undefined) return undefined;
      lines.push(snapshot.slice({ start: second.start, end: item.end }));
    }
    const indent = indentAt(snapshot, node.start);
    const [target, ...others] = kin as [SyntaxNode, ...SyntaxNode[]];
    const body = lines.map((line) => `${indent}  ${line}`).join("\n");
    return {
      title: `Pack into '${decodeUtf8(name)} = { … }'`,
      edits: [
        { start: target.start, end: target.end, text: `${first.text} = {\n${body}\n${indent}};` },
        ...others.map((item) => lineOf(snapshot, { start: item.start, end: item.end })),
      ],
    };
  },
};

function hasComments({ tree }: Snapshot, { start, end }: Span): boolean {
  return tree.commentStarts.some((at) => at >= start && at < end);
}

/** `a = lib.a;` → `inherit (lib) a;` and back. */
const inheritFrom: Rewrite = {
  kind: "refactor.rewrite",
  title: "Turn `a = x.a;` into `inherit (x) a;`, and an `inherit` into bindings",
  offer: (snapshot, { start }) => {
    const clause = nodeAround(snapshot, start, SyntaxKind.Inherit);
    if (clause !== undefined) return explicit(snapshot, clause);
    const node = nodeAround(snapshot, start, SyntaxKind.Binding);
    const view = node === undefined ? undefined : bindingView(node);
    if (node === undefined || view?.names.length !== 1 || !(view.value instanceof SyntaxNode))
      return undefined;
    const select = selectView(view.value);
    const last = select?.names.at(-1);
    const [name] = view.names;
    if (select === undefined || last === undefined || name === undefined) return undefined;
    if (select.fallback !== undefined || nameText(last) !== nameText(name)) return undefined;
    const previous = last.firstToken.previous;
    if (previous === undefined || hasComments(snapshot, node)) return undefined;
    const source = snapshot.slice({ start: select.base.start, end: previous.start });
    return {
      title: decodeUtf8(`Convert to 'inherit (${source}) ${nameText(name)}'`),
      edits: [
        { start: node.start, end: node.end, text: `inherit (${unwrapped(source)}) ${name.text};` },
      ],
    };
  },
};

function explicit(snapshot: Snapshot, clause: SyntaxNode): Offer | undefined {
  const view = inheritView(clause);
  if (view === undefined || view.names.length === 0 || hasComments(snapshot, clause))
    return undefined;
  // In a set whose attributes see each other, `a = a` would mean itself.
  const isRecursive =
    clause.parent?.kind === SyntaxKind.Let || clause.parent?.token(Token.Rec) !== undefined;
  if (view.source === undefined && isRecursive) return undefined;
  const indent = indentAt(snapshot, clause.start);
  const lines = view.names.map((name) => {
    const text = name.text;
    return view.source === undefined
      ? `${text} = ${nameText(name)};`
      : `${text} = ${view.source.text}.${text};`;
  });
  return {
    title: "Convert 'inherit' to bindings",
    edits: [{ start: clause.start, end: clause.end, text: lines.join(`\n${indent}`) }],
  };
}

/** A name that nothing binds becomes a formal of the function around. */
const addFormal: Rewrite = {
  kind: "quickfix",
  title: "Add a missing name to the arguments of the function around",
  offer: (snapshot, { start }) => {
    const use = snapshot.names.useAt(start);
    if (use === undefined || use.kind !== "free") return undefined;
    if (withCount(snapshot, use.start) > 0) return undefined;
    const lambda = tokenAt(snapshot, use.start)
      ?.ancestors()
      .filter(({ kind }) => kind === SyntaxKind.Lambda)
      .map((node) =>
        node.children.find(
          (child) => child instanceof SyntaxNode && child.kind === SyntaxKind.Formals,
        ),
      )
      .findLast((one) => one !== undefined);
    const view = lambda instanceof SyntaxNode ? formalsView(lambda) : undefined;
    if (view?.close === undefined || view.formals.some(({ name }) => name.text === use.name))
      return undefined;
    const title = `Add '${use.name}' to the arguments`;
    const last = view.formals.at(-1);
    if (last === undefined) {
      const end = view.ellipsis?.start ?? view.close.start;
      const start = view.ellipsis === undefined ? view.open.end : end;
      if (!/^\s*$/.test(snapshot.slice({ start, end }))) return undefined;
      const text = view.ellipsis === undefined ? ` ${use.name} ` : `${use.name}, `;
      return { title, edits: [{ start, end, text }] };
    }
    // As the names before it are laid out.
    const previous = view.formals.at(-2);
    const gap = snapshot.slice({
      start: previous?.node.end ?? view.open.end,
      end: last.node.start,
    });
    const blank = previous === undefined ? gap || " " : gap.replace(/^\s*,/, "");
    const isLeading = previous !== undefined && /\n\s*,/.test(gap);
    const text = /^[\s,]*$/.test(gap) ? (isLeading ? gap : `,${blank || " "}`) : ", ";
    return {
      title,
      edits: [{ start: last.node.end, end: last.node.end, text: `${text}${use.name}` }],
    };
  },
};

/** The attribute set of a flake. */
function flakeSet({ isFlake, expr }: Snapshot): AttrSet | undefined {
  return isFlake && expr.kind === NodeKind.AttrSet ? expr : undefined;
}

/** Inputs that everybody knows by name. */
const KNOWN_INPUTS: Readonly<Record<string, string>> = {
  nixpkgs: "github:NixOS/nixpkgs/nixos-unstable",
  "home-manager": "github:nix-community/home-manager",
  "flake-utils": "github:numtide/flake-utils",
  "flake-parts": "github:hercules-ci/flake-parts",
  "nix-darwin": "github:nix-darwin/nix-darwin",
  "treefmt-nix": "github:numtide/treefmt-nix",
  systems: "github:nix-systems/default",
};

/** An argument of `outputs` that is not an input becomes one. */
const addInputRewrite: Rewrite = {
  kind: "quickfix",
  title: "Add an input to a flake for an argument of `outputs`",
  offer: (snapshot, { start }) => {
    const set = flakeSet(snapshot);
    const outputs = set?.bindings.find(({ name }) => name === "outputs")?.value;
    if (set === undefined || outputs?.kind !== NodeKind.Lambda) return undefined;
    const formal = outputs.formals?.formals.find(
      ({ name, pos }) => pos <= start && start <= pos + name.length,
    );
    if (formal === undefined || formal.name === "self") return undefined;
    const inputs = set.bindings.find(({ name }) => name === "inputs");
    const known = inputs?.value.kind === NodeKind.AttrSet ? inputs.value.bindings : [];
    if (known.some(({ name }) => name === formal.name)) return undefined;
    const url = KNOWN_INPUTS[formal.name] ?? `flake:${formal.name}`;
    const node = nodeAround(snapshot, outputs.start, SyntaxKind.Binding);
    if (node === undefined) return undefined;
    const indent = indentAt(snapshot, node.start);
    return {
      title: `Add the input '${formal.name}'`,
      edits: [
        {
          start: node.start,
          end: node.start,
          text: `inputs.${formal.name}.url = ${printString(url)};\n${indent}`,
        },
      ],
    };
  },
};

/** All rewrites, in the order of the menu. */
export const REWRITES: readonly Rewrite[] = [
  addFormal,
  addInputRewrite,
  extractToLet,
  inlineBinding,
  withToInherit,
  withToSelections,
  recToLet,
  inheritFrom,
  flatten,
  pack,
  quotes,
  quoteKey,
];
