/** What the help says of `nivis profile`, which is loaded when it is called. */
import type { HelpTopic } from "../options/help.ts";

/** See the head of this file. */
export const PROFILE_TOPIC: HelpTopic = {
  name: "nivis profile",
  summary: "show where an evaluation spends its time",
  usage: "[FLAG]... [FILE] [ATTRPATH]...",
  examples: [
    { does: "The dearest packages and functions", command: "nivis profile '<nixpkgs>' hello" },
    {
      does: "The dearest options of a system, as a page too",
      command:
        "nivis profile --html system.html '<nixpkgs/nixos>' system --arg configuration ./c.nix",
    },
    {
      does: "For speedscope",
      command: "nivis profile --speedscope hello.json '<nixpkgs>' hello",
    },
  ],
};
