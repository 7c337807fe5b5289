/** What the help says of the server, which is a bundle of its own. */
import type { HelpTopic } from "../options/help.ts";

/** The topic of `nivis server`. */
export const SERVER_TOPIC: HelpTopic & { readonly word: string } = {
  word: "server",
  name: "nivis server",
  summary: "keep evaluations between commands",
  usage: "(start | stop | status | run) [FLAG]...",
  examples: [
    { does: "Start a server", command: "nivis server start" },
    { does: "Let it run a command", command: "NIVIS_SERVER=1 nivis instantiate '<nixpkgs>' git" },
    { does: "Show what it keeps", command: "nivis server status" },
  ],
};
