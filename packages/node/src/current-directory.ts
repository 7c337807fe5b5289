/** The current directory of the process, as evaluation and fetchers see it. */
import { IoError } from "@nivis/eval";
import { marked } from "@nivis/formats";
import { bytesOfText } from "./byte-path.ts";
import { errnoCode, errnoMessage } from "./errno.ts";
import { fromHostPath } from "./host-path.ts";

/**
 * Returns the current directory of the process, a path of Nix; bytes. Throws an {@link IoError} if it was
 * removed.
 */
export function currentDirectory(): string {
  let directory: string;
  try {
    directory = process.cwd();
  } catch (error) {
    const code = errnoCode(error);
    throw new IoError(code, marked`cannot get cwd: ${errnoMessage(code)}`);
  }
  return bytesOfText(fromHostPath(directory));
}
