/**
 * What goes wrong with a store. Messages are C++ Nix's where it has one, and byte strings like every
 * text of a store; `kind` is for code that has to tell errors apart.
 */
import { type MarkedText, marked, plainText, uncolored } from "@nivis/formats";

/** What went wrong. */
export type StoreErrorKind =
  /** A path is not valid in the store. */
  | "invalid-path"
  /** The store cannot do this. */
  | "unsupported"
  /** The connection failed, or the other side does not speak the protocol. */
  | "connection"
  /** The other side reported an error. */
  | "remote"
  /** A build failed. */
  | "build"
  /** Bytes are not what their hash says, or a file of the store is damaged. */
  | "corrupt"
  /** A signature is missing or wrong. */
  | "signature"
  /** The caller gave up. */
  | "cancelled"
  /** The request makes no sense, such as a store URL that is none. */
  | "usage"
  /** The file system refused. */
  | "io";

/** See the head of this file. */
export class StoreError extends Error {
  readonly kind: StoreErrorKind;
  /** The message with marks for its colours. */
  readonly text: MarkedText;
  /** Traces of a remote error, the outermost first. */
  readonly traces: readonly MarkedText[];
  /** The exit code of a command that ends with it, where C++ Nix has another than 1. */
  exitCode: number | undefined;

  constructor(kind: StoreErrorKind, text: MarkedText, traces: readonly MarkedText[] = []) {
    super(plainText(text));
    this.text = text;
    this.name = "StoreError";
    this.kind = kind;
    this.traces = traces;
  }
}

/** The error of a path that a store does not have. */
export function invalidPath(path: string): StoreError {
  return new StoreError("invalid-path", marked`path '${path}' is not valid`);
}

/** The error of a missing file in the words of the operating system; `doing` is what failed. */
export function noSuchFile(doing: MarkedText): StoreError {
  return new StoreError("io", marked`${uncolored(doing)}: ${"No such file or directory"}`);
}

/** The error of something that a store cannot do. */
export function unsupported(operation: string, uri: string): StoreError {
  return new StoreError(
    "unsupported",
    marked`operation '${operation}' is not supported by store '${uri}'`,
  );
}

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
