/**
 * The experimental features that a parser of this package can run into.
 *
 * The package has no settings. A parser that meets something which C++ Nix guards by a
 * feature calls the `RequireFeature` it was given, and the caller throws if the feature is
 * off. Without one, everything is allowed.
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

/** Called when a feature is about to be used; throws to refuse. `reason` is upstream's wording of what needs it. */
export type RequireFeature = (feature: FormatFeature, reason?: string) => void;
