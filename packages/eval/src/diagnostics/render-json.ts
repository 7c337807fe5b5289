/**
 * Errors for programs: one JSON object. `docs/errors/README.md` describes its fields; they stay, and
 * new ones may come. Offsets count bytes from 0, lines and columns from 1, columns in bytes.
 */
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import type { Explanation, SourceSpan, TraceStep } from "./explanation.ts";

/** Steps of a trace that are kept; of a longer one, half from either end. */
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

/** The JSON of an explanation on one line, as bytes. Texts that are no UTF-8 get U+FFFD. */
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
