/**
 * The session of commands about flakes: set up from settings and flags, closed when the work is
 * done.
 */
import { cacheDirectory, configurationLines, FlakeSession, type SettingTexts } from "@nivis/node";
import type { CommonFlags } from "./async-program.ts";
import type { Invocation } from "./invocation.ts";

/** Runs some work with a session. `settings` win over all others. */
export async function withFlakeSession<Result>(
  flags: CommonFlags,
  invocation: Invocation,
  work: (session: FlakeSession) => Promise<Result>,
  settings: SettingTexts = [],
): Promise<Result> {
  const { environment } = invocation.terminal;
  const { machine, inputs } = invocation;
  inputs?.giveUp("inputs of flakes may change");
  const session = new FlakeSession({
    environment,
    settings: [...configurationLines(machine), ...settings, ...flags.settings],
    cacheDirectory: cacheDirectory(machine),
    warn: (message) => invocation.warn(message),
    notice: (message) => invocation.note(message),
  });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
