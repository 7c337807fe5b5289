/**
 * Completion: what can be written at a place.
 *
 * The place decides: an attribute of a value, an attribute of the set that is being written, a name of an
 * `inherit`, a formal, a path, or any expression. Names come from the text first; attributes from the
 * static shape of their set and, where there is none, from evaluation. Lists are ranked and cut, and what
 * is expensive comes when an item is looked at.
 */
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import {
  BindingKind,
  type Expr,
  flakeInputs,
  NixFile,
  NodeKind,
  printIdentifier,
  SyntaxKind,
  SyntaxNode,
  SyntaxToken,
  Token,
} from "@nivis/syntax";
import type {
  CompletionItem,
  CompletionItemKind,
  CompletionList,
  CompletionParams,
  Range,
} from "vscode-languageserver";
import {
  builtinHead,
  builtinMarkdown,
  builtinNamed,
  globalBuiltin,
  knownBuiltins,
} from "../analysis/builtins.ts";
import { callAt, functionsOf } from "../analysis/calls.ts";
import { documentationOf } from "../analysis/comments.ts";
import {
  expressionsAt,
  isInComment,
  nameText,
  setOfBinding,
  tokenBefore,
} from "../analysis/cursor.ts";
import { withsAround } from "../analysis/evaluations.ts";
import { describeKind } from "../analysis/names.ts";
import { bindingNames, optionPath, optionsBelow } from "../analysis/options.ts";
import { type Origin, OriginSearch } from "../analysis/origins.ts";
import type { Snapshot } from "../analysis/snapshot.ts";
import { aboutDocument, type Feature, type Workbench } from "../feature.ts";
import type { Cancelled, EvaluationQuery } from "../host.ts";
import { describedValue, optionMarkdown, packageMarkdown } from "./hover.ts";
import { isSubsequence } from "./symbols.ts";

/** Items in one reply, at most; the client asks again while the user types. */
const MAX_ITEMS = 200;

/** Kinds of `CompletionItem`. */
const enum Kind {
  Function = 3,
  Field = 5,
  Variable = 6,
  Module = 9,
  Property = 10,
  Value = 12,
  Keyword = 14,
  File = 17,
  Folder = 19,
  Constant = 21,
}

/** What an item remembers until it is resolved. */
interface ItemData {
  readonly builtin?: string;
  readonly query?: EvaluationQuery;
}

const KEYWORDS = ["let", "if", "with", "assert", "rec", "inherit", "or", "in", "then", "else"];
const INPUT_NAMES = [
  "url",
  "follows",
  "flake",
  "inputs",
  "type",
  "owner",
  "repo",
  "ref",
  "rev",
  "dir",
];
const FLAKE_NAMES = ["description", "inputs", "outputs", "nixConfig"];
/** The outputs with an attribute for each system, which `nix flake show` and `check` know. */
const OUTPUTS_BY_SYSTEM = [
  "apps",
  "bundlers",
  "checks",
  "devShells",
  "formatter",
  "legacyPackages",
  "packages",
];
const OTHER_OUTPUTS = [
  "hydraJobs",
  "lib",
  "nixosConfigurations",
  "nixosModules",
  "overlays",
  "templates",
];
const SYSTEMS = ["x86_64-linux", "aarch64-linux", "aarch64-darwin", "x86_64-darwin"];

/** `textDocument/completion` */
export const completionFeature: Feature = {
  method: "textDocument/completion",
  title: "Completion",
  does: "names in scope, attributes from the texts and by evaluation, packages with version and description, builtins, arguments of the called function, options of NixOS modules, inputs and outputs of flakes, `inherit`, paths, keywords",
  peers: {
    nil: "names, attributes of one file, builtins, NixOS options",
    nixd: "names, `pkgs`, options",
  },
  test: "completion.test.ts",
  capabilities: () => ({
    completionProvider: {
      triggerCharacters: [".", "/", "<", "{", "("],
      resolveProvider: true,
    },
  }),
  empty: { isIncomplete: false, items: [] },
  run: aboutDocument(
    async (
      snapshot,
      { position }: CompletionParams,
      bench,
      token,
    ): Promise<CompletionList | null> => {
      const offset = snapshot.offset(position);
      const place = new Completion(snapshot, offset, bench, token);
      await place.gather();
      return place.list();
    },
  ),
};

