/**
 * `--log-format internal-json`: messages on standard error in the form that C++ Nix writes for
 * other programs (libutil/logging.cc): lines of `@nix ` and a JSON object with sorted keys. They have
 * the colours of a terminal.
 */
import {
  type EvalError,
  type LogMessage,
  NO_TRACE_POS,
  type PosIdx,
  type PositionTable,
  renderError,
  renderLogMessage,
} from "@nivis/eval";
import { coloredText, decodeUtf8, encodeUtf8 } from "@nivis/formats";
import { ERROR_LEVEL, levelOf } from "./log-format.ts";

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
  const text = renderLogMessage(message, true);
  if (report === undefined) return plainLogLine(level, text);
  return line({
    action: "msg",
    level,
    msg: decodeUtf8(text),
    raw_msg: decodeUtf8(coloredText(report.text)),
    ...(placeOf(report.pos, positions) ?? NOWHERE),
  });
}

/** Formats an error, with its traces if they are shown. */
export function errorLogLine(
  error: EvalError,
  positions: PositionTable,
  showTrace: boolean,
): string {
  const { text, pos, traces } = error;
  const trace = traces.map((one) => ({
    ...(placeOf(one.pos, positions) ?? (one.pos === NO_TRACE_POS ? NOWHERE : NONE)),
    raw_msg: decodeUtf8(coloredText(one.text)),
  }));
  return line({
    action: "msg",
    level: ERROR_LEVEL,
    msg: decodeUtf8(renderError(error, positions, { showTrace, color: true })),
    raw_msg: decodeUtf8(coloredText(text)),
    ...(placeOf(pos, positions) ?? (error.hasUnknownPos ? NONE : NOWHERE)),
    ...(showTrace && trace.length > 0 ? { trace } : {}),
  });
}
