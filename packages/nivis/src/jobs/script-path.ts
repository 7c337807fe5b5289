/** Finds the scripts that the build puts beside the commands. */
import { EvalError } from "@nivis/eval";

/** The path of a script of the build; a text. */
export function scriptPath(name: string): string {
  try {
    // The commands are scripts, which are given the `require` of their folder.
    return require.resolve(name);
  } catch {
    throw new EvalError(
      "not-supported",
      "'nivis jobs' needs the built commands: run npm run build",
    );
  }
}
