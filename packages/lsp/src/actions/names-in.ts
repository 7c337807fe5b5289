/** The names that a stretch of a text uses from outside of it. */
import { NodeKind, type Span, type With } from "@nivis/syntax";
import type { Definition, Use } from "../analysis/names.ts";
import type { Snapshot } from "../analysis/snapshot.ts";

/** The uses inside a span. */
export function usesIn({ names }: Snapshot, { start, end }: Span): Use[] {
  return names.uses.filter((use) => use.start >= start && use.end <= end);
}

/** The definitions outside of a span that names inside of it mean. */
export function outerDefinitions(snapshot: Snapshot, span: Span): Definition[] {
  const found = new Set<Definition>();
  for (const { definition } of usesIn(snapshot, span)) {
    if (definition === undefined) continue;
    const { owner } = definition;
    if (owner.start < span.start || owner.end > span.end) found.add(definition);
  }
  return [...found];
}

/** The names that can only come from a `with`: those of its body, and none of a `with` inside. */
export function namesOfWith(snapshot: Snapshot, { body }: With): string[] {
  const names = usesIn(snapshot, body).filter(({ kind }) => kind === "free");
  return [...new Set(names.map(({ name }) => name))].sort();
}

/** Whether two expressions are a `with` and something in its body. */
export function isWith(expr: { readonly kind: NodeKind } | undefined): expr is With {
  return expr?.kind === NodeKind.With;
}
