/** `nivis parse`: prints the syntax tree of an expression. */
import { printExpr } from "@nivis/syntax";
import {
  addPositional,
  defaultSourceFlags,
  SOURCE_OPTIONS,
  type SourceFlags,
  selectionOf,
} from "../options/source-options.ts";
import type { Program } from "../program.ts";
import { openSession } from "../session.ts";

/** `nivis parse`: prints the syntax tree of an expression. */
export const parseCommand: Program<SourceFlags> = {
  name: "nivis parse",
  summary: "print the syntax tree of an expression, fully parenthesised",
  usage: "[FLAG]... [FILE]",
  examples: [
    { does: "See how operators bind", command: "nivis parse --expr '1 + 2 * 3 == 7 -> true'" },
    { does: "Check the syntax of a file", command: "nivis parse ./default.nix" },
  ],
  options: [...SOURCE_OPTIONS],
  defaults: defaultSourceFlags,
  positional: addPositional,
  run: (flags, invocation) => {
    const session = openSession(flags, { readOnly: true });
    const { source } = selectionOf(flags, session, "nivis parse");
    const tree = session.evaluation.parseChecked(source.text, source);
    invocation.terminal.writeOut(`${printExpr(tree)}\n`);
  },
};
