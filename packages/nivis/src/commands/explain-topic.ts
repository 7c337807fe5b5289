/** What the help says of `nivis explain`, which is loaded when it is called. */
import type { HelpTopic } from "../options/help.ts";

/** See the head of this file. */
export const EXPLAIN_TOPIC: HelpTopic = {
  name: "nivis explain",
  summary: "show where a value comes from: definitions, options, overlays",
  usage: "[FLAG]... [FILE] ATTRPATH...",
  examples: [
    {
      does: "Why an option of a system has its value",
      command:
        "nivis explain '<nixpkgs/nixos>' config.services.openssh.enable --arg configuration ./c.nix",
    },
    { does: "Where a package is defined", command: "nivis explain '<nixpkgs>' hello" },
  ],
};
