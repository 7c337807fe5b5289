/**
 * `nivis lint`: finds dead code and mistakes in files without evaluating them.
 *
 * The findings are the output of this command, so they go to standard output. A finding is a
 * warning and does not make the command fail unless its code is denied; a file that does not parse
 * does.
 */
import {
  bestMatches,
  EvalError,
  forTerminal,
  PositionTable,
  positionIn,
  renderWarning,
} from "@nivis/eval";
import { canonPath, encodeUtf8, marked } from "@nivis/formats";
import {
  applyFixes,
  LINT_PARSE_OPTIONS,
  type LintDiagnostic,
  type LintOptions,
  lint,
  lintRules,
  type ParseResult,
  parse,
  SourceFile,
  type Span,
} from "@nivis/syntax";
import { reasonOf, replaceFile } from "../formatting/file-text.ts";
import type { Invocation } from "../invocation.ts";
import { defaultFlags, type EvaluationFlags } from "../options/evaluation-options.ts";
import { flag, usageError, valueFlag } from "../options/option.ts";
import type { Program } from "../program.ts";
import { openSession, type Session, type Source } from "../session.ts";

/** The flags of `nivis lint`. */
export interface LintFlags extends EvaluationFlags {
  /** The positional arguments; bytes. */
  readonly files: string[];
  /** `--expr`; bytes. */
  readonly expressions: string[];
  json: boolean;
  strict: boolean;
  fix: boolean;
  list: boolean;
  readonly warn: string[];
  readonly allow: string[];
  readonly deny: string[];
}

/** A fix may reveal the next finding; more rounds than this mean that two fixes undo each other. */
const MAX_ROUNDS = 10;
/** Longer lines are not shown, in bytes. */
const MAX_SHOWN_LINE = 5000;

function defaultLintFlags(invocation: Invocation): LintFlags {
  return {
    ...defaultFlags(invocation),
    files: [],
    expressions: [],
    json: false,
    strict: false,
    fix: false,
    list: false,
    warn: [],
    allow: [],
    deny: [],
  };
}

function addCodes(codes: string[], text: string): void {
  const known = lintRules.map(({ code }) => code);
  for (const code of text.split(",")) {
    if (code !== "all" && !known.includes(code)) {
      throw usageError(marked`there is no warning '${code}'`, bestMatches(known, code));
    }
    codes.push(code);
  }
}

/** `nivis lint`: finds dead code and mistakes in files without evaluating them. */
export const lintCommand: Program<LintFlags> = {
  name: "nivis lint",
  summary: "find dead code, unused names and mistakes in files",
  usage: "[FLAG]... [FILE]...",
  description: [
    "Prints what it finds on standard output. A directory stands for all .nix files below it, - for standard input; --expr gives an expression instead. Findings alone do not make it fail; those named with --deny do, and so does a file that does not parse.",
    "The comment `# nivis-ignore CODE` behind a line or above it silences a warning there, `# nivis-ignore-file CODE` in the whole file.",
  ],
  examples: [
    { does: "Check a file", command: "nivis lint ./default.nix" },
    { does: "Check a tree, and fail if anything is found", command: "nivis lint --deny all ." },
    { does: "Check an expression", command: "nivis lint --expr 'let x = 1; in x'" },
    { does: "Apply the fixes that are certain", command: "nivis lint --fix ./default.nix" },
    { does: "List all kinds of warnings", command: "nivis lint --list" },
  ],
  options: [
    valueFlag<LintFlags>(
      ["--expr", "-E"],
      "EXPR",
      "Check EXPR, besides the files; may be repeated",
      (flags, text) => flags.expressions.push(encodeUtf8(text)),
    ),
    flag<LintFlags>(["--json"], "Print JSON, one list for all files", (flags) => {
      flags.json = true;
    }),
    flag<LintFlags>(["--strict"], "Also warn about questions of style", (flags) => {
      flags.strict = true;
    }),
    valueFlag<LintFlags>(["--warn"], "CODES", "Also warn about CODES", (flags, codes) =>
      addCodes(flags.warn, codes),
    ),
    valueFlag<LintFlags>(["--allow"], "CODES", "Do not warn about CODES", (flags, codes) =>
      addCodes(flags.allow, codes),
    ),
    valueFlag<LintFlags>(
      ["--deny"],
      "CODES",
      "Fail if CODES are found; all stands for any of them",
      (flags, codes) => addCodes(flags.deny, codes),
    ),
    flag<LintFlags>(["--fix"], "Apply the fixes that are certain", (flags) => {
      flags.fix = true;
    }),
    flag<LintFlags>(["--list"], "List the kinds of warnings", (flags) => {
      flags.list = true;
    }),
  ],
  defaults: defaultLintFlags,
  positional: (flags, argument) => flags.files.push(encodeUtf8(argument)),
  run: (flags, invocation) => {
    if (flags.list) printRules(invocation);
    else new LintJob(flags, invocation).run();
  },
};

function printRules(invocation: Invocation): void {
  const width = Math.max(...lintRules.map(({ code }) => code.length)) + 2;
  for (const { code, level, summary } of lintRules) {
    const note = level === "strict" ? " (--strict)" : "";
    invocation.terminal.writeOut(`${code.padEnd(width)}${summary}${note}\n`);
  }
}

/** All files of one command line. */
class LintJob {
  readonly #session: Session;
  readonly #options: LintOptions;
  readonly #denied: ReadonlySet<string>;
  readonly #json: unknown[] = [];
  #deniedCount = 0;
  #brokenCount = 0;

