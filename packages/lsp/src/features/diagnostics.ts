/**
 * Diagnostics: syntax errors, lints and errors of evaluation, pushed to clients or pulled by them.
 *
 * Syntax errors and lints come with the text; errors of evaluation come when a file is saved or opened and
 * are about the files on disk with what is open. A client that pulls is not pushed to.
 */
import { decodeUtf8 } from "@nivis/formats";
import {
  type DiagnosticLabel,
  type LintDiagnostic,
  type LintOptions,
  lintRules,
  NodeKind,
  type Span,
  type Diagnostic as SyntaxDiagnostic,
} from "@nivis/syntax";
import {
  type Diagnostic,
  DiagnosticSeverity,
  DiagnosticTag,
  type DocumentDiagnosticParams,
  type DocumentDiagnosticReport,
  type PublishDiagnosticsParams,
  type WorkspaceDiagnosticParams,
  type WorkspaceDiagnosticReport,
} from "vscode-languageserver";
import type { Snapshot } from "../analysis/snapshot.ts";
import type { Feature, Workbench } from "../feature.ts";
import type { EvaluationProblem } from "../host.ts";
import { uriOfPath } from "../text/uri.ts";

const SOURCE = "nivis";
/** Diagnostics of one file, at most. */
const MAX_DIAGNOSTICS = 1000;
/** Files of the workspace that are checked, at most. */
const MAX_WORKSPACE_FILES = 5000;

/** Codes of rules that find what has no effect. */
const UNNECESSARY = /^(?:unused-|useless-|redundant-|empty-|dead-code)/;
const DEPRECATED = /^deprecated-/;

/** The options of the linter in these settings. */
export function lintOptions({ settings }: Workbench): LintOptions {
  const { strict, ignored } = settings.diagnostics;
  return { strict, disable: ignored };
}

/** The findings in a text without evaluation. */
export function diagnosticsOf(snapshot: Snapshot, bench: Workbench): Diagnostic[] {
  if (!bench.settings.diagnostics.enable) return [];
  // Editors open empty files all the time; that nothing is written yet is not a mistake.
  if (/^\s*$/.test(snapshot.bytes)) return [];
  const found: Diagnostic[] = [];
  for (const one of snapshot.parsed.diagnostics) {
    if (found.length >= MAX_DIAGNOSTICS) break;
    found.push(ofSyntax(snapshot, one));
  }
  if (snapshot.isAnalysed) {
    for (const one of snapshot.lints(lintOptions(bench))) {
      if (found.length >= MAX_DIAGNOSTICS) break;
      found.push(ofLint(snapshot, one));
    }
  }
  return found;
}

function ofSyntax(snapshot: Snapshot, one: SyntaxDiagnostic): Diagnostic {
  return {
    range: snapshot.range(visible(snapshot, one.span)),
    severity: one.severity === "error" ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
    code: one.code,
    source: SOURCE,
    message: decodeUtf8(one.message),
    ...related(snapshot, one.labels),
  };
}

/** A finding of the linter as the protocol has it. */
export function ofLint(snapshot: Snapshot, one: LintDiagnostic): Diagnostic {
  const tags = UNNECESSARY.test(one.code)
    ? [DiagnosticTag.Unnecessary]
    : DEPRECATED.test(one.code)
      ? [DiagnosticTag.Deprecated]
      : [];
  const level = lintRules.find(({ code }) => code === one.code)?.level;
  return {
    range: snapshot.range(visible(snapshot, one.span)),
    severity:
      one.code === "undefined-variable"
        ? DiagnosticSeverity.Error
        : level === "strict"
          ? DiagnosticSeverity.Hint
          : DiagnosticSeverity.Warning,
    code: one.code,
    source: SOURCE,
    message: decodeUtf8(one.message),
    ...(tags.length > 0 ? { tags } : {}),
    ...related(snapshot, one.labels),
  };
}

function related(snapshot: Snapshot, labels: readonly DiagnosticLabel[]): Partial<Diagnostic> {
  if (labels.length === 0) return {};
  return {
    relatedInformation: labels.map(({ span, message }) => ({
      location: { uri: snapshot.uri, range: snapshot.range(span) },
      message: decodeUtf8(message),
    })),
  };
}

