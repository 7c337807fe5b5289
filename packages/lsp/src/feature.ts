/**
 * Feature: one request of the protocol and what replies to it.
 *
 * A feature is a row of the table in `features/index.ts`. The server registers the handlers of all rows,
 * its capabilities are those of the rows, and docs/lsp.md is generated from them. A handler gets
 * everything from its parameters and the `Workbench`, and keeps no state of its own.
 */
import {
  type CancellationToken,
  type ClientCapabilities,
  type Diagnostic,
  ResponseError,
  type ServerCapabilities,
  type TextDocumentIdentifier,
} from "vscode-languageserver";
import type { Evaluations } from "./analysis/evaluations.ts";
import type { Files } from "./analysis/files.ts";
import type { Snapshot } from "./analysis/snapshot.ts";
import type { TokenHistory } from "./analysis/token-history.ts";
import type { Workspace } from "./host.ts";
import type { Settings } from "./settings.ts";

/** What handlers may use. */
export interface Workbench {
  /** The open document of a URI. */
  open(uri: string): Snapshot | undefined;
  /** All open documents. */
  openDocuments(): readonly Snapshot[];
  readonly files: Files;
  readonly workspace: Workspace;
  readonly settings: Settings;
  readonly client: ClientCapabilities;
  /** The folders that the editor has open, as paths. */
  readonly folders: readonly string[];
  readonly evaluations: Evaluations;
  readonly tokenHistory: TokenHistory;
  /** The errors that the last evaluation found in a document. */
  evaluationProblems(uri: string): readonly Diagnostic[];
}

/** Where other language servers stand, for the table of features. */
export interface Peers {
  readonly nil: string;
  readonly nixd: string;
}

/** One request. */
export interface Feature {
  /** The method of the protocol. */
  readonly method: string;
  /** A short phrase for people; a row of docs/lsp.md. Absent for requests that complete another. */
  readonly title?: string;
  /** What it does here, in Markdown. */
  readonly does?: string;
  readonly peers?: Peers;
  /** The test that shows it: a file below `packages/lsp/test`. */
  readonly test: string;
  readonly capabilities: (client: ClientCapabilities) => ServerCapabilities;
  /** The reply when there is nothing to say, or something fails. */
  readonly empty: unknown;
  readonly run: (bench: Workbench, params: never, token: CancellationToken) => unknown;
}

/** Parameters about a document. */
interface DocumentParams {
  readonly textDocument: TextDocumentIdentifier;
}

/** A handler of requests about an open document; closed and very large ones get the empty reply. */
export function aboutDocument<Params extends DocumentParams, Result>(
  run: (
    snapshot: Snapshot,
    params: Params,
    bench: Workbench,
    token: CancellationToken,
  ) => Result | Promise<Result>,
): (bench: Workbench, params: Params, token: CancellationToken) => Result | Promise<Result> | null {
  return (bench, params, token) => {
    checkParams(params);
    const snapshot = bench.open(params.textDocument.uri);
    if (snapshot === undefined || !snapshot.isAnalysed) return null;
    return run(snapshot, params, bench, token);
  };
}

/** `InvalidParams` of the protocol. */
const INVALID_PARAMS = -32602;

/** Throws an error of the protocol for parameters without a document or with places that are none. */
function checkParams(params: DocumentParams & { position?: unknown; range?: unknown }): void {
  const wrong = (what: string): ResponseError<void> =>
    new ResponseError(INVALID_PARAMS, `the request has no valid ${what}`);
  if (typeof params.textDocument?.uri !== "string") throw wrong("textDocument.uri");
  const { position, range } = params;
  if (position !== undefined && !isPosition(position)) throw wrong("position");
  if (range === undefined) return;
  const { start, end } = (range ?? {}) as { start?: unknown; end?: unknown };
  if (!isPosition(start) || !isPosition(end)) throw wrong("range");
}

function isPosition(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { line, character } = value as { line?: unknown; character?: unknown };
  return typeof line === "number" && typeof character === "number";
}
