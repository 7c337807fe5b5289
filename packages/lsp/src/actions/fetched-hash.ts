/**
 * The hash of what a fetcher fetches: which binding waits for one, and the expression whose value it is.
 *
 * A hash that is empty or one of `lib.fakeHash`, `lib.fakeSha256` in the arguments of a known fetcher can be filled
 * where the other arguments are written as strings, possibly by way of names in the same text. The evaluator
 * fetches the same and computes the hash.
 */
import { decodeUtf8 } from "@nivis/formats";
import { type AttrSet, BindingKind, type Expr, NodeKind, printString, walk } from "@nivis/syntax";
import type { Snapshot } from "../analysis/snapshot.ts";

/** A hash that can be filled. */
export interface WantedHash {
  /** The value to replace. */
  readonly value: Expr;
  /** An expression for the hash, in the SRI form, as text. */
  readonly expression: string;
}

/** Names of arguments that hold a hash. */
const HASH_NAMES: ReadonlySet<string> = new Set(["hash", "sha256", "outputHash"]);
/** Other arguments that do not change what is fetched, and those that the expressions below use. */
const KNOWN_NAMES: ReadonlySet<string> = new Set([
  ...[
    "owner",
    "repo",
    "rev",
    "tag",
    "url",
    "domain",
    "name",
    "pname",
    "version",
    "meta",
    "passthru",
  ],
  ...HASH_NAMES,
]);
/** Names that a string goes through, at most. */
const MAX_STEPS = 10;

type Arguments = Readonly<Record<string, string | undefined>>;

/** What each fetcher's hash is the hash of, as an expression. */
const FETCHERS: Readonly<Record<string, (args: Arguments) => string | undefined>> = {
  fetchurl: ({ url }) =>
    url === undefined
      ? undefined
      : `builtins.convertHash { hash = builtins.hashFile "sha256" (builtins.fetchurl ${url}); hashAlgo = "sha256"; toHashFormat = "sri"; }`,
  fetchzip: ({ url }) => treeHash(url),
  fetchTarball: ({ url }) => treeHash(url),
  fetchFromGitHub: forge("https://github.com", "archive/"),
  fetchFromGitea: (args) => forge(`https://${unquoted(args["domain"])}`, "archive/")(args),
  fetchFromSourcehut: forge("https://git.sr.ht", "archive/"),
};

function treeHash(url: string | undefined): string | undefined {
  return url === undefined
    ? undefined
    : `(builtins.fetchTree { type = "tarball"; url = ${url}; }).narHash`;
}

function unquoted(text: string | undefined): string {
  return text?.slice(1, -1) ?? "";
}

function forge(host: string, folder: string): (args: Arguments) => string | undefined {
  return ({ owner, repo, rev, tag }) => {
    const version = rev ?? (tag === undefined ? undefined : `"refs/tags/${unquoted(tag)}"`);
    if (owner === undefined || repo === undefined || version === undefined) return undefined;
    const path = `${unquoted(owner)}/${unquoted(repo)}/${folder}${unquoted(version)}`;
    return treeHash(`"${host}/${path}.tar.gz"`);
  };
}

/** The hash that a place is in or next to. */
export function wantedHashAt(snapshot: Snapshot, offset: number): WantedHash | undefined {
  let found: WantedHash | undefined;
  walk(snapshot.expr, (expr) => {
    if (expr.start > offset || expr.end < offset)
      return expr.kind === NodeKind.AttrSet && expr.implicit;
    if (expr.kind === NodeKind.Call)
      found = wantedHash(snapshot, expr.callee, expr.args[0]) ?? found;
    return true;
  });
  return found;
}

function wantedHash(
  snapshot: Snapshot,
  callee: Expr,
  args: Expr | undefined,
): WantedHash | undefined {
  const fetcher = FETCHERS[lastName(callee) ?? ""];
  if (fetcher === undefined || args?.kind !== NodeKind.AttrSet) return undefined;
  const hash = args.bindings.find(({ name, value }) => HASH_NAMES.has(name) && isFake(value));
  if (hash === undefined || args.dynamic.length > 0) return undefined;
  if (args.bindings.some(({ name }) => !KNOWN_NAMES.has(name))) return undefined;
  const texts: Record<string, string | undefined> = {};
  for (const { name, value, kind } of args.bindings) {
    if (kind === BindingKind.InheritedFrom) continue;
    const text = textOf(snapshot, value, MAX_STEPS);
    if (text !== undefined) texts[name] = printString(text);
  }
  const expression = fetcher(texts);
  return expression === undefined
    ? undefined
    : { value: hash.value, expression: decodeUtf8(expression) };
}

function lastName(expr: Expr): string | undefined {
  if (expr.kind === NodeKind.Var) return expr.name;
  return expr.kind === NodeKind.Select ? expr.path.at(-1)?.name : undefined;
}

/** `""`, a hash of zeros, `lib.fakeHash` and the like. */
function isFake(value: Expr): boolean {
  if (value.kind === NodeKind.String) return /^(?:sha256-)?[A0]*=?$/.test(value.value);
  return /^fake(?:Hash|Sha256)$/.test(lastName(value) ?? "");
}

/** The string that an expression is, as far as the text says so. */
function textOf(snapshot: Snapshot, expr: Expr, left: number): string | undefined {
  if (left === 0) return undefined;
  switch (expr.kind) {
    case NodeKind.String:
      return expr.value;
    case NodeKind.StringTemplate: {
      const parts = expr.parts.map((part) => textOf(snapshot, part, left - 1));
      return parts.some((part) => part === undefined) ? undefined : parts.join("");
    }
    case NodeKind.Var: {
      const binding = snapshot.names.useAt(expr.pos)?.definition?.variable.binding;
      return binding?.kind === BindingKind.Plain
        ? textOf(snapshot, binding.value, left - 1)
        : undefined;
    }
    case NodeKind.Select: {
      // `finalAttrs.version`: an attribute of the set around.
      const [name, ...others] = expr.path;
      if (expr.base.kind !== NodeKind.Var || name?.name === undefined || others.length > 0)
        return undefined;
      const set = setAround(snapshot, expr, name.name);
      const value = set?.bindings.find((one) => one.name === name.name)?.value;
      return value === undefined ? undefined : textOf(snapshot, value, left - 1);
    }
    default:
      return undefined;
  }
}

/** The body of the function whose parameter `expr` selects from, if that is a set with the attribute. */
function setAround({ names }: Snapshot, expr: Expr, name: string): AttrSet | undefined {
  if (expr.kind !== NodeKind.Select) return undefined;
  const owner = names.useAt(expr.base.pos)?.definition?.owner;
  if (owner?.kind !== NodeKind.Lambda || owner.body.kind !== NodeKind.AttrSet) return undefined;
  return owner.body.bindings.some((one) => one.name === name) ? owner.body : undefined;
}
