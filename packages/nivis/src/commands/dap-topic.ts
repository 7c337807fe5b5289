/** What the help says of `nivis dap`, which is a bundle of its own, as the commands on stores are. */
import type { HelpTopic } from "../options/help.ts";

/** See the head of this file. */
export const DAP_TOPIC: HelpTopic = {
  name: "nivis dap",
  summary: "debug expressions in an editor",
  usage: "[--port PORT] [FLAG]... [FILE [ATTRPATH]]",
  examples: [
    { does: "Serve an editor that starts it", command: "nivis dap" },
    { does: "Serve editors that connect to a port", command: "nivis dap --port 4711" },
    {
      does: "Name the program here; the editor attaches to it",
      command: "nivis dap --port 4711 ./default.nix hello",
    },
    {
      does: "Evaluate now, and let the editor attach while it runs",
      command: "nivis dap --port 4711 --run ./default.nix hello",
    },
  ],
};
