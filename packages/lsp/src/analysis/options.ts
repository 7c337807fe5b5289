/**
 * Options of modules: which option an attribute of a text sets, and what evaluation knows about it.
 *
 * A file is taken for a module if it is a set with `options`, `config` or `imports`, a function with
 * `config` or `options` among its arguments, or below `imports` of one; other files get no options. The
 * trees of options come from the settings. Which of them a file belongs to is said by a comment
 * `# nivis: options=NAME` at its head, else by the patterns of the trees, and trees without patterns are for
 * all other modules. Without settings the tree is that of NixOS in the nixpkgs of the settings.
 */
import { matchesPattern } from "@nivis/fmt";
import {
  type Expr,
  NodeKind,
  SyntaxKind,
  type SyntaxNode,
  SyntaxToken,
  Token,
} from "@nivis/syntax";
import type { Workbench } from "../feature.ts";
import type { Cancelled, DescribedOption, EvaluationQuery, ListedAttribute } from "../host.ts";
import type { Settings } from "../settings.ts";
import { nameText, tokenAt } from "./cursor.ts";
import type { Snapshot } from "./snapshot.ts";

/** The options of NixOS without any configuration: its modules, and a system that some of them need. */
const NIXOS = `((import <nixpkgs/lib>).evalModules {
  modules = import <nixpkgs/nixos/modules/module-list.nix> ++ [
    { _module.check = false; nixpkgs.hostPlatform = builtins.currentSystem; }
  ];
  specialArgs.modulesPath = toString <nixpkgs/nixos/modules>;
}).options`;

/** The name of {@link NIXOS} in settings and comments. */
const NIXOS_NAME = "nixos";

