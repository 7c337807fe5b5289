/** What the help says of `nivis types`, which is a bundle of its own. */
import type { HelpTopic } from "../options/help.ts";

/** See the head of this file. */
export const TYPES_TOPIC: HelpTopic = {
  name: "nivis types",
  summary: "write TypeScript declarations or a JSON schema of a value or of options",
  usage: "[FLAG]... FILE|FLAKE#ATTR [ATTRPATH]",
  examples: [
    {
      does: 'Declare what `import config from "./config.nix"` is',
      command: "nivis types --write config.nix",
    },
    {
      does: "Declare what one may write for the options of a module system",
      command: "nivis types --options input --name Settings module.nix options -o settings.d.ts",
    },
    {
      does: "Declare what a flake offers to other programs",
      command: "nivis types .#lib -o lib.d.ts",
    },
    {
      does: "Fail if a declaration is older than its value",
      command: "nivis types --check config.nix",
    },
  ],
};
