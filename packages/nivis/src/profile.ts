/**
 * Profiles: a link that leads to the newest of numbered links, its generations, which keep store
 * paths alive. Source: createGeneration and switchLink in libstore/profiles.cc.
 */
import { EvalError } from "@nivis/eval";
import { encodeUtf8 } from "@nivis/formats";
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
  const [path, ...more] = paths;
  if (path === undefined || more.length > 0) {
    throw usageError(
      `'--profile' requires that the arguments produce a single store path, but there are ${paths.length}`,
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
  let number = newest ?? 0;
  const linkOf = (n: number): string => `${folder}/${name}-${n}-link`;
  // Nix: a generation like the newest one would only take up space.
  const isSame = newest !== undefined && fs.readlinkSync(latin(linkOf(newest)), "latin1") === path;
  if (!isSame) {
    number++;
    if (store.addRoot(path, linkOf(number)) === path) {
      throw new EvalError("not-supported", "'--profile' is not supported for this Nix store");
    }
  }
  const temporary = `${folder}/.tmp-${process.pid}-${name}`;
  fs.symlinkSync(latin(`${name}-${number}-link`), latin(temporary));
  fs.renameSync(latin(temporary), latin(profile));
}
