/**
 * GitCommand: running the git program, with an environment in which it does only what it is told: no
 * variables that point it to another repository, no questions unless there is a terminal, no locks taken
 * for looking.
 */
import { bytesToByteString, InputError, marked } from "@nivis/formats";
import type { ProgramOptions, ProgramResult, ProgramRunner } from "../host.ts";

const ENVIRONMENT: Readonly<Record<string, string | undefined>> = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_OBJECT_DIRECTORY: undefined,
  GIT_ALTERNATE_OBJECT_DIRECTORIES: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_NAMESPACE: undefined,
  GIT_PREFIX: undefined,
  LC_ALL: "C",
};

/** See the head of this file. */
export class GitCommand {
  readonly #programs: ProgramRunner;

  constructor(programs: ProgramRunner) {
    this.#programs = programs;
  }

  /** Runs git, whatever its exit code. */
  run(
    directory: string | undefined,
    args: readonly string[],
    options: Pick<ProgramOptions, "input" | "interactive"> = {},
  ): Promise<ProgramResult> {
    const place = directory === undefined ? [] : ["-C", directory];
    return this.#programs.run("git", [...place, ...args], {
      ...options,
      environment: {
        ...ENVIRONMENT,
        GIT_OPTIONAL_LOCKS: "0",
        ...(options.interactive === true ? {} : { GIT_TERMINAL_PROMPT: "0" }),
      },
    });
  }

  /** Runs git and returns what it prints. Throws {@link InputError} if it fails. */
  async output(directory: string | undefined, args: readonly string[]): Promise<string> {
    const { code, output, errors } = await this.run(directory, args);
    if (code === 0) return bytesToByteString(output);
    throw new InputError(
      marked`program "git" failed with exit code ${code}${errors === "" ? "" : `:\n${errors.trimEnd()}`}`,
    );
  }

  /** The first line of what git prints; `undefined` if it fails. */
  async line(directory: string | undefined, args: readonly string[]): Promise<string | undefined> {
    const { code, output } = await this.run(directory, args);
    return code === 0 ? bytesToByteString(output).split("\n", 1)[0] : undefined;
  }
}
