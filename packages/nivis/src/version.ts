/** What `--version` and bug reports say. */

/** The version of this package; a test compares it with package.json. */
export const VERSION = "0.1.0";

/** The version of C++ Nix whose behaviour is followed. */
export const NIX_VERSION = "2.36";
