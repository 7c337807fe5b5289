/**
 * NixFile: a Nix text that programs change, such as a flake whose inputs are updated.
 *
 * Every change is a small text edit; comments, layout and all that is not touched stay as they are, and
 * the result always parses. Paths are those of `lookup.ts`. Texts are bytes, one char a byte.
 *
 *     const file = new NixFile(text);
 *     file.setString("inputs.nixpkgs.url", "github:NixOS/nixpkgs/nixos-26.11");
 *     file.edits; // [{ start, end, text }]
 */
import { printIdentifier, printString } from "../ast/quote.ts";
import { Token } from "../lex/token.ts";
import type { TextEdit } from "../lint/diagnostic.ts";
import { SourceFile } from "../text/source.ts";
import { SyntaxKind } from "../tree/kinds.ts";
import { rootOf, type SyntaxElement, SyntaxNode, SyntaxToken } from "../tree/node.ts";
import { parseTree } from "../tree/parse-tree.ts";
import type { SyntaxTree } from "../tree/syntax-tree.ts";
import {
  type AttrSetView,
  type BindingView,
  formalsView,
  lambdaView,
  listView,
} from "../tree/views.ts";
import { EditError } from "./edit-error.ts";
import { EditedText } from "./edited-text.ts";
import { type ItemGroup, insertItem, removeItem } from "./items.ts";
import { type Found, find, letsOf, type Match, setsOf } from "./lookup.ts";
import { nameOf, parsePath, plainString, printPath } from "./names.ts";

/** Where a new binding goes. */
export interface InsertOptions {
  /** Behind the binding of this path; at the end of the set unless given. */
  readonly after?: string;
}

/** A text with its edits. Every method that changes it throws an {@link EditError} if it cannot. */
export class NixFile {
  readonly #edited: EditedText;
  #tree: SyntaxTree;

  /** @throws {EditError} If the text does not parse. */
  constructor(text: string) {
    this.#edited = new EditedText(text);
    this.#tree = parsed(text, "the text does not parse");
  }

  /** The text as it is now. */
  toString(): string {
    return this.#edited.text;
  }

  /** The tree of the text as it is now. */
  get tree(): SyntaxTree {
    return this.#tree;
  }

  /** What changed, as edits of the text that the file was opened with. */
  get edits(): readonly TextEdit[] {
    return this.#edited.edits;
  }

  #change(edits: readonly TextEdit[]): void {
    const text = new EditedText(this.#edited.text);
    text.apply(edits);
    this.#tree = parsed(text.text, "the text would not parse any more");
    this.#edited.apply(edits);
  }

  /** The element that a path names: the value of a binding; `undefined` when there is none. */
  at(path: string): SyntaxElement | undefined {
    return this.#find(parsePath(path)).exact?.binding.value;
  }

  /** The source text of the value at a path. */
  get(path: string): string | undefined {
    return this.at(path)?.text;
  }

  /** The value at a path if it is a string without interpolations; bytes. */
  getString(path: string): string | undefined {
    const value = this.at(path);
    if (value instanceof SyntaxToken) return value.kind === Token.Uri ? value.text : undefined;
    return value?.kind === SyntaxKind.String ? plainString(value) : undefined;
  }

  /** The names that are bound directly below a path; those of `inherit` included. */
  names(path = ""): string[] {
    const names = new Set<string>();
    const prefix = path === "" ? [] : parsePath(path);
    const found = prefix.length === 0 ? undefined : this.#find(prefix);
    for (const { binding, used } of found?.below ?? []) {
      const name = binding.names[used];
      const text = name === undefined ? undefined : nameOf(name);
      if (text !== undefined) names.add(text);
    }
    const value = found?.exact?.binding.value;
    const sets =
      prefix.length === 0 ? this.#sets(prefix) : value === undefined ? [] : setsOf(value);
    for (const item of sets[0]?.items ?? []) {
      for (const element of namesOf(item)) {
        const text = nameOf(element);
        if (text !== undefined) names.add(text);
      }
    }
    return [...names];
  }

  #sets(path: readonly string[]): AttrSetView[] {
    const root = rootOf(this.#tree);
    return path[0]?.startsWith("@") === true ? letsOf(root) : setsOf(root);
  }

  #find(path: readonly string[]): Found {
    return find(this.#sets(path), withoutAt(path));
  }

