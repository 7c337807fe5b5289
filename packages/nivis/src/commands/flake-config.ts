/** What a flake asks of the settings in `nixConfig`: whether it may, and the warning if it may not. */
import type { Flake } from "@nivis/flake";
import type { FlakeSession } from "@nivis/node";
import type { Invocation } from "../invocation.ts";

/** Settings that every flake may set. */
const HARMLESS: ReadonlySet<string> = new Set([
  "bash-prompt",
  "bash-prompt-prefix",
  "bash-prompt-suffix",
  "flake-registry",
  "commit-lock-file-summary",
  "commit-lockfile-summary",
]);

/**
 * Warns of settings that are not trusted. The commands that use this neither build nor evaluate, so
 * trusted ones have no effect on them either.
 */
export function warnOfSettings(
  { settings }: Flake,
  session: FlakeSession,
  invocation: Invocation,
): void {
  if (session.settings.acceptFlakeConfig) return;
  for (const name of [...settings.keys()].sort()) {
    if (HARMLESS.has(name.replace(/^extra-/, ""))) continue;
    invocation.warn(
      `ignoring untrusted flake configuration setting '${name}'.\nPass '--accept-flake-config' to trust it`,
    );
  }
}
