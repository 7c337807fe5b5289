/** The options of `npm run sweep`. */
import { availableParallelism, totalmem } from "node:os";
import { resolve } from "node:path";

/** What to sweep, with whom, and how much of the machine it may take. */
export interface SweepOptions {
  readonly tree: string;
  /** The attribute path of a nested set; "" for the top level. */
  readonly set: string;
  /** `"true"`, `"false"`, or "" for the default of the tree. */
  readonly allowAliases: string;
  /** The program of C++ Nix, or `undefined` to run Nivis alone. */
  readonly reference: string | undefined;
  /** Attributes for one thread or process. */
  readonly chunk: number;
  /** Threads and processes at once. */
  readonly jobs: number;
  /** Keep the answers that are in {@link out} already. */
  readonly resume: boolean;
  readonly out: string;
  /** Mebibytes for each of the {@link jobs}: its share of the budget. */
  readonly memory: number;
  /** Seconds without an answer after which a thread or process is ended. */
  readonly timeout: number;
  /** How many differing derivations are instantiated and compared. */
  readonly explain: number;
  /** Only these attributes; all when empty. */
  readonly only: readonly string[];
}

export const USAGE = `usage: npm run sweep -- --tree DIR [OPTION…]
  --tree DIR          the directory of Nixpkgs
  --set PATH          a nested set, such as python3Packages; the top level unless given
  --reference PROGRAM the nix-instantiate to compare with (default nix-instantiate); none: Nivis alone
  --allow-aliases B   true or false; what the tree has by default unless given
  --chunk N           attributes for one thread or process (default 200)
  --jobs N            threads and processes at once (default, and at most: as many as cores)
  --memory MIB        memory for all of them together (default half of the machine's, but not more
                      than 3072 for each)
  --timeout SECONDS   without an answer, then the thread or process is ended (default 300)
  --explain N         differing derivations to compare file by file (default 20)
  --only A,B,…        only these attributes
  --resume            keep the answers that are there
  --out DIR           where answers and report go (default: node_modules/.cache/nivis-sweep/<tree>[-<set>])
`;

/** A mistake in the arguments; the message is for the user. */
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
    throw new UsageError("option '--allow-aliases' is true or false");
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
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`option '${flag}' is a count`);
  return value;
}
