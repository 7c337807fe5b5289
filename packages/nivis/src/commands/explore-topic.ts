/** What the help says of `nivis explore`, which is loaded when it is called. */
import type { HelpTopic } from "../options/help.ts";

/** See the head of this file. */
export const EXPLORE_TOPIC: HelpTopic = {
  name: "nivis explore",
  summary: "look at the heap and the bytecode of an evaluation",
  usage: "[FLAG]... [FILE] [ATTRPATH]...",
  examples: [
    { does: "What an evaluation has left in memory", command: "nivis explore '<nixpkgs>' hello" },
    {
      does: "The same in a browser on this machine",
      command: "nivis explore --web '<nixpkgs>' hello",
    },
    {
      does: "At a breakpoint",
      command: "nivis explore --break ./lib.nix:12 ./default.nix",
    },
  ],
};
