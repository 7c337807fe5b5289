/** The values of `--log-format`, and the levels of messages (log-line.ts has those of JSON). */
import { EvalError, type LogMessage } from "@nivis/eval";
import { encodeUtf8, marked } from "@nivis/formats";
import type { BuildLogFormat } from "@nivis/node";

/** How lines for the user are written, and how the work of stores is shown. */
export type LogFormat = BuildLogFormat;

const LOG_FORMATS: readonly LogFormat[] = [
  "raw",
  "raw-with-logs",
  "internal-json",
  "bar",
  "bar-with-logs",
];

/** Returns the value of `--log-format`; text. Throws {@link EvalError} if there is no such format. */
export function logFormatOf(format: string): LogFormat {
  const found = LOG_FORMATS.find((name) => name === format);
  if (found !== undefined) return found;
  throw new EvalError(
    "value",
    marked`option 'log-format' has an invalid value '${encodeUtf8(format)}'`,
  );
}

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
