/** The lossless syntax tree, linked to the text both ways. It needs no evaluation. */
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import { parseTree, rootOf, SourceFile, type SyntaxElement, SyntaxNode } from "@nivis/syntax";
import { NODE_NAMES } from "../editor/nix-language.ts";
import { h } from "../page/dom.ts";
import { Offsets } from "../text/offsets.ts";
import type { View, ViewHost } from "./view.ts";

/** The most nodes that are drawn. */
const LIMIT = 4000;

interface Drawn {
  readonly element: HTMLElement;
  readonly from: number;
  readonly to: number;
}

class SyntaxPanel implements View {
  readonly name = "syntax";
  readonly title = "Syntax";
  readonly needsOutcome = false;
  #drawn: Drawn[] = [];
  #marked: HTMLElement | undefined;

  render(panel: HTMLElement, host: ViewHost): void {
    const text = host.text(host.file);
    const root = rootOf(parseTree(new SourceFile({ kind: "string" }, encodeUtf8(text))));
    this.#drawn = [];
    const offsets = new Offsets(text);
    const tree = this.#draw(host, root, offsets);
    panel.replaceChildren(
      h("p", { class: "hint" }, "Everything that is written. Click on a node to select its text."),
      h("ul", { class: "syntax" }, tree),
    );
  }

  select(from: number, to: number): void {
    this.#marked?.classList.remove("marked");
    let best: Drawn | undefined;
    for (const one of this.#drawn) {
      if (
        one.from <= from &&
        to <= one.to &&
        (best === undefined || one.to - one.from <= best.to - best.from)
      ) {
        best = one;
      }
    }
    this.#marked = best?.element;
    this.#marked?.classList.add("marked");
    this.#marked?.scrollIntoView({ block: "nearest" });
  }

  #draw(host: ViewHost, root: SyntaxNode, offsets: Offsets): HTMLElement {
    const top = h("li", {});
    const work: { readonly element: SyntaxElement; readonly into: HTMLElement }[] = [
      { element: root, into: top },
    ];
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      const { element, into } = next;
      const [from, to] = [offsets.toUnits(element.start), offsets.toUnits(element.end)];
      const isNode = element instanceof SyntaxNode;
      const label = isNode ? (NODE_NAMES[element.kind] ?? "?") : decodeUtf8(element.text);
      into.append(
        h(
          "button",
          {
            type: "button",
            class: isNode ? "node" : "token",
            onclick: () => host.show({ file: host.file, from, to, line: 0 }),
          },
          label || "end of file",
        ),
      );
      this.#drawn.push({ element: into, from, to });
      if (!isNode || this.#drawn.length > LIMIT) continue;
      const list = h("ul", {});
      into.append(list);
      const children = element.children.map((child) => ({ element: child, into: h("li", {}) }));
      list.append(...children.map((child) => child.into));
      work.push(...children.reverse());
    }
    return top;
  }
}

export const syntaxView: View = new SyntaxPanel();
