/**
 * `nivis fmt`: formats files in the official style.
 *
 * Files are replaced, a whole tree by several threads; standard input goes to standard output. What
 * cannot be formatted is reported and left as it is, the others are formatted all the same.
 */
import { EvalError, PositionTable, positionIn } from "@nivis/eval";
import { encodeUtf8, marked } from "@nivis/formats";
import { SourceFile } from "@nivis/syntax";
import type { FileJob, FileResult, LineRange } from "../formatting/format-file.ts";
import { formatAnyText, formatFiles } from "../formatting/format-pool.ts";
import { findNixFiles } from "../formatting/nix-files.ts";
import { unifiedDiff } from "../formatting/unified-diff.ts";
import type { Invocation } from "../invocation.ts";
import { defaultFlags, type EvaluationFlags } from "../options/evaluation-options.ts";
import { flag, usageError, valueFlag } from "../options/option.ts";
import type { Program } from "../program.ts";

/** What `nivis fmt` gathers. */
export interface FmtFlags extends EvaluationFlags {
  check: boolean;
  diff: boolean;
  strict: boolean;
  /** Of `.editorconfig` or the style unless given. */
  width: number | undefined;
  indent: number | undefined;
  /** The lines to format; all if there is none. */
  range: LineRange | undefined;
  /** What standard input is called. */
  filename: string;
  /** Bytes. */
  readonly files: string[];
}

/** An indentation is not wider. */
const MAX_INDENT = 16;
/** Fewer files are done before anybody wonders. */
const MIN_FILES_FOR_PROGRESS = 200;

function defaultFmtFlags(invocation: Invocation): FmtFlags {
  return {
    ...defaultFlags(invocation),
    check: false,
    diff: false,
    strict: false,
    width: undefined,
    indent: undefined,
    range: undefined,
    filename: "<stdin>",
    files: [],
  };
}

function numberOf(name: string, text: string, least: number, most: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw usageError(marked`${name} takes a number from ${least} to ${most}, not '${text}'`);
}

function rangeOf(text: string): LineRange {
  const [, first, last] = /^(\d{1,9}):(\d{1,9})$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last) };
  if (range.first >= 1 && range.first <= range.last) return range;
  throw usageError(
    marked`--range takes the first and the last line as START:END, such as 10:20, not '${text}'`,
  );
}

/** See the head of this file. */
export const fmtCommand: Program<FmtFlags> = {
  name: "nivis fmt",
  summary: "format files in the official style",
  usage: "[FLAG]... FILE...",
  description: [
    "Formats files as nixfmt does (RFC 166) and writes those that change. A directory stands for all .nix files below it, without hidden directories; - for standard input, whose formatted text goes to standard output. A file that cannot be parsed is reported and stays as it is.",
    "Without --width and --indent, `max_line_length` and `indent_size` in sections of .editorconfig that name Nix files, such as [*.nix], are taken.",
    "The comments `/*nixfmt:disable*/` and `/*nixfmt:enable*/`, each alone on its line, keep what is between them as it is.",
  ],
  examples: [
    { does: "Format a file", command: "nivis fmt ./default.nix" },
    { does: "Format a tree", command: "nivis fmt ." },
    { does: "Fail if something is not formatted", command: "nivis fmt --check ." },
    { does: "Show what would change", command: "nivis fmt --diff ./default.nix" },
    { does: "Format standard input", command: "nivis fmt -" },
    { does: "Format some lines of a file", command: "nivis fmt --range 10:20 ./default.nix" },
  ],
  options: [
    flag<FmtFlags>(["--check", "-c"], "Write nothing; fail if a file is not formatted", (flags) => {
      flags.check = true;
    }),
    flag<FmtFlags>(["--diff", "-d"], "Write nothing; print what would change", (flags) => {
      flags.diff = true;
    }),
    valueFlag<FmtFlags>(
      ["--width", "-w"],
      "COLUMNS",
      "Break lines at COLUMNS, not counting indentation (default: 100)",
      (flags, text) => {
        flags.width = numberOf("--width", text, 1, 1_000_000);
      },
    ),
    valueFlag<FmtFlags>(
      ["--indent", "-i"],
      "COLUMNS",
      "Indent by COLUMNS (default: 2)",
      (flags, text) => {
        flags.indent = numberOf("--indent", text, 1, MAX_INDENT);
      },
    ),
    flag<FmtFlags>(
      ["--strict", "-s"],
      "Ignore the line breaks of the input where the style would keep them",
      (flags) => {
        flags.strict = true;
      },
    ),
    valueFlag<FmtFlags>(
      ["--range", "-r"],
      "START:END",
      "Format only the lines from START to END of one file or standard input",
      (flags, text) => {
        flags.range = rangeOf(text);
      },
    ),
    valueFlag<FmtFlags>(
      ["--filename"],
      "NAME",
      "Call standard input NAME in messages",
      (flags, name) => {
        flags.filename = encodeUtf8(name);
      },
    ),
  ],
  defaults: defaultFmtFlags,
  positional: (flags, argument) => flags.files.push(encodeUtf8(argument)),
  run: (flags, invocation) => new FmtJob(flags, invocation).run(),
};

