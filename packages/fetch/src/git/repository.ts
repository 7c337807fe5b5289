/**
 * A repository on this disk: its objects, and what git is asked about it.
 */
import { InputError, marked } from "@nivis/formats";
import type { Disk, FetchHost } from "../host.ts";
import type { GitCommand } from "./command.ts";
import { GitObjects } from "./objects.ts";

/** The bytes of an id. Inputs name commits by SHA-1, in C++ Nix as well. */
const ID_LENGTHS: Readonly<Record<string, number>> = { sha1: 20 };

/** See the head of this file. */
export class GitRepository {
  readonly #git: GitCommand;
  /** The work tree, or the repository itself if it is bare. */
  readonly directory: string;
  readonly objects: GitObjects;

  private constructor(git: GitCommand, directory: string, objects: GitObjects) {
    this.#git = git;
    this.directory = directory;
    this.objects = objects;
  }

  /** Opens a repository. Throws {@link InputError} with what git says if it cannot. */
  static async open(
    git: GitCommand,
    disk: Disk,
    host: Pick<FetchHost, "inflate">,
    directory: string,
  ): Promise<GitRepository> {
    const answer = await git.output(directory, [
      ...["rev-parse", "--show-object-format", "--git-path", "objects"],
    ]);
    const [format, path] = answer.split("\n") as [string, string];
    const idLength = ID_LENGTHS[format];
    if (idLength === undefined) {
      throw new InputError(
        marked`the Git repository "${directory}" has ids of the kind ${format}, which inputs cannot name`,
      );
    }
    const objects = path.startsWith("/") ? path : `${directory}/${path}`;
    return new GitRepository(git, directory, new GitObjects(disk, objects, idLength, host.inflate));
  }

  /** The commit that a reference names, tags followed. Throws {@link InputError}. */
  async resolve(ref: string): Promise<string> {
    const args = ["rev-parse", "--verify", "--end-of-options", `${ref}^{commit}`];
    const { code, output, errors } = await this.#git.run(this.directory, args);
    if (code !== 0) {
      const said = errors.trimEnd().replace(/^fatal: /, "");
      const reason =
        said === "Needed a single revision"
          ? `revspec '${ref}' not found (libgit2 error code = 4)`
          : said;
      throw new InputError(marked`resolving Git reference '${ref}': ${reason}`);
    }
    return String.fromCharCode(...output).trim();
  }

  /** What HEAD refers to, such as `refs/heads/main`; `undefined` if it is a commit. */
  head(): Promise<string | undefined> {
    return this.#git.line(this.directory, ["symbolic-ref", "--quiet", "HEAD"]);
  }

  async isShallow(): Promise<boolean> {
    const line = await this.#git.line(this.directory, ["rev-parse", "--is-shallow-repository"]);
    return line === "true";
  }

  /** How many commits lead to one, itself counted. */
  async revCount(rev: string): Promise<number> {
    return Number(await this.#git.output(this.directory, ["rev-list", "--count", rev]));
  }

  /** The URL of the remote `origin`; `undefined` if there is none. */
  originUrl(): Promise<string | undefined> {
    return this.#git.line(this.directory, ["config", "--get", "remote.origin.url"]);
  }

  /** A value of the configuration; `undefined` if it is not set. */
  config(name: string): Promise<string | undefined> {
    return this.#git.line(this.directory, ["config", "--get", name]);
  }
}
