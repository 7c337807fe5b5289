/**
 * Errors and warnings as C++ Nix lays them out (libutil/error.cc, `showErrorInfo`):
 *
 *     error:
 *            … while evaluating the attribute 'a'
 *              at FILE:1:3:
 *                 1| { a = throw "x"; }
 *                  |   ^
 *
 *            error: x
 *
 * Traces come outermost first. Without `--show-trace` they are cut after the first few; those of
 * `addErrorContext` are always shown. The command line calls this module, which writes nowhere
 * itself.
 */
import type { SourceFile } from "@nivis/syntax";
import type { LogMessage } from "../io.ts";
import { NO_POS, type PosIdx, type Position, type PositionTable } from "../position.ts";
import type { EvalError, Trace } from "./eval-error.ts";
import { listSuggestions } from "./suggestions.ts";
import { stripTerminalCodes } from "./terminal.ts";

/** How to render an error. */
export interface RenderOptions {
  /** Whether all traces are shown. */
  readonly showTrace: boolean;
  /** Whether the text contains ANSI colours. */
  readonly color: boolean;
}

const RED = "\x1b[31;1m";
const YELLOW = "\x1b[35;1m";
const BLUE = "\x1b[34;1m";
const NORMAL = "\x1b[0m";

/** The number of shown traces; one with a position counts twice. */
const SHOWN_TRACES = 3;
/** The number of repeated traces that are printed; more are only counted. */
const SHOWN_DUPLICATES = 5;
/** The indentation of a trace below its `… `. */
const TRACE_INDENT = "  ";
/** `…` in UTF-8. */
const ELLIPSIS = "\xe2\x80\xa6";

/** The common parts of an error and a warning. */
interface Report {
  readonly message: string;
  readonly pos: PosIdx;
  /** The traces, innermost first. */
  readonly traces: readonly Trace[];
  readonly suggestions: readonly string[];
  readonly endsInArgument?: boolean;
}

/**
 * Returns the text of an error, without a newline at its end. Bytes; tabs and carriage returns of
 * quoted source lines are kept (see {@link forTerminal} in terminal.ts).
 */
export function renderError(
  error: EvalError,
  positions: PositionTable,
  options: RenderOptions,
): string {
  return new Renderer(positions, options).render("error", RED, error);
}

/**
 * Returns the text of an evaluator's warning: `warning: MESSAGE`, with the source line if `pos` is
 * known and with `traces`, innermost first.
 */
export function renderWarning(
  message: string,
  pos: PosIdx,
  positions: PositionTable,
  color: boolean,
  traces: readonly Trace[] = [],
): string {
  const report: Report = { message, pos, traces, suggestions: [] };
  return new Renderer(positions, { showTrace: false, color }).render("warning", YELLOW, report);
}

/** Returns the text of a program's warning, by `builtins.warn`: `evaluation warning: MESSAGE`. */
export function renderEvaluationWarning(message: string, color: boolean): string {
  return renderLogMessage(evaluationWarning(message), color);
}

/** Returns a message with its severity, which may be coloured, in front. */
export function renderLogMessage({ severity, text }: LogMessage, color: boolean): string {
  if (severity === "trace") return `trace: ${text}`;
  const prefix = color ? `${YELLOW}${severity}:${NORMAL}` : `${severity}:`;
  return text.startsWith("\n") ? prefix + text : `${prefix} ${text}`;
}

/** Returns a warning of one sentence. */
export function plainWarning(text: string): LogMessage {
  return { severity: "warning", text };
}

/** Returns a warning about a position in a program, or with traces. */
export function reportedWarning(
  positions: PositionTable,
  message: string,
  pos: PosIdx,
  traces: readonly Trace[] = [],
): LogMessage {
  const rendered = renderWarning(message, pos, positions, false, traces);
  const text = rendered.slice("warning:".length).replace(/^ /, "");
  return { severity: "warning", text, report: { message, pos, traces } };
}

/** Returns a warning of the program, by `builtins.warn`. */
export function evaluationWarning(message: string): LogMessage {
  const trimmed = trimEnd(message);
  // Nix: a message that begins with a newline is not indented.
  const text = message.startsWith("\n")
    ? trimmed
    : indent("", " ".repeat("evaluation warning: ".length), trimmed);
  return { severity: "evaluation warning", text, report: { message, pos: NO_POS, traces: [] } };
}

