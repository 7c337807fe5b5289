/**
 * What the server needs from its platform: files, time, and somebody who evaluates.
 *
 * `@nivis/node` and `nivis lsp` implement them for a machine; a browser worker implements them over
 * messages to its page. The server works without an evaluator, and with a workspace that has no files.
 */
import type { Position, Range } from "vscode-languageserver";

/** What a path is. */
export interface FileStatus {
  readonly type: "file" | "directory" | "other";
  /** In bytes. */
  readonly size: number;
  /** Changes whenever the content does. */
  readonly stamp: string;
}

/** An entry of a directory. */
export interface DirectoryEntry {
  readonly name: string;
  readonly type: "file" | "directory" | "other";
}

/** The files around the open documents. Paths are absolute; failures are `undefined`, never thrown. */
export interface Workspace {
  /** What a path is, symbolic links followed. */
  status(path: string): Promise<FileStatus | undefined>;
  /** The text of a file. */
  read(path: string): Promise<string | undefined>;
  /** The entries of a directory, symbolic links not followed. */
  list(path: string): Promise<readonly DirectoryEntry[] | undefined>;
  /** The path that `<NAME>` stands for. */
  findInSearchPath(name: string): Promise<string | undefined>;
  /** The home directory. */
  readonly home: string | undefined;
}

/** What to evaluate, and in which surroundings. Texts, not bytes. */
export interface EvaluationQuery {
  /** The expression whose attribute is meant. */
  readonly root: string;
  /** The directory that relative paths in `root` start from. */
  readonly directory: string;
  /** The names of attributes that lead from the root to the value. */
  readonly path: readonly string[];
}

/** A value as people read it. */
export interface DescribedValue {
  /** Its type as `builtins.typeOf` names it; `derivation` and `option` for such sets. */
  readonly type: string;
  /** A short printed form, not deeply evaluated. */
  readonly shown: string;
  /** The formals of a function, with whether each has a default. */
  readonly formals: readonly { readonly name: string; readonly optional: boolean }[] | undefined;
  /** The doc comment (RFC 145) of a function, or of the attribute that was asked for; Markdown. */
  readonly documentation: string | undefined;
  /** Where it is defined. */
  readonly place: Place | undefined;
  readonly package: DescribedPackage | undefined;
  readonly option: DescribedOption | undefined;
}

/** What a derivation says of itself. */
export interface DescribedPackage {
  readonly name: string;
  readonly version: string | undefined;
  readonly description: string | undefined;
  readonly homepage: string | undefined;
  readonly license: string | undefined;
  readonly place: Place | undefined;
}

/** What an option of a module says of itself. */
export interface DescribedOption {
  readonly type: string | undefined;
  readonly description: string | undefined;
  readonly default: string | undefined;
  readonly example: string | undefined;
  readonly readOnly: boolean;
  readonly declarations: readonly Place[];
}

/** A place in a file. */
export interface Place {
  readonly path: string;
  readonly position: Position;
}

/** An attribute of a set. */
export interface ListedAttribute {
  readonly name: string;
  /** Its type if it is evaluated already. */
  readonly type: string | undefined;
}

/** A mistake that evaluation finds. */
export interface EvaluationProblem {
  readonly message: string;
  /** The file and the range; `undefined` where the error has no place. */
  readonly place: { readonly path: string; readonly range: Range } | undefined;
  readonly related: readonly {
    readonly message: string;
    readonly path: string;
    readonly range: Range;
  }[];
}

/** A document that is open and may differ from its file. */
export interface OpenText {
  readonly path: string;
  /** `undefined` once the document is closed. */
  readonly text: string | undefined;
}

/** A reply that may not come: evaluation fails, takes too long, or is cancelled. */
export type Evaluated<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "failure"; readonly message: string };

/**
 * Evaluates beside the server, within limits. Every method settles; a newer call does not wait for an
 * older one to finish when `cancelled` says that nobody wants that any more.
 */
export interface Evaluator {
  /** The names of the attributes of a set that begin with `prefix`, at most `limit`. */
  attributes(
    query: EvaluationQuery,
    prefix: string,
    limit: number,
    cancelled: Cancelled,
  ): Promise<Evaluated<readonly ListedAttribute[]>>;
  describe(query: EvaluationQuery, cancelled: Cancelled): Promise<Evaluated<DescribedValue>>;
  /** Evaluates a whole file to weak head normal form, and a set of attributes one level more. */
  check(path: string, cancelled: Cancelled): Promise<Evaluated<readonly EvaluationProblem[]>>;
  /** Documents that have changed or were closed, so that evaluation sees what the user sees. */
  openTexts(texts: readonly OpenText[]): void;
  /** Files on disk that have changed. */
  filesChanged(paths: readonly string[]): void;
  /** Frees what the evaluator holds. */
  dispose(): void;
}

/** Tells that nobody waits for a reply any more. */
export interface Cancelled {
  readonly isCancellationRequested: boolean;
  onCancellationRequested(listener: () => void): { dispose(): void };
}

/** The platform of a server. */
export interface Host {
  readonly workspace: Workspace;
  /** Makes the evaluator when it is first needed; `undefined` where nothing evaluates. */
  readonly openEvaluator?: (limits: EvaluationLimits) => Evaluator;
  /** Runs something later; returns how to stop that. */
  schedule(milliseconds: number, run: () => void): () => void;
}

/** How much an evaluation may take. */
export interface EvaluationLimits {
  /** In bytes. */
  readonly memory: number;
  /** What may stay allocated between evaluations, in bytes. */
  readonly resting: number;
  /** In milliseconds. */
  readonly time: number;
}
