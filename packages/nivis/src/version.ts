/** The versions that `--version` and bug reports show. */

/** The version of this package; a test compares it with package.json. */
export const VERSION = "0.1.0";

/** The version of C++ Nix that Nivis follows. */
export const NIX_VERSION = "2.36";
