/**
 * The session of commands about flakes: set up from settings and flags, closed when the work is
 * done.
 */
import type { Bytes } from "@nivis/formats";
import { cacheDirectory, FlakeSession, fetchSettingTexts, type SettingTexts } from "@nivis/node";
import type { Invocation } from "./invocation.ts";
import { DEBUG_LEVEL, TALKATIVE_LEVEL } from "./log-format.ts";
import { hashStoreOf, unobservedEnvironment } from "./session.ts";

/** How a session differs from what the environment and the settings say. */
export interface FlakeSessionChoices {
  /** Settings that win over all others. */
  readonly settings?: SettingTexts;
  /** The store that is asked for hashes, in the words of `--store`. */
  readonly store?: Bytes | undefined;
}

/** Runs some work with a session. */
export async function withFlakeSession<Result>(
  invocation: Invocation,
  work: (session: FlakeSession) => Promise<Result>,
  { settings = [], store }: FlakeSessionChoices = {},
): Promise<Result> {
  const { machine, terminal, inputs } = invocation;
  if (terminal.flakeResults === undefined) inputs?.giveUp("inputs of flakes may change");
  const gathered = invocation.finishSettings();
  invocation.startingFlakes();
  const { storeDir } = gathered;
  // Nix: commands about flakes evaluate purely unless a setting says otherwise.
  const isPure = gathered.pureEval || !gathered.overridden.has("pure-eval");
  const session = new FlakeSession({
    environment: unobservedEnvironment(invocation),
    settings: [...fetchSettingTexts(gathered), ...settings],
    cacheDirectory: cacheDirectory(machine),
    warn: (message) => invocation.warn(message),
    notice: (message) => invocation.note(message),
    // Finding out how messages call a file takes time.
    reading:
      invocation.verbosity < TALKATIVE_LEVEL
        ? undefined
        : (shown) => invocation.readingFlake(shown),
    debug: (message) => invocation.verbose(DEBUG_LEVEL, message),
    begin: (message, isNoted) => {
      if (isNoted === true) invocation.inform(`${message}...`);
      return () => {};
    },
    store: hashStoreOf(invocation, gathered, store),
    evaluation: { storeDir, isPure },
  });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
