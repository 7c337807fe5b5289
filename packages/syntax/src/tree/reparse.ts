/**
 * Parsing a text again after an edit: only the bindings around the edit are read, the rest is taken over.
 *
 * In a set or a `let`, the parser is in the same state before every binding. So the bindings from the one
 * before the edit to one behind it are parsed alone, as a *fragment*. If the parser ends between two
 * bindings again, right where the old text goes on, the result is that of a whole parse: the fragment's
 * bindings replace the old ones, and all offsets behind them move. In every other case (the edit closes
 * the set, opens a comment, defines a name that is defined elsewhere, …) there is no result, and the
 * caller parses the whole text.
 *
 * The language server calls it for open documents. A whole parse of `all-packages.nix` with its tree takes
 * about fifteen milliseconds, and this about one. **The evaluator's tree of the old result is changed in
 * place and must not be used any more**; the old lossless tree stays as it is.
 */
import {
  type AttrName,
  type AttrSet,
  type Binding,
  type DynamicBinding,
  type Expr,
  type Formal,
  NodeKind,
  type Span,
} from "../ast/nodes.ts";
import { eachPart } from "../ast/visit.ts";
import { Token } from "../lex/token.ts";
import { NO_OFFSET, OpenAttrSet } from "../parse/attrs.ts";
import { BindingsOf, type Frame } from "../parse/frame.ts";
import type { ParseOptions } from "../parse/options.ts";
import { detached } from "../text/detached.ts";
import type { Diagnostic } from "../text/diagnostic.ts";
import { type Replaced, replacedBetween } from "../text/replaced.ts";
import { SourceFile } from "../text/source.ts";
import { SyntaxKind } from "./kinds.ts";
import type { ParsedWithTree } from "./parse-tree.ts";
import { RecordingParser } from "./recorder.ts";
import { SyntaxTree } from "./syntax-tree.ts";

/** The parse of an edited text. */
export interface Reparsed extends ParsedWithTree {
  /** The bindings that were read; expressions outside are those of the old tree. */
  readonly read: Replaced;
}

/** How many fragments are tried before the whole text is parsed. */
const MAX_TRIES = 4;
/** A fragment of more bytes is not worth it. */
const MAX_FRAGMENT = 64 * 1024;

type Open<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The parse of a text that differs from `before` in one stretch; equal to that of `parseWithTree` with the
 * options that `before` was parsed with. `undefined` if the whole text must be parsed; `before` is
 * unchanged then.
 */
export function reparse(
  before: ParsedWithTree,
  source: SourceFile,
  options: ParseOptions,
  replaced: Replaced = replacedBetween(before.tree.text, source.text),
): Reparsed | undefined {
  for (const { place, fragment } of fragmentsFor(before, source, options, replaced))
    return splice(before, place, fragment, source, replaced);
  return undefined;
}

/** What can be said of a parse without making it. */
export interface ParseSummary {
  readonly hasError: boolean;
  readonly commentCount: number;
}

/** Like {@link reparse}, but says only whether the text would parse, and leaves `before` as it is. */
export function summarizeReparse(
  before: ParsedWithTree,
  source: SourceFile,
  options: ParseOptions,
): ParseSummary | undefined {
  const replaced = replacedBetween(before.tree.text, source.text);
  for (const { place, fragment } of fragmentsFor(before, source, options, replaced)) {
    const set = setOf(before, place);
    if (set === undefined || replacedBindings(set, place, fragment) === undefined) return undefined;
    const isOutside = ({ start, end }: Span): boolean => end <= place.start || start >= place.end;
    const { tree, parsed } = before;
    return {
      hasError:
        fragment.tree.firstError !== undefined ||
        parsed.diagnostics.some((one) => one.severity === "error" && isOutside(one.span)),
      commentCount:
        tree.commentStarts.length -
        (tree.tokenComments[place.endToken - 1] as number) +
        (tree.tokenComments[place.firstToken - 1] as number) +
        fragment.tree.commentStarts.length,
    };
  }
  return undefined;
}

