/** What a code action is: a rewrite that looks at a place and offers edits, or nothing. */
import type { Span } from "@nivis/syntax";
import type { Snapshot } from "../analysis/snapshot.ts";
import type { ByteEdit } from "../text/edits.ts";

/** A rewrite that is offered at a place. */
export interface Offer {
  /** As a menu says it; text. */
  readonly title: string;
  readonly edits: readonly ByteEdit[];
}

/** A kind of rewrite; a row of the table in `rewrites.ts`. */
export interface Rewrite {
  readonly kind: "refactor.extract" | "refactor.inline" | "refactor.rewrite" | "quickfix";
  /** For the table of documents. */
  readonly title: string;
  readonly offer: (snapshot: Snapshot, selection: Span) => Offer | undefined;
}
