/** `{ inherit; a = 1; }` → `{ a = 1; }` */
import { type AttrSet, type Expr, NodeKind, type Span } from "../../ast/nodes.ts";
import { walk } from "../../ast/visit.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

const INHERIT = "inherit";

/** An `inherit` without names: `{ inherit; a = 1; }` → `{ a = 1; }` */
export const emptyInherit: Rule = {
  code: "empty-inherit",
  level: "default",
  summary: "An `inherit` without names",
  explanation:
    "It inherits nothing; the expression of `inherit (e);` is not even evaluated. Often a name was " +
    "forgotten.",
  bad: "{ inherit; inherit ({ b = 2; }); a = 1; }",
  good: "{ inherit ({ b = 2; }) b; a = 1; }",
  alias: "Tvix W009, statix W14",
  on: {
    [NodeKind.Let]: ({ attrs }, run) => checkSources(attrs, run),
    [NodeKind.AttrSet]: checkSources,
  },
  onEnd: checkPlain,
};

function report(span: Span, run: LintRun): void {
  run.report("empty-inherit", span, "this inherit has no names", {
    fix: { title: "Remove the empty 'inherit'", edits: [run.removal(span.start, span.end)] },
  });
}

/** `inherit (e);`: a source from which nothing is taken. */
function checkSources({ inheritFrom, bindings }: AttrSet, run: LintRun): void {
  if (inheritFrom.length === 0) return;
  const taken = new Set(bindings.map(({ from }) => from));
  inheritFrom.forEach((source, i) => {
    if (taken.has(i)) return;
    const open = run.skipBlankBack(source.start) - 1;
    const start = run.skipBlankBack(open) - INHERIT.length;
    const close = run.skipBlank(source.end);
    const semicolon = run.skipBlank(close + 1);
    if (run.text.startsWith(INHERIT, start) && run.text[semicolon] === ";") {
      report({ start, end: semicolon + 1 }, run);
    } else run.report("empty-inherit", source, "this inherit has no names");
  });
}

/** `inherit;` leaves no trace in the tree, so it is looked for in the text. */
function checkPlain(run: LintRun): void {
  const { text, parsed } = run;
  let spans: Span[] = [];
  // Searching the word natively takes a tenth of what a regular expression takes.
  for (let at = text.indexOf(INHERIT); at >= 0; at = text.indexOf(INHERIT, at + 1)) {
    const semicolon = run.skipBlank(at + INHERIT.length);
    if (text[semicolon] !== ";") continue;
    // `x.inherit` and `a-inherit` cannot be: the first is not Nix, the second a name.
    if (!/[\w'-]/.test(text[at - 1] ?? " ")) spans.push({ start: at, end: semicolon + 1 });
  }
  // Without the comments from the parser, code cannot be told from comments.
  if (spans.length === 0 || (parsed.comments.length === 0 && /#|\/\*/.test(text))) return;
  spans = spans.filter((span) => !parsed.comments.some((comment) => covers(comment, span)));
  walk(parsed.expr, (expr: Expr) => {
    if (expr.kind !== NodeKind.String || spans.length === 0) return;
    spans = spans.filter((span) => !covers(expr, span));
  });
  for (const span of spans) report(span, run);
}

function covers(outer: Span, inner: Span): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}
