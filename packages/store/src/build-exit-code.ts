/**
 * How programs learn why builds failed: the exit code of C++ Nix, from the results of builds. Source:
 * `ExitStatusFlags` of libstore.
 */
import type { BuildStatus, KeyedBuildResult } from "@nivis/formats";

/**
 * The exit code that tells how builds failed: 100, and 101, 102 or 104 with more bits for a time
 * limit, a wrong hash and a result that differs from the first; 1 for all else. C++ Nix has it only
 * on stores of its own: the protocol carries statuses but not this code.
 */
export function buildExitCode(failed: readonly KeyedBuildResult[]): number {
  const has = (...statuses: readonly BuildStatus[]): boolean =>
    failed.some(({ status }) => statuses.includes(status));
  const timedOut = has("timed-out");
  // The status of a wrong hash is not in the protocol.
  const hashMismatch = failed.some(
    ({ status, errorMessage }) =>
      (status === "output-rejected" || status === "permanent-failure") &&
      errorMessage.includes("hash mismatch in fixed-output derivation"),
  );
  const checkMismatch = has("not-deterministic");
  // What failed for a dependency says no more of it; most fail for good.
  const permanent = has("permanent-failure", "input-rejected", "dependency-failed");
  const buildFailure = permanent || timedOut || hashMismatch;
  if (!buildFailure && !checkMismatch) return 1;
  return (
    0b1100000 |
    (buildFailure ? 0b100 : 0) |
    (timedOut ? 0b1 : 0) |
    (hashMismatch ? 0b10 : 0) |
    (checkMismatch ? 0b1000 : 0)
  );
}
