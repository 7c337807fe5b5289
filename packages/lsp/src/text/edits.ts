/** Edits of a text in bytes, and the same as the protocol has them. */
import { decodeUtf8 } from "@nivis/formats";
import type { Span } from "@nivis/syntax";
import type { TextEdit, WorkspaceEdit } from "vscode-languageserver";
import type { Snapshot } from "../analysis/snapshot.ts";

/** The bytes of a span are replaced. */
export interface ByteEdit extends Span {
  /** Bytes. */
  readonly text: string;
}

/** The text with edits that do not overlap. */
export function applyByteEdits(bytes: string, edits: readonly ByteEdit[]): string {
  let result = "";
  let at = 0;
  for (const { start, end, text } of [...edits].sort(
    (a, b) => a.start - b.start || a.end - b.end,
  )) {
    result += bytes.slice(at, start) + text;
    at = end;
  }
  return result + bytes.slice(at);
}

/** An edit of the protocol. */
export function textEdit(snapshot: Snapshot, { start, end, text }: ByteEdit): TextEdit {
  return { range: snapshot.range({ start, end }), newText: decodeUtf8(text) };
}

/** Edits of one document. */
export function workspaceEdit(snapshot: Snapshot, edits: readonly ByteEdit[]): WorkspaceEdit {
  return { changes: { [snapshot.uri]: edits.map((edit) => textEdit(snapshot, edit)) } };
}
