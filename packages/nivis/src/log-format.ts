/**
 * `--log-format internal-json`: messages on standard error in the form that C++ Nix writes for
 * other programs (libutil/logging.cc): lines of `@nix ` and a JSON object with sorted keys.
 */
import {
  type EvalError,
  type LogMessage,
  NO_TRACE_POS,
  type PosIdx,
  type PositionTable,
  renderError,
  renderLogMessage,
  renderWarning,
} from "@nivis/eval";
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import type { BuildLogFormat } from "@nivis/node";

/** How lines for the user are written, and how the work of stores is shown. */
export type LogFormat = BuildLogFormat;

/** All values of `--log-format`. */
export const LOG_FORMATS: readonly LogFormat[] = [
  "raw",
  "raw-with-logs",
  "internal-json",
  "bar",
  "bar-with-logs",
];

/**
 * Verbosity levels, the most important first; a message is shown if its level is at most the
 * verbosity.
 */
export const ERROR_LEVEL = 0;
export const WARNING_LEVEL = 1;
export const NOTICE_LEVEL = 2;
/** The verbosity unless flags say otherwise. */
export const INFO_LEVEL = 3;
export const TALKATIVE_LEVEL = 4;
export const CHATTY_LEVEL = 5;
export const DEBUG_LEVEL = 6;
export const HIGHEST_LEVEL = 7;

/** Returns the level of a message of the evaluator. */
export function levelOf({ severity }: LogMessage): number {
  return severity === "trace" ? ERROR_LEVEL : WARNING_LEVEL;
}

/** The fields of a position in a log line; all `null` without a position. */
function placeOf(pos: PosIdx, positions: PositionTable) {
  const position = positions.resolve(pos);
  if (position === undefined) return undefined;
  const { source, offset } = position;
  const { line, column } = source.lineColumn(offset);
  return { column, file: decodeUtf8(`${source.displayName}:${line}:${column}`), line };
}

/** Without a position. */
const NOWHERE = { column: null, file: null, line: null };
/** Nix: with an unknown position. */
const NONE = { column: 0, file: "«none»:0", line: 0 };

function line(fields: Readonly<Record<string, unknown>>): string {
  const sorted = Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
  return encodeUtf8(`@nix ${JSON.stringify(sorted)}`);
}

/** Formats a line that contains only text. */
export function plainLogLine(level: number, text: string): string {
  return line({ action: "msg", level, msg: decodeUtf8(text) });
}

/** Formats a message of the evaluator. */
export function messageLogLine(message: LogMessage, positions: PositionTable): string {
  const { report } = message;
  const level = levelOf(message);
  if (report === undefined) return plainLogLine(level, renderLogMessage(message, true));
  const text =
    message.severity === "warning"
      ? renderWarning(report.message, report.pos, positions, true, report.traces)
      : renderLogMessage(message, true);
  return line({
    action: "msg",
    level,
    msg: decodeUtf8(text),
    raw_msg: decodeUtf8(report.message),
    ...(placeOf(report.pos, positions) ?? NOWHERE),
  });
}

/** Formats an error, with its traces if they are shown. */
export function errorLogLine(
  error: EvalError,
  positions: PositionTable,
  showTrace: boolean,
): string {
  const { message, pos, traces } = error;
  const trace = traces.map((one) => ({
    ...(placeOf(one.pos, positions) ?? (one.pos === NO_TRACE_POS ? NOWHERE : NONE)),
    raw_msg: decodeUtf8(one.message),
  }));
  return line({
    action: "msg",
    level: ERROR_LEVEL,
    msg: decodeUtf8(renderError(error, positions, { showTrace, color: true })),
    raw_msg: decodeUtf8(message),
    ...(placeOf(pos, positions) ?? (error.hasUnknownPos ? NONE : NOWHERE)),
    ...(showTrace && trace.length > 0 ? { trace } : {}),
  });
}
