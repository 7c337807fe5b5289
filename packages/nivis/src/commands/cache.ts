/** `nivis cache`: shows, trims, clears and fills the caches of what Nivis computed and fetched. */

import { join } from "node:path";
import { EvalError } from "@nivis/eval";
import { encodeUtf8, marked } from "@nivis/formats";
import {
  type CacheContents,
  CacheFolder,
  cacheDirectory,
  DiskBytecodeCache,
  DiskOutputCache,
  errnoMessage,
  FetchFolder,
  heapImageDirectory,
  type RemovalFailure,
} from "@nivis/node";
import { describeImages, runKeepingImage } from "../images/image-run.ts";
import { Invocation } from "../invocation.ts";
import { defaultFlags, type EvaluationFlags } from "../options/evaluation-options.ts";
import { usageError, valueFlag } from "../options/option.ts";
import { type Program, runProgram } from "../program.ts";
import type { Terminal } from "../terminal.ts";
import { evalCommand } from "./eval.ts";
import { instantiateCommand } from "./instantiate.ts";

type Action = "show" | "trim" | "clear";

const HEAP_IMAGES = "heap images";

/** The flags of `nivis cache`. */
export interface CacheFlags extends EvaluationFlags {
  action: Action | undefined;
  /** Bytes. */
  maxSize: number | undefined;
  /** Milliseconds. */
  maxAge: number | undefined;
}

const SIZE_UNITS: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
const HOUR = 60 * 60 * 1000;
const AGE_UNITS: Readonly<Record<string, number>> = { h: HOUR, d: 24 * HOUR, w: 7 * 24 * HOUR };

/** Parses a whole number with a unit; returns `undefined` if the text is not one. */
function measure(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const found = /^(\d+)([a-z]?)$/.exec(text.toLowerCase());
  const unit = found === null ? undefined : units[found[2] as string];
  return unit === undefined ? undefined : Number((found as RegExpExecArray)[1]) * unit;
}

