/**
 * Messages of an evaluation for the user that are not errors: warnings, and what `builtins.trace` and
 * `builtins.warn` show. Hosts show them with {@link renderLogMessage}.
 */
import { colored, coloredText, type MarkedText, plainText } from "@nivis/formats";
import type { LogMessage } from "../io.ts";
import { NO_POS, type PosIdx, type PositionTable } from "../position.ts";
import type { Trace } from "./eval-error.ts";
import { indent, trimEnd } from "./message-layout.ts";
import { markedWarning } from "./render.ts";

/** Returns the text of a program's warning, by `builtins.warn`: `evaluation warning: MESSAGE`. */
export function renderEvaluationWarning(message: string, color: boolean): string {
  return renderLogMessage(evaluationWarning(message), color);
}

/** Returns a message with its severity, which may be coloured, in front. */
export function renderLogMessage({ severity, text, report }: LogMessage, color: boolean): string {
  if (severity === "trace") return `trace: ${text}`;
  if (!color) return text.startsWith("\n") ? `${severity}:${text}` : `${severity}: ${text}`;
  const shown = report?.shown ?? text;
  const prefix = colored("magenta", `${severity}:`);
  return coloredText(shown.startsWith("\n") ? prefix + shown : `${prefix} ${shown}`);
}

/** Returns a warning of one sentence. */
export function plainWarning(text: string): LogMessage {
  return { severity: "warning", text };
}

/** Returns a warning about a position in a program, or with traces. */
export function reportedWarning(
  positions: PositionTable,
  message: MarkedText,
  pos: PosIdx,
  traces: readonly Trace[] = [],
): LogMessage {
  const shown = markedWarning(message, pos, positions, traces);
  const report = { text: message, shown, pos, traces };
  return { severity: "warning", text: plainText(shown), report };
}

/** Returns a warning of the program, by `builtins.warn`. */
export function evaluationWarning(message: string): LogMessage {
  const trimmed = trimEnd(message);
  // Nix: a message that begins with a newline is not indented.
  const text = message.startsWith("\n")
    ? trimmed
    : indent("", " ".repeat("evaluation warning: ".length), trimmed);
  const report = { text: message, shown: text, pos: NO_POS, traces: [] };
  return { severity: "evaluation warning", text, report };
}
