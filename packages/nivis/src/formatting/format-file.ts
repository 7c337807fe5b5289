/**
 * Formats one file on disk: reads it, formats, and replaces it only if that changes it.
 *
 * The command and its workers call this.
 */
import { readFileSync, statSync } from "node:fs";
import { FormatError, type FormatOptions, format, formatRange } from "@nivis/fmt";
import { SourceFile } from "@nivis/syntax";
import { reasonOf, replaceFile } from "./file-text.ts";

/** Lines of a file, both included; the first line is 1. Lines behind the last one of the file are ignored. */
export interface LineRange {
  readonly first: number;
  readonly last: number;
}

/** What is done with a file. */
export interface FileJob extends FormatOptions {
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
    }
  /** The file cannot be read or written. */
  | { readonly kind: "failed"; readonly message: string };

const SAME: FileResult = { kind: "same" };

/** A tree takes some hundred times the memory of its text. */
export const MAX_FILE_SIZE = 32 << 20;

/** Formats a file. Errors are results; nothing is thrown but bugs. */
export function formatFile(path: string, job: FileJob): FileResult {
  const file = Buffer.from(path, "latin1");
  let text: string;
  try {
    const { size } = statSync(file);
    if (size > MAX_FILE_SIZE) return tooLarge(size);
    text = readFileSync(file).toString("latin1");
  } catch (error) {
    return failure(error);
  }
  const result = formatText(path, text, job);
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
  { range, ...options }: FormatOptions & { readonly range?: LineRange | undefined },
): FileResult {
  const source = new SourceFile({ kind: "file", path: name }, text);
  try {
    const after = range === undefined ? format(source, options) : withLines(source, range, options);
    return after === text ? SAME : { kind: "changed", before: text, after };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { kind: "refused", message: error.message, offset: error.offset, text };
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

function tooLarge(size: number): FileResult {
  const shown = (bytes: number): string => `${Math.ceil(bytes / (1 << 20))} MiB`;
  const message = `the file has ${shown(size)}; files of more than ${shown(MAX_FILE_SIZE)} are not formatted`;
  return { kind: "failed", message };
}

function failure(error: unknown): FileResult {
  return { kind: "failed", message: reasonOf(error) };
}