/** One request. */
class Completion {
  readonly #snapshot: Snapshot;
  readonly #offset: number;
  readonly #bench: Workbench;
  readonly #token: Cancelled;
  /** Where the word at the place begins. */
  #start: number;
  readonly #items = new Map<string, CompletionItem>();
  #isIncomplete = false;

  constructor(snapshot: Snapshot, offset: number, bench: Workbench, token: Cancelled) {
    this.#snapshot = snapshot;
    this.#offset = offset;
    this.#bench = bench;
    this.#token = token;
    this.#start = offset;
    while (/[a-zA-Z0-9_'-]/.test(snapshot.bytes[this.#start - 1] ?? "")) this.#start -= 1;
  }

  get #prefix(): string {
    return decodeUtf8(this.#snapshot.bytes.slice(this.#start, this.#offset));
  }

  /** The items that match the word, the best first. */
  list(): CompletionList {
    const word = this.#prefix.toLowerCase();
    const matching: { item: CompletionItem; rank: string }[] = [];
    for (const item of this.#items.values()) {
      const label = (item.filterText ?? item.label).toLowerCase();
      if (!isSubsequence(word, label)) continue;
      const rank = label.startsWith(word) ? "0" : label.includes(word) ? "1" : "2";
      matching.push({ item, rank: `${rank}${item.sortText ?? item.label}` });
    }
    matching.sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0));
    return {
      isIncomplete:
        this.#isIncomplete || this.#bench.evaluations.isLate || matching.length > MAX_ITEMS,
      items: matching.slice(0, MAX_ITEMS).map(({ item }) => item),
    };
  }

