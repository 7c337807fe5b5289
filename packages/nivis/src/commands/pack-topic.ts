/** What the help says of `nivis pack`, which is a bundle of its own, as the commands on stores are. */
import type { HelpTopic } from "../options/help.ts";

/** See the head of this file. */
export const PACK_TOPIC: HelpTopic = {
  name: "nivis pack",
  summary: "make one file of a tree, for evaluation in a browser",
  usage: "DIR|FLAKE --out FILE [--trace FILE]... [FLAG]...",
  examples: [
    {
      does: "Record what a package reads",
      command: "nivis eval -f ./nixpkgs hello.drvPath --trace-inputs hello.trace",
    },
    {
      does: "Pack nixpkgs so that a browser loads the package with few requests",
      command: "nivis pack ./nixpkgs --trace hello.trace -o nixpkgs.pack",
    },
    {
      does: "Pack the tree of a flake",
      command: "nivis pack github:NixOS/nixpkgs/nixos-unstable -o nixpkgs.pack",
    },
  ],
};