/** A span with something to underline. */
function visible(snapshot: Snapshot, { start, end }: Span): Span {
  if (end > start) return { start, end };
  if (start < snapshot.bytes.length && !/[\r\n]/.test(snapshot.bytes[start] as string))
    return { start, end: start + 1 };
  return { start: Math.max(0, start - 1), end: Math.max(start, 0) };
}

function ofEvaluation(problem: EvaluationProblem): Diagnostic | undefined {
  const { message, place, related: others } = problem;
  if (place === undefined) return undefined;
  return {
    range: place.range,
    severity: DiagnosticSeverity.Error,
    code: "evaluation",
    source: SOURCE,
    message,
    relatedInformation: others.map((one) => ({
      location: { uri: uriOfPath(one.path), range: one.range },
      message: one.message,
    })),
  };
}

/** What the publisher does to its surroundings. */
interface Outlet {
  readonly publish: (params: PublishDiagnosticsParams) => void;
  readonly schedule: (milliseconds: number, run: () => void) => () => void;
  /** Asks a client that pulls to do so again. */
  readonly refresh: () => void;
}

/** How long nobody types before a file is evaluated, in milliseconds. */
const QUIET = 300;

/** Sends diagnostics to clients that do not pull, and evaluates saved files. */
export class DiagnosticsPublisher {
  readonly #bench: Workbench;
  readonly #outlet: Outlet;
  readonly #waiting = new Set<string>();
  #cancelPublish: (() => void) | undefined;
  readonly #evaluated = new Map<string, readonly EvaluationProblem[]>();
  #cancelCheck: (() => void) | undefined;
  #isDisposed = false;

  constructor(bench: Workbench, outlet: Outlet) {
    this.#bench = bench;
    this.#outlet = outlet;
  }

  /** A document was opened or has changed. */
  changed(uri: string): void {
    // What evaluation said is about another text now.
    const isNew = !this.#evaluated.has(uri);
    this.#evaluated.set(uri, []);
    if (isNew) this.#check(uri);
    this.#later(uri);
  }

  saved(uri: string): void {
    this.#check(uri);
  }

  closed(uri: string): void {
    this.#waiting.delete(uri);
    this.#evaluated.delete(uri);
    if (!this.#pulls) this.#outlet.publish({ uri, diagnostics: [] });
  }

  filesChanged(): void {
    for (const { uri } of this.#bench.openDocuments()) this.#check(uri);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#cancelPublish?.();
    this.#cancelCheck?.();
  }

  /** The errors of evaluation in a document. */
  evaluationProblems(uri: string): readonly Diagnostic[] {
    return (this.#evaluated.get(uri) ?? []).flatMap((one) => ofEvaluation(one) ?? []);
  }

  get #pulls(): boolean {
    return this.#bench.client.textDocument?.diagnostic !== undefined;
  }

  /** Publishes when the messages that wait are read, so that only the last of many edits counts. */
  #later(uri: string): void {
    if (this.#pulls || this.#isDisposed) return;
    this.#waiting.add(uri);
    this.#cancelPublish ??= this.#outlet.schedule(0, () => {
      this.#cancelPublish = undefined;
      for (const waiting of this.#waiting) this.#publish(waiting);
      this.#waiting.clear();
    });
  }

  #publish(uri: string): void {
    const snapshot = this.#bench.open(uri);
    if (snapshot === undefined) return;
    const diagnostics = [...diagnosticsOf(snapshot, this.#bench), ...this.evaluationProblems(uri)];
    this.#outlet.publish({ uri, version: snapshot.version, diagnostics });
  }

  #check(uri: string): void {
    const { settings, evaluations } = this.#bench;
    if (!settings.diagnostics.enable || !settings.diagnostics.evaluation) return;
    if (!evaluations.isEnabled || this.#isDisposed) return;
    this.#cancelCheck?.();
    this.#cancelCheck = this.#outlet.schedule(QUIET, () => {
      this.#cancelCheck = undefined;
      void this.#evaluate(uri);
    });
  }

