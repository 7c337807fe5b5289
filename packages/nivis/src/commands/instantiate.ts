/** `nivis instantiate`: prints, and with a store writes, the store derivations of an expression. */
import {
  ATTR_OPTION,
  addPositional,
  defaultSourceFlags,
  SOURCE_OPTIONS,
  type SourceFlags,
  selectionOf,
  slotsOf,
} from "../options/source-options.ts";
import type { Program } from "../program.ts";
import { describePackage, findDerivations, type Package } from "../selection/packages.ts";
import { openSession } from "../session.ts";

/** `nivis instantiate`: prints, and with a store writes, the store derivations of an expression. */
export const instantiateCommand: Program<SourceFlags> = {
  name: "nivis instantiate",
  summary: "print the store derivations in an expression",
  usage: "[FLAG]... [FILE] [ATTRPATH]...",
  description: [
    "Without --expr or --file the first argument is the file; all others are attribute paths. Sets and lists are searched for derivations, and functions are called with the arguments of --arg and --argstr. The .drv files and sources are written to the store of the machine, if there is one, or the one that --store names.",
  ],
  examples: [
    { does: "The derivation of a package", command: "nivis instantiate '<nixpkgs>' hello" },
    {
      does: "Write it to a store of its own",
      command: "nivis instantiate --store /tmp/root '<nixpkgs>' hello",
    },
  ],
  options: [...SOURCE_OPTIONS, ATTR_OPTION],
  defaults: defaultSourceFlags,
  positional: addPositional,
  run: (flags, invocation) => {
    const session = openSession(flags, { readOnly: false });
    const { context } = session.evaluation;
    const args = session.autoArguments();
    const selection = selectionOf(flags, session, "nivis instantiate");
    for (const slot of slotsOf(selection, session, args, { calls: true, namesFile: false })) {
      const packages = session
        .run(findDerivations(context, slot, args))
        .map((set) => session.run(describePackage(context, set)) as Package);
      // Whoever reads a path may look for it at once.
      session.flush();
      for (const { drvPath, outputName } of packages) {
        invocation.terminal.writeOut(`${drvPath}${outputName === "out" ? "" : `!${outputName}`}\n`);
      }
    }
  },
};
