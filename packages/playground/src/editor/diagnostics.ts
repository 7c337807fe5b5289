/** Mistakes and findings of the linter while typing, with their fixes as actions. */
import { type Diagnostic, linter } from "@codemirror/lint";
import type { Extension } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import { type Fix, LINT_PARSE_OPTIONS, lint, parse, SourceFile, type Span } from "@nivis/syntax";
import { Offsets } from "../text/offsets.ts";

/** Returns what is wrong with a text; offsets are UTF-16 units. */
export function diagnosticsOf(text: string): Diagnostic[] {
  const source = new SourceFile({ kind: "string" }, encodeUtf8(text));
  const parsed = parse(source, {
    basePath: "/",
    home: "/",
    features: { pipeOperators: true },
    ...LINT_PARSE_OPTIONS,
  });
  const offsets = new Offsets(text);
  const range = ({ start, end }: Span): { from: number; to: number } => {
    const from = offsets.toUnits(start);
    return { from, to: Math.max(from, offsets.toUnits(end)) };
  };
  const mistakes = parsed.diagnostics.map(
    ({ span, severity, message, code }): Diagnostic => ({
      ...range(span),
      severity,
      message: decodeUtf8(message),
      source: code,
    }),
  );
  const findings = lint(parsed).map(
    ({ span, message, code, fix }): Diagnostic => ({
      ...range(span),
      severity: "warning",
      message: decodeUtf8(message),
      source: code,
      actions: fix === undefined ? [] : [{ name: fix.title, apply: (view) => apply(view, fix) }],
    }),
  );
  return [...mistakes, ...findings];
}

function apply(view: EditorView, { edits }: Fix): void {
  const offsets = new Offsets(view.state.doc.toString());
  view.dispatch({
    changes: edits.map(({ start, end, text }) => ({
      from: offsets.toUnits(start),
      to: offsets.toUnits(end),
      insert: decodeUtf8(text),
    })),
    userEvent: "input.fix",
  });
}

/** Returns the extension that shows them. */
export function diagnostics(): Extension {
  return linter((view) => diagnosticsOf(view.state.doc.toString()), { delay: 250 });
}
