/**
 * Evaluates an expression with Nivis and with a C++ Nix, each with its own store, and compares the
 * stores: they must have the same paths with the same files, modes, times and link targets, and for
 * C++ Nix, which reads the registration written by Nivis, the same hashes, sizes and references.
 */
import { execFileSync } from "node:child_process";
import {
  type Dirent,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { builtCommand, type Outcome, runProcess } from "@nivis/testkit";

/** The result of a comparison. */
export interface Comparison {
  /** The outcomes of both. */
  readonly nivis: Outcome;
  readonly reference: Outcome;
  /** The number of store paths in the reference's store. */
  readonly paths: number;
  /** The number of derivations among them. */
  readonly derivations: number;
  /** The differences, one line each. */
  readonly differences: readonly string[];
}

/** The time limit of one evaluation in milliseconds. */
/** C++ Nix run by root wants a group of build users unless it is told that there is none. */
const SINGLE_USER = { NIX_CONFIG: "build-users-group =" };

const TIMEOUT = 1_200_000;

/** The number of store paths per call of `nix-store`. */
const BATCH = 500;

/** The programs of C++ Nix. */
export interface StorePrograms {
  readonly instantiate: string;
  readonly store: string;
}

/**
 * Compares the stores that an expression writes. `scratch` is a folder for them; `flags` go to both
 * commands.
 */
export async function compareStores(
  programs: StorePrograms,
  scratch: string,
  flags: readonly string[],
  expression: string,
): Promise<Comparison> {
  const folder = mkdtempSync(join(scratch, "stores-"));
  const [ours, theirs] = [join(folder, "nivis"), join(folder, "reference")];
  const invocation = (root: string, first: readonly string[]) => ({
    args: [...first, "--store", root, ...flags, "-E", expression],
    cwd: "/",
    env: { HOME: folder, NIX_REMOTE: "", ...SINGLE_USER },
  });
  mkdirSync(theirs);
  // Where there is none yet, the command lets C++ Nix make the store, with its database.
  mkdirSync(join(ours, "nix/var/nix"), { recursive: true });
  const limits = { timeout: TIMEOUT };
  const nivis = await runProcess(process.execPath, invocation(ours, [builtCommand()]), limits);
  const reference = await runProcess(programs.instantiate, invocation(theirs, []), limits);
  const differences: string[] = [];
  const [mine, others] = [filesOf(ours), filesOf(theirs)];
  for (const [path, description] of others) {
    if (mine.get(path) !== description) {
      differences.push(`${path}: ${mine.get(path) ?? "not there"} instead of ${description}`);
    }
  }
  for (const path of mine.keys()) if (!others.has(path)) differences.push(`${path} is too much`);
  const paths = [...others.keys()].filter((path) => !path.includes("/")).sort();
  if (paths.length > 0 && differences.length === 0) {
    const registration = readFileSync(join(ours, "nix/var/nix/nivis.reginfo"), "latin1");
    const ask = (root: string, args: readonly string[], input = ""): string =>
      execFileSync(programs.store, ["--store", root, ...args], {
        input: Buffer.from(input, "latin1"),
        encoding: "latin1",
        env: { ...process.env, HOME: folder, NIX_REMOTE: "", ...SINGLE_USER },
        stdio: ["pipe", "pipe", "pipe"],
        maxBuffer: 1 << 28,
      });
    ask(ours, ["--load-db"], registration);
    ask(ours, ["--verify", "--check-contents"]);
    for (let i = 0; i < paths.length; i += BATCH) {
      const some = paths.slice(i, i + BATCH).map((path) => `/nix/store/${path}`);
      for (const query of ["--hash", "--size"]) {
        const [mine, others] = [ours, theirs].map((root) =>
          ask(root, ["--query", query, ...some]).split("\n"),
        ) as [string[], string[]];
        some.forEach((path, k) => {
          if (mine[k] !== others[k]) differences.push(`${query} of ${path}`);
        });
      }
      const [mine, others] = [ours, theirs].map((root) =>
        ask(root, ["--query", "--graph", ...some])
          .split("\n")
          .sort()
          .join("\n"),
      );
      if (mine !== others) differences.push(`references of some of ${some[0]} to ${some.at(-1)}`);
    }
  }
  const derivations = paths.filter((path) => path.endsWith(".drv")).length;
  return { nivis, reference, paths: paths.length, derivations, differences };
}

/** Removes `scratch` with its stores, which are read-only for everyone but root. */
export function removeStores(scratch: string): void {
  execFileSync("chmod", ["-R", "u+w", scratch]);
  rmSync(scratch, { recursive: true, force: true });
}

/** All files of a store with their visible properties; paths are byte strings. */
function filesOf(root: string): Map<string, string> {
  const files = new Map<string, string>();
  const store = join(root, "nix/store");
  const visit = (folder: string, prefix: string): void => {
    let entries: Dirent<Buffer>[];
    try {
      entries = readdirSync(Buffer.from(folder, "latin1"), {
        withFileTypes: true,
        encoding: "buffer",
      });
    } catch {
      return;
    }
    for (const entry of entries) {
      const name = entry.name.toString("latin1");
      // Contains C++ Nix's hard links to files with the same contents.
      if (prefix === "" && name.startsWith(".")) continue;
      const path = `${folder}/${name}`;
      const bytes = Buffer.from(path, "latin1");
      const { mode, mtimeMs } = lstatSync(bytes);
      const seen = `${(mode & 0o7777).toString(8)} ${mtimeMs / 1000}`;
      if (entry.isDirectory()) {
        files.set(prefix + name, `directory ${seen}`);
        visit(path, `${prefix}${name}/`);
      } else if (entry.isSymbolicLink()) {
        files.set(prefix + name, `link to ${readlinkSync(bytes, "latin1")}`);
      } else {
        files.set(prefix + name, `file ${seen} ${readFileSync(bytes, "latin1")}`);
      }
    }
  };
  visit(store, "");
  return files;
}