/** See the head of this file. */
export const cacheCommand: Program<CacheFlags> = {
  name: "nivis cache",
  summary: "show, trim, clear or fill the caches",
  usage: "[show | trim | clear | warm COMMAND] [FLAG]...",
  description: [
    "Nivis keeps compiled files in $XDG_CACHE_HOME/nivis, or ~/.cache/nivis, so that the next evaluation need not parse them again. Entries are found by content and never become stale. That cache keeps its size below 256 MiB.",
    "Next to them are results of eval, instantiate and nivis-instantiate, with everything that each run looked at: files, directories, variables, paths in the store. The same command prints its result again without evaluating if all of that is as it was. These keep their size below about 128 MiB.",
    "Outputs of flakes are kept in the same way: what was found out about them is not evaluated again as long as the flake is locked to the same sources. They keep their size below 256 MiB.",
    "Fetched sources are there as well: unpacked archives, files and clones of repositories. Nothing limits their size but `nivis cache trim`; what was removed is fetched again when it is needed.",
    "Images of evaluated heaps are made by `nivis cache warm`: it runs `eval` or `instantiate` with the arguments that follow, prints no value, and keeps what was evaluated of imported files and of calls such as `import <nixpkgs> { }`, added to what there is. Later runs of `eval`, `instantiate` and nivis-instantiate with the same settings begin with that instead of evaluating it, for other attributes, too. After an edit, only what depends on the edited files is evaluated again; `nivis cache` shows how many values of files and calls are still good. Arguments of calls may have functions, such as overlays, as long as these are the same. It pays to run it once for a tree of files that many commands evaluate, such as nixpkgs, and again when much of that has changed. What a run with an image prints appears when it has ended. An image is for the directory in which it was made: in a copy of the cache, make it again. Images keep their size below 1 GiB.",
    "--max-size limits each of the five. The variable NIVIS_NO_CACHE disables all, NIVIS_NO_RESULTS that of results, and images with it; --no-cache disables all but fetched sources for one evaluation, --no-eval-cache that of outputs.",
  ],
  examples: [
    { does: "Show where the cache is and how large", command: "nivis cache" },
    {
      does: "Remove entries that were not used for 30 days",
      command: "nivis cache trim --max-age 30d",
    },
    { does: "Keep the 64 MiB that were used last", command: "nivis cache trim --max-size 64M" },
    { does: "Remove everything", command: "nivis cache clear" },
    {
      does: "Prepare for evaluating other packages",
      command: "nivis cache warm instantiate '<nixpkgs>' git python3",
    },
  ],
  options: [
    valueFlag<CacheFlags>(
      ["--max-size"],
      "SIZE",
      "With trim: the size to keep, such as 64M; units K, M, G",
      (flags, text) => {
        flags.maxSize = measure(text, SIZE_UNITS);
        if (flags.maxSize === undefined)
          throw usageError(marked`'${text}' is not a size, such as 64M`);
      },
    ),
    valueFlag<CacheFlags>(
      ["--max-age"],
      "AGE",
      "With trim: remove entries not used for this long, such as 30d; units h, d, w",
      (flags, text) => {
        flags.maxAge = measure(text, AGE_UNITS);
        if (flags.maxAge === undefined)
          throw usageError(marked`'${text}' is not an age, such as 30d`);
      },
    ),
  ],
  defaults: (invocation) => ({
    ...defaultFlags(invocation),
    action: undefined,
    maxSize: undefined,
    maxAge: undefined,
  }),
  positional: (flags, argument) => {
    if (argument !== "show" && argument !== "trim" && argument !== "clear") {
      throw usageError(
        marked`'${argument}' is not something to do with the cache: show, trim, clear or warm`,
      );
    }
    if (flags.action !== undefined) throw usageError("only one thing can be done at a time");
    flags.action = argument;
  },
  run: (flags, { terminal, machine }) => {
    const action = flags.action ?? "show";
    const { maxSize, maxAge } = flags;
    const isLimited = maxSize !== undefined || maxAge !== undefined;
    if (isLimited && action !== "trim") {
      throw usageError("--max-size and --max-age go with 'nivis cache trim'");
    }
    if (!isLimited && action === "trim") {
      throw usageError("'nivis cache trim' needs --max-size or --max-age");
    }
    const directory = cacheDirectory(machine);
    if (directory === undefined) {
      throw usageError("there is no cache: NIVIS_NO_CACHE is set, or there is no home directory");
    }
    const caches: readonly (readonly [name: string, cache: Cache])[] = [
      ["compiled files", new DiskBytecodeCache(directory)],
      ["results", new CacheFolder(join(directory, "results"))],
      [HEAP_IMAGES, new CacheFolder(heapImageDirectory(directory))],
      ["outputs of flakes", new DiskOutputCache(directory)],
      ["fetched sources", new FetchFolder(directory)],
    ];
    let failure: RemovalFailure | undefined;
    for (const [name, cache] of caches) {
      if (action === "show") {
        const place = Buffer.from(cache.directory).toString("latin1");
        terminal.writeOut(`${name}\n  directory  ${place}\n${describe(cache.contents())}`);
        if (name === HEAP_IMAGES)
          terminal.writeOut(describeImages(directory, terminal.environment));
        continue;
      }
      const removed =
        action === "clear"
          ? cache.clear()
          : cache.trim({
              ...(maxSize === undefined ? {} : { maxBytes: maxSize }),
              ...(maxAge === undefined ? {} : { maxAge }),
            });
      terminal.writeOut(`removed ${name}\n${describe(removed)}`);
      failure ??= removed.failure;
    }
    if (failure !== undefined) {
      const { path, code } = failure;
      throw new EvalError("io", marked`removing '${encodeUtf8(path)}': ${errnoMessage(code)}`);
    }
  },
};

/** Runs `nivis cache`; `warm` has the arguments of another command. */
export function startCache(args: readonly string[], terminal: Terminal): number {
  const [action, word, ...rest] = args;
  if (action !== "warm") return runProgram(cacheCommand, args, terminal);
  const fail = (message: string): number => {
    new Invocation(terminal, cacheCommand.name).report(usageError(message));
    return 1;
  };
  if (word === "--help" || word === "-h") return runProgram(cacheCommand, ["--help"], terminal);
  if (word !== "eval" && word !== "instantiate") {
    return fail("'nivis cache warm' takes a command: eval or instantiate, with its arguments");
  }
  const off = ["NIVIS_NO_CACHE", "NIVIS_NO_RESULTS"].find(
    (name) => (terminal.environment[name] ?? "") !== "",
  );
  if (off !== undefined)
    return fail(`'${off}' is set, so no command would use a heap image; unset it`);
  const { code, failure } = runKeepingImage(terminal, (own) =>
    word === "eval"
      ? runProgram(evalCommand, rest, own)
      : runProgram(instantiateCommand, rest, own),
  );
  return failure === undefined || code > 1
    ? code
    : fail(marked`no heap image was kept: ${failure}`);
}

/** One of the caches. */
type Cache = Pick<CacheFolder, "directory" | "contents" | "trim" | "clear">;

function describe({ files, bytes }: CacheContents): string {
  const size =
    bytes < 2 ** 20 ? `${(bytes / 2 ** 10).toFixed(1)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return `  files      ${files}\n  size       ${size}\n`;
}
