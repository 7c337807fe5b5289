/** Experimental features: what to do when something needs one that is off. */
import type { EvalContext } from "./context.ts";
import { EvalError } from "./errors/eval-error.ts";

/** Whether a feature is on. */
export function hasFeature(ctx: EvalContext, feature: string): boolean {
  return ctx.settings.experimentalFeatures.has(feature);
}

/** Throws C++ Nix's error if a feature is off; `reason` says what needs it. */
export function requireFeature(ctx: EvalContext, feature: string, reason = ""): void {
  if (!hasFeature(ctx, feature)) throw disabledFeature(feature, reason);
}

/** C++ Nix's error about a feature that is off. */
export function disabledFeature(feature: string, reason = ""): EvalError {
  const because = reason === "" ? "" : ` (${reason})`;
  return new EvalError(
    "experimental-feature",
    `experimental Nix feature '${feature}' is disabled${because}; add '--extra-experimental-features ${feature}' to enable it`,
  );
}
