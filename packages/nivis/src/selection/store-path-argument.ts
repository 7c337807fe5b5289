/** Store paths as arguments: `/nix/store/…`, a link to one, or `./result^out`. */
import {
  canonPath,
  type DerivedPath,
  FormatError,
  parseDerivedPath,
  splitStorePath,
} from "@nivis/formats";
import { usageError } from "../options/option.ts";
import type { Session } from "../session.ts";

/** How often a link may lead to another. */
const MAX_LINKS = 1024;

/** An argument as a path in the store; `undefined` if it is none. */
export function storePathArgument(argument: string, session: Session): DerivedPath | undefined {
  const { storeDir } = session.store;
  const caret = argument.indexOf("^");
  const head = caret < 0 ? argument : argument.slice(0, caret);
  if (!head.includes("/")) return undefined;
  const inStore = followToStore(session.absolutePath(head), session);
  if (inStore === undefined) return undefined;
  const { baseName, rest } = splitStorePath(inStore, storeDir);
  if (rest !== "" && rest !== "/" && head.endsWith(".nix")) return undefined;
  try {
    return parseDerivedPath(
      `${storeDir}/${baseName}${caret < 0 ? "" : argument.slice(caret)}`,
      storeDir,
    );
  } catch (error) {
    if (error instanceof FormatError) throw usageError(error.message);
    throw error;
  }
}

function followToStore(start: string, { machine, store }: Session): string | undefined {
  let path = start;
  for (let i = 0; i < MAX_LINKS; i++) {
    if (path.startsWith(`${store.storeDir}/`)) return path;
    if (machine.fileType(path) !== "symlink") return undefined;
    const target = machine.readLink(path);
    path = canonPath(
      target.startsWith("/") ? target : `${path.slice(0, path.lastIndexOf("/"))}/${target}`,
    );
  }
  return undefined;
}
