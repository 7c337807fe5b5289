/**
 * Nix files that are part of the evaluator: `<nix/fetchurl.nix>`, the function `derivation`, the
 * code that `import` applies to a `.drv` file, the function that makes the value of a flake, and the
 * program that `warmUp` evaluates. They are in trees of their own, which never change and which all
 * evaluations share.
 */

import { CALL_FLAKE_NIX } from "./builtins/call-flake-source.ts";
import { DERIVATION_NIX, IMPORTED_DERIVATION_NIX } from "./builtins/derivation-sources.ts";
import { FETCHURL_NIX } from "./builtins/fetchurl-source.ts";
import { MemoryAccessor } from "./memory-accessor.ts";
import { DERIVATION_PATH } from "./position.ts";
import type { SourceAccessor } from "./source-accessor.ts";
import { NixPath } from "./value/value.ts";
import { WARM_UP_NIX } from "./warm-up/program.ts";

/** The tree that `<nix/…>` refers to unless the search path has such an entry. */
export const CORE_FILES: SourceAccessor = new MemoryAccessor(
  { "/fetchurl.nix": FETCHURL_NIX },
  { prefix: "<nix", suffix: ">" },
);

const INTERNAL_FILES: SourceAccessor = new MemoryAccessor(
  {
    [DERIVATION_PATH]: DERIVATION_NIX,
    "/imported-drv-to-derivation.nix": IMPORTED_DERIVATION_NIX,
    "/warm-up.nix": WARM_UP_NIX,
  },
  { prefix: "\xc2\xabnix-internal\xc2\xbb" },
);

/** The file of the function `derivation`. */
export const DERIVATION_FILE = new NixPath(DERIVATION_PATH, INTERNAL_FILES);

/** The file of the function that `import` applies to a `.drv` file. */
export const IMPORTED_DERIVATION_FILE = new NixPath(
  "/imported-drv-to-derivation.nix",
  INTERNAL_FILES,
);

const FLAKE_FILES: SourceAccessor = new MemoryAccessor(
  { "/call-flake.nix": CALL_FLAKE_NIX },
  { prefix: "\xc2\xabflakes-internal\xc2\xbb" },
);

/** The file of the function that makes the value of a flake. */
export const CALL_FLAKE_FILE = new NixPath("/call-flake.nix", FLAKE_FILES);

/** The program that `warmUp` evaluates. */
export const WARM_UP_FILE = new NixPath("/warm-up.nix", INTERNAL_FILES);

/** Whether a tree holds files of the evaluator. */
export function isOwnTree(accessor: SourceAccessor | undefined): boolean {
  return accessor === CORE_FILES || accessor === INTERNAL_FILES || accessor === FLAKE_FILES;
}
