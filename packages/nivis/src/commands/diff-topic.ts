/** What the help says of `nivis diff`, which is loaded when it is called. */
import type { HelpTopic } from "../options/help.ts";

/** See the head of this file. */
export const DIFF_TOPIC: HelpTopic = {
  name: "nivis diff",
  summary: "show why two derivations differ",
  usage: "[FLAG]... A B",
  examples: [
    { does: "A package in two versions of nixpkgs", command: "nivis diff -A hello ./old ./new" },
    { does: "Two attributes", command: "nivis diff '<nixpkgs>#hello' './overlaid.nix#hello'" },
    {
      does: "Two expressions",
      command: "nivis diff --expr 'import ./a.nix { }' --expr 'import ./b.nix { }' --depth 1",
    },
  ],
};
