/**
 * The home directory of the user, found as C++ Nix finds it (libutil/unix/users.cc, `getHome`).
 *
 * `HOME` counts if it is absolute or empty, and does not exist or belongs to the user; otherwise a
 * command run by `sudo` would write into another user's home. If it does not count, the user database
 * decides.
 */
import { type Stats, statSync } from "node:fs";
import { IoError } from "@nivis/eval";
import { bytesOfText, toNodePath } from "./byte-path.ts";
import { errnoCode, errnoMessage } from "./errno.ts";
import { fromHostPath, hostFlavour } from "./host-path.ts";
import type { InputRecorder } from "./inputs/input-recorder.ts";

/**
 * Returns the home directory as a byte string. `home` is the value of `HOME`; `warn` receives the
 * text of a warning; `inputs` records what is looked at. Throws {@link IoError} if there is no home
 * directory.
 */
export function findHomeDirectory(
  home: string | undefined,
  warn: (message: string) => void,
  inputs?: InputRecorder,
): string {
  // Nix: Windows has `USERPROFILE`.
  if (home === undefined || hostFlavour() === "windows") return homeOfUser(inputs);
  // Nix: paths below a relative HOME lose their first character.
  if (home !== "" && !home.startsWith("/")) {
    const own = homeOfUser(inputs);
    warn(
      `$HOME ('${home}') is not an absolute path, falling back to the one defined in the 'passwd' file ('${own}')`,
    );
    return own;
  }
  let stats: Stats | undefined;
  try {
    stats = statSync(toNodePath(home), { throwIfNoEntry: false });
  } catch (error) {
    const code = errnoCode(error);
    inputs?.failure("follow", home, code);
    if (code === "ENOTDIR" || code === "ENOENT") return home;
    warn(
      `couldn't stat $HOME ('${home}') for reason other than not existing, falling back to the one defined in the 'passwd' file: error: getting status of "${home}": ${errnoMessage(code)}`,
    );
    return homeOfUser(inputs);
  }
  // Systems without numeric user ids have no such homes either.
  const user = process.geteuid?.();
  if (stats === undefined || user === undefined || stats.uid === user) {
    if (stats === undefined) inputs?.failure("follow", home, "ENOENT");
    else inputs?.owned(home);
    return home;
  }
  const own = homeOfUser(inputs);
  if (own !== home) {
    warn(
      `$HOME ('${home}') is not owned by you, falling back to the one defined in the 'passwd' file ('${own}')`,
    );
  }
  return own;
}

/** Returns the home directory in the user database. */
function homeOfUser(inputs: InputRecorder | undefined): string {
  inputs?.giveUp("the user database was used");
  const { homedir, userInfo } = process.getBuiltinModule("node:os");
  let home = "";
  try {
    const isWindows = hostFlavour() === "windows";
    home = bytesOfText(fromHostPath(isWindows ? homedir() : userInfo().homedir));
  } catch {
    // The user has no entry.
  }
  if (home === "") throw new IoError("ENOENT", "cannot determine user's home directory");
  return home;
}