/** The first fragment around an edit that can be parsed alone, if there is one. */
function* fragmentsFor(
  before: ParsedWithTree,
  source: SourceFile,
  options: ParseOptions,
  replaced: Replaced,
): Generator<{ readonly place: Place; readonly fragment: Fragment }> {
  const { tree, parsed } = before;
  if (parsed.diagnostics.some(({ code }) => code !== "syntax-error")) return;
  let tries = 0;
  for (let group = groupAround(tree, replaced); group >= 0; ) {
    for (const place of placesIn(tree, group, replaced)) {
      tries += 1;
      if (tries > MAX_TRIES || place.end - place.start > MAX_FRAGMENT) return;
      const fragment = parseFragment(place, source, options, replaced);
      if (fragment === undefined) continue;
      yield { place, fragment };
      return;
    }
    group = groupOf(tree, tree.nodeParent[group] as number);
  }
}

/** Bindings of one group that are parsed again. Tokens and nodes by index, ends exclusive. */
interface Place extends Span {
  readonly group: number;
  readonly isLet: boolean;
  readonly firstToken: number;
  readonly endToken: number;
  readonly firstNode: number;
  readonly endNode: number;
}

/** The innermost set or `let` that an edit is in; -1 if there is none. */
function groupAround(tree: SyntaxTree, { start }: Replaced): number {
  // The token before the edit, or the one that the edit is in.
  let token = tree.tokenAt(start);
  while (token > 0 && (tree.tokenStarts[token] as number) >= start) token -= 1;
  return groupOf(tree, tree.nodeOf(token));
}

/** The innermost set or `let` that is a node or around it. */
function groupOf({ nodeKinds, nodeParent }: SyntaxTree, node: number): number {
  let at = node;
  while (at >= 0 && nodeKinds[at] !== SyntaxKind.AttrSet && nodeKinds[at] !== SyntaxKind.Let)
    at = nodeParent[at] as number;
  return at;
}

/** The stretches of bindings to try, the smallest first. */
function* placesIn(tree: SyntaxTree, group: number, edit: Replaced): Generator<Place> {
  const { nodeKinds, nodeFirst, nodeEnd, nodeNext, tokenKinds, tokenEnds } = tree;
  const bindings: number[] = [];
  const groupEnd = nodeNext[group] as number;
  for (let node = group + 1; node < groupEnd; node = nodeNext[node] as number) {
    if (nodeKinds[node] === SyntaxKind.Binding || nodeKinds[node] === SyntaxKind.Inherit)
      bindings.push(node);
  }
  const gapOf = (index: number): number =>
    tree.gapStart(nodeFirst[bindings[index] as number] as number);
  const canBegin = (index: number): boolean => {
    const first = nodeFirst[bindings[index] as number] as number;
    if (first === 0 || gapOf(index) >= edit.start) return false;
    const before = tokenKinds[first - 1];
    if (before === Token.Semicolon || before === Token.Let) return true;
    // Two tokens behind a brace decide whether it opens a set or a pattern.
    return before === Token.LeftBrace && (tokenEnds[first + 1] as number) < edit.start;
  };
  // The last binding that can begin a fragment before the edit.
  let low = 0;
  let high = bindings.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (gapOf(middle) < edit.start) low = middle + 1;
    else high = middle;
  }
  let first = low - 1;
  while (first >= 0 && !canBegin(first)) first -= 1;
  if (first < 0) return;
  let end = first + 1;
  while (end < bindings.length && gapOf(end) < edit.end) end += 1;
  for (const more of [0, 1, 3]) {
    const last = bindings[Math.min(end + more, bindings.length) - 1] as number;
    const endToken = nodeEnd[last] as number;
    const endOffset = tokenEnds[endToken - 1] as number;
    // Behind the last binding the group must go on.
    if (endOffset < edit.end) continue;
    const firstNode = bindings[first] as number;
    const endNode = nodeNext[last] as number;
    const next = bindings[end + more];
    // The parser was between two bindings there: no stray token, no value without an end.
    if (next === undefined ? tree.nodeOf(endToken - 1) !== last : nodeFirst[next] !== endToken)
      continue;
    yield {
      group,
      isLet: nodeKinds[group] === SyntaxKind.Let,
      start: gapOf(first),
      end: endOffset,
      firstToken: nodeFirst[firstNode] as number,
      endToken,
      firstNode,
      endNode,
    };
    if (end + more >= bindings.length) return;
  }
}

/** Thrown when a fragment is not what a whole parse would read; it carries nothing. */
const NOT_ALONE: unique symbol = Symbol("fragment");

/** Parses a stretch of bindings up to the end of its text. */
class FragmentParser extends RecordingParser {
  #base: Frame | undefined;
  #baseDepth = 0;

