/**
 * Program: what every command has in common from the first argument to the exit code.
 *
 * It reads the arguments, answers `--help` and `--version`, runs the command, and prints what goes
 * wrong: the user's mistakes as C++ Nix prints them, ours as bugs of Nivis.
 */
import {
  DEFAULT_SETTINGS,
  EvalError,
  type ExplainSettings,
  evalErrorOf,
  explainError,
  forTerminal,
  PositionTable,
  renderError,
  renderJson,
  renderRich,
} from "@nivis/eval";
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import type { DiagnosticsForm, EvaluationDraft } from "./options/evaluation-options.ts";
import { withEvaluationOptions } from "./options/evaluation-options.ts";
import { type HelpTopic, renderHelp } from "./options/help.ts";
import { type Option, parseArguments } from "./options/option.ts";
import { StatisticsRecorder } from "./statistics.ts";
import type { Terminal } from "./terminal.ts";
import { NIX_VERSION, VERSION } from "./version.ts";

/** A command: its help, its options and what it does. */
export interface Program<Draft extends EvaluationDraft = EvaluationDraft> extends HelpTopic {
  /** Its own options; the shared ones are added. */
  readonly options: readonly Option<Draft>[];
  /** The state before the first option. */
  start(): Draft;
  /** Takes an argument that is no flag. */
  positional(draft: Draft, argument: string): void;
  /** Does the work; errors are thrown. */
  run(draft: Draft, invocation: Invocation): void;
}

/** One run of a program: where it prints, and how errors are to be shown. */
export class Invocation {
  /** How positions of errors are resolved; set once there is an evaluation. */
  positions = new PositionTable();
  showTrace = false;
  diagnostics: DiagnosticsForm = "plain";
  /** The settings of the evaluation, once there is one. */
  settings: ExplainSettings = DEFAULT_SETTINGS;
  /** What the environment wants to be counted. */
  readonly statistics: StatisticsRecorder | undefined;
  /** What is left to do when all is printed. */
  afterwards: (() => void) | undefined;

  constructor(
    readonly terminal: Terminal,
    readonly programName: string,
  ) {
    this.statistics = StatisticsRecorder.of(terminal);
  }

  /** Shows a line on standard error as a terminal wants it. */
  show(line: string): void {
    if (this.diagnostics === "json") {
      this.terminal.writeLine(encodeUtf8(JSON.stringify(messageOf(decodeUtf8(line)))));
      return;
    }
    this.terminal.writeLine(forTerminal(this.paintPrefix(line), this.terminal.color));
  }

  /** Shows a warning of the command itself. */
  warn(message: string): void {
    this.show(`warning: ${message}`);
  }

  /** Warnings of the evaluator come without colours. */
  private paintPrefix(line: string): string {
    if (!this.terminal.color) return line;
    return line.replace(/^(?:evaluation )?warning:/, "\x1b[35;1m$&\x1b[0m");
  }

  /** Shows what was thrown. */
  report(thrown: unknown): void {
    const error = evalErrorOf(thrown);
    if (!(error instanceof EvalError)) {
      this.show(describeBug(error));
      return;
    }
    const { color } = this.terminal;
    if (this.diagnostics !== "plain") {
      const explanation = explainError(error, this.positions, this.settings);
      if (this.diagnostics === "json") {
        this.terminal.writeLine(renderJson(explanation));
        return;
      }
      this.show(renderRich(explanation, { showTrace: this.showTrace, color }));
    } else this.show(renderError(error, this.positions, { showTrace: this.showTrace, color }));
    if (error.kind === "usage") {
      this.show(`Try '${this.programName} --help' for more information.`);
    }
  }
}

/** A line for the user as programs want it; errors have more fields. */
function messageOf(line: string): { readonly severity: string; readonly message: string } {
  const found = /^(?:evaluation )?(warning|trace|error): (.*)$/s.exec(line);
  return { severity: found?.[1] ?? "note", message: found?.[2] ?? line };
}

function describeBug(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = [
    "error: this is a bug in Nivis, not in your expression",
    "       Please report it (README.md says where) with the expression and this text:",
    `       nivis ${VERSION}, node ${process.version}, ${process.platform} ${process.arch}`,
    ...stack.split("\n").map((line) => `       ${line}`),
  ];
  return encodeUtf8(lines.join("\n"));
}

/** The line of `--version`. */
export function versionLine(name: string): string {
  return `${name} (Nivis) ${VERSION}, follows Nix ${NIX_VERSION}\n`;
}

/** Runs a program and answers its exit code. */
export function runProgram<Draft extends EvaluationDraft>(
  program: Program<Draft>,
  args: readonly string[],
  terminal: Terminal,
): number {
  const invocation = new Invocation(terminal, program.name);
  const code = runAndReport(program, args, invocation);
  invocation.afterwards?.();
  return code;
}

function runAndReport<Draft extends EvaluationDraft>(
  program: Program<Draft>,
  args: readonly string[],
  invocation: Invocation,
): number {
  const { terminal } = invocation;
  try {
    const options = withEvaluationOptions(program.options);
    const draft = program.start();
    try {
      parseArguments(args, options, draft, (state, argument) =>
        program.positional(state, argument),
      );
    } finally {
      // A wrong argument, too, is shown as the ones before it ask.
      invocation.diagnostics = draft.diagnostics;
    }
    if (draft.help) terminal.writeOut(encodeUtf8(renderHelp(program, options)));
    else if (draft.version) terminal.writeOut(versionLine(program.name.split(" ")[0] as string));
    else program.run(draft, invocation);
    invocation.statistics?.print();
    return 0;
  } catch (error) {
    invocation.report(error);
    invocation.statistics?.print();
    return 1;
  }
}