/** What says at the head of a file which trees of options it belongs to. */
const HEAD_COMMENT =
  /^(?:[ \t]*(?:#.*)?\r?\n)*?[ \t]*#[ \t]*nivis:[ \t]*options=(?<names>[\w-]+(?:,[\w-]+)*)/;

/** Whether a file looks like a module. */
export function isModule({ expr }: Snapshot): boolean {
  let body: Expr = expr;
  if (body.kind === NodeKind.Lambda) {
    const names = body.formals?.formals.map(({ name }) => name) ?? [];
    if (names.includes("config") || names.includes("options")) return true;
    const isOpen = body.formals?.ellipsis === true;
    if (!isOpen) return false;
    body = body.body;
  }
  while (body.kind === NodeKind.Let || body.kind === NodeKind.With) body = body.body;
  if (body.kind !== NodeKind.AttrSet) return false;
  return body.bindings.some(({ name }) => /^(?:options|config|imports)$/.test(name));
}

/** The queries for trees of options that a file may belong to. */
export function optionTrees(snapshot: Snapshot, bench: Workbench): EvaluationQuery[] {
  if (!bench.evaluations.isEnabled) return [];
  const { directory } = snapshot;
  return treesOf(snapshot, bench.settings.options).map((root) => ({ root, directory, path: [] }));
}

/** The expressions for the trees of options of a file. */
function treesOf(snapshot: Snapshot, settings: Settings["options"]): string[] {
  const trees = Object.entries(settings).flatMap(([name, { expr, files }]) => {
    const root = expr ?? (name === NIXOS_NAME ? NIXOS : undefined);
    return root === undefined ? [] : [{ name, root, files }];
  });
  const wanted = HEAD_COMMENT.exec(snapshot.text)?.groups?.["names"]?.split(",");
  if (wanted !== undefined) {
    const known = new Map([
      [NIXOS_NAME, NIXOS],
      ...trees.map(({ name, root }) => [name, root] as const),
    ]);
    return wanted.flatMap((name) => known.get(name) ?? []);
  }
  if (!isModule(snapshot)) return [];
  if (trees.length === 0) return [NIXOS];
  const { path } = snapshot;
  const matching = trees.filter(({ files }) => files.some((one) => isAbout(one, path)));
  const chosen = matching.length > 0 ? matching : trees.filter(({ files }) => files.length === 0);
  return chosen.map(({ root }) => root);
}

/** Whether a pattern is about a file; one that does not begin with a slash may begin at any folder. */
function isAbout(pattern: string, path: string | undefined): boolean {
  if (path === undefined) return false;
  if (pattern.startsWith("/")) return matchesPattern(pattern, path.slice(1));
  return matchesPattern(pattern.includes("/") ? `{,**/}${pattern}` : pattern, path.slice(1));
}

/**
 * The path of the option at a place: the names of the sets around it up to the module, a leading `config`
 * left out. `undefined` where a function or a list stands between, other than the usual `mkIf` and such.
 */
export function optionPath(
  snapshot: Snapshot,
  node: SyntaxNode,
  own: readonly string[],
): string[] | undefined {
  const path = [...own];
  for (let at = node.parent; at !== undefined; at = at.parent) {
    switch (at.kind) {
      case SyntaxKind.Binding:
        path.unshift(...bindingNames(at));
        break;
      case SyntaxKind.List:
      case SyntaxKind.String:
      case SyntaxKind.IndentedString:
        return undefined;
      default:
    }
  }
  if (path[0] === "config") path.shift();
  if (path[0] === "options" || path[0] === "imports") return undefined;
  return snapshot.isAnalysed ? path : undefined;
}

/** The names of a binding as they are written. */
export function bindingNames(binding: SyntaxNode): string[] {
  const names: string[] = [];
  for (const child of binding.children) {
    if (child instanceof SyntaxToken) {
      if (child.kind === Token.Equals) break;
      if (child.kind === Token.Id || child.kind === Token.Or) names.push(child.text);
    } else if (child.kind === SyntaxKind.String || child.kind === SyntaxKind.Interpolation)
      names.push(nameText(child));
    else break;
  }
  return names;
}

/** An option with its path. */
export interface FoundOption {
  readonly path: readonly string[];
  readonly option: DescribedOption | undefined;
}

/** The option whose name is at a place. */
export async function optionAt(
  snapshot: Snapshot,
  offset: number,
  bench: Workbench,
  token: Cancelled,
): Promise<FoundOption | undefined> {
  const trees = optionTrees(snapshot, bench);
  if (trees.length === 0) return undefined;
  const at = tokenAt(snapshot, offset);
  const binding = at?.ancestors().find((node) => node.kind === SyntaxKind.Binding);
  if (at === undefined || binding === undefined) return undefined;
  const names: string[] = [];
  for (const child of binding.children) {
    if (child.start > offset) break;
    if (child instanceof SyntaxToken ? child.kind === Token.Id : child.kind === SyntaxKind.String)
      names.push(nameText(child));
    if (child.end >= offset && child instanceof SyntaxToken && child.kind === Token.Id) break;
  }
  const path = optionPath(snapshot, binding, names);
  if (path === undefined) return undefined;
  for (const tree of trees) {
    const value = await bench.evaluations.describeQuery({ ...tree, path }, token);
    if (value?.option !== undefined) return { path, option: value.option };
  }
  return { path, option: undefined };
}

/** The options below a path whose next name begins with a prefix. */
export async function optionsBelow(
  snapshot: Snapshot,
  path: readonly string[],
  prefix: string,
  bench: Workbench,
): Promise<readonly { readonly query: EvaluationQuery; readonly found: ListedAttribute }[]> {
  const all: { query: EvaluationQuery; found: ListedAttribute }[] = [];
  for (const tree of optionTrees(snapshot, bench)) {
    const query = { ...tree, path };
    const listed = await bench.evaluations.attributesOf(query, prefix);
    for (const found of listed ?? [])
      if (!found.name.startsWith("_"))
        all.push({ query: { ...tree, path: [...path, found.name] }, found });
  }
  return all;
}