  /** The bindings; throws {@link NOT_ALONE} where what stands around them would matter. */
  parseFragment(isLet: boolean): OpenAttrSet {
    this.advance();
    this.#base = this.openBindings(isLet ? BindingsOf.Let : BindingsOf.Set, 0, NO_OFFSET);
    this.#baseDepth = this.depth;
    const set = this.#base.set as OpenAttrSet;
    this.inBindings = true;
    this.run();
    return set;
  }

  protected override endBindings(frame: Frame): Expr | undefined {
    if (this.depth > this.#baseDepth) return super.endBindings(frame);
    if (this.token !== Token.Eof) throw NOT_ALONE;
    this.done = true;
    return frame.set;
  }

  protected override blockComment(start: number): number {
    const end = super.blockComment(start);
    if (end < 0) throw NOT_ALONE;
    return end;
  }

  protected override waitingFor(token: Token): number {
    if (token === Token.Eof) throw NOT_ALONE;
    const depth = super.waitingFor(token);
    if (depth >= 0 || !WAITED_FOR.has(token)) return depth;
    throw NOT_ALONE;
  }
}

/** The tokens that a construct around a fragment may wait for. */
const WAITED_FOR: ReadonlySet<Token> = new Set([
  Token.RightBrace,
  Token.RightParen,
  Token.RightBracket,
  Token.Semicolon,
  Token.Then,
  Token.Else,
  Token.In,
]);

/** A parsed stretch of bindings; offsets count from its beginning. */
interface Fragment {
  readonly set: OpenAttrSet;
  readonly tree: SyntaxTree;
  readonly comments: readonly Span[];
  readonly parens: readonly Span[];
}

function parseFragment(
  place: Place,
  source: SourceFile,
  options: ParseOptions,
  { start, end, newLength }: Replaced,
): Fragment | undefined {
  // The names in it live on in later versions.
  const text = detached(source.text.slice(place.start, place.end + newLength - (end - start)));
  const part = new SourceFile(source.origin, text);
  const parser = new FragmentParser(part, options);
  let set: OpenAttrSet;
  try {
    set = parser.parseFragment(place.isLet);
  } catch (error) {
    if (error === NOT_ALONE) return undefined;
    throw error;
  }
  const { recording, diagnostics, firstError, comments, parens } = parser;
  const last = recording.tokenKinds.length - 1;
  if (recording.tokenKinds[last] !== Token.Semicolon) return undefined;
  if (recording.tokenEnds[last] !== text.length) return undefined;
  if (diagnostics.some(({ code }) => code !== "syntax-error")) return undefined;
  if (place.isLet && set.dynamic.length > 0) return undefined;
  const tree = SyntaxTree.fromRecording({
    source: part,
    expr: set,
    diagnostics,
    firstError,
    recording,
  });
  return { set, tree, comments, parens };
}

/** Puts a fragment in the place of what it replaces. */
function splice(
  { tree: old, parsed }: ParsedWithTree,
  place: Place,
  fragment: Fragment,
  source: SourceFile,
  { start, end, newLength }: Replaced,
): Reparsed | undefined {
  const by = newLength - (end - start);
  const set = setOf({ tree: old, parsed }, place);
  const bindings = set && replacedBindings(set, place, fragment);
  if (set === undefined || bindings === undefined) return undefined;
  replaceBindings(parsed.expr, set, bindings, place, fragment, by);
  const diagnostics = [
    ...parsed.diagnostics.filter(({ span }) => span.start < place.start),
    ...fragment.tree.diagnostics.map((one) => movedDiagnostic(one, 0, place.start)),
    ...parsed.diagnostics
      .filter(({ span }) => span.start >= place.end)
      .map((one) => movedDiagnostic(one, place.end, by)),
  ];
  const firstError = diagnostics.find(({ severity }) => severity === "error");
  return {
    tree: spliceTree(old, place, fragment, source, by, {
      expr: parsed.expr,
      diagnostics,
      firstError,
    }),
    parsed: {
      expr: parsed.expr,
      diagnostics,
      firstError,
      source,
      comments: spliceSpans(parsed.comments, place, fragment.comments, by),
      parens: spliceSpans(parsed.parens, place, fragment.parens, by),
    },
    read: { start: place.start, end: place.end, newLength: place.end - place.start + by },
  };
}

/** The set whose bindings are parsed again. */
function setOf({ tree, parsed }: ParsedWithTree, place: Place): OpenAttrSet | undefined {
  const start = tree.tokenStarts[tree.nodeFirst[place.group] as number] as number;
  return findSet(parsed.expr, start, place.isLet);
}

/** The set or the bindings of the `let` that begin at an offset. */
function findSet(root: Expr, groupStart: number, isLet: boolean): OpenAttrSet | undefined {
  const pending: Expr[] = [root];
  for (let expr = pending.pop(); expr !== undefined; expr = pending.pop()) {
    if (expr.kind === NodeKind.Let) {
      if (isLet && expr.attrs.start === groupStart) return openSet(expr.attrs);
    } else if (expr.kind === NodeKind.AttrSet) {
      if (!isLet && !expr.implicit && expr.pos === groupStart) return openSet(expr);
    }
    eachPart(expr, (part) => {
      // What is merged into a set may stand outside of its literal.
      if (part.kind === NodeKind.AttrSet || (part.start <= groupStart && groupStart < part.end))
        pending.push(part);
    });
  }
  return undefined;
}

function openSet(set: AttrSet): OpenAttrSet | undefined {
  return set instanceof OpenAttrSet ? set : undefined;
}

/** What a fragment replaces, as indices into the lists of a set. */
interface ReplacedBindings {
  readonly bindings: Span;
  readonly dynamic: Span;
  readonly sources: Span;
}

/** Which bindings of a set a fragment replaces; `undefined` if bindings outside of it are concerned. */
function replacedBindings(
  set: OpenAttrSet,
  place: Place,
  fragment: Fragment,
): ReplacedBindings | undefined {
  const isIn = (pos: number): boolean => pos >= place.start && pos < place.end;
  const bindings = stretch(set.bindings, ({ pos }) => pos, place);
  const dynamic = stretch(set.dynamic as DynamicBinding[], ({ pos }) => pos, place);
  const sources = stretch(set.inheritFrom as Expr[], ({ start }) => start, place);
  if (bindings === undefined || dynamic === undefined || sources === undefined) return undefined;
  const added = new Set(fragment.set.bindings.map(({ name }) => name));
  for (const { name, pos, value } of set.bindings) {
    if (isIn(pos)) {
      if (value.kind === NodeKind.AttrSet && !holdsOnly(value, isIn)) return undefined;
    } else {
      if (added.has(name)) return undefined;
      if (value.kind === NodeKind.AttrSet && holdsAny(value, isIn)) return undefined;
    }
  }
  for (const { pos, value } of set.dynamic) {
    if (value.kind !== NodeKind.AttrSet) continue;
    if (isIn(pos) ? !holdsOnly(value, isIn) : holdsAny(value, isIn)) return undefined;
  }
  return { bindings, dynamic, sources };
}

/** Replaces bindings of a set, and moves all offsets behind them. */
function replaceBindings(
  root: Expr,
  set: OpenAttrSet,
  { bindings, dynamic, sources }: ReplacedBindings,
  place: Place,
  fragment: Fragment,
  by: number,
): void {
  const { set: inserted } = fragment;
  const moreSources = inserted.inheritFrom.length - (sources.end - sources.start);
  for (const binding of inserted.bindings) if (binding.from >= 0) binding.from += sources.start;
  for (const binding of set.bindings.slice(bindings.end))
    if (binding.from >= sources.start) binding.from += moreSources;
  // What is taken out must not be moved, and what is put in has moved already.
  set.bindings.splice(bindings.start, bindings.end - bindings.start);
  set.dynamic = without(set.dynamic, dynamic);
  set.inheritFrom = without(set.inheritFrom, sources);
  moveOffsets(inserted, 0, place.start);
  if (by !== 0) moveOffsets(root, place.end, by);
  set.bindings.splice(bindings.start, 0, ...inserted.bindings);
  set.dynamic = withAll(set.dynamic, dynamic.start, inserted.dynamic);
  set.inheritFrom = withAll(set.inheritFrom, sources.start, inserted.inheritFrom);
  // Forgets the index of names; the end moves with the others.
  set.close(set.end);
}

function without<T>(items: readonly T[], { start, end }: Span): T[] {
  return start === end ? (items as T[]) : [...items.slice(0, start), ...items.slice(end)];
}

function withAll<T>(items: readonly T[], at: number, added: readonly T[]): T[] {
  return added.length === 0
    ? (items as T[])
    : [...items.slice(0, at), ...added, ...items.slice(at)];
}

/** Which items, that must be neighbours, begin in a stretch; `undefined` if others are between. */
function stretch<T>(
  items: readonly T[],
  startOf: (item: T) => number,
  { start, end }: Span,
): Span | undefined {
  let first = 0;
  while (first < items.length && startOf(items[first] as T) < start) first += 1;
  let last = first;
  while (last < items.length && startOf(items[last] as T) < end) {
    if (startOf(items[last] as T) < start) return undefined;
    last += 1;
  }
  for (let i = last; i < items.length; i += 1) if (startOf(items[i] as T) < end) return undefined;
  return { start: first, end: last };
}

/** Whether all bindings of a set and of the sets in it begin where `isIn` says. */
function holdsOnly(set: AttrSet, isIn: (pos: number) => boolean): boolean {
  return !holdsAny(set, (pos) => !isIn(pos));
}

/** Whether a binding of a set or of the sets in it begins where `isIn` says. */
function holdsAny(set: AttrSet, isIn: (pos: number) => boolean): boolean {
  const pending = [set];
  for (let one = pending.pop(); one !== undefined; one = pending.pop()) {
    if (one.inheritFrom.some((source) => isIn(source.start))) return true;
    for (const { pos, value } of one.bindings) {
      if (isIn(pos)) return true;
      if (value.kind === NodeKind.AttrSet) pending.push(value);
    }
    for (const { pos, value } of one.dynamic) {
      if (isIn(pos)) return true;
      if (value.kind === NodeKind.AttrSet) pending.push(value);
    }
  }
  return false;
}

/** Adds to all offsets in an expression from `from` on; {@link NO_OFFSET} stays. */
function moveOffsets(root: Expr, from: number, by: number): void {
  const pending: Expr[] = [root];
  const moved = (offset: number): number => (offset >= from ? offset + by : offset);
  const push = (part: Expr): void => {
    // What is merged into a set may stand outside of its literal; everything else stands inside.
    if (part.end >= from || part.kind === NodeKind.AttrSet) pending.push(part);
  };
  const names = (path: readonly AttrName[]): void => {
    for (const name of path as Open<AttrName>[]) {
      name.start = moved(name.start);
      name.end = moved(name.end);
    }
  };
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const expr = next as Open<Expr>;
    expr.start = moved(expr.start);
    expr.end = moved(expr.end);
    expr.pos = moved(expr.pos);
    switch (expr.kind) {
      case NodeKind.Var:
      case NodeKind.Path:
      case NodeKind.String:
      case NodeKind.Int:
        // Most expressions: nothing is in them.
        break;
      case NodeKind.Call:
        push(expr.callee);
        for (const arg of expr.args) push(arg);
        break;
      case NodeKind.AttrSet:
        for (const source of expr.inheritFrom) push(source);
        for (const binding of expr.bindings as Open<Binding>[]) {
          binding.pos = moved(binding.pos);
          if (binding.doc !== undefined) binding.doc = movedSpan(binding.doc, from, by);
          push(binding.value);
        }
        for (const binding of expr.dynamic as Open<DynamicBinding>[]) {
          binding.pos = moved(binding.pos);
          push(binding.name);
          push(binding.value);
        }
        break;
      case NodeKind.StringTemplate:
      case NodeKind.PathTemplate: {
        eachPart(expr, push);
        const positions = expr.partPositions as number[];
        for (let i = 0; i < positions.length; i += 1) positions[i] = moved(positions[i] as number);
        break;
      }
      case NodeKind.Select:
      case NodeKind.HasAttr:
        eachPart(expr, push);
        names(expr.path);
        break;
      case NodeKind.Lambda:
        eachPart(expr, push);
        expr.paramPos = moved(expr.paramPos);
        expr.doc = expr.doc && movedSpan(expr.doc, from, by);
        for (const formal of (expr.formals?.formals ?? []) as Open<Formal>[])
          formal.pos = moved(formal.pos);
        break;
      default:
        eachPart(expr, push);
    }
  }
}