  /** Finds out what can stand here. */
  async gather(): Promise<void> {
    const snapshot = this.#snapshot;
    const { tree } = snapshot;
    if (isInComment(snapshot, this.#offset)) return;
    if (await this.#path()) return;
    const before = tokenBefore(snapshot, this.#start);
    const kind = before < 0 ? undefined : (tree.tokenKinds[before] as Token);
    const inside = this.#stringAround();
    if (inside !== undefined) {
      await this.#insideString(inside);
      return;
    }
    if (kind === Token.Dot) {
      await this.#attribute(before);
      return;
    }
    if (kind === Token.Int || kind === Token.Float) return;
    const node = before < 0 ? undefined : new SyntaxNode(tree, tree.nodeOf(before));
    if (node !== undefined && (await this.#inherit(node, before))) return;
    if (node !== undefined && this.#formals(node, before)) return;
    if (node !== undefined && kind !== undefined && (await this.#newAttribute(before, kind)))
      return;
    await this.#expression();
  }

  #range(): Range {
    return this.#snapshot.range({ start: this.#start, end: this.#offset });
  }

  #add(label: string, kind: Kind, more: Partial<CompletionItem> = {}): void {
    if (this.#items.has(label)) return;
    this.#items.set(label, {
      label,
      kind: kind as CompletionItemKind,
      textEdit: { range: this.#range(), newText: label },
      ...more,
    });
  }

  /** The node of a string whose text is at the place. */
  #stringAround(): SyntaxNode | undefined {
    const { tree } = this.#snapshot;
    const offset = this.#offset;
    const index = tree.tokenAt(offset);
    for (const at of [index, index - 1]) {
      if (at < 0) continue;
      const kind = tree.tokenKinds[at] as Token;
      const start = tree.tokenStarts[at] as number;
      const end = tree.tokenEnds[at] as number;
      const isText = kind === Token.StringText && start <= offset && offset <= end;
      const opens = (kind === Token.Quote || kind === Token.IndentedOpen) && end === offset;
      const closes =
        (kind === Token.CloseQuote || kind === Token.CloseIndented) && start === offset;
      if (!isText && !opens && !closes) continue;
      const node = new SyntaxNode(tree, tree.nodeOf(at));
      if (node.kind === SyntaxKind.String || node.kind === SyntaxKind.IndentedString) return node;
    }
    return undefined;
  }

  /** In `inputs.X.follows = "…"` the inputs of the flake, and nothing in other strings. */
  async #insideString(node: SyntaxNode): Promise<void> {
    if (!this.#snapshot.isFlake) return;
    const binding = node.parent;
    if (binding?.kind !== SyntaxKind.Binding || bindingNames(binding).at(-1) !== "follows") return;
    for (const name of this.#flakeInputs()) this.#add(name, Kind.Module);
  }

  #flakeInputs(): string[] {
    try {
      const file = new NixFile(this.#snapshot.bytes);
      return flakeInputs(file).map(({ name }) => decodeUtf8(name));
    } catch {
      // A text with mistakes: what its tree has.
      const { expr } = this.#snapshot;
      if (expr.kind !== NodeKind.AttrSet) return [];
      const inputs = expr.bindings.find(({ name }) => name === "inputs")?.value;
      return inputs?.kind === NodeKind.AttrSet
        ? inputs.bindings.map(({ name }) => decodeUtf8(name))
        : [];
    }
  }

  /** Files, where a path is being written; returns whether one is. */
  async #path(): Promise<boolean> {
    const { bytes, directory } = this.#snapshot;
    const line = bytes.slice(Math.max(0, this.#offset - 1000), this.#offset);
    const search = /<([\w.+\-/]*)$/.exec(line)?.[1];
    const literal = /(?:^|[\s([{=;:,!+])((?:\.{1,2}|~)?\/[\w.+\-/]*)$/.exec(line)?.[1];
    const text = search ?? literal;
    if (text === undefined || this.#stringAround() !== undefined) return false;
    if (literal !== undefined && /^\/{2}|^\/$/.test(literal)) return false;
    const slash = text.lastIndexOf("/");
    const folder = text.slice(0, Math.max(0, slash));
    this.#start = this.#offset - (text.length - slash - 1);
    let path: string | undefined;
    if (search !== undefined) {
      if (slash < 0) {
        for (const name of ["nixpkgs", "nixpkgs/lib", "nixpkgs/nixos", "nix"])
          this.#add(name, Kind.Module, {
            textEdit: { range: this.#range(), newText: `${name}>` },
          });
        return true;
      }
      path = await this.#bench.files.searchPath(decodeUtf8(folder));
    } else if (folder === "" || folder.startsWith("/"))
      path = folder === "" ? "/" : decodeUtf8(folder);
    else if (folder.startsWith("~")) {
      const { home } = this.#bench.workspace;
      path = home === undefined ? undefined : `${home}${decodeUtf8(folder.slice(1))}`;
    } else path = joined(directory, decodeUtf8(folder));
    if (path === undefined) return true;
    for (const { name, type } of (await this.#bench.workspace.list(path)) ?? []) {
      if (name.startsWith(".") && !this.#prefix.startsWith(".")) continue;
      if (!/^[\w.+-]+$/.test(name)) continue;
      const isFolder = type === "directory";
      this.#add(name, isFolder ? Kind.Folder : Kind.File, {
        sortText: `${isFolder || name.endsWith(".nix") ? 0 : 1}${name}`,
      });
    }
    return true;
  }

  /** Behind a dot: an attribute of a value, or of the set that is being written. */
  async #attribute(dot: number): Promise<void> {
    const { tree } = this.#snapshot;
    const names: string[] = [];
    let at = dot;
    // `base . a . b .`
    for (;;) {
      const name = this.#elementEnding(at - 1);
      if (name === undefined) return;
      const first = name.firstToken.index;
      const isName =
        name instanceof SyntaxToken
          ? name.kind === Token.Id || name.kind === Token.Or
          : name.kind === SyntaxKind.String || name.kind === SyntaxKind.Interpolation;
      const previous = first > 0 ? tree.tokenKinds[first - 1] : undefined;
      if (isName && previous === Token.Dot) {
        names.unshift(nameText(name));
        at = first - 1;
        continue;
      }
      await this.#attributeOf(name, names);
      return;
    }
  }

  /** The operand that ends with a token: a name, or a whole bracket. */
  #elementEnding(index: number): SyntaxToken | SyntaxNode | undefined {
    const { tree } = this.#snapshot;
    if (index < 0) return undefined;
    const token = new SyntaxToken(tree, index);
    switch (token.kind) {
      case Token.RightBrace:
      case Token.RightParen:
      case Token.RightBracket:
      case Token.CloseQuote:
      case Token.CloseIndented: {
        const { parent } = token;
        return parent.lastToken.index === index ? parent : undefined;
      }
      default:
        return token;
    }
  }

  async #attributeOf(base: SyntaxToken | SyntaxNode, path: readonly string[]): Promise<void> {
    if (isKeyPlace(base, this.#offset)) {
      await this.#key([nameText(base), ...path], base);
      return;
    }
    const expr = this.#expressionOf(base);
    if (expr === undefined) return;
    await this.#attributesOf(expr, path);
  }

  /** The evaluator's expression for an operand. */
  #expressionOf(base: SyntaxToken | SyntaxNode): Expr | undefined {
    const { expr, names } = this.#snapshot;
    if (base instanceof SyntaxToken && (base.kind === Token.Id || base.kind === Token.Or)) {
      const use = names.useAt(base.start);
      const name = base.text;
      if (use !== undefined && use.start === base.start) {
        return { kind: NodeKind.Var, name, start: base.start, end: base.end, pos: base.start };
      }
    }
    const chain = expressionsAt(expr, base.start);
    return chain.find((one) => one.start === base.start && one.end === base.end) ?? chain.at(-1);
  }

  /** The attributes at a path of an expression. */
  async #attributesOf(base: Expr, path: readonly string[]): Promise<void> {
    const snapshot = this.#snapshot;
    const isBuiltins =
      base.kind === NodeKind.Var &&
      base.name === "builtins" &&
      snapshot.names.useAt(base.pos)?.kind === "global";
    if (isBuiltins && path.length === 0) {
      for (const { name, args } of knownBuiltins()) {
        this.#add(name, args === undefined ? Kind.Constant : Kind.Function, {
          detail: builtinHead(builtinNamed(name) as NonNullable<ReturnType<typeof builtinNamed>>),
          data: { builtin: name } satisfies ItemData,
        });
      }
      return;
    }
    const search = new OriginSearch(this.#bench.files);
    const origins = await search.origins({ snapshot, expr: base });
    this.#addSets(await search.select(origins, path));
    const { evaluations } = this.#bench;
    const decoded = path.map(decodeUtf8);
    const listed = await evaluations.attributes(snapshot, base, decoded, this.#prefix);
    const query = evaluations.queryOf(snapshot, base, decoded);
    if (listed !== undefined && listed.length >= MAX_ITEMS) this.#isIncomplete = true;
    for (const { name, type } of listed ?? []) {
      const item = query === undefined ? undefined : { ...query, path: [...query.path, name] };
      this.#addAttribute(name, type === "lambda" ? Kind.Function : Kind.Field, {
        ...(type === undefined ? {} : { detail: type }),
        ...(item === undefined ? {} : { data: { query: item } satisfies ItemData }),
      });
    }
  }

  /** An attribute by its name, in quotes where it needs them. */
  #addAttribute(name: string, kind: Kind, more: Partial<CompletionItem> = {}): void {
    const written = decodeUtf8(printIdentifier(encodeUtf8(name)));
    this.#add(name, kind, {
      textEdit: { range: this.#range(), newText: written },
      ...(name.startsWith("_") ? { sortText: `~${name}` } : {}),
      ...more,
    });
  }

  #addSets(origins: readonly Origin[]): void {
    for (const origin of origins) {
      if (origin.kind !== "set") continue;
      for (const binding of origin.set.bindings) {
        const isFunction =
          binding.kind === BindingKind.Plain && binding.value.kind === NodeKind.Lambda;
        const doc = documentationOf(origin.snapshot, binding);
        this.#addAttribute(decodeUtf8(binding.name), isFunction ? Kind.Function : Kind.Field, {
          ...(doc === undefined ? {} : { documentation: { kind: "markdown", value: doc } }),
        });
      }
    }
  }

