/**
 * Formats one file on disk: reads it, formats, and replaces it only if that changes it.
 *
 * The command and its workers call this.
 */
import { FormatError, type FormatOptions, format, formatRange } from "@nivis/fmt";
import { SourceFile } from "@nivis/syntax";
import type { EditorConfigs } from "./editor-configs.ts";
import { readText, reasonOf, replaceFile } from "./file-text.ts";

/** Lines of a file, both included; the first line is 1. Lines behind the last one of the file are ignored. */
export interface LineRange {
  readonly first: number;
  readonly last: number;
}

/** What is done with a file. Without a width or an indentation, those in `.editorconfig` count. */
export interface FileJob extends Omit<FormatOptions, "width" | "indent"> {
  readonly width: number | undefined;
  readonly indent: number | undefined;
  /** Replace the file. */
  readonly write: boolean;
  /** Return the texts of a file that changes. */
  readonly texts: boolean;
  /** Change these lines only. */
  readonly range?: LineRange | undefined;
}

/** The result for one file. Texts and paths are bytes. */
export type FileResult =
  | { readonly kind: "same" }
  | { readonly kind: "changed"; readonly before: string; readonly after: string }
  /** The text cannot be formatted; the offset is a byte of `text`. */
  | {
      readonly kind: "refused";
      readonly message: string;
      readonly offset: number;
      readonly text: string;
      /** It nests too deeply for the stack of this thread. */
      readonly isDeep: boolean;
    }
  /** The file cannot be read or written. */
  | { readonly kind: "failed"; readonly message: string };

const SAME: FileResult = { kind: "same" };

/** Formats a file. Errors are results; nothing is thrown but bugs. */
export function formatFile(path: string, job: FileJob, configs: EditorConfigs): FileResult {
  let text: string;
  try {
    text = readText(path, "formatted");
  } catch (error) {
    return failure(error);
  }
  const result = formatText(path, text, job, configs);
  if (result.kind !== "changed") return result;
  try {
    if (job.write) replaceFile(path, result.after);
  } catch (error) {
    return failure(error);
  }
  return job.texts ? result : { kind: "changed", before: "", after: "" };
}

/** Formats a text that is called `name`. */
export function formatText(
  name: string,
  text: string,
  { range, width, indent, ...job }: FileJob,
  configs: EditorConfigs,
): FileResult {
  const options: FormatOptions = {
    ...job,
    ...configs.for(name),
    ...(width === undefined ? {} : { width }),
    ...(indent === undefined ? {} : { indent }),
  };
  const source = new SourceFile({ kind: "file", path: name }, text);
  try {
    const after = range === undefined ? format(source, options) : withLines(source, range, options);
    return after === text ? SAME : { kind: "changed", before: text, after };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const { kind, message, offset } = error;
    return { kind: "refused", message, offset, text, isDeep: kind === "nesting" };
  }
}

/** The text with these lines formatted. */
function withLines(source: SourceFile, { first, last }: LineRange, options: FormatOptions): string {
  const { text, lineStarts } = source;
  const start = lineStarts[first - 1] ?? text.length;
  const end = lineStarts[last] ?? text.length;
  let result = "";
  let at = 0;
  for (const edit of formatRange(source, { start, end }, options)) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

function failure(error: unknown): FileResult {
  return { kind: "failed", message: reasonOf(error) };
}