  constructor(
    private readonly flags: LintFlags,
    private readonly invocation: Invocation,
  ) {
    this.#session = openSession(flags, { readOnly: true });
    this.#denied = new Set(flags.deny);
    this.#options = {
      strict: flags.strict || flags.warn.includes("all"),
      // A denied warning is enabled as well.
      enable: [...flags.warn, ...flags.deny],
      disable: flags.allow.includes("all") ? lintRules.map(({ code }) => code) : flags.allow,
    };
  }

  run(): void {
    const { files, expressions, fix } = this.flags;
    if (files.length === 0 && expressions.length === 0) {
      throw usageError("'nivis lint' needs a file or an expression: nivis lint FILE...");
    }
    if (fix && (expressions.length > 0 || files.includes("-"))) {
      throw usageError("--fix repairs files: it goes with neither --expr nor standard input");
    }
    for (const text of expressions) this.#source(this.#session.expression(text));
    for (const name of files) this.#argument(name);
    if (this.flags.json) {
      this.invocation.terminal.writeOut(`${JSON.stringify(this.#json, undefined, 2)}\n`);
    }
    if (this.#brokenCount > 0) {
      throw new EvalError("parse", marked`${count(this.#brokenCount, "file")} cannot be parsed`);
    }
    if (this.#deniedCount > 0) {
      throw new EvalError("value", marked`${count(this.#deniedCount, "denied warning")} found`);
    }
  }

  #argument(name: string): void {
    if (name === "-") {
      this.#source(this.#session.standardInput());
      return;
    }
    const { io } = this.#session;
    const path = canonPath(name.startsWith("/") ? name : `${io.currentDirectory()}/${name}`);
    // Iterative, because a tree may be deep.
    const pending = [path];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      if (io.fileType(at) !== "directory") {
        this.#source(this.#session.file(at));
        continue;
      }
      const directory = at;
      const entries = io
        .readDirectory(directory)
        .filter((entry) => {
          if (entry.type === "directory") return !entry.name.startsWith(".");
          return entry.type === "regular" && entry.name.endsWith(".nix");
        })
        .sort((a, b) => (a.name < b.name ? 1 : -1));
      for (const entry of entries) pending.push(`${directory}/${entry.name}`);
    }
  }

  #source(source: Source): void {
    let { text } = source;
    let parsed = this.#parse(source, text);
    let found = lint(parsed, this.#options);
    if (this.flags.fix && source.origin.kind === "file") {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const { text: better, fixed } = applyFixes(text, found);
        if (fixed.length === 0) break;
        text = better;
        parsed = this.#parse(source, text);
        found = lint(parsed, this.#options);
      }
      if (text !== source.text) {
        this.#replace(source.origin.path, text);
      }
    }
    this.#print(parsed, found);
  }

  #replace(path: string, text: string): void {
    try {
      replaceFile(path, text);
    } catch (error) {
      throw new EvalError("io", `${path}: ${encodeUtf8(reasonOf(error))}`);
    }
  }

  #parse({ origin, basePath }: Source, text: string): ParseResult {
    const { settings } = this.#session.evaluation.context;
    return parse(new SourceFile(origin, text), {
      ...LINT_PARSE_OPTIONS,
      basePath: basePath.path,
      // The value is irrelevant; it only makes `~/...` a path.
      home: "/",
      features: { pipeOperators: settings.experimentalFeatures.has("pipe-operators") },
    });
  }

  #print(parsed: ParseResult, found: readonly LintDiagnostic[]): void {
    const { source, firstError } = parsed;
    const positions = new PositionTable();
    const base = positions.add(source);
    if (firstError !== undefined) {
      this.#brokenCount++;
      this.invocation.positions = positions;
      // The other forms show all mistakes of a text when its first one is reported.
      const isPlain = this.invocation.diagnostics === "plain";
      const mistakes = parsed.diagnostics.filter(({ severity }) => severity === "error");
      for (const { message, pos } of isPlain ? mistakes : [firstError]) {
        const at = positionIn(base, pos);
        this.invocation.report(new EvalError("parse", message, at));
      }
      return;
    }
    for (const finding of found) {
      if (this.#denied.has("all") || this.#denied.has(finding.code)) this.#deniedCount++;
      if (this.flags.json) this.#json.push(jsonOf(finding, source));
      else {
        const title = `${finding.message} [${finding.code}]`;
        // A line of megabytes, once for each finding in it, helps nobody.
        const text =
          lineLength(source, finding.pos) > MAX_SHOWN_LINE
            ? `warning: ${title}\n         at ${source.describe(finding.pos)}, in a very long line`
            : renderWarning(title, positionIn(base, finding.pos), positions, false);
        this.invocation.terminal.writeOut(`${forTerminal(text, false)}\n\n`);
      }
    }
  }
}

/** The length in bytes of the line that an offset is in. */
function lineLength(source: SourceFile, offset: number): number {
  const { text, lineStarts } = source;
  const { line } = source.lineColumn(offset);
  return (lineStarts[line] ?? text.length) - (lineStarts[line - 1] as number);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** A finding as data. Lines and columns start at 1; columns and offsets count bytes. */
function jsonOf({ code, severity, message, span, labels, fix }: LintDiagnostic, file: SourceFile) {
  const place = ({ start, end }: Span) => ({
    start: { offset: start, ...file.lineColumn(start) },
    end: { offset: end, ...file.lineColumn(end) },
  });
  return {
    file: file.displayName,
    code,
    severity,
    message,
    ...place(span),
    labels: labels.map((label) => ({ message: label.message, ...place(label.span) })),
    fix: fix === undefined ? null : { title: fix.title, edits: fix.edits },
  };
}
