/** What the help says of `nivis repl`, which is a bundle of its own, as the commands on stores are. */
import type { HelpTopic } from "../options/help.ts";

/** See the head of this file. */
export const REPL_TOPIC: HelpTopic = {
  name: "nivis repl",
  summary: "evaluate expressions interactively",
  usage: "[FLAG]... [FILE | FLAKE#ATTR]...",
  examples: [
    { does: "Start", command: "nivis repl" },
    { does: "With the attributes of nixpkgs in scope", command: "nivis repl --file '<nixpkgs>'" },
    { does: "Evaluate lines of a file", command: "nivis repl < session.txt" },
  ],
};
