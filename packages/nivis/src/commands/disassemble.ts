/** `nivis disassemble`: prints the bytecode of an expression. */
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
export const disassembleCommand: Program<SourceDraft> = {
  name: "nivis disassemble",
  summary: "print the bytecode of an expression",
  usage: "[FLAG]... [FILE]",
  examples: [
    { does: "The code of a function", command: "nivis disassemble --expr 'x: x + 1'" },
    { does: "The code of a file", command: "nivis disassemble ./default.nix" },
  ],
  options: [...SOURCE_OPTIONS],
  start: emptySourceDraft,
  positional: addPositional,
  run: (draft, invocation) => {
    const session = new Session(draft, invocation, { readOnly: true });
    const { source } = selectionOf(draft, session, "nivis disassemble");
    const { text, origin, basePath } = source;
    const listing = session.evaluation.disassemble(text, origin, basePath);
    invocation.terminal.writeOut(listing.endsWith("\n") ? listing : `${listing}\n`);
  },
};
