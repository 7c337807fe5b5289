/**
 * What the help says of the commands on stores. The commands themselves are a bundle of their own,
 * which is loaded when one of them is called: evaluation would pay for them at each start.
 */
import type { HelpTopic } from "../options/help.ts";

/** A command on stores, or a group of them, by the word that is typed behind `nivis`. */
export interface StoreTopic extends HelpTopic {
  readonly word: string;
}

/** In the order of the help. */
export const STORE_TOPICS: readonly StoreTopic[] = [
  {
    word: "path-info",
    name: "nivis path-info",
    summary: "show what a store knows of paths",
    usage: "[FLAG]... [PATH | FLAKE#ATTR]...",
    examples: [
      { does: "Show the size of a closure", command: "nivis path-info -rSh ./result" },
      {
        does: "Ask a binary cache",
        command:
          "nivis path-info --store https://cache.nixos.org --json --json-format 2 /nix/store/…-hello",
      },
    ],
  },
  {
    word: "copy",
    name: "nivis copy",
    summary: "copy paths between stores",
    usage: "[--from STORE] [--to STORE] [FLAG]... [PATH | FLAKE#ATTR]...",
    examples: [
      {
        does: "Copy a closure to a binary cache",
        command: "nivis copy --to file:///tmp/cache ./result",
      },
      {
        does: "Fetch a path from a binary cache",
        command: "nivis copy --from https://cache.nixos.org /nix/store/…-hello",
      },
    ],
  },
  {
    word: "store",
    name: "nivis store",
    summary: "work with a store",
    usage: "COMMAND [FLAG]... [ARGUMENT]...",
    examples: [
      {
        does: "List a package in a binary cache",
        command: "nivis store ls --store https://cache.nixos.org -R /nix/store/…-hello",
      },
    ],
  },
  {
    word: "derivation",
    name: "nivis derivation",
    summary: "work with derivations of a store",
    usage: "COMMAND [FLAG]... [ARGUMENT]...",
    examples: [
      { does: "Show a derivation", command: "nivis derivation show /nix/store/…-hello.drv" },
    ],
  },
  {
    word: "log",
    name: "nivis log",
    summary: "show the build log of a derivation",
    usage: "[FLAG]... [PATH | FLAKE#ATTR]",
    examples: [
      { does: "Show how something was built", command: "nivis log /nix/store/…-hello.drv" },
    ],
  },
  {
    word: "why-depends",
    name: "nivis why-depends",
    summary: "show why a path refers to another",
    usage: "[FLAG]... PATH DEPENDENCY",
    examples: [
      { does: "Show one way", command: "nivis why-depends ./result /nix/store/…-glibc" },
      { does: "Show all ways and files", command: "nivis why-depends --all --precise A B" },
    ],
  },
  {
    word: "hash",
    name: "nivis hash",
    summary: "compute and convert hashes",
    usage: "COMMAND [FLAG]... [ARGUMENT]...",
    examples: [{ does: "Hash a directory", command: "nivis hash path ./dir" }],
  },
  {
    word: "nar",
    name: "nivis nar",
    summary: "work with NAR files",
    usage: "COMMAND [FLAG]... [ARGUMENT]...",
    examples: [{ does: "List the files in a NAR", command: "nivis nar ls -R hello.nar /" }],
  },
  {
    word: "key",
    name: "nivis key",
    summary: "make keys for signing paths",
    usage: "COMMAND [FLAG]... [ARGUMENT]...",
    examples: [
      { does: "Make a key", command: "nivis key generate-secret --key-name cache-1 > secret.key" },
    ],
  },
  {
    word: "daemon",
    name: "nivis daemon",
    summary: "serve a store to clients of nix-daemon",
    usage: "(--socket PATH | --stdio) [FLAG]...",
    examples: [
      {
        does: "Serve a directory; use it with NIX_REMOTE=unix:///tmp/nix.sock",
        command: "nivis daemon --store /tmp/store --socket /tmp/nix.sock",
      },
    ],
  },
];

/** What the help says of one of them. */
export function storeTopic(word: string): StoreTopic {
  return STORE_TOPICS.find((topic) => topic.word === word) as StoreTopic;
}
