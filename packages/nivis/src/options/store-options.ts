/** The options that all commands on stores share. */
import { encodeUtf8 } from "@nivis/formats";
import { settingFlags } from "@nivis/node";
import { flag, type Option, valueFlag } from "./option.ts";

/** What the shared options gather. */
export interface StoreDraft {
  /** Arguments that are no flags; bytes. */
  readonly arguments: string[];
  /** Settings by name in the order in which they were given; bytes. */
  readonly settings: { readonly name: string; readonly value: string }[];
  /** `--store`. */
  store: string | undefined;
  /** Below 0 for `--quiet`, above for `-v`. */
  verbosity: number;
  /** Print JSON. */
  json: boolean;
  /** Indent JSON; as the terminal wants unless given. */
  pretty: boolean | undefined;
}

/** The state before the first option. */
export function emptyStoreDraft(): StoreDraft {
  return {
    arguments: [],
    settings: [],
    store: undefined,
    verbosity: 0,
    json: false,
    pretty: undefined,
  };
}

/** `--json` and how it is printed, for commands that have it. */
export const JSON_OPTIONS: readonly Option<StoreDraft>[] = [
  flag(["--json"], "Print JSON", (draft) => {
    draft.json = true;
  }),
  ...prettyOptions(),
];

/** How JSON is printed, for commands that print nothing else. */
export function prettyOptions(): readonly Option<StoreDraft>[] {
  return [
    flag(["--pretty"], "Indent JSON (the default on terminals)", (draft) => {
      draft.pretty = true;
    }),
    flag(["--no-pretty"], "Print JSON in one line", (draft) => {
      draft.pretty = false;
    }),
  ];
}

function setting(draft: StoreDraft, name: string, value: string): void {
  draft.settings.push({ name, value: encodeUtf8(value) });
}

const SHARED: readonly Option<StoreDraft>[] = [
  valueFlag(
    ["--store"],
    "STORE",
    "Use STORE: daemon, unix://SOCKET, ssh-ng://HOST, https://CACHE, file://DIRECTORY, a directory …",
    (draft, text) => {
      draft.store = encodeUtf8(text);
    },
  ),
  {
    names: ["--option"],
    values: ["NAME", "VALUE"],
    doc: "Set a setting of nix.conf, such as trusted-public-keys",
    apply: (draft, name, value) => setting(draft, name as string, value as string),
  },
  flag(["--verbose", "-v"], "Say more", (draft) => {
    draft.verbosity++;
  }),
  flag(["--quiet"], "Say less", (draft) => {
    draft.verbosity--;
  }),
  flag(["--refresh"], "Believe nothing that was remembered of binary caches", (draft) => {
    setting(draft, "narinfo-cache-positive-ttl", "0");
    setting(draft, "narinfo-cache-negative-ttl", "0");
  }),
  { ...flag<StoreDraft>(["--help"], "Show this help", () => {}), instead: "help" },
  { ...flag<StoreDraft>(["--version"], "Show the version", () => {}), instead: "version" },
];

function hidden(names: readonly string[], values: readonly string[]): Option<StoreDraft> {
  return { names, values, doc: "", hidden: true, apply: () => {} };
}

/** Flags of C++ Nix without an effect here. */
const IGNORED: readonly Option<StoreDraft>[] = [
  hidden(["--debug"], []),
  hidden(["--offline"], []),
  hidden(["--print-build-logs", "-L"], []),
  hidden(["--log-format"], ["FORMAT"]),
  hidden(["--impure"], []),
];

/** Each setting as a flag; those that stores do not look at have no effect. */
const SETTING_FLAGS: readonly Option<StoreDraft>[] = settingFlags().map(
  ({ name, setting: target, value }) => ({
    names: [`--${name}`],
    values: value === undefined ? ["VALUE"] : [],
    doc: "",
    hidden: true,
    apply: (draft, given) => setting(draft, target, value ?? (given as string)),
  }),
);

/** The options that all commands have, but for those with a spelling that `own` has as well. */
export function sharedStoreOptions<Draft extends StoreDraft>(
  own: readonly Option<Draft>[],
): readonly Option<Draft>[] {
  const taken = new Set(own.flatMap((option) => option.names));
  const result: Option<StoreDraft>[] = [];
  for (const option of [...SHARED, ...IGNORED, ...SETTING_FLAGS]) {
    if (option.names.some((name) => taken.has(name))) continue;
    for (const name of option.names) taken.add(name);
    result.push(option);
  }
  return result;
}