  /** The binding that a path names. */
  #binding(path: string): Match {
    const names = parsePath(path);
    const { exact, inherited, below } = this.#find(names);
    if (exact !== undefined) return exact;
    if (inherited !== undefined) {
      const name = withoutAt(names).at(-1) as string;
      throw new EditError(
        `'${path}' is inherited; where it is bound by a 'let', it is '@${printIdentifier(name)}'`,
      );
    }
    if (below.length > 0) throw new EditError(`'${path}' is a set of several bindings`);
    throw new EditError(`there is no attribute '${path}'`);
  }

  /**
   * Makes the value at a path the expression `expr`; a binding that is not there is added as `insert`
   * does.
   */
  set(path: string, expr: string): void {
    const names = parsePath(path);
    const { exact, inherited, below } = this.#find(names);
    if (exact === undefined && inherited === undefined && below.length === 0) {
      this.insert(path, expr);
      return;
    }
    const { value } = this.#binding(path).binding as BindingView & {
      readonly value: SyntaxElement;
    };
    this.#change([{ start: value.start, end: value.end, text: expr }]);
  }

  /**
   * Makes the string at a path another one and keeps its kind of quotes. A URI becomes a quoted string.
   * Fails for a value that is not a string, and for one with interpolations, which `set` replaces.
   */
  setString(path: string, content: string): void {
    const { exact, inherited, below } = this.#find(parsePath(path));
    if (exact === undefined && inherited === undefined && below.length === 0) {
      this.insert(path, printString(content));
      return;
    }
    const value = this.#binding(path).binding.value as SyntaxElement;
    if (value instanceof SyntaxToken) {
      if (value.kind !== Token.Uri) throw notPlain(path, value);
      this.#change([{ start: value.start, end: value.end, text: printString(content) }]);
      return;
    }
    const isIndented = value.kind === SyntaxKind.IndentedString;
    if (!isIndented && value.kind !== SyntaxKind.String) throw notPlain(path, value);
    if (value.children.some((child) => child instanceof SyntaxNode)) {
      throw new EditError(`'${path}' has interpolations; set it to a whole expression instead`);
    }
    // One line in ''…'' has no indentation to keep; what has more lines is written anew.
    const text = isIndented && !content.includes("\n") ? indented(content) : printString(content);
    this.#change([{ start: value.start, end: value.end, text }]);
  }

  /** Adds a binding. Fails if the path is bound already. */
  insert(path: string, expr: string, options: InsertOptions = {}): void {
    const names = parsePath(path);
    const found = this.#find(names);
    const bare = withoutAt(names);
    if (found.exact !== undefined || found.inherited !== undefined || found.below.length > 0) {
      throw new EditError(`'${path}' is there already`);
    }
    const { nearest, depth, kin } = found;
    if (nearest?.close === undefined) {
      throw new EditError(`there is no set into which '${path}' could be put`);
    }
    const blocking = this.#blocking(nearest, bare, depth);
    if (blocking !== undefined) {
      throw new EditError(
        `'${path}' cannot be added, since '${printPath(bare.slice(0, depth + blocking))}' is not a set that is written here`,
      );
    }
    const item = `${printPath(bare.slice(depth))} = ${expr};`;
    const after = options.after === undefined ? kin : this.#binding(options.after);
    const group = groupOf(nearest);
    const place =
      after === undefined ? undefined : group.items.find((one) => one.equals(after.binding.node));
    this.#change(insertItem(this.#tree, group, item, place));
  }

  /** How many further names a binding has that ends where the path goes on. */
  #blocking(set: AttrSetView, path: readonly string[], depth: number): number | undefined {
    for (let count = 1; depth + count < path.length; count += 1) {
      const { exact, inherited } = find([set], path.slice(depth, depth + count));
      if (exact !== undefined || inherited !== undefined) return count;
    }
    return undefined;
  }

  /** Takes out all bindings of a path with their comments, or its name out of an `inherit`. */
  remove(path: string): void {
    const { exact, below, inherited } = this.#find(parsePath(path));
    if (inherited !== undefined) {
      const whole = inherited.inherit.names.length === 1;
      const gone = whole ? inherited.inherit.node : inherited.name;
      this.#change(removeItem(this.#tree, gone));
      return;
    }
    const matches = exact === undefined ? below : [exact];
    if (matches.length === 0) throw new EditError(`there is no attribute '${path}'`);
    this.#change(matches.flatMap(({ binding }) => removeItem(this.#tree, binding.node)));
  }

  /** Gives the last name of a path another one, in all bindings that have it. */
  rename(path: string, name: string): void {
    const names = parsePath(path);
    const { exact, below, inherited } = this.#find(names);
    if (inherited !== undefined) {
      throw new EditError(
        `'${path}' is inherited, and keeps the name that it has where it comes from`,
      );
    }
    const matches = exact === undefined ? below : [exact];
    if (matches.length === 0) throw new EditError(`there is no attribute '${path}'`);
    const renamed = [
      ...names.slice(0, -1),
      (names.length === 1 && names[0]?.startsWith("@") ? "@" : "") + name,
    ];
    const taken = this.#find(renamed);
    if (taken.exact !== undefined || taken.inherited !== undefined || taken.below.length > 0) {
      throw new EditError(`'${name}' is there already`);
    }
    this.#change(
      matches.map(({ binding, used }) => {
        const element = binding.names[used - 1] as SyntaxElement;
        return { start: element.start, end: element.end, text: printIdentifier(name) };
      }),
    );
  }

  /** Adds an item to the list at a path. */
  append(path: string, expr: string): void {
    this.#change(insertItem(this.#tree, this.#list(path), expr));
  }

  /** Takes the item that is written as `expr` out of the list at a path. */
  removeItem(path: string, expr: string): void {
    const item = this.#list(path).items.find((one) => one.text === expr);
    if (item === undefined) throw new EditError(`the list '${path}' has no item '${expr}'`);
    this.#change(removeItem(this.#tree, item));
  }

  #list(path: string): ItemGroup {
    let value = this.#binding(path).binding.value;
    // `with pkgs; [ … ]`
    while (value instanceof SyntaxNode && value.kind === SyntaxKind.With)
      value = value.children.at(-1);
    const list = value instanceof SyntaxNode ? listView(value) : undefined;
    if (list?.close === undefined)
      throw new EditError(`'${path}' is not a list that is written here`);
    return { open: list.open, close: list.close, items: list.items };
  }

  /** The names of the formals of the function at a path, of the text itself without one. */
  formals(path?: string): string[] | undefined {
    return this.#formals(path)?.formals.map(({ name }) => name.text);
  }

  #formals(path: string | undefined) {
    const value = path === undefined ? rootOf(this.#tree).children[0] : this.at(path);
    const lambda = value instanceof SyntaxNode ? lambdaView(value) : undefined;
    return lambda?.formals === undefined ? undefined : formalsView(lambda.formals);
  }

  /** Adds a name to the formals of a function. Does nothing if it is there. */
  addFormal(name: string, path?: string): void {
    const view = this.#formals(path);
    if (view?.close === undefined) {
      throw new EditError(`'${path ?? "the text"}' is not a function of a set of arguments`);
    }
    if (view.formals.some((formal) => formal.name.text === name)) return;
    const { text } = this.#tree;
    const last = view.formals.at(-1);
    const { ellipsis, open, close } = view;
    if (last === undefined) {
      const item = ellipsis === undefined ? name : `${name},`;
      const at = ellipsis === undefined ? close.start : ellipsis.start;
      const blank = /\s/.test(text.charAt(at - 1)) ? "" : " ";
      this.#change([{ start: at, end: at, text: `${blank}${item} ` }]);
      return;
    }
    // Behind the last name, as its line is: after it, or in the style of leading commas.
    const previous = view.formals.at(-2);
    const from = previous === undefined ? open.end : previous.node.end;
    const separator = text.slice(from, last.node.start);
    const between =
      previous === undefined
        ? separator.replace(/^\s*/, (blanks) => `,${blanks || " "}`)
        : separator;
    const plain = /^[\s,]*$/.test(between) ? between : ", ";
    this.#change([{ start: last.node.end, end: last.node.end, text: `${plain}${name}` }]);
  }

  /** Takes a name out of the formals of a function. Does nothing if it is not there. */
  removeFormal(name: string, path?: string): void {
    const view = this.#formals(path);
    const formal = view?.formals.find((one) => one.name.text === name);
    if (view === undefined || formal === undefined) return;
    const comma = formal.node.lastToken.next;
    const before = formal.node.firstToken.previous as SyntaxToken;
    if (before.kind === Token.Comma) {
      this.#change([{ start: before.start, end: formal.node.end, text: "" }]);
    } else if (comma?.kind === Token.Comma) {
      const next = comma.next as SyntaxToken;
      this.#change([{ start: formal.node.start, end: next.start, text: "" }]);
    } else this.#change([{ start: before.end, end: formal.node.end, text: "" }]);
  }
}

