/** Experimental features: checks, and the error for a feature that is not enabled. */
import { marked, uncolored } from "@nivis/formats";
import type { EvalContext } from "./context.ts";
import { EvalError } from "./errors/eval-error.ts";

/** Whether a feature is enabled. */
export function hasFeature(ctx: EvalContext, feature: string): boolean {
  return ctx.settings.experimentalFeatures.has(feature);
}

/** Throws C++ Nix's error if a feature is not enabled; `reason` names what requires it. */
export function requireFeature(ctx: EvalContext, feature: string, reason = ""): void {
  if (!hasFeature(ctx, feature)) throw disabledFeature(feature, reason);
}

/** Returns C++ Nix's error for a feature that is not enabled. */
export function disabledFeature(feature: string, reason = ""): EvalError {
  const because = reason === "" ? "" : ` (${reason})`;
  return new EvalError(
    "experimental-feature",
    marked`experimental Nix feature '${feature}' is disabled${uncolored(because)}; add '--extra-experimental-features ${feature}' to enable it`,
  );
}
