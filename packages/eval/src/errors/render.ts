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
import {
  type Color,
  colored,
  coloredText,
  type MarkedText,
  plainText,
  startOf,
} from "@nivis/formats";
import type { SourceFile } from "@nivis/syntax";
import type { PosIdx, Position, PositionTable } from "../position.ts";
import type { EvalError, Trace } from "./eval-error.ts";
import { indent, trimEnd } from "./message-layout.ts";
import { listSuggestions } from "./suggestions.ts";
import { stripTerminalCodes } from "./terminal.ts";

/** How to render an error. */
export interface RenderOptions {
  /** Whether all traces are shown. */
  readonly showTrace: boolean;
  /** Whether the text contains ANSI colours. */
  readonly color: boolean;
}

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
  readonly text: MarkedText;
  readonly pos: PosIdx;
  /** The traces, innermost first. */
  readonly traces: readonly Trace[];
  readonly suggestions: readonly string[];
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
  const text = withLevel(
    colored("red", "error:"),
    new Renderer(positions, options.showTrace).render("error", "red", error),
  );
  return options.color ? coloredText(text) : plainText(text);
}

/**
 * Returns the text of an evaluator's warning: `warning: MESSAGE`, with the source line if `pos` is
 * known and with `traces`, innermost first.
 */
export function renderWarning(
  text: MarkedText,
  pos: PosIdx,
  positions: PositionTable,
  color: boolean,
  traces: readonly Trace[] = [],
): string {
  const shown = withLevel(
    colored("magenta", "warning:"),
    markedWarning(text, pos, positions, traces),
  );
  return color ? coloredText(shown) : plainText(shown);
}

/** {@link renderWarning} without `warning:` in front, before its colours are decided. */
export function markedWarning(
  text: MarkedText,
  pos: PosIdx,
  positions: PositionTable,
  traces: readonly Trace[],
): MarkedText {
  const report: Report = { text, pos, traces, suggestions: [] };
  return new Renderer(positions, false).render("warning", "magenta", report);
}

/** Puts the level in front of a text whose first line may be empty. */
export function withLevel(level: MarkedText, text: MarkedText): MarkedText {
  return text === "" || text.startsWith("\n") ? level + text : `${level} ${text}`;
}

class Renderer {
  #text = "";
  /** The number of traces that count towards {@link SHOWN_TRACES}. */
  #count = 0;

  constructor(
    private readonly positions: PositionTable,
    private readonly showTrace: boolean,
  ) {}

  // The text below its level, without that in front of the first line.
  // Nix: blanks at the ends of lines are removed while colour codes stand in the text, which keep some.
  render(level: string, color: Color, report: Report): MarkedText {
    const prefix = `${colored(color, `${level}:`)} `;
    if (report.traces.length > 0) {
      this.#addTraces(report.traces);
      this.#text += `\n${prefix}`;
    }
    this.#text += `${report.text}\n`;
    this.#addPosition("", this.positions.resolve(report.pos));
    if (report.suggestions.length > 0) {
      const names = listSuggestions(report.suggestions, (name) =>
        colored("magenta", stripTerminalCodes(name)),
      );
      this.#text += `Did you mean ${names}?\n`;
    }
    const rest = " ".repeat(level.length + 2);
    return indent("", rest, trimEnd(this.#text));
  }

  #addTraces(traces: readonly Trace[]): void {
    const seen = new Set<string>();
    let held: Trace[] = [];
    let truncated = false;
    for (let i = traces.length - 1; i >= 0; i--) {
      const trace = traces[i] as Trace;
      if (trace.text === "") continue;
      if (!this.showTrace && this.#count > SHOWN_TRACES) truncated = true;
      if (truncated && !trace.always) continue;
      const key = `${Math.max(trace.pos, 0)} ${trace.text}`;
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
      this.#text += `\n${colored("magenta", hint)}\n`;
    }
  }

  #addHeldTraces(held: readonly Trace[]): void {
    if (held.length > SHOWN_DUPLICATES) {
      this.#text += `\n${colored("magenta", `(${held.length} duplicate frames omitted)`)}\n`;
      return;
    }
    for (const trace of held) this.#addTrace(trace);
  }

  #addTrace(trace: Trace): void {
    this.#text += `\n${ELLIPSIS} ${trace.text}\n`;
    if (this.#addPosition(TRACE_INDENT, this.positions.resolve(trace.pos))) this.#count++;
  }

  #addPosition(indentation: string, position: Position | undefined): boolean {
    if (position === undefined) return false;
    const { source, offset } = position;
    const { line, column } = source.lineColumn(offset);
    const where = `${source.displayName}:${line}:${column}`;
    this.#text += `${indentation}${startOf("blue")}at ${colored("magenta", where)}:`;
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
    this.#text += `\n      |${" ".repeat(column)}${colored("red", "^")}`;
    addLine(line + 1);
  }
}