  async #evaluate(uri: string): Promise<void> {
    const snapshot = this.#bench.open(uri);
    // A function is not evaluated by a check, and a text with mistakes has them shown already.
    if (snapshot?.path === undefined || snapshot.parsed.firstError !== undefined) return;
    if (!snapshot.isAnalysed || isFunction(snapshot) || /^\s*$/.test(snapshot.bytes)) return;
    const problems = await this.#bench.evaluations.check(snapshot.path, NEVER);
    if (problems === undefined || this.#bench.open(uri)?.version !== snapshot.version) return;
    const here = problems.filter(({ place }) => place?.path === snapshot.path);
    if (here.length === 0 && (this.#evaluated.get(uri)?.length ?? 0) === 0) return;
    this.#evaluated.set(uri, here);
    if (this.#pulls) this.#outlet.refresh();
    else this.#later(uri);
  }
}

const NEVER = {
  isCancellationRequested: false,
  onCancellationRequested: () => ({ dispose: () => {} }),
};

function isFunction({ expr }: Snapshot): boolean {
  return expr.kind === NodeKind.Lambda;
}

/** A name for a result, so that a client need not receive it twice. */
function resultId(diagnostics: readonly Diagnostic[]): string {
  const text = JSON.stringify(diagnostics);
  let hash = 5381;
  for (let i = 0; i < text.length; i += 1) hash = (Math.imul(hash, 33) ^ text.charCodeAt(i)) | 0;
  return `${text.length}-${hash >>> 0}`;
}

/** `textDocument/diagnostic` */
export const documentDiagnosticFeature: Feature = {
  method: "textDocument/diagnostic",
  title: "Diagnostics",
  does: "all syntax errors of a text at once, all lints with their repairs, errors of evaluation with the places that led there; pushed to clients that do not pull",
  peers: { nil: "pushed, no evaluation", nixd: "pushed, no evaluation" },
  test: "diagnostics.test.ts",
  capabilities: () => ({
    diagnosticProvider: {
      identifier: "nivis",
      interFileDependencies: true,
      workspaceDiagnostics: true,
    },
  }),
  empty: { kind: "full", items: [] },
  run: (
    bench: Workbench,
    { textDocument: { uri }, previousResultId }: DocumentDiagnosticParams,
  ): DocumentDiagnosticReport | null => {
    const snapshot = bench.open(uri);
    if (snapshot === undefined) return null;
    const items = [...diagnosticsOf(snapshot, bench), ...bench.evaluationProblems(uri)];
    const id = resultId(items);
    return id === previousResultId
      ? { kind: "unchanged", resultId: id }
      : { kind: "full", items, resultId: id };
  },
};

/** `workspace/diagnostic` */
export const workspaceDiagnosticFeature: Feature = {
  method: "workspace/diagnostic",
  title: "Diagnostics of the workspace",
  does: "syntax errors and lints of all files below the open folders",
  peers: { nil: "none", nixd: "none" },
  test: "diagnostics.test.ts",
  capabilities: () => ({}),
  empty: { items: [] },
  run: async (
    bench: Workbench,
    { previousResultIds }: WorkspaceDiagnosticParams,
    token,
  ): Promise<WorkspaceDiagnosticReport> => {
    const known = new Map(previousResultIds.map(({ uri, value }) => [uri, value]));
    const items: WorkspaceDiagnosticReport["items"] = [];
    for (const folder of bench.folders) {
      for (const path of await bench.files.nixFilesBelow(folder, MAX_WORKSPACE_FILES)) {
        if (token.isCancellationRequested) return { items: [] };
        const snapshot = await bench.files.snapshot(path);
        if (snapshot === undefined) continue;
        const found = diagnosticsOf(snapshot, bench);
        const { uri } = snapshot;
        const id = resultId(found);
        const version = bench.open(uri)?.version ?? null;
        items.push(
          known.get(uri) === id
            ? { kind: "unchanged", uri, version, resultId: id }
            : { kind: "full", uri, version, resultId: id, items: found },
        );
      }
    }
    return { items };
  },
};