function movedSpan({ start, end }: Span, from: number, by: number): Span {
  return { start: start >= from ? start + by : start, end: end >= from ? end + by : end };
}

function movedDiagnostic(one: Diagnostic, from: number, by: number): Diagnostic {
  return {
    ...one,
    span: movedSpan(one.span, from, by),
    pos: one.pos === undefined ? undefined : one.pos >= from ? one.pos + by : one.pos,
  };
}

/** Comments or parentheses: those in the fragment are replaced, those behind it move. */
function spliceSpans(
  spans: readonly Span[],
  place: Place,
  inside: readonly Span[],
  by: number,
): Span[] {
  const result: Span[] = [];
  let isAdded = false;
  for (const span of spans) {
    if (span.end <= place.start) result.push(span);
    else {
      if (!isAdded && span.end > place.end) {
        for (const one of inside) result.push(movedSpan(one, 0, place.start));
        isAdded = true;
      }
      if (span.end <= place.end) continue;
      result.push(by === 0 ? span : movedSpan(span, place.end, by));
    }
  }
  if (!isAdded) for (const one of inside) result.push(movedSpan(one, 0, place.start));
  return result;
}

/** `before` with the entries from `start` to `end` replaced, and something added to those behind. */
function spliceNumbers(
  before: Int32Array,
  start: number,
  end: number,
  inside: Int32Array,
  add: number,
): Int32Array {
  const result = new Int32Array(before.length - (end - start) + inside.length);
  result.set(before.subarray(0, start));
  result.set(inside, start);
  const behind = start + inside.length;
  result.set(before.subarray(end), behind);
  if (add !== 0)
    for (let i = behind; i < result.length; i += 1) result[i] = (result[i] as number) + add;
  return result;
}

