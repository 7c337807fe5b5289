/** Git repositories for tests, made by the program git with fixed names and times. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ENVIRONMENT = {
  PATH: process.env["PATH"] ?? "",
  HOME: "/homeless",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@b",
  GIT_AUTHOR_DATE: "2001-02-03T04:05:06Z",
  GIT_COMMITTER_NAME: "c",
  GIT_COMMITTER_EMAIL: "c@d",
  GIT_COMMITTER_DATE: "2002-03-04T05:06:07Z",
};

/** The time of all commits, in seconds since 1970. */
export const COMMIT_TIME = Date.UTC(2002, 2, 4, 5, 6, 7) / 1000;

/** A repository. */
export class TestRepository {
  constructor(
    readonly path: string,
    ...flags: readonly string[]
  ) {
    mkdirSync(path, { recursive: true });
    this.git("init", "--quiet", "--initial-branch=main", ...flags);
  }

  /** Runs git; returns what it prints. */
  git(...args: readonly string[]): string {
    return execFileSync("git", ["-c", "protocol.file.allow=always", ...args], {
      cwd: this.path,
      env: ENVIRONMENT,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  }

  /** Writes files without telling git. */
  write(files: Readonly<Record<string, string>>): this {
    for (const [name, contents] of Object.entries(files)) {
      mkdirSync(dirname(join(this.path, name)), { recursive: true });
      writeFileSync(join(this.path, name), contents);
    }
    return this;
  }

  /** Writes files and commits them; returns the commit. */
  commit(files: Readonly<Record<string, string>>): string {
    this.write(files);
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "--message", "m");
    return this.git("rev-parse", "HEAD");
  }
}
