/** A derivation: its outputs, and its inputs as a graph that opens on demand. */
import { h } from "../page/dom.ts";
import type { ChildNode, Outcome, ValueNode } from "../worker/protocol.ts";
import { messageOf } from "./value-view.ts";
import type { View, ViewHost } from "./view.ts";

export const derivationView: View = {
  name: "derivation",
  title: "Derivation",
  needsOutcome: true,
  async render(panel, host, outcome) {
    try {
      const path = await pathOf(host, outcome);
      if (path === undefined) {
        panel.replaceChildren(
          h("p", { class: "hint" }, "The value of this file is not a derivation."),
        );
        return;
      }
      panel.replaceChildren(await cardOf(host, path), await graphOf(host, path));
    } catch (error) {
      panel.replaceChildren(h("pre", { class: "failure" }, `error: ${messageOf(error)}`));
    }
  },
};

/** Returns the `.drv` path of the outcome, or of the first derivation in a set of them. */
async function pathOf(host: ViewHost, outcome: Outcome | undefined): Promise<string | undefined> {
  if (outcome?.kind !== "value") return undefined;
  if (outcome.root.isDerivation) return drvPath(host, outcome.root);
  if (outcome.root.type === "string") {
    const path = /^"(\S*\.drv)"$/.exec(outcome.root.text)?.[1];
    if (path !== undefined) return path;
  }
  return undefined;
}

async function drvPath(host: ViewHost, node: ValueNode): Promise<string | undefined> {
  for (let from = 0; from < node.size; from += 100) {
    const children: readonly ChildNode[] = await host.client.ask("children", {
      id: node.id,
      from,
      count: 100,
    });
    const found = children.find(({ name }) => name === "drvPath");
    if (found === undefined) continue;
    const value = await host.client.ask("force", { id: found.id });
    if (value.type === "error") throw new Error(value.text);
    return value.text.slice(1, -1);
  }
  return undefined;
}

async function cardOf(host: ViewHost, path: string): Promise<HTMLElement> {
  const { name, outputs, sources } = await host.client.ask("derivation", { path });
  const rows = [
    ["derivation", path],
    ...outputs.map((output) => [`output ${output.name}`, output.path] as const),
    ...sources.map((source) => ["source", source] as const),
  ];
  return h(
    "section",
    { class: "card", "aria-label": "Derivation" },
    h("h2", {}, name),
    h(
      "dl",
      {},
      ...rows.flatMap(([term, text]) => [h("dt", {}, term), h("dd", {}, h("code", {}, text))]),
    ),
  );
}

async function graphOf(host: ViewHost, path: string): Promise<HTMLElement> {
  const { inputs } = await host.client.ask("derivation", { path });
  if (inputs.length === 0) return h("p", { class: "hint" }, "It needs no other derivation.");
  return h(
    "section",
    { class: "inputs", "aria-label": "Inputs" },
    h("h2", {}, "Needs"),
    await listOf(host, path),
  );
}

async function listOf(host: ViewHost, path: string): Promise<HTMLElement> {
  const { inputs } = await host.client.ask("derivation", { path });
  return h(
    "ul",
    { class: "graph" },
    ...inputs.map((input) => {
      const details = h("details", {}, h("summary", { title: input.path }, input.name));
      details.addEventListener("toggle", async () => {
        if (!details.open || details.childElementCount > 1) return;
        const list = await listOf(host, input.path);
        details.append(list.childElementCount === 0 ? h("p", { class: "hint" }, "nothing") : list);
      });
      return h("li", {}, details);
    }),
  );
}