  /** Names of an `inherit`; returns whether the place is in one. */
  async #inherit(node: SyntaxNode, before: number): Promise<boolean> {
    const { tree } = this.#snapshot;
    let inherit: SyntaxNode | undefined = node;
    if (tree.tokenKinds[before] === Token.Semicolon) return false;
    if (inherit.kind === SyntaxKind.InheritSource) {
      if (tree.tokenKinds[before] !== Token.RightParen) return false;
      inherit = inherit.parent;
    }
    if (inherit?.kind !== SyntaxKind.Inherit) return false;
    const source = inherit.children.find(
      (child) => child instanceof SyntaxNode && child.kind === SyntaxKind.InheritSource,
    ) as SyntaxNode | undefined;
    const there = new Set(
      inherit.children
        .map((child) => nameText(child as SyntaxToken))
        .filter((one) => one !== this.#prefix),
    );
    if (source === undefined) this.#scope(inherit.start);
    else {
      const inner = source.children.find((child) => child.text !== "(" && child.text !== ")");
      const expr = inner === undefined ? undefined : this.#expressionOf(inner);
      if (expr !== undefined) await this.#attributesOf(expr, []);
    }
    for (const name of there) this.#items.delete(decodeUtf8(name));
    return true;
  }

  /** Names among the formals of a function; returns whether the place is among them. */
  #formals(node: SyntaxNode, before: number): boolean {
    const { tree, isFlake } = this.#snapshot;
    const kind = tree.tokenKinds[before] as Token;
    const formals =
      node.kind === SyntaxKind.Formals || node.kind === SyntaxKind.Lambda
        ? node
        : node.kind === SyntaxKind.Formal
          ? node.parent
          : undefined;
    if (formals === undefined || (kind !== Token.LeftBrace && kind !== Token.Comma)) return false;
    if (formals.kind === SyntaxKind.Lambda && kind !== Token.Comma) return false;
    if (isFlake)
      for (const name of ["self", ...this.#flakeInputs()]) this.#add(name, Kind.Variable);
    for (const name of ["lib", "pkgs", "config", "stdenv", "fetchFromGitHub", "callPackage"])
      if (!isFlake) this.#add(name, Kind.Variable, { sortText: `2${name}` });
    return true;
  }

  /** A place where a binding begins: the names that the set may want; returns whether it is one. */
  async #newAttribute(before: number, kind: Token): Promise<boolean> {
    const { tree } = this.#snapshot;
    const token = new SyntaxToken(tree, before);
    const begins = kind === Token.LeftBrace || kind === Token.Semicolon || kind === Token.Let;
    if (!begins) return false;
    let node: SyntaxNode | undefined = token.parent;
    if (kind === Token.Semicolon) {
      if (node.kind === SyntaxKind.With || node.kind === SyntaxKind.Assert) return false;
      if (node.kind === SyntaxKind.Binding || node.kind === SyntaxKind.Inherit) node = node.parent;
    }
    if (kind === Token.Let || node?.kind === SyntaxKind.Let) {
      this.#add("inherit", Kind.Keyword);
      if (kind === Token.Semicolon) this.#add("in", Kind.Keyword);
      return true;
    }
    if (node?.kind !== SyntaxKind.AttrSet) return false;
    this.#add("inherit", Kind.Keyword, { sortText: "9inherit" });
    await this.#key([], node);
    // `{ a` may still become the formals of a function.
    if (kind === Token.LeftBrace && node.children.length <= 3) return true;
    return true;
  }