/** All files of one command line. */
class FmtJob {
  readonly #flags: FmtFlags;
  readonly #invocation: Invocation;
  readonly #job: FileJob;
  #unformatted = 0;
  #broken = 0;

  constructor(flags: FmtFlags, invocation: Invocation) {
    this.#flags = flags;
    this.#invocation = invocation;
    const { width, indent, strict, check, diff, range } = flags;
    this.#job = { width, indent, strict, range, write: !check && !diff, texts: diff };
  }

  run(): void {
    const { files } = this.#flags;
    if (files.length === 0) {
      throw usageError(
        "'nivis fmt' needs a file: nivis fmt FILE..., or nivis fmt - for standard input",
      );
    }
    if (!files.includes("-")) this.#files(files);
    else if (files.length === 1) this.#standardInput();
    else throw usageError("standard input is formatted alone: nivis fmt -");
    if (this.#broken > 0)
      throw new EvalError("parse", marked`${count(this.#broken)} cannot be formatted`);
    if (this.#flags.check && this.#unformatted > 0) {
      throw new EvalError("value", marked`${count(this.#unformatted)} not formatted`);
    }
  }

  #standardInput(): void {
    const { terminal } = this.#invocation;
    const { check, diff, filename } = this.#flags;
    const text = terminal.readInput();
    const result = formatAnyText(filename, text, this.#job);
    this.#take(filename, result);
    if (result.kind === "refused" || result.kind === "failed" || check || diff) return;
    terminal.writeOut(result.kind === "changed" ? result.after : text);
  }

  #files(paths: readonly string[]): void {
    const { files, failures } = findNixFiles(paths);
    if (this.#flags.range !== undefined && files.length + failures.length > 1)
      throw usageError("--range is about one file: nivis fmt --range START:END FILE");
    for (const { path, message } of failures) this.#take(path, { kind: "failed", message });
    const show =
      files.length < MIN_FILES_FOR_PROGRESS ? undefined : this.#invocation.terminal.showProgress;
    const results = formatFiles(files, this.#job, (done) => {
      show?.(`formatting: ${done} of ${files.length} files`);
    });
    show?.("");
    for (let i = 0; i < results.length; i += 1)
      this.#take(files[i] as string, results[i] as FileResult);
  }

  /** Reports the result for a file. */
  #take(path: string, result: FileResult): void {
    const { terminal } = this.#invocation;
    switch (result.kind) {
      case "same":
        return;
      case "changed":
        this.#unformatted += 1;
        if (this.#flags.diff) terminal.writeOut(unifiedDiff(path, result.before, result.after));
        else if (this.#flags.check) terminal.writeOut(`${path}: not formatted\n`);
        return;
      case "failed":
        this.#broken += 1;
        this.#invocation.report(
          new EvalError("io", marked`${path}: ${encodeUtf8(result.message)}`),
        );
        return;
      case "refused": {
        this.#broken += 1;
        const positions = new PositionTable();
        const base = positions.add(new SourceFile({ kind: "file", path }, result.text));
        this.#invocation.positions = positions;
        this.#invocation.report(
          new EvalError("parse", result.message, positionIn(base, result.offset)),
        );
      }
    }
  }
}

function count(files: number): string {
  return `${files} file${files === 1 ? "" : "s"}`;
}