class Renderer {
  #text = "";
  /** The number of traces that count towards {@link SHOWN_TRACES}. */
  #count = 0;

  constructor(
    private readonly positions: PositionTable,
    private readonly options: RenderOptions,
  ) {}

  render(level: string, color: string, report: Report): string {
    const prefix = `${this.#paint(color, `${level}:`)} `;
    if (report.traces.length > 0) {
      this.#addTraces(report.traces);
      this.#text += `\n${prefix}`;
    }
    this.#text += `${report.message}\n`;
    this.#addPosition("", this.positions.resolve(report.pos));
    if (report.suggestions.length > 0) {
      const names = listSuggestions(report.suggestions, (name) =>
        this.#paint(YELLOW, stripTerminalCodes(name)),
      );
      this.#text += `Did you mean ${names}?\n`;
    }
    const rest = " ".repeat(level.length + 2);
    const shown = indent(prefix, rest, trimEnd(this.#text));
    // Nix: a message that ends in an argument ends in a colour code, so its last newline is not cut
    // off.
    const keepsNewline = report.endsInArgument === true && report.message.endsWith("\n");
    return keepsNewline ? `${shown}\n${rest}` : shown;
  }

  #paint(color: string, text: string): string {
    return this.options.color ? `${color}${text}${NORMAL}` : text;
  }

  #addTraces(traces: readonly Trace[]): void {
    const seen = new Set<string>();
    let held: Trace[] = [];
    let truncated = false;
    for (let i = traces.length - 1; i >= 0; i--) {
      const trace = traces[i] as Trace;
      if (trace.message === "") continue;
      if (!this.options.showTrace && this.#count > SHOWN_TRACES) truncated = true;
      if (truncated && !trace.always) continue;
      const key = `${Math.max(trace.pos, 0)} ${trace.message}`;
      if (seen.has(key)) {
        held.push(trace);
        continue;
      }
      seen.add(key);
      this.#addHeldTraces(held);
      held = [];
      this.#count++;
      this.#addTrace(trace);
    }
    this.#addHeldTraces(held);
    if (truncated) {
      const hint = "(stack trace truncated; use '--show-trace' to show the full, detailed trace)";
      this.#text += `\n${this.#paint(YELLOW, hint)}\n`;
    }
  }

  #addHeldTraces(held: readonly Trace[]): void {
    if (held.length > SHOWN_DUPLICATES) {
      this.#text += `\n${this.#paint(YELLOW, `(${held.length} duplicate frames omitted)`)}\n`;
      return;
    }
    for (const trace of held) this.#addTrace(trace);
  }

  #addTrace(trace: Trace): void {
    this.#text += `\n${ELLIPSIS} ${trace.message}\n`;
    if (this.#addPosition(TRACE_INDENT, this.positions.resolve(trace.pos))) this.#count++;
  }

  #addPosition(indentation: string, position: Position | undefined): boolean {
    if (position === undefined) return false;
    const { source, offset } = position;
    const { line, column } = source.lineColumn(offset);
    const where = `${source.displayName}:${line}:${column}`;
    this.#text += `${indentation}${this.options.color ? `${BLUE}at ${YELLOW}` : "at "}${where}`;
    this.#text += this.options.color ? `${NORMAL}:` : ":";
    // Nix: an empty text does not even have a first line.
    if (source.text !== "") this.#addCode(source, line, column);
    this.#text += "\n";
    return true;
  }

  /** Adds the line, its neighbours if they exist, and the marker. */
  #addCode(source: SourceFile, line: number, column: number): void {
    const addLine = (number: number): void => {
      const text = source.line(number);
      if (text !== undefined) this.#text += `\n ${String(number).padStart(5)}| ${text}`;
    };
    addLine(line - 1);
    addLine(line);
    this.#text += `\n      |${" ".repeat(column)}${this.#paint(RED, "^")}`;
    addLine(line + 1);
  }
}

/** Indents all lines, the first one differently, and removes blanks at their ends. */
function indent(first: string, rest: string, text: string): string {
  const lines = text.split("\n");
  // Nix: a newline at the end of the text does not start another line.
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line, i) => trimEnd((i === 0 ? first : rest) + line)).join("\n");
}

/** Nix: `chomp` removes only these four. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && " \n\r\t".includes(text[end - 1] as string)) end--;
  return text.slice(0, end);
}
