/** Inlay hints: the name of a long binding at its end, and the versions of packages in lists. */
import { decodeUtf8 } from "@nivis/formats";
import { NodeKind, type Span, SyntaxKind, SyntaxNode, Token, walk } from "@nivis/syntax";
import type { InlayHint, InlayHintParams } from "vscode-languageserver";
import { pathText } from "../analysis/evaluations.ts";
import { bindingNames } from "../analysis/options.ts";
import type { Snapshot } from "../analysis/snapshot.ts";
import { aboutDocument, type Feature, type Workbench } from "../feature.ts";
import type { Cancelled } from "../host.ts";

/** Packages whose versions are shown at once, at most. */
const MAX_VERSIONS = 60;

/** `textDocument/inlayHint` */
export const inlayHintFeature: Feature = {
  method: "textDocument/inlayHint",
  title: "Inlay hints",
  does: "the name of a binding behind its end from 25 lines on; by evaluation the versions of packages in lists under `with pkgs;`",
  peers: { nil: "ends of bindings", nixd: "versions" },
  test: "hints.test.ts",
  capabilities: () => ({ inlayHintProvider: { resolveProvider: false } }),
  empty: [],
  run: aboutDocument(
    async (snapshot, { range }: InlayHintParams, bench, token): Promise<InlayHint[]> => {
      const span = snapshot.positions.span(range);
      return [
        ...endHints(snapshot, span, bench),
        ...(await versions(snapshot, span, bench, token)),
      ];
    },
  ),
};

function endHints(snapshot: Snapshot, within: Span, bench: Workbench): InlayHint[] {
  const { tree, source } = snapshot;
  const least = bench.settings.inlayHints.bindingEnds;
  if (least === 0) return [];
  const found: InlayHint[] = [];
  for (let node = 0; node < tree.nodeCount; node += 1) {
    if (tree.nodeKinds[node] !== SyntaxKind.Binding) continue;
    const last = (tree.nodeEnd[node] as number) - 1;
    const end = tree.tokenEnds[last] as number;
    if (end < within.start || end > within.end || tree.tokenKinds[last] !== Token.Semicolon)
      continue;
    const start = tree.tokenStarts[tree.nodeFirst[node] as number] as number;
    const lines = source.lineColumn(end).line - source.lineColumn(start).line + 1;
    if (lines < least) continue;
    const name = decodeUtf8(pathText(bindingNames(new SyntaxNode(tree, node))));
    found.push({ position: snapshot.position(end), label: `${name}`, paddingLeft: true });
  }
  return found;
}

/** The versions of the packages that lists under a `with` name. */
async function versions(
  snapshot: Snapshot,
  within: Span,
  bench: Workbench,
  token: Cancelled,
): Promise<InlayHint[]> {
  if (!bench.settings.inlayHints.versions || !bench.evaluations.isEnabled) return [];
  const wanted: { readonly name: string; readonly pos: number; readonly end: number }[] = [];
  walk(snapshot.expr, (expr) => {
    if (expr.kind !== NodeKind.List) return;
    for (const item of expr.items) {
      if (item.kind !== NodeKind.Var || item.end < within.start || item.start > within.end)
        continue;
      if (wanted.length >= MAX_VERSIONS) return;
      if (snapshot.names.useAt(item.pos)?.kind === "free")
        wanted.push({ name: item.name, pos: item.pos, end: item.end });
    }
  });
  const found: InlayHint[] = [];
  for (const { name, pos, end } of wanted) {
    if (token.isCancellationRequested) return [];
    const variable = { kind: NodeKind.Var, name, pos, start: pos, end } as const;
    const value = await bench.evaluations.describe(snapshot, variable, [], token);
    const version = value?.package?.version;
    if (version === undefined || version === "") continue;
    found.push({
      position: snapshot.position(pos + name.length),
      label: version,
      paddingLeft: true,
    });
  }
  return found;
}