  /** Keys of the set around an element, below the names that are written already. */
  async #key(path: readonly string[], element: SyntaxToken | SyntaxNode): Promise<void> {
    const snapshot = this.#snapshot;
    const set =
      element instanceof SyntaxNode && element.kind === SyntaxKind.AttrSet
        ? element
        : element.ancestors().find(({ kind }) => kind === SyntaxKind.AttrSet);
    if (set === undefined) return;
    const around = optionPath(snapshot, set, []) ?? [];
    if (snapshot.isFlake) {
      const isArgument = set.parent?.kind === SyntaxKind.Apply;
      this.#flakeKeys([...around, ...path.map(decodeUtf8)], isArgument);
    }
    if (path.length === 0) await this.#formalsOfCall(set);
    const full = optionPath(snapshot, set, path);
    if (full !== undefined) {
      const options = await optionsBelow(snapshot, full.map(decodeUtf8), this.#prefix, this.#bench);
      if (options.length >= MAX_ITEMS) this.#isIncomplete = true;
      for (const { query, found } of options)
        this.#addAttribute(found.name, Kind.Property, { data: { query } satisfies ItemData });
    }
    // What the set has already below the same names.
    const ast = setOfBinding(snapshot, new SyntaxNode(snapshot.tree, set.index + 1));
    if (path.length === 0 || ast === undefined) return;
    const search = new OriginSearch(this.#bench.files);
    this.#addSets(await search.select([{ kind: "set", snapshot, set: ast }], path));
  }

  #flakeKeys(path: readonly string[], isArgument: boolean): void {
    const [first, , ...more] = path;
    if (first === undefined) for (const name of FLAKE_NAMES) this.#add(name, Kind.Property);
    if (first === "outputs" && !isArgument) this.#outputNames(path.slice(1));
    if (first !== "inputs") return;
    if (path.length === 1) for (const name of this.#flakeInputs()) this.#add(name, Kind.Module);
    else if (more.length === 0 || more.at(-2) === "inputs")
      for (const name of INPUT_NAMES) this.#add(name, Kind.Property);
    else if (more.at(-1) === "inputs") this.#add("nixpkgs", Kind.Module);
  }

  /** The names below outputs of a flake: outputs, systems, and the one that commands take by default. */
  #outputNames([output, system, ...rest]: readonly string[]): void {
    const add = (names: readonly string[]): void => {
      for (const name of names) this.#add(name, Kind.Property);
    };
    if (output === undefined) add([...OUTPUTS_BY_SYSTEM, ...OTHER_OUTPUTS]);
    else if (!OUTPUTS_BY_SYSTEM.includes(output)) return;
    else if (system === undefined) add(SYSTEMS);
    else if (rest.length === 0 && output !== "formatter") add(["default"]);
  }

