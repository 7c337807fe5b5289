/** `nivis disassemble`: prints the bytecode of an expression, or the JavaScript it is translated to. */

import { flag } from "../options/option.ts";
import {
  addPositional,
  emptySourceDraft,
  SOURCE_OPTIONS,
  type SourceDraft,
  selectionOf,
} from "../options/source-options.ts";
import type { Program } from "../program.ts";
import { Session } from "../session.ts";

interface DisassembleDraft extends SourceDraft {
  /** `--js` */
  js: boolean;
}

/** See the head of this file. */
export const disassembleCommand: Program<DisassembleDraft> = {
  name: "nivis disassemble",
  summary: "print the bytecode of an expression",
  usage: "[FLAG]... [FILE]",
  examples: [
    { does: "The code of a function", command: "nivis disassemble --expr 'x: x + 1'" },
    { does: "The code of a file", command: "nivis disassemble ./default.nix" },
  ],
  options: [
    flag(
      ["--js"],
      "Print the JavaScript that code is translated to when it is run often",
      (draft) => {
        draft.js = true;
      },
    ),
    ...SOURCE_OPTIONS,
  ],
  start: () => ({ ...emptySourceDraft(), js: false }),
  positional: addPositional,
  run: (draft, invocation) => {
    const session = new Session(draft, invocation, { readOnly: true });
    const { source } = selectionOf(draft, session, "nivis disassemble");
    const form = draft.js ? "js" : "bytecode";
    const listing = session.evaluation.disassemble(source.text, source, form);
    invocation.terminal.writeOut(listing.endsWith("\n") ? listing : `${listing}\n`);
  },
};
