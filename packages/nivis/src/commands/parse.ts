/** `nivis parse`: prints the syntax tree of an expression. */
import { printExpr } from "@nivis/syntax";
import {
  addPositional,
  emptySourceDraft,
  SOURCE_OPTIONS,
  type SourceDraft,
  selectionOf,
} from "../options/source-options.ts";
import type { Program } from "../program.ts";
import { Session } from "../session.ts";

/** See the head of this file. */
export const parseCommand: Program<SourceDraft> = {
  name: "nivis parse",
  summary: "print the syntax tree of an expression, fully parenthesised",
  usage: "[FLAG]... [FILE]",
  examples: [
    { does: "See how operators bind", command: "nivis parse --expr '1 + 2 * 3 == 7 -> true'" },
    { does: "Check the syntax of a file", command: "nivis parse ./default.nix" },
  ],
  options: [...SOURCE_OPTIONS],
  start: emptySourceDraft,
  positional: addPositional,
  run: (draft, invocation) => {
    const session = new Session(draft, invocation, { readOnly: true });
    const { source } = selectionOf(draft, session, "nivis parse");
    const tree = session.evaluation.parseChecked(source.text, source);
    invocation.terminal.writeOut(`${printExpr(tree)}\n`);
  },
};
