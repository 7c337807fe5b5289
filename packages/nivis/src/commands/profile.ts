/** `nivis profile`: samples the stack of an evaluation, and shows or exports where the time went. */
import { existsSync } from "node:fs";
import {
  countKey,
  countsByFile,
  type EntryCount,
  EntryCounter,
  flamePage,
  foldedStacks,
  GROUPINGS,
  type Grouping,
  type Profile,
  pprofFile,
  profileOf,
  type RankingOrder,
  type RankingRow,
  rank,
  speedscopeFile,
  traceEvents,
} from "@nivis/debugger";
import { Attrs, deepForce, EvalError, isDerivation, TimeSampler } from "@nivis/eval";
import { decodeUtf8, encodeUtf8, marked } from "@nivis/formats";
import { AllocationMeter, errnoMessage } from "@nivis/node";
import { withFlakeTargets } from "../flakes/flake-targets.ts";
import { Invocation } from "../invocation.ts";
import { flag, type Option, usageError, valueFlag } from "../options/option.ts";
import {
  ATTR_OPTION,
  addPositional,
  defaultSourceFlags,
  SOURCE_OPTIONS,
  type SourceFlags,
} from "../options/source-options.ts";
import { type Program, runProgram, type WaitingProgram } from "../program.ts";
import { type Target, targetsOf, valueAt } from "../selection/targets.ts";
import { openSession, type Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import { VERSION } from "../version.ts";
import { writeWholeFile } from "../whole-file.ts";
import { runFlakeProgram } from "./flake-commands.ts";
import { namesFlakes } from "./flake-detection.ts";
import { PROFILE_TOPIC } from "./profile-topic.ts";

const NAME = "nivis profile";

/** Samples a second unless a flag says otherwise; measured, see docs/profiling.md. */
const FREQUENCY = 250;
/** The highest frequency: the machine looks at the clock about that often. */
const MAX_FREQUENCY = 10_000;
/** Rows of each table unless a flag says otherwise. */
const ROWS = 10;

/** The formats of files. */
type Format = "folded" | "folded-bytes" | "speedscope" | "trace" | "pprof" | "html";

interface ProfileFlags extends SourceFlags {
  strict: boolean;
  frequency: number;
  rows: number;
  /** The tables to print; all unless given. */
  readonly groupings: Grouping[];
  /** By what the rows of tables are sorted. */
  order: RankingOrder;
  /** Whether the time of the processor is measured, and not that on the wall. */
  cpuTime: boolean;
  /** Whether a second run counts calls and thunks. */
  counts: boolean;
  json: boolean;
  readonly files: Map<Format, string>;
}

function numberOf(option: string, text: string, most: number): number {
  if (!/^[0-9]+$/.test(text) || Number(text) < 1 || Number(text) > most) {
    throw usageError(
      marked`'${option}' takes a number from 1 to ${most}, not '${encodeUtf8(text)}'`,
    );
  }
  return Number(text);
}

function fileOption(name: string, format: Format, doc: string): Option<ProfileFlags> {
  return valueFlag([name], "FILE", doc, (flags, file) => {
    if (file === "-") {
      throw usageError(
        `'${name}' takes the name of a file, not '-': the tables are printed to standard output; './-' is a file of that name`,
      );
    }
    flags.files.set(format, file);
  });
}

const OPTIONS: readonly Option<ProfileFlags>[] = [
  ...SOURCE_OPTIONS,
  ATTR_OPTION,
  flag(["--strict"], "Evaluate everything inside the value, too", (flags) => {
    flags.strict = true;
  }),
  fileOption("--html", "html", "Write a flame graph as a page that needs no network"),
  fileOption("--speedscope", "speedscope", "Write a file for speedscope"),
  fileOption("--trace-events", "trace", "Write trace events for Perfetto and chrome://tracing"),
  fileOption("--pprof", "pprof", "Write a file for pprof"),
  fileOption("--folded", "folded", "Write folded stacks for flamegraph.pl, in microseconds"),
  fileOption("--folded-bytes", "folded-bytes", "Write folded stacks with the bytes they allocated"),
  valueFlag(
    ["--by"],
    "GROUPING",
    `Print only this table: ${GROUPINGS.join(", ")}; may be repeated`,
    (flags, text) => {
      const found = GROUPINGS.find((grouping) => grouping === text);
      if (found === undefined) {
        throw usageError(
          marked`'--by' takes one of ${GROUPINGS.join(", ")}, not '${encodeUtf8(text)}'`,
        );
      }
      flags.groupings.push(found);
    },
  ),
  valueFlag(
    ["--sort"],
    "MEASURE",
    "Sort the tables by own time, or by what was allocated: time, allocated",
    (flags, text) => {
      if (text !== "time" && text !== "allocated") {
        throw usageError(marked`'--sort' takes one of time, allocated, not '${encodeUtf8(text)}'`);
      }
      flags.order = text;
    },
  ),
  valueFlag(["--top"], "N", `Print N rows of each table; ${ROWS} unless given`, (flags, text) => {
    flags.rows = numberOf("--top", text, 1_000_000);
  }),
  valueFlag(
    ["--frequency"],
    "HZ",
    `Take HZ samples a second; ${FREQUENCY} unless given`,
    (flags, text) => {
      flags.frequency = numberOf("--frequency", text, MAX_FREQUENCY);
    },
  ),
  flag(
    ["--counts"],
    "Evaluate once more to count calls and thunks, which takes several times as long",
    (flags) => {
      flags.counts = true;
    },
  ),
  flag(
    ["--cpu-time"],
    "Measure the time of the processor, with all threads of the engine: for busy machines",
    (flags) => {
      flags.cpuTime = true;
    },
  ),
  flag(["--json"], "Print the tables as JSON", (flags) => {
    flags.json = true;
  }),
];

const profileProgram: Program<ProfileFlags> = {
  ...PROFILE_TOPIC,
  description: [
    "Evaluates the value, and the drvPath of a derivation, and prints which packages, options, functions and files took the time. 'own' is time in which the row was the innermost of its kind, 'total' includes what it led to. The next two columns are the same for the memory that was allocated, whether or not it was collected later. docs/profiling.md explains the figures.",
  ],
  options: OPTIONS,
  defaults: (invocation) => ({
    ...defaultSourceFlags(invocation),
    strict: false,
    frequency: FREQUENCY,
    rows: ROWS,
    groupings: [],
    order: "time",
    cpuTime: false,
    counts: false,
    json: false,
    files: new Map(),
  }),
  positional: addPositional,
  run: (flags, invocation) => {
    invocation.inputs?.giveUp("time is measured");
    const sampler = samplerOf(flags);
    const session = openSession(flags, { readOnly: true, sampler });
    const measured = measure(flags, sampler, session, () => targetsOf(flags, session, NAME));
    printMeasured(flags, measured, wantsCounts(flags, measured) ? countEntries(flags) : undefined);
  },
};

/** The same for attributes of flakes. */
const flakeProfileProgram: WaitingProgram<ProfileFlags> = {
  ...profileProgram,
  run: async (flags) => {
    const texts = flags.positionals.length === 0 ? ["."] : flags.positionals;
    let sampler: TimeSampler | undefined;
    const measured = await withFlakeTargets(
      flags,
      texts,
      () => {
        sampler = samplerOf(flags);
        return { sampler };
      },
      (session, targets) => measure(flags, sampler as TimeSampler, session, targets),
    );
    const counts = wantsCounts(flags, measured) ? await countFlakeEntries(flags, texts) : undefined;
    printMeasured(flags, measured, counts);
    return 0;
  },
};

/** Runs the command and returns the exit code. */
export function startProfile(
  args: readonly string[],
  terminal: Terminal,
): number | Promise<number> {
  const [word = ""] = args;
  if (PACKAGE_WORDS.has(word) && !existsSync(word)) {
    const text = `'nivis profile' measures an evaluation; profiles of packages do not exist here: use 'nix profile ${word}'`;
    new Invocation(terminal, profileProgram.name).report(usageError(text));
    return 1;
  }
  return namesFlakes(args, profileProgram.options)
    ? runFlakeProgram(flakeProfileProgram, args, terminal)
    : runProgram(profileProgram, args, terminal);
}

/** What `nix profile` does with packages. */
const PACKAGE_WORDS: ReadonlySet<string> = new Set([
  "add",
  "diff-closures",
  "history",
  "install",
  "list",
  "remove",
  "rollback",
  "upgrade",
  "wipe-history",
]);

/** What was measured, and the error that ended it. */
interface Measured {
  readonly begun: number;
  readonly session: Session;
  readonly profile: Profile;
  readonly failure: EvalError | undefined;
}

function samplerOf(flags: ProfileFlags): TimeSampler {
  return new TimeSampler({
    frequency: flags.frequency,
    milliseconds: flags.cpuTime ? cpuMilliseconds : () => performance.now(),
    heap: new AllocationMeter(),
  });
}

function measure(
  flags: ProfileFlags,
  sampler: TimeSampler,
  session: Session,
  targets: () => readonly Target[],
): Measured {
  const begun = Date.now();
  let failure: EvalError | undefined;
  try {
    evaluateAll(flags, session, targets(), (root) => sampler.nameAttributes(root));
  } catch (error) {
    // What was measured until then is shown as well.
    if (!(error instanceof EvalError)) throw error;
    failure = error;
  }
  sampler.finish();
  const profile = profileOf(sampler, session.evaluation, titleOf(flags));
  return { begun, session, profile, failure };
}

function wantsCounts({ counts }: ProfileFlags, { failure }: Measured): boolean {
  return counts && failure === undefined;
}

/** Calls and thunks of code, and their sums by file. */
interface Counts {
  readonly entries: ReadonlyMap<string, EntryCount>;
  readonly files: ReadonlyMap<string, EntryCount>;
  readonly packages: ReadonlyMap<string, EntryCount>;
  readonly options: ReadonlyMap<string, EntryCount>;
}

/**
 * Writes the files, prints the tables, and throws the error that ended the evaluation. A file that
 * cannot be written costs neither the tables nor the other files.
 */
function printMeasured(
  flags: ProfileFlags,
  { begun, session, profile, failure }: Measured,
  counts: Counts | undefined,
): void {
  const { terminal } = flags.invocation;
  const failures: EvalError[] = failure === undefined ? [] : [failure];
  for (const [format, file] of flags.files) {
    try {
      writeProfile(profile, format, session.absolutePath(encodeUtf8(file)), begun);
    } catch (error) {
      if (!(error instanceof EvalError)) throw error;
      failures.push(error);
    }
  }
  const text = flags.json
    ? `${JSON.stringify(jsonReport(profile, flags, counts), undefined, 2)}\n`
    : report(profile, flags, counts, terminal.columns?.());
  terminal.writeOut(encodeUtf8(text));
  const [first, ...more] = failures;
  for (const { message } of more) flags.invocation.warn(message);
  if (first !== undefined) throw first;
}

function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Evaluates what the arguments name. `onRoot` receives the sets that the attribute paths begin in. */
function evaluateAll(
  flags: ProfileFlags,
  session: Session,
  targets: readonly Target[],
  onRoot: (root: Attrs) => void,
): void {
  const { evaluation } = session;
  for (const { root, path } of targets) {
    if (root instanceof Attrs) onRoot(root);
    const value = valueAt(session, path, root);
    if (value instanceof Attrs && session.run(isDerivation(value))) {
      const drvPath = value.get("drvPath");
      if (drvPath !== undefined) evaluation.force(drvPath);
    }
    if (flags.strict) session.run(deepForce(evaluation.context, value));
  }
}

function countsOfRun(observer: EntryCounter, { evaluation }: Session): Counts {
  const entries = observer.counts(evaluation.positions);
  return {
    entries,
    files: countsByFile(entries),
    packages: observer.countsWithin("package", evaluation),
    options: observer.countsWithin("option", evaluation),
  };
}

function countEntries(flags: ProfileFlags): Counts {
  const observer = new EntryCounter();
  const { afterOutput } = flags.invocation;
  const session = openSession(flags, { readOnly: true, observer });
  flags.invocation.afterOutput = afterOutput;
  const targets = targetsOf(flags, session, NAME);
  evaluateAll(flags, session, targets, (root) => observer.nameAttributes(root));
  return countsOfRun(observer, session);
}

function countFlakeEntries(flags: ProfileFlags, texts: readonly string[]): Promise<Counts> {
  const observer = new EntryCounter();
  const { afterOutput } = flags.invocation;
  return withFlakeTargets(
    flags,
    texts,
    () => ({ observer }),
    (session, targets) => {
      flags.invocation.afterOutput = afterOutput;
      evaluateAll(flags, session, targets(), (root) => observer.nameAttributes(root));
      return countsOfRun(observer, session);
    },
  );
}

function titleOf(flags: ProfileFlags): string {
  const { expression, file, positionals, attrPaths } = flags;
  const words = [expression ?? file ?? "", ...positionals, ...attrPaths];
  return decodeUtf8(words.filter((word) => word !== "").join(" ")) || "evaluation";
}

/** Writes a profile to a file, which is complete or keeps its old content. */
function writeProfile(profile: Profile, format: Format, path: string, begun: number): void {
  try {
    writeWholeFile(Buffer.from(path, "latin1"), piecesOf(profile, format, begun));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new EvalError("io", marked`writing file "${path}": ${errnoMessage(code)}`);
  }
}

function piecesOf(profile: Profile, format: Format, begun: number): Iterable<string | Uint8Array> {
  switch (format) {
    case "folded":
      return foldedStacks(profile);
    case "folded-bytes":
      return foldedStacks(profile, "allocated");
    case "speedscope":
      return speedscopeFile(profile, `nivis@${VERSION}`);
    case "trace":
      return traceEvents(profile);
    case "pprof":
      return [process.getBuiltinModule("node:zlib").gzipSync(pprofFile(profile, begun))];
    case "html":
      return [flamePage(profile)];
  }
}

/** The tables that are wanted; without a wish, those that have rows. */
function tablesOf(
  profile: Profile,
  { groupings, order }: ProfileFlags,
): [Grouping, RankingRow[]][] {
  const wanted = groupings.length > 0 ? groupings : GROUPINGS;
  return wanted
    .map((grouping): [Grouping, RankingRow[]] => [grouping, rank(profile, grouping, order)])
    .filter(([, rows]) => groupings.length > 0 || rows.length > 0);
}

function jsonReport(profile: Profile, flags: ProfileFlags, counts: Counts | undefined): unknown {
  const tables = tablesOf(profile, flags).map(([grouping, rows]) => [
    grouping,
    rows.slice(0, flags.rows).map((row) => ({ ...row, ...countsOf(row, grouping, counts) })),
  ]);
  return {
    milliseconds: profile.milliseconds,
    bytes: profile.bytes,
    samples: profile.samples.length,
    tables: Object.fromEntries(tables),
  };
}

/** Counts of what rows stand for: of their code, or of all code that runs for a package or an option. */
function countsOf(
  { name, place }: RankingRow,
  grouping: Grouping,
  counts: Counts | undefined,
): { readonly calls?: number; readonly thunks?: number } {
  if (grouping !== "function" && counts !== undefined) {
    const by = { file: counts.files, package: counts.packages, option: counts.options }[grouping];
    const sum = by.get(name);
    return sum === undefined ? {} : { calls: sum.entries, thunks: sum.thunks };
  }
  if (counts === undefined || place === "") return {};
  const asFunction = counts.entries.get(countKey(true, place));
  const asValue = counts.entries.get(countKey(false, place));
  if (asFunction === undefined && asValue === undefined) return {};
  return {
    calls: (asFunction?.entries ?? 0) + (asValue?.entries ?? 0),
    thunks: (asFunction?.thunks ?? 0) + (asValue?.thunks ?? 0),
  };
}

const HEADINGS: Readonly<Record<Grouping, string>> = {
  package: "Packages: attributes of the set and derivations",
  option: "Options",
  function: "Functions, values and builtins",
  file: "Files",
};

function report(
  profile: Profile,
  flags: ProfileFlags,
  counts: Counts | undefined,
  columns: number | undefined,
): string {
  const { milliseconds, bytes, samples } = profile;
  const lines = [
    `${(milliseconds / 1000).toFixed(2)} s, ${samples.length} samples, one every ${(milliseconds / Math.max(samples.length, 1)).toFixed(1)} ms; ${mebibytes(bytes)} allocated`,
  ];
  for (const [grouping, rows] of tablesOf(profile, flags)) {
    lines.push("", HEADINGS[grouping]);
    if (rows.length === 0) {
      lines.push("  none");
      continue;
    }
    const head = [
      "own",
      "",
      "total",
      "",
      "allocated",
      "total",
      ...(counts === undefined ? [] : ["calls", "thunks"]),
      "name",
    ];
    const table = [
      head,
      ...rows.slice(0, flags.rows).map((row) => cells(row, grouping, profile, counts)),
    ];
    lines.push(...alignTable(table, columns));
    if (rows.length > flags.rows)
      lines.push(`  … ${rows.length - flags.rows} more; --top shows them`);
  }
  return `${lines.join("\n")}\n`;
}

function cells(
  row: RankingRow,
  grouping: Grouping,
  profile: Profile,
  counts: Counts | undefined,
): string[] {
  const { own, total, name, place } = row;
  const share = (time: number): string =>
    `${((100 * time) / Math.max(profile.milliseconds, 1e-9)).toFixed(1)} %`;
  const milliseconds = (time: number): string => `${time.toFixed(0)} ms`;
  const counted = countsOf(row, grouping, counts);
  return [
    milliseconds(own.milliseconds),
    share(own.milliseconds),
    milliseconds(total.milliseconds),
    share(total.milliseconds),
    mebibytes(own.bytes),
    mebibytes(total.bytes),
    ...(counts === undefined ? [] : [String(counted.calls ?? ""), String(counted.thunks ?? "")]),
    place === "" ? name : `${name}  ${place}`,
  ];
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** Aligns all columns but the last to the right, and cuts lines at the width of a terminal. */
function alignTable(rows: readonly (readonly string[])[], columns: number | undefined): string[] {
  const widths = (rows[0] as readonly string[]).map((_, i) =>
    Math.max(...rows.map((row) => (row[i] as string).length)),
  );
  return rows.map((row) => {
    const line = row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padStart(widths[i] as number)))
      .join("  ");
    const shown = `  ${line}`.trimEnd();
    return columns === undefined || shown.length <= columns
      ? shown
      : `${shown.slice(0, columns - 1)}…`;
  });
}
