/** `nivis log`: the build log of a derivation, from the store or a substituter. */
import { bytesToByteString, type DerivedPath, marked, rootOfDerivedPath } from "@nivis/formats";
import { type Store, StoreError } from "@nivis/store";
import { DEFAULT_ARGUMENT, resolveArguments, takeArgument } from "../options/installable.ts";
import { usageError } from "../options/option.ts";
import { emptyStoreDraft, SOURCE_OPTIONS, type StoreDraft } from "../options/store-options.ts";
import type { StoreProgram } from "../store-program.ts";
import { storeTopic } from "./store-topics.ts";

/** See the head of this file. */
export const logCommand: StoreProgram<StoreDraft> = {
  ...storeTopic("log"),
  options: SOURCE_OPTIONS,
  start: emptyStoreDraft,
  positional: takeArgument,
  run: async (draft, session) => {
    const [argument = DEFAULT_ARGUMENT, ...more] = draft.arguments;
    if (more.length > 0) throw usageError("give one path");
    const store = await session.store();
    const [resolved] = await resolveArguments([argument], session, store, "nothing");
    const shown = resolved?.shown ?? argument;
    const wanted = rootOfDerivedPath(resolved?.paths[0]?.wanted as DerivedPath);
    const drvPath = wanted.endsWith(".drv")
      ? wanted
      : ((await store.info(wanted))?.deriver ?? wanted);
    const openers: (() => Promise<Store>)[] = [
      async () => store,
      ...session.settings.substituters.map((uri) => () => session.open(uri)),
    ];
    for (const open of openers) {
      const source = await open();
      if (source.logs === undefined) {
        session.info(`Skipped '${source.uri}' which does not support retrieving build logs`);
        continue;
      }
      let log: Awaited<ReturnType<typeof source.logs.buildLog>>;
      try {
        log = await source.logs.buildLog(drvPath, { signal: session.signal });
      } catch (error) {
        // One substituter that cannot be reached says nothing about the others.
        if (!(error instanceof StoreError) || source === store || session.signal.aborted)
          throw error;
        session.warn(error.message);
        continue;
      }
      if (log === undefined) continue;
      session.info(`got build log for '${shown}' from '${source.uri}'`);
      for await (const piece of log) session.terminal.writeOut(bytesToByteString(piece));
      return 0;
    }
    throw new StoreError("usage", marked`build log of '${shown}' is not available`);
  },
};
