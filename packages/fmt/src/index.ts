/** The public names of `@nivis/fmt`. */

export type { FormatOptions } from "./format.ts";
export { FormatError, format, formatTree } from "./format.ts";
