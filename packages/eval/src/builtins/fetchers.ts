/** The table of the fetchers: `fetchurl`, `fetchTarball`, `fetchTree`, `fetchGit`, `fetchMercurial`, `fetchClosure`. */

import type { Attrs } from "../value/attrs.ts";
import type { Value } from "../value/value.ts";
import { args, type BuiltinDefinition, strict, suspending } from "./definition.ts";
import { fetchDownload, fetchMercurial, fetchTree } from "./fetch-calls.ts";
import { fetchClosure } from "./fetch-closure.ts";

/** The builtins of this file. */
export const fetcherBuiltins: readonly BuiltinDefinition[] = [
  suspending({
    name: "fetchurl",
    args: args("arg"),
    strict: [strict(0, "any")],
    doc: "The store path of a file from the network. *arg* is a URL or a set with `url`, `name` and `sha256`.",
    run: (ctx, argument: Value) => fetchDownload(ctx, "fetchurl", argument),
  }),
  suspending({
    name: "fetchTarball",
    args: args("args"),
    strict: [strict(0, "any")],
    doc: "The store path of an unpacked archive from the network. *args* is a URL or a set with `url`, `name` and `sha256`.",
    run: (ctx, argument: Value) => fetchDownload(ctx, "fetchTarball", argument),
  }),
  suspending({
    name: "fetchGit",
    args: args("args"),
    strict: [strict(0, "any")],
    doc: "Fetches a Git repository. *args* is a URL or a set.",
    run: (ctx, argument: Value) => fetchTree(ctx, { name: "fetchGit", isGit: true }, argument),
  }),
  suspending({
    name: "fetchMercurial",
    args: args("args"),
    strict: [strict(0, "any")],
    doc: "Fetches a Mercurial repository. *args* is a URL or a set.",
    run: (ctx, argument: Value) => fetchMercurial(ctx, argument),
  }),
  suspending({
    name: "fetchTree",
    args: args("input"),
    strict: [strict(0, "any")],
    feature: "fetch-tree",
    doc: "Fetches a source tree of any kind. *input* is a set with a `type`, or a URL.",
    run: (ctx, argument: Value) => fetchTree(ctx, { name: "fetchTree", isGit: false }, argument),
  }),
  suspending({
    name: "fetchClosure",
    args: args("args"),
    strict: [strict(0, "set", "while evaluating the argument passed to builtins.fetchClosure")],
    feature: "fetch-closure",
    doc: "The store path `fromPath` of the set *args*, copied with its closure from the binary cache `fromStore`. With `toPath` it is rewritten to content-addressed form, which needs no trust; a path that is not content-addressed needs `inputAddressed = true`.",
    run: (ctx, set: Attrs) => fetchClosure(ctx, set),
  }),
];
