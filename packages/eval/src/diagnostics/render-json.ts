/**
 * Errors for programs: one JSON object. `docs/errors/README.md` describes its fields; existing
 * fields are stable, and new ones may be added. Offsets count bytes from 0, lines and columns count
 * from 1, columns in bytes.
 */
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import type { Explanation, SourceSpan, TraceStep } from "./explanation.ts";

/** The maximum number of trace steps; of a longer trace, half is kept from either end. */
const MAX_TRACE = 2000;

function shortened(trace: readonly TraceStep[]): readonly TraceStep[] {
  if (trace.length <= MAX_TRACE) return trace;
  return [...trace.slice(0, MAX_TRACE / 2), ...trace.slice(-MAX_TRACE / 2)];
}

interface JsonPlace {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

interface JsonSpan {
  /** The path of a file, or `«string»`, `«stdin»`. */
  readonly file: string;
  readonly origin: "file" | "string" | "stdin" | "internal";
  readonly start: JsonPlace;
  readonly end: JsonPlace;
}

/**
 * Returns an explanation as one line of JSON, in bytes. U+FFFD replaces faults in texts that are
 * not UTF-8.
 */
export function renderJson(explanation: Explanation): string {
  const { code, kind, message, labels, raisedAt, trace, cycle, hints, suggestions } = explanation;
  return encodeUtf8(
    JSON.stringify({
      severity: "error",
      code,
      kind,
      message: decodeUtf8(message),
      labels: labels.map((label) => ({
        ...spanOf(label),
        message: decodeUtf8(label.message),
        primary: label.primary,
      })),
      raisedAt: raisedAt === undefined ? null : spanOf(raisedAt),
      trace: shortened(trace).map((step) => ({
        message: decodeUtf8(step.message),
        span: step.at === undefined ? null : spanOf(step.at),
        region: step.region === undefined ? null : decodeUtf8(step.region),
        always: step.always,
      })),
      traceOmitted: Math.max(0, trace.length - MAX_TRACE),
      cycle: cycle.map((place) => ({ ...spanOf(place), region: place.region ?? null })),
      hints: hints.map((hint) => ({ rule: hint.rule, message: decodeUtf8(hint.message) })),
      suggestions: suggestions.map(decodeUtf8),
    }),
  );
}

function spanOf({ source, span }: SourceSpan): JsonSpan {
  const place = (offset: number): JsonPlace => ({ offset, ...source.lineColumn(offset) });
  return {
    file: decodeUtf8(source.displayName),
    origin: source.origin.kind,
    start: place(span.start),
    end: place(span.end),
  };
}
