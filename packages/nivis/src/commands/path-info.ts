/** `nivis path-info`: what a store knows of paths, as text or in the three formats of JSON. */
import {
  formatContentAddress,
  formatPathInfosJson,
  marked,
  type PathInfoForJson,
  type PathInfoJsonFormat,
} from "@nivis/formats";
import { closureOf, infosOf, invalidPath, type Store } from "@nivis/store";
import {
  emptyPathsDraft,
  PATHS_OPTIONS,
  type PathsDraft,
  selectedPaths,
  takeArgument,
} from "../options/installable.ts";
import { flag, usageError, valueFlag } from "../options/option.ts";
import { JSON_OPTIONS } from "../options/store-options.ts";
import type { StoreProgram, StoreSession } from "../store-program.ts";
import { renderSize } from "../text/size.ts";
import { storeTopic } from "./store-topics.ts";

interface PathInfoDraft extends PathsDraft {
  size: boolean;
  closureSize: boolean;
  human: boolean;
  sigs: boolean;
  format: PathInfoJsonFormat | undefined;
}

/** See the head of this file. */
export const pathInfoCommand: StoreProgram<PathInfoDraft> = {
  ...storeTopic("path-info"),
  options: [
    ...PATHS_OPTIONS,
    flag<PathInfoDraft>(["--size", "-s"], "Print the size of the NAR of each path", (draft) => {
      draft.size = true;
    }),
    flag<PathInfoDraft>(
      ["--closure-size", "-S"],
      "Print the size of the NARs of the closure of each path",
      (draft) => {
        draft.closureSize = true;
      },
    ),
    flag<PathInfoDraft>(["--human-readable", "-h"], "Print sizes with units", (draft) => {
      draft.human = true;
    }),
    flag<PathInfoDraft>(["--sigs"], "Print signatures", (draft) => {
      draft.sigs = true;
    }),
    valueFlag<PathInfoDraft>(
      ["--json-format"],
      "VERSION",
      "The format of JSON: 1 (whole paths), 2 (base names) or 3 (signatures as objects)",
      (draft, text) => {
        const format = Number(text);
        if (format !== 1 && format !== 2 && format !== 3) {
          throw usageError(
            marked`unsupported path info JSON format version ${text}; supported versions are 1, 2 and 3`,
          );
        }
        draft.format = format;
      },
    ),
    ...JSON_OPTIONS,
  ],
  start: () => ({
    ...emptyPathsDraft(),
    size: false,
    closureSize: false,
    human: false,
    sigs: false,
    format: undefined,
  }),
  positional: takeArgument,
  run: async (draft, session) => {
    const store = await session.store();
    const paths = await selectedPaths(draft, session, store);
    if (draft.json) await printJson(draft, session, store, paths);
    else await printText(draft, session, store, paths);
    return 0;
  },
};

async function closureSizes(
  store: Store,
  path: string,
  session: StoreSession,
): Promise<{ readonly closureSize: number; readonly closureDownloadSize?: number }> {
  const infos = [...(await closureOf(store, [path], { signal: session.signal })).values()];
  const closureSize = infos.reduce((sum, info) => sum + info.narSize, 0);
  const cached = infos as readonly PathInfoForJson[];
  if (cached.some((info) => info.downloadSize === undefined)) return { closureSize };
  return {
    closureSize,
    closureDownloadSize: cached.reduce((sum, info) => sum + (info.downloadSize ?? 0), 0),
  };
}

async function printJson(
  draft: PathInfoDraft,
  session: StoreSession,
  store: Store,
  paths: readonly string[],
): Promise<void> {
  if (draft.format === undefined) {
    session.warn(
      "'--json' without '--json-format' is deprecated; please specify '--json-format 1' or '--json-format 2'. This will become an error in a future release.",
    );
  }
  const infos: [string, PathInfoForJson | undefined][] = [];
  for await (const [path, info] of infosOf(store, paths, { signal: session.signal })) {
    const sizes =
      info !== undefined && draft.closureSize ? await closureSizes(store, path, session) : {};
    infos.push([path, info === undefined ? undefined : { ...info, ...sizes }]);
  }
  session.printJson(formatPathInfosJson(infos, draft.format ?? 1, store.storeDir));
}

async function printText(
  draft: PathInfoDraft,
  session: StoreSession,
  store: Store,
  paths: readonly string[],
): Promise<void> {
  const width = Math.max(0, ...paths.map((path) => path.length));
  const size = (bytes: number): string =>
    `\t${draft.human ? renderSize(bytes, true) : String(bytes).padStart(11)}`;
  for await (const [path, info] of infosOf(store, paths, { signal: session.signal })) {
    if (info === undefined) throw invalidPath(path);
    let line = path;
    if (draft.size || draft.closureSize || draft.sigs) line = line.padEnd(width);
    if (draft.size) line += size(info.narSize);
    if (draft.closureSize) line += size((await closureSizes(store, path, session)).closureSize);
    if (draft.sigs) {
      const { contentAddress, signatures, ultimate } = info;
      const facts = [
        ...(ultimate ? ["ultimate"] : []),
        ...(contentAddress === undefined ? [] : [`ca:${formatContentAddress(contentAddress)}`]),
        ...signatures,
      ];
      line += `\t${facts.join(" ")}`;
    }
    session.print(line);
  }
}