  /** The formals of the function that a set is given to. */
  async #formalsOfCall(set: SyntaxNode): Promise<void> {
    const snapshot = this.#snapshot;
    const call = callAt(snapshot, set.start + 1);
    if (call === undefined) return;
    const written = new Set<string>();
    for (const child of set.children)
      if (child instanceof SyntaxNode && child.kind === SyntaxKind.Binding)
        written.add(bindingNames(child)[0] ?? "");
    for (const { parameters, argument } of await functionsOf(snapshot, call, this.#bench.files)) {
      for (const { name, optional } of parameters[argument]?.formals ?? []) {
        if (written.has(encodeUtf8(name))) continue;
        const detail = optional ? "optional argument" : "required argument";
        this.#add(name, Kind.Property, { detail, sortText: `${optional ? 1 : 0}${name}` });
      }
    }
    const value = await this.#bench.evaluations.describe(snapshot, call.callee, [], this.#token);
    for (const { name, optional } of value?.formals ?? []) {
      if (written.has(encodeUtf8(name)) || call.argument > 0) continue;
      const detail = optional ? "optional argument" : "required argument";
      this.#add(name, Kind.Property, { detail, sortText: `${optional ? 1 : 0}${name}` });
    }
  }

  /** Any expression: names in scope, keywords, and names from a `with`. */
  async #expression(): Promise<void> {
    this.#scope(this.#anchor());
    for (const name of KEYWORDS) this.#add(name, Kind.Keyword, { sortText: `8${name}` });
    const snapshot = this.#snapshot;
    const search = new OriginSearch(this.#bench.files);
    const { evaluations } = this.#bench;
    for (const namespace of withsAround(snapshot, this.#anchor())) {
      this.#addSets(await search.origins({ snapshot, expr: namespace }));
      const listed = await evaluations.attributes(snapshot, namespace, [], this.#prefix);
      const query = evaluations.queryOf(snapshot, namespace, []);
      if (listed !== undefined && listed.length >= MAX_ITEMS) this.#isIncomplete = true;
      for (const { name } of listed ?? []) {
        if (this.#items.has(name) || query === undefined) continue;
        this.#add(name, Kind.Field, {
          sortText: `5${name}`,
          data: { query: { ...query, path: [...query.path, name] } } satisfies ItemData,
        });
      }
    }
  }

  /** A place inside of the expression that the cursor stands behind. */
  #anchor(): number {
    const before = tokenBefore(this.#snapshot, this.#start);
    const end = before < 0 ? 0 : (this.#snapshot.tree.tokenEnds[before] as number);
    return this.#start > end ? end : this.#offset;
  }

  /** The names that are in scope at a place. */
  #scope(at: number): void {
    const { names } = this.#snapshot;
    let distance = 0;
    for (const definition of names.visibleAt(at)) {
      distance += 1;
      // What is being typed is not a name yet.
      if (definition.pos === this.#start && definition.uses.length === 0) continue;
      const { binding } = definition.variable;
      const isFunction =
        binding?.kind === BindingKind.Plain && binding.value.kind === NodeKind.Lambda;
      this.#add(decodeUtf8(definition.name), isFunction ? Kind.Function : Kind.Variable, {
        detail: describeKind(definition),
        sortText: `0${String(distance).padStart(5, "0")}`,
      });
    }
    for (const { global, name, args } of knownBuiltins()) {
      const isHidden = global.startsWith("__");
      if (isHidden && !this.#prefix.startsWith("_")) continue;
      this.#add(global, args === undefined ? Kind.Constant : Kind.Function, {
        detail: args === undefined ? "constant" : `builtins.${[name, ...args].join(" ")}`,
        sortText: `${isHidden ? 9 : 7}${global}`,
        data: { builtin: name } satisfies ItemData,
      });
    }
  }
}