/** The first entries with something added to each. */
function added(values: Int32Array, add: number, count = values.length): Int32Array {
  return values.slice(0, count).map((value) => value + add);
}

function spliceTree(
  old: SyntaxTree,
  place: Place,
  { tree }: Fragment,
  source: SourceFile,
  by: number,
  facts: Pick<SyntaxTree, "expr" | "diagnostics" | "firstError">,
): SyntaxTree {
  const { firstToken, endToken, firstNode, endNode, group } = place;
  const tokens = tree.tokenCount - 1;
  const nodes = tree.nodeCount - 1;
  const moreTokens = tokens - (endToken - firstToken);
  const moreNodes = nodes - (endNode - firstNode);
  const commentsBefore = (token: number): number =>
    token === 0 ? 0 : (old.tokenComments[token - 1] as number);
  const firstComment = commentsBefore(firstToken);
  const endComment = commentsBefore(endToken);
  const moreComments = tree.commentStarts.length - (endComment - firstComment);
  // The end of the file and the root of the fragment are not in the result.
  const inTokens = (values: Int32Array, inside: Int32Array, move: number, more: number) =>
    spliceNumbers(values, firstToken, endToken, added(inside, move, tokens), more);
  const inNodes = (values: Int32Array, inside: Int32Array, move: number, more: number) =>
    spliceNumbers(values, firstNode, endNode, added(inside.subarray(1), move), more);
  const inComments = (values: Int32Array, inside: Int32Array) =>
    spliceNumbers(values, firstComment, endComment, added(inside, place.start), by);
  const nodeParent = inNodes(old.nodeParent, tree.nodeParent, firstNode - 1, 0);
  for (let i = 0; i < nodes; i += 1)
    if (tree.nodeParent[i + 1] === 0) nodeParent[firstNode + i] = group;
  for (let node = firstNode + nodes; node < nodeParent.length; node += 1) {
    const parent = nodeParent[node] as number;
    if (parent >= endNode) nodeParent[node] = parent + moreNodes;
  }
  const nodeEnd = inNodes(old.nodeEnd, tree.nodeEnd, firstToken, moreTokens);
  const nodeNext = inNodes(old.nodeNext, tree.nodeNext, firstNode - 1, moreNodes);
  for (let around = group; around >= 0; around = old.nodeParent[around] as number) {
    nodeEnd[around] = (nodeEnd[around] as number) + moreTokens;
    nodeNext[around] = (nodeNext[around] as number) + moreNodes;
  }
  return new SyntaxTree({
    source,
    ...facts,
    tokenKinds: inTokens(old.tokenKinds, tree.tokenKinds, 0, 0),
    tokenStarts: inTokens(old.tokenStarts, tree.tokenStarts, place.start, by),
    tokenEnds: inTokens(old.tokenEnds, tree.tokenEnds, place.start, by),
    tokenComments: inTokens(old.tokenComments, tree.tokenComments, firstComment, moreComments),
    commentStarts: inComments(old.commentStarts, tree.commentStarts),
    commentEnds: inComments(old.commentEnds, tree.commentEnds),
    nodeKinds: inNodes(old.nodeKinds, tree.nodeKinds, 0, 0),
    nodeFirst: inNodes(old.nodeFirst, tree.nodeFirst, firstToken, moreTokens),
    nodeEnd,
    nodeNext,
    nodeParent,
  });
}
