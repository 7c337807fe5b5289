/** Code actions: repairs of what the linter finds, and rewrites. */

import { decodeUtf8 } from "@nivis/formats";
import { applyFixes, type LintDiagnostic } from "@nivis/syntax";
import { type CodeAction, type CodeActionParams, ResponseError } from "vscode-languageserver";
import type { Offer } from "../actions/action.ts";
import { wantedHashAt } from "../actions/fetched-hash.ts";
import { REWRITES } from "../actions/rewrites.ts";
import type { Snapshot } from "../analysis/snapshot.ts";
import { aboutDocument, type Feature, type Workbench } from "../feature.ts";
import { applyByteEdits, textEdit, workspaceEdit } from "../text/edits.ts";
import { lintOptions, ofLint } from "./diagnostics.ts";

/** Findings that one menu is about, at most; the smallest, which are the nearest. */
const MAX_FINDINGS = 20;
/** `RequestFailed` of the protocol. */
const REQUEST_FAILED = -32803;
const FIX_ALL = "source.fixAll.nivis";

/** `textDocument/codeAction` */
export const codeActionFeature: Feature = {
  method: "textDocument/codeAction",
  title: "Code actions",
  does: "the repairs of all lints, one by one or all at once; `# nivis-ignore`; the missing hash of a fetcher; rewrites, each checked to parse",
  peers: { nil: "11 rewrites", nixd: "10 rewrites, repairs" },
  test: "code-actions.test.ts",
  capabilities: () => ({
    codeActionProvider: {
      resolveProvider: true,
      codeActionKinds: [
        "quickfix",
        "refactor.extract",
        "refactor.inline",
        "refactor.rewrite",
        FIX_ALL,
      ],
    },
  }),
  empty: [],
  run: aboutDocument((snapshot, { range, context }: CodeActionParams, bench): CodeAction[] => {
    const wants = (kind: string): boolean =>
      context.only === undefined ||
      context.only.some((one) => kind === one || kind.startsWith(`${one}.`));
    const span = snapshot.positions.span(range);
    const actions: CodeAction[] = [];
    const lints = snapshot.lints(lintOptions(bench));
    const here = lints
      .filter((one) => one.span.start <= span.end && span.start <= one.span.end)
      .sort((a, b) => a.span.end - a.span.start - (b.span.end - b.span.start))
      .slice(0, MAX_FINDINGS);
    if (wants("quickfix")) for (const one of here) actions.push(...repairs(snapshot, one));
    for (const { kind, offer } of REWRITES) {
      if (!wants(kind)) continue;
      const found = offer(snapshot, span);
      if (found === undefined || !isSound(snapshot, found)) continue;
      actions.push({
        title: found.title,
        kind,
        edit: workspaceEdit(snapshot, found.edits),
      });
    }
    if (wants("quickfix") && canResolve(bench)) {
      const wanted = wantedHashAt(snapshot, span.start);
      const data: HashData = { uri: snapshot.uri, offset: wanted?.value.start ?? 0 };
      if (wanted !== undefined)
        actions.push({ title: "Fetch, and fill in the hash", kind: "quickfix", data });
    }
    // On its own it would be offered at every place.
    const isAsked = context.only !== undefined && wants(FIX_ALL);
    if (isAsked) actions.push(...fixAll(snapshot, lints));
    return actions;
  }),
};

/** What an action that fills a hash is about. */
interface HashData {
  readonly uri: string;
  /** Where the hash begins. */
  readonly offset: number;
}

/** Whether the client asks for edits when an action is chosen, and somebody can compute them. */
function canResolve({ client, evaluations }: Workbench): boolean {
  const properties = client.textDocument?.codeAction?.resolveSupport?.properties;
  return properties?.includes("edit") === true && evaluations.isEnabled;
}

/** `codeAction/resolve`: computes the edit of an action that fills a hash. */
export const codeActionResolveFeature: Feature = {
  method: "codeAction/resolve",
  test: "evaluation.test.ts",
  capabilities: () => ({}),
  empty: null,
  run: async (bench: Workbench, action: CodeAction, token): Promise<CodeAction> => {
    const { uri, offset } = (action.data ?? {}) as Partial<HashData>;
    const snapshot = uri === undefined ? undefined : bench.open(uri);
    if (snapshot === undefined || offset === undefined) return action;
    const wanted = wantedHashAt(snapshot, offset);
    if (wanted === undefined) return action;
    const query = { root: wanted.expression, directory: snapshot.directory, path: [] };
    const { start, end } = wanted.value;
    const reply = await bench.evaluations.evaluateNow(query, token);
    const hash =
      "value" in reply ? /^"(sha256-[A-Za-z0-9+/=]+)"$/.exec(reply.value)?.[1] : undefined;
    if (hash === undefined) {
      const why = "error" in reply ? reply.error : `${reply.value} is not a hash`;
      throw new ResponseError(REQUEST_FAILED, `the hash could not be computed: ${why}`);
    }
    if (bench.open(uri as string)?.version !== snapshot.version)
      throw new ResponseError(REQUEST_FAILED, "the text has changed while its source was fetched");
    return { ...action, edit: workspaceEdit(snapshot, [{ start, end, text: `"${hash}"` }]) };
  },
};

/** The repair of a finding, and a comment that silences it. */
function repairs(snapshot: Snapshot, one: LintDiagnostic): CodeAction[] {
  const diagnostics = [ofLint(snapshot, one)];
  const actions: CodeAction[] = [];
  if (one.fix !== undefined) {
    actions.push({
      title: decodeUtf8(one.fix.title),
      kind: "quickfix",
      isPreferred: true,
      diagnostics,
      edit: workspaceEdit(snapshot, one.fix.edits),
    });
  }
  const { lineStarts } = snapshot.source;
  const line = snapshot.source.lineColumn(one.span.start).line - 1;
  const start = lineStarts[line] as number;
  // Inside of a string a comment would be text.
  if (!isInString(snapshot, start)) {
    const indent = /^[ \t]*/.exec(snapshot.bytes.slice(start, one.span.start))?.[0] ?? "";
    const edit = { start, end: start, text: `${indent}# nivis-ignore ${one.code}\n` };
    actions.push({
      title: `Ignore ${one.code} here`,
      kind: "quickfix",
      diagnostics,
      edit: { changes: { [snapshot.uri]: [textEdit(snapshot, edit)] } },
    });
  }
  return actions;
}

function isInString({ tree }: Snapshot, offset: number): boolean {
  const index = tree.tokenAt(offset);
  return (tree.tokenStarts[index] as number) < offset;
}

/** Applies the repairs of all findings that do not touch each other. */
function fixAll(snapshot: Snapshot, lints: readonly LintDiagnostic[]): CodeAction[] {
  const { fixed } = applyFixes(snapshot.bytes, lints);
  if (fixed.length === 0) return [];
  const edits = fixed.flatMap(({ fix }) => fix?.edits ?? []);
  const offer = { title: "", edits };
  if (!isSound(snapshot, offer)) return [];
  return [
    {
      title: `Apply ${fixed.length} repair${fixed.length === 1 ? "" : "s"}`,
      kind: FIX_ALL,
      edit: workspaceEdit(snapshot, edits),
    },
  ];
}

/** Whether the text parses with the edits if it does without, and has all its comments. */
function isSound(snapshot: Snapshot, { edits }: Offer): boolean {
  const { hasError, commentCount } = snapshot.summaryOf(applyByteEdits(snapshot.bytes, edits));
  const isBroken = snapshot.parsed.firstError !== undefined;
  return (!hasError || isBroken) && commentCount >= snapshot.tree.commentStarts.length;
}
