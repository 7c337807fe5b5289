/**
 * The experimental features that parsers of this package may need.
 *
 * The package has no settings. A parser that meets something that C++ Nix guards by a
 * feature calls its `RequireFeature` callback, which throws if the feature is
 * disabled. Without a callback, everything is allowed.
 */

/** The name of a feature as the `experimental-features` setting spells it. */
export type FormatFeature =
  | "blake3-hashes"
  | "git-hashing"
  | "ca-derivations"
  | "impure-derivations"
  | "dynamic-derivations"
  | "flakes"
  | "verified-fetches";

/**
 * Called before a feature is used; throws to refuse it. `reason` is upstream's wording of what
 * needs the feature.
 */
export type RequireFeature = (feature: FormatFeature, reason?: string) => void;
