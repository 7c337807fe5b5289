/** The bytecode of the file, and the JavaScript that the second tier would make of it. */
import { h } from "../page/dom.ts";
import { messageOf } from "./value-view.ts";
import type { View } from "./view.ts";

function codeView(name: string, title: string, form: "bytecode" | "js", note: string): View {
  return {
    name,
    title,
    needsOutcome: false,
    async render(panel, host) {
      let text: string;
      try {
        text = await host.client.ask("code", { file: host.file, form });
      } catch (error) {
        text = `error: ${messageOf(error)}`;
      }
      panel.replaceChildren(
        h("p", { class: "hint" }, note),
        h("pre", { class: "listing", tabindex: 0 }, text),
      );
    },
  };
}

export const bytecodeView = codeView(
  "bytecode",
  "Bytecode",
  "bytecode",
  "What the compiler emits for this file: a part for each function and each value that is computed later.",
);

export const javascriptView = codeView(
  "js",
  "JavaScript",
  "js",
  "What the second tier makes of hot code in Node. In this page the machine runs everything, so that it can wait and be stopped.",
);