/** Whether an operand is a key that is being written: `{ services.` or `{ services. = 1; }` */
function isKeyPlace(base: SyntaxToken | SyntaxNode, offset: number): boolean {
  const { parent } = base;
  if (parent?.kind === SyntaxKind.Binding) {
    const equals = parent.children.find(
      (child) => child instanceof SyntaxToken && child.kind === Token.Equals,
    );
    return equals === undefined || base.start < equals.start;
  }
  if (parent?.kind !== SyntaxKind.AttrSet && parent?.kind !== SyntaxKind.Let) return false;
  // In a set, tokens that are no bindings are keys without a value.
  return base.end <= offset && (base.firstToken.previous?.kind ?? Token.Eof) !== Token.In;
}

function joined(directory: string, path: string): string {
  const parts = directory.split("/").filter((part) => part !== "");
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** `completionItem/resolve` */
export const completionResolveFeature: Feature = {
  method: "completionItem/resolve",
  test: "completion.test.ts",
  capabilities: () => ({}),
  empty: null,
  run: async (bench: Workbench, item: CompletionItem, token): Promise<CompletionItem> => {
    const { builtin, query } = (item.data ?? {}) as ItemData;
    if (builtin !== undefined) {
      const known = builtinNamed(builtin) ?? globalBuiltin(builtin);
      if (known === undefined) return item;
      return { ...item, documentation: { kind: "markdown", value: builtinMarkdown(known) } };
    }
    if (query === undefined) return item;
    const value = await bench.evaluations.describeQuery(query, token);
    if (value === undefined) return item;
    if (value.option !== undefined) {
      return {
        ...item,
        detail: value.option.type ?? "option",
        documentation: { kind: "markdown", value: optionMarkdown(value.option) },
      };
    }
    if (value.package !== undefined) {
      const { version, name } = value.package;
      return {
        ...item,
        detail: version ?? name,
        documentation: { kind: "markdown", value: packageMarkdown(value.package) },
      };
    }
    const text = describedValue(value);
    return {
      ...item,
      detail: value.type,
      ...(text === undefined ? {} : { documentation: { kind: "markdown", value: text } }),
    };
  },
};
