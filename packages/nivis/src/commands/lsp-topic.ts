/** What the help says of the language server, which is a bundle of its own. */
import type { HelpTopic } from "../options/help.ts";

/** The topic of `nivis lsp`. */
export const LSP_TOPIC: HelpTopic & { readonly word: string } = {
  word: "lsp",
  name: "nivis lsp",
  summary: "serve editors: the language server",
  usage: "[--stdio | --socket PORT | --listen PORT]",
  examples: [{ does: "As editors start it", command: "nivis lsp" }],
};
