/**
 * Nix files that come with the evaluator: `<nix/fetchurl.nix>`, the function `derivation`, and what
 * `import` does with a `.drv` file. They have paths of their own, below two directories that no file
 * system has; `importFile` asks here before it asks the world.
 */
import {
  DERIVATION_NIX,
  DERIVATION_NIX_NAME,
  IMPORTED_DERIVATION_NIX,
  IMPORTED_DERIVATION_NIX_NAME,
} from "./builtins/derivation-sources.ts";
import { FETCHURL_NIX } from "./builtins/fetchurl-source.ts";
import { REHEARSAL_NIX } from "./rehearsal/program.ts";

/** Where `<nix/…>` leads when the search path has no such entry. */
export const CORE_FILES_PREFIX = "/__corepkgs__";

/** The path of the function `derivation`. */
export const DERIVATION_PATH = "/__internal__/derivation-internal.nix";

/** The path of what `import` applies to a `.drv` file. */
export const IMPORTED_DERIVATION_PATH = "/__internal__/imported-drv-to-derivation.nix";

/** The path of the program that `rehearse` evaluates. */
export const REHEARSAL_PATH = "/__internal__/rehearsal.nix";

/** A file that comes with the evaluator. */
export interface CoreFile {
  /** The name that positions show; bytes. */
  readonly name: string;
  readonly text: string;
}

const CORE_FILES: ReadonlyMap<string, CoreFile> = new Map([
  [`${CORE_FILES_PREFIX}/fetchurl.nix`, { name: "<nix/fetchurl.nix>", text: FETCHURL_NIX }],
  [DERIVATION_PATH, { name: DERIVATION_NIX_NAME, text: DERIVATION_NIX }],
  [IMPORTED_DERIVATION_PATH, { name: IMPORTED_DERIVATION_NIX_NAME, text: IMPORTED_DERIVATION_NIX }],
  [REHEARSAL_PATH, { name: "\xc2\xabnix-internal\xc2\xbb/rehearsal.nix", text: REHEARSAL_NIX }],
]);

/** The file that comes with the evaluator at a path, if there is one. */
export function coreFile(path: string): CoreFile | undefined {
  return path.startsWith("/__") ? CORE_FILES.get(path) : undefined;
}
