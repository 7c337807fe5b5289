/**
 * What the help says of the commands about flakes. The commands themselves are a bundle of their own,
 * as those on stores are.
 */
import type { HelpTopic } from "../options/help.ts";

/** A command about flakes, or a group of them, by the word that is typed behind `nivis`. */
export interface FlakeTopic extends HelpTopic {
  readonly word: string;
}

/** In the order of the help. */
export const FLAKE_TOPICS: readonly FlakeTopic[] = [
  {
    word: "flake",
    name: "nivis flake",
    summary: "lock, update, check and look at flakes",
    usage: "COMMAND [FLAG]... [ARGUMENT]...",
    examples: [{ does: "Update the inputs of a flake", command: "nivis flake update" }],
  },
  {
    word: "registry",
    name: "nivis registry",
    summary: "manage the names of flakes",
    usage: "COMMAND [FLAG]... [ARGUMENT]...",
    examples: [{ does: "Show what names stand for", command: "nivis registry list" }],
  },
  {
    word: "search",
    name: "nivis search",
    summary: "search for packages",
    usage: "[FLAG]... FLAKE[#ATTR] REGEX...",
    examples: [
      { does: "Find packages by words in any order", command: "nivis search nixpkgs git frontend" },
    ],
  },
  {
    word: "formatter",
    name: "nivis formatter",
    summary: "build or run the formatter of a flake",
    usage: "COMMAND [FLAG]...",
    examples: [{ does: "Build it", command: "nivis formatter build" }],
  },
  {
    word: "prefetch",
    name: "nivis prefetch",
    summary: "download something and print its hash",
    usage: "[FLAG]... URL [HASH]",
    examples: [
      { does: "The hash of a file", command: "nivis prefetch https://example.org/x.tar.gz" },
      {
        does: "The hash of what is in it",
        command: "nivis prefetch --unpack https://example.org/x.tar.gz",
      },
      {
        does: "A commit, its time and its hash",
        command: "nivis prefetch --json github:NixOS/patchelf",
      },
    ],
  },
];

/** The topic with a word. */
export function flakeTopic(word: string): FlakeTopic {
  return FLAKE_TOPICS.find((topic) => topic.word === word) as FlakeTopic;
}
