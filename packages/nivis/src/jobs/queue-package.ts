/**
 * Loads `@nivis/queue`, which is a package of its own: it brings BullMQ, and only those who spread work over
 * several machines install it.
 */

import { EvalError } from "@nivis/eval";
import { marked } from "@nivis/formats";

/** The name of the package; `require` of a constant would be resolved when Nivis is built. */
const PACKAGE = ["@nivis", "queue"].join("/");

/** The package. Throws an error that says how to install it. */
export function loadQueue(): typeof import("@nivis/queue") {
  // Its decoder would load a native addon.
  process.env["MSGPACKR_NATIVE_ACCELERATION_DISABLED"] = "true";
  try {
    return require(PACKAGE) as typeof import("@nivis/queue");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    throw new EvalError(
      "not-supported",
      marked`a queue needs the package ${PACKAGE}, which is not installed; run: npm install ${PACKAGE}`,
    );
  }
}
