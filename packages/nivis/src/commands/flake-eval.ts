/** `nivis eval` of attributes of flakes. */

import type { Slot } from "@nivis/eval";
import { marked } from "@nivis/formats";
import { FlakeArgument, notAValue, withArguments } from "../flakes/flake-arguments.ts";
import { FLAKE_OPTIONS } from "../options/flake-options.ts";
import { emptyLockChoices, type LockingFlags } from "../options/lock-options.ts";
import { usageError } from "../options/option.ts";
import type { WaitingProgram } from "../program.ts";
import { defaultEvalFlags, type EvalFlags, evalCommand, printApplied } from "./eval.ts";

type FlakeEvalFlags = EvalFlags & LockingFlags;

/** See the head of this file. */
export const flakeEvalCommand: WaitingProgram<FlakeEvalFlags> = {
  ...evalCommand,
  usage: "[FLAG]... FLAKE[#ATTR]",
  options: [...evalCommand.options, ...FLAKE_OPTIONS],
  defaults: (invocation) => {
    invocation.requireFlakes();
    return { ...defaultEvalFlags(invocation), locking: emptyLockChoices() };
  },
  run: (flags, invocation) => {
    const texts = [...flags.attrPaths, ...flags.positionals];
    const [text = ".", ...more] = texts;
    if (more.length > 0) throw usageError(marked`unexpected argument '${more[0]}'`);
    const request = {
      use: "package" as const,
      readOnly: flags.readOnly,
      recalled: (code: number) => code,
    };
    return withArguments(flags, [text], request, ({ session, installables: [one] }) => {
      if (!(one instanceof FlakeArgument)) {
        throw notAValue(text);
      }
      const slot: Slot = one.cursor.value();
      printApplied(flags, session, slot, (bytes) => invocation.terminal.writeOut(bytes));
      return 0;
    });
  },
};
