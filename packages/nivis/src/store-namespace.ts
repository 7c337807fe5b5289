/**
 * Runs programs of a store whose files are elsewhere than its paths say, such as `--store /root`.
 *
 * C++ Nix mounts the files at the store directory, in a user and mount namespace of its own, and
 * becomes the program. Node makes no namespaces, so `unshare` of util-linux does, and a shell mounts.
 * `nivis run`, `shell` and `develop` call this; without such a store they run programs directly.
 */
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EvalError } from "@nivis/eval";
import { decodeUtf8, marked } from "@nivis/formats";
import { programOnPath } from "@nivis/node";
import { runChild } from "./child-process.ts";
import type { Session } from "./session.ts";

/**
 * Mounts the files and becomes the program; the arguments are the paths of mount, chroot, setpriv and
 * env, the store directory, its files, an empty directory, and the command. Where the store directory
 * does not exist, the new root has it beside the directories of the old one. The privileges over the
 * namespace end with the mounting.
 *
 * Nix: chrootHelper in run.cc.
 */
const MOUNT_SCRIPT = `
mount=$1 chroot=$2 setpriv=$3 env=$4 store=$5 files=$6 root=$7
shift 7
set -e
if [ -e "$store" ]; then
  "$mount" -t overlay overlay -o "lowerdir=$store:$files" "$store" 2>/dev/null ||
    "$mount" --bind "$files" "$store"
  exec "$setpriv" --ambient-caps=-all --inh-caps=-all -- "$@"
fi
"$mount" -t tmpfs tmpfs "$root"
"$env" mkdir -p "$root$store"
"$mount" --bind "$files" "$root$store"
for entry in /* /.[!.]*; do
  if [ -e "$root$entry" ]; then continue
  elif [ -L "$entry" ]; then "$env" cp -P "$entry" "$root$entry"
  elif [ -d "$entry" ]; then
    "$env" mkdir "$root$entry"
    "$mount" --rbind "$entry" "$root$entry"
  fi
done
exec "$chroot" "$root" "$setpriv" --ambient-caps=-all --inh-caps=-all -- "$env" -C "$PWD" -- "$@"
`;

const TOOLS = ["mount", "chroot", "setpriv", "env"];

/**
 * Runs a program as {@link runChild} does, with the files of the session's store at their paths.
 * `program` and `args` are texts.
 */
export async function runInStore(
  session: Session,
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const { storeDir, relocatedDirectory } = session.store;
  if (relocatedDirectory === undefined) return runChild(program, args, environment);
  if (process.platform !== "linux") {
    throw new EvalError(
      "not-supported",
      marked`mounting the Nix store on '${storeDir}' is not supported on this platform`,
    );
  }
  const unshare = tool("unshare", storeDir);
  const tools = TOOLS.map((name) => tool(name, storeDir));
  const root = mkdtempSync(join(tmpdir(), "nivis-root-"));
  try {
    const mounting = [...tools, decodeUtf8(storeDir), decodeUtf8(relocatedDirectory), root];
    return await runChild(
      unshare,
      [
        ...["--user", "--map-current-user", "--keep-caps", "--mount"],
        ...["/bin/sh", "-c", MOUNT_SCRIPT, "sh", ...mounting, program, ...args],
      ],
      environment,
    );
  } finally {
    rmdirSync(root);
  }
}

function tool(name: string, storeDir: string): string {
  const found = programOnPath(name);
  if (found !== undefined) return found;
  throw new EvalError(
    "not-supported",
    marked`the files of this store are not at '${storeDir}', and '${name}' (of util-linux and coreutils), which is to mount them there, is not on PATH`,
  );
}
