/** The options of `npm run sweep`. */
import { availableParallelism, totalmem } from "node:os";
import { resolve } from "node:path";

/** What to sweep, with which reference, and the share of the machine to use. */
export interface SweepOptions {
  readonly tree: string;
  /** The attribute path of a nested set; "" for the top level. */
  readonly set: string;
  /** `"true"`, `"false"`, or `""` for the default of the tree. */
  readonly allowAliases: string;
  /** The program of C++ Nix, or `undefined` to run only Nivis. */
  readonly reference: string | undefined;
  /** The number of attributes per thread or process. */
  readonly chunk: number;
  /** The number of concurrent threads and processes. */
  readonly jobs: number;
  /** Whether to keep the answers that are already in {@link out}. */
  readonly resume: boolean;
  readonly out: string;
  /** The memory in mebibytes for each of the {@link jobs}. */
  readonly memory: number;
  /** The time in seconds without an answer after which a thread or process is killed. */
  readonly timeout: number;
  /** The number of differing derivations that are instantiated and compared. */
  readonly explain: number;
  /** The attributes to evaluate; empty means all. */
  readonly only: readonly string[];
}

export const USAGE = `usage: npm run sweep -- --tree DIR [OPTION…]
  --tree DIR          the directory of Nixpkgs
  --set PATH          a nested set, such as python3Packages (default: the top level)
  --reference PROGRAM the nix-instantiate to compare with (default nix-instantiate); none runs only Nivis
  --allow-aliases B   true or false (default: the default of the tree)
  --chunk N           attributes per thread or process (default 200)
  --jobs N            concurrent threads and processes (default and maximum: the number of cores)
  --memory MIB        memory for all of them together (default: half of the machine's, but at most
                      3072 each)
  --timeout SECONDS   time without an answer after which a thread or process is killed (default 300)
  --explain N         differing derivations to compare file by file (default 20)
  --only A,B,…        only these attributes
  --resume            keep existing answers
  --out DIR           folder for answers and report (default: node_modules/.cache/nivis-sweep/<tree>[-<set>])
`;

/** An error in the arguments, with a message for the user. */
export class UsageError extends Error {}

/** Reads the arguments; throws a {@link UsageError}. */
export function parseOptions(args: readonly string[]): SweepOptions {
  const values = new Map<string, string>();
  let resume = false;
  for (let i = 0; i < args.length; i++) {
    const flag = args[i] as string;
    if (flag === "--resume") {
      resume = true;
      continue;
    }
    if (!VALUE_FLAGS.has(flag)) throw new UsageError(`unknown option '${flag}'`);
    const value = args[++i];
    if (value === undefined) throw new UsageError(`option '${flag}' needs a value`);
    values.set(flag, value);
  }
  const tree = values.get("--tree");
  if (tree === undefined) throw new UsageError("option '--tree' is missing");
  const set = values.get("--set") ?? "";
  const allowAliases = values.get("--allow-aliases") ?? "";
  if (!["", "true", "false"].includes(allowAliases)) {
    throw new UsageError("option '--allow-aliases' must be true or false");
  }
  const reference = values.get("--reference") ?? "nix-instantiate";
  const jobs = Math.min(positive(values, "--jobs", availableParallelism()), availableParallelism());
  const budget = positive(
    values,
    "--memory",
    Math.min(Math.floor(totalmem() / 2 ** 21), 3072 * jobs),
  );
  if (budget < jobs) throw new UsageError("option '--memory' is less than 1 MiB for each job");
  const treeName = resolve(tree).split("/").at(-1) as string;
  return {
    tree: resolve(tree),
    set,
    allowAliases,
    reference: reference === "none" ? undefined : reference,
    chunk: positive(values, "--chunk", 200),
    jobs,
    resume,
    out: resolve(
      values.get("--out") ??
        `node_modules/.cache/nivis-sweep/${treeName}${set === "" ? "" : `-${set}`}`,
    ),
    memory: Math.floor(budget / jobs),
    timeout: positive(values, "--timeout", 300),
    explain: positive(values, "--explain", 20),
    only: values.get("--only")?.split(",") ?? [],
  };
}

const VALUE_FLAGS = new Set([
  "--tree",
  "--set",
  "--reference",
  "--allow-aliases",
  "--chunk",
  "--jobs",
  "--memory",
  "--timeout",
  "--explain",
  "--only",
  "--out",
]);

function positive(values: ReadonlyMap<string, string>, flag: string, otherwise: number): number {
  const text = values.get(flag);
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`option '${flag}' needs a positive integer`);
  return value;
}
