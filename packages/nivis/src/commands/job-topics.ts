/**
 * What the help says of the commands about jobs. The commands themselves are a bundle of their own, as
 * those on stores are.
 */
import type { HelpTopic } from "../options/help.ts";

/** A command about jobs by the word that is typed behind `nivis`. */
export interface JobTopic extends HelpTopic {
  readonly word: string;
}

/** In the order of the help. */
export const JOB_TOPICS: readonly JobTopic[] = [
  {
    word: "jobs",
    name: "nivis jobs",
    summary: "evaluate all derivations in an expression",
    usage: "[FLAG]... (FILE | --expr EXPR)",
    examples: [
      { does: "All jobs of a file", command: "nivis jobs release.nix" },
      {
        does: "With two workers that take 6 GiB together",
        command: "nivis jobs --workers 2 --max-memory-size 3072 release.nix",
      },
      {
        does: "Some packages",
        command: "nivis jobs --meta --select 'p: { inherit (p) git hello; }' '<nixpkgs>'",
      },
      {
        does: "So that Ctrl-C loses nothing",
        command: "nivis jobs --resume jobs.journal release.nix > jobs.json",
      },
      {
        does: "On several machines, which run 'nivis worker'",
        command: "nivis jobs --queue redis://redis.example.org:6379 --tree . release.nix",
      },
    ],
  },
  {
    word: "worker",
    name: "nivis worker",
    summary: "evaluate for 'nivis jobs' on another machine",
    usage: "--queue URL [FLAG]...",
    examples: [
      {
        does: "Two local workers",
        command: "nivis worker --queue redis://redis.example.org:6379 --workers 2",
      },
    ],
  },
];

/** The topic with a word. */
export function jobTopic(word: string): JobTopic {
  return JOB_TOPICS.find((topic) => topic.word === word) as JobTopic;
}
