/** The settings of a command as texts, for the fetchers, which may be in another thread. */
import type { GatheredSettings } from "./setting-table.ts";

/** Settings by name; a later value of a name replaces an earlier one, `extra-NAME` adds to it. */
export type SettingTexts = readonly { readonly name: string; readonly value: string }[];

/** The settings of a command that concern fetchers and flakes, as texts. */
export function fetchSettingTexts(settings: GatheredSettings): SettingTexts {
  return [
    ...Array.from(settings.building, ([name, value]) => ({ name, value })),
    { name: "experimental-features", value: [...settings.experimentalFeatures].join(" ") },
    {
      name: "trust-tarballs-from-git-forges",
      value: String(settings.trustTarballsFromGitForges),
    },
  ];
}
