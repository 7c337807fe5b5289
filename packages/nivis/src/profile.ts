/**
 * Profiles: a link that leads to the newest of numbered links, its generations, which keep store
 * paths alive. Source: createGeneration and switchLink in libstore/profiles.cc.
 */
import { EvalError } from "@nivis/eval";
import { encodeUtf8, marked } from "@nivis/formats";
import { makeRoot } from "@nivis/node";
import type { Store } from "@nivis/store";
import { type Option, usageError, valueFlag } from "./options/option.ts";
import type { Realisation } from "./realisation.ts";

/** `--profile`. */
export const PROFILE_OPTION: Option<{ profile: string | undefined }> = valueFlag(
  ["--profile"],
  "PATH",
  "Make the result the newest generation of the profile PATH",
  (flags, path) => {
    flags.profile = encodeUtf8(path);
  },
);

/** Makes a profile lead to what was built, which must be one path. `profile` is absolute. */
export function setProfile(
  profile: string,
  paths: readonly string[],
  { store }: Realisation,
): void {
  const generation = nextGeneration(profile, paths);
  const { path, link } = generation;
  if (generation.isNew && store.addRoot(path, link) === path) throw notSupported();
  generation.use();
}

/** {@link setProfile} in a store that is not that of an evaluation. */
export async function setProfileIn(
  store: Store,
  profile: string,
  paths: readonly string[],
): Promise<void> {
  const generation = nextGeneration(profile, paths);
  if (generation.isNew && !(await makeRoot(store, generation.path, generation.link))) {
    throw notSupported();
  }
  generation.use();
}

function notSupported(): EvalError {
  return new EvalError("not-supported", "'--profile' is not supported for this Nix store");
}

/** A generation that a profile is to lead to. */
interface Generation {
  readonly path: string;
  /** The link of the generation, which is to keep `path` alive. */
  readonly link: string;
  /** Whether the link has to be made. */
  readonly isNew: boolean;
  /** Makes the profile lead to it. */
  use(): void;
}

function nextGeneration(profile: string, paths: readonly string[]): Generation {
  const [path, ...more] = paths;
  if (path === undefined || more.length > 0) {
    throw usageError(
      marked`'--profile' requires that the arguments produce a single store path, but there are ${paths.length}`,
    );
  }
  const fs = process.getBuiltinModule("node:fs");
  const at = profile.lastIndexOf("/");
  const [folder, name] = [profile.slice(0, at) || "/", profile.slice(at + 1)];
  const latin = (text: string): Buffer => Buffer.from(text, "latin1");
  const generations = fs
    .readdirSync(latin(folder), "latin1")
    .flatMap((entry) => {
      const number = /^(.*)-(\d+)-link$/s.exec(entry);
      return number?.[1] === name ? [Number(number[2])] : [];
    })
    .sort((a, b) => a - b);
  const newest = generations.at(-1);
  const linkOf = (n: number): string => `${folder}/${name}-${n}-link`;
  // Nix: a generation like the newest one would only take up space.
  const isNew = newest === undefined || fs.readlinkSync(latin(linkOf(newest)), "latin1") !== path;
  const number = isNew ? (newest ?? 0) + 1 : newest;
  return {
    path,
    link: linkOf(number),
    isNew,
    use: () => {
      const temporary = `${folder}/.tmp-${process.pid}-${name}`;
      fs.symlinkSync(latin(`${name}-${number}-link`), latin(temporary));
      fs.renameSync(latin(temporary), latin(profile));
    },
  };
}
