/** The public names of `@nivis/fmt`. */

export { type EditorConfig, matchesPattern, readEditorConfig } from "./editor-config.ts";
export type { FormatOptions } from "./format.ts";
export { FormatError, format, formatTree } from "./format.ts";
export type { FormatEdit } from "./range.ts";
export { formatEdits, formatRange, lineEdits } from "./range.ts";