function parsed(text: string, failure: string): SyntaxTree {
  const tree = parseTree(new SourceFile({ kind: "string" }, text));
  const { firstError } = tree;
  if (firstError === undefined) return tree;
  const { line, column } = tree.source.lineColumn(firstError.span.start);
  throw new EditError(`${failure}: ${firstError.message}, at line ${line}, column ${column}`);
}

function withoutAt(path: readonly string[]): string[] {
  const [first = "", ...rest] = path;
  return [first.startsWith("@") ? first.slice(1) : first, ...rest];
}

function groupOf({ open, close, items, node }: AttrSetView): ItemGroup {
  // `rec {` and `let` begin with another token than the bracket.
  return {
    open: node.kind === SyntaxKind.Let ? node.firstToken : open,
    close: close as SyntaxToken,
    items,
  };
}

function namesOf(item: SyntaxNode): readonly SyntaxElement[] {
  if (item.kind === SyntaxKind.Binding) return item.children.slice(0, 1);
  return item.children.filter((child) =>
    child instanceof SyntaxNode ? child.kind === SyntaxKind.String : child.kind === Token.Id,
  );
}

function notPlain(path: string, value: SyntaxElement): EditError {
  const shown = value.text.length > 30 ? `${value.text.slice(0, 30)}...` : value.text;
  return new EditError(
    `'${path}' is not a string but '${shown}'; set it to a whole expression instead`,
  );
}

/** `''…''` with one line of text */
function indented(content: string): string {
  return `''${content.replaceAll("''", "'''").replaceAll("${", "''${")}''`;
}
