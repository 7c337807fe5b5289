/**
 * `nivis disassemble`: prints the bytecode of an expression, or the JavaScript it is translated to.
 */

import { flag } from "../options/option.ts";
import {
  addPositional,
  defaultSourceFlags,
  SOURCE_OPTIONS,
  type SourceFlags,
  selectionOf,
} from "../options/source-options.ts";
import type { Program } from "../program.ts";
import { openSession } from "../session.ts";

interface DisassembleFlags extends SourceFlags {
  /** `--js` */
  js: boolean;
}

/**
 * `nivis disassemble`: prints the bytecode of an expression, or the JavaScript it is translated to.
 */
export const disassembleCommand: Program<DisassembleFlags> = {
  name: "nivis disassemble",
  summary: "print the bytecode of an expression",
  usage: "[FLAG]... [FILE]",
  examples: [
    { does: "The code of a function", command: "nivis disassemble --expr 'x: x + 1'" },
    { does: "The code of a file", command: "nivis disassemble ./default.nix" },
  ],
  options: [
    flag(["--js"], "Print the JavaScript that hot code is translated to", (flags) => {
      flags.js = true;
    }),
    ...SOURCE_OPTIONS,
  ],
  defaults: (invocation) => ({ ...defaultSourceFlags(invocation), js: false }),
  positional: addPositional,
  run: (flags, invocation) => {
    const session = openSession(flags, { readOnly: true });
    const { source } = selectionOf(flags, session, "nivis disassemble");
    const form = flags.js ? "js" : "bytecode";
    const listing = session.evaluation.disassemble(source.text, source, form);
    invocation.terminal.writeOut(listing.endsWith("\n") ? listing : `${listing}\n`);
  },
};
