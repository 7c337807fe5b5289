/**
 * The value as a tree. A row that is opened is evaluated, alone; a failing one shows its error. A thousand
 * children come in pages. Arrow keys move as in a tree of files (ARIA's pattern `tree`).
 */
import { h } from "../page/dom.ts";
import { Stopped } from "../state/client.ts";
import type { ChildNode, Failure, Outcome, ValueNode } from "../worker/protocol.ts";
import type { View, ViewHost } from "./view.ts";

/** The number of children that are shown at once. */
const PAGE = 100;

export const valueView: View = {
  name: "value",
  title: "Value",
  needsOutcome: true,
  render(panel, host, outcome) {
    if (outcome === undefined) {
      panel.replaceChildren(h("p", { class: "hint" }, "Nothing has been evaluated yet."));
      return;
    }
    panel.replaceChildren(...contents(host, outcome));
  },
};

function contents(host: ViewHost, outcome: Outcome): Node[] {
  const log =
    outcome.log.length === 0
      ? undefined
      : h("pre", { class: "log", "aria-label": "Messages" }, outcome.log.join("\n"));
  const head = log === undefined ? [] : [log];
  switch (outcome.kind) {
    case "stopped":
      return [...head, h("p", { class: "hint" }, "Stopped.")];
    case "failure":
      return [...head, failureOf(host, outcome.failure)];
    case "value":
      return [
        ...head,
        printer(host, outcome.root),
        treeOf(host, outcome.root),
        h("p", { class: "hint legend" }, "A value that shows … has not been evaluated: open it."),
      ];
  }
}

/** Shows an error with its excerpts; its places lead to the editor. */
export function failureOf(host: ViewHost, failure: Failure): HTMLElement {
  const places = failure.labels.map((label) =>
    h(
      "button",
      { type: "button", class: "place", onclick: () => host.show(label) },
      `${label.file}:${label.line}`,
    ),
  );
  return h(
    "div",
    { class: "failure", role: "alert" },
    h("pre", {}, failure.report),
    places.length === 0 ? undefined : h("p", {}, "Go to ", ...places),
  );
}

function printer(host: ViewHost, root: ValueNode): HTMLElement {
  const output = h("pre", { class: "printed", hidden: true, tabindex: 0 });
  const button = (title: string, form: "nix" | "json" | "xml") =>
    h(
      "button",
      {
        type: "button",
        onclick: async () => {
          output.hidden = false;
          output.textContent = "…";
          try {
            output.textContent = await host.client.ask("print", { id: root.id, form });
          } catch (error) {
            output.textContent =
              error instanceof Stopped ? "Stopped." : `error: ${messageOf(error)}`;
          }
        },
      },
      title,
    );
  return h(
    "div",
    { class: "print" },
    h(
      "div",
      { class: "buttons" },
      "Print all of it as ",
      button("Nix", "nix"),
      button("JSON", "json"),
      button("XML", "xml"),
    ),
    output,
  );
}

function treeOf(host: ViewHost, root: ValueNode): HTMLElement {
  const tree = h("ul", { role: "tree", class: "tree", "aria-label": "Value" });
  const first = new Row(host, root, undefined, 1);
  tree.append(first.element);
  first.element.tabIndex = 0;
  tree.addEventListener("keydown", (event) => moveInTree(tree, event));
  if (root.type === "set" || root.type === "list") void first.open();
  return tree;
}

class Row {
  readonly element: HTMLLIElement;
  readonly #host: ViewHost;
  readonly #level: number;
  readonly #line: HTMLElement;
  readonly #group: HTMLUListElement;
  #node: ValueNode;
  #isOpen = false;

  constructor(host: ViewHost, node: ValueNode, name: string | undefined, level: number) {
    this.#host = host;
    this.#node = node;
    this.#level = level;
    this.#line = h("div", { class: "row", onclick: () => void this.toggle() });
    this.#group = h("ul", { role: "group", hidden: true });
    this.element = h(
      "li",
      { role: "treeitem", tabindex: -1, "aria-level": level },
      this.#line,
      this.#group,
    );
    this.element.addEventListener("row-toggle", (event) => {
      event.stopPropagation();
      const wanted = (event as CustomEvent<boolean>).detail;
      if (wanted !== this.#isOpen) void this.toggle();
    });
    this.#show(name);
  }

  async open(): Promise<void> {
    if (this.#node.type === "thunk") await this.#force();
    const { type, size } = this.#node;
    if ((type !== "set" && type !== "list") || size === 0) return;
    this.#isOpen = true;
    this.element.setAttribute("aria-expanded", "true");
    this.#group.hidden = false;
    if (this.#group.childElementCount === 0) await this.#more();
  }

  async toggle(): Promise<void> {
    if (!this.#isOpen) {
      await this.open();
      return;
    }
    this.#isOpen = false;
    this.element.setAttribute("aria-expanded", "false");
    this.#group.hidden = true;
  }

  #show(name: string | undefined): void {
    const { type, text, size, isDerivation, place } = this.#node;
    const canOpen = type === "thunk" || ((type === "set" || type === "list") && size > 0);
    if (canOpen) this.element.setAttribute("aria-expanded", String(this.#isOpen));
    else this.element.removeAttribute("aria-expanded");
    this.#line.replaceChildren(
      h("span", { class: canOpen ? "twisty" : "twisty leaf", "aria-hidden": "true" }),
      ...(name === undefined ? [] : [h("span", { class: "name" }, name), " = "]),
      h(
        "span",
        { class: `value ${type}`, title: type === "thunk" ? "not evaluated yet" : type },
        text,
      ),
      isDerivation ? h("span", { class: "badge" }, "derivation") : "",
      place === undefined
        ? ""
        : h(
            "button",
            {
              type: "button",
              class: "place",
              tabindex: -1,
              title: "Show it",
              onclick: (event: MouseEvent) => {
                event.stopPropagation();
                this.#host.show(place);
              },
            },
            `${place.file}:${place.line}`,
          ),
    );
    this.#name = name;
  }

  #name: string | undefined;

  async #force(): Promise<void> {
    this.element.setAttribute("aria-busy", "true");
    try {
      this.#node = await this.#host.client.ask("force", { id: this.#node.id });
    } catch (error) {
      if (!(error instanceof Stopped)) {
        this.#node = { ...this.#node, type: "error", text: messageOf(error) };
      }
    }
    this.element.removeAttribute("aria-busy");
    this.#show(this.#name);
    this.#host.say(`${this.#name ?? "value"}: ${this.#node.text}`);
  }

  async #more(): Promise<void> {
    const from = this.#group.childElementCount;
    const children = await this.#host.client.ask("children", {
      id: this.#node.id,
      from,
      count: PAGE,
    });
    this.#group.append(
      ...children.map((child: ChildNode) => {
        return new Row(this.#host, child, child.name, this.#level + 1).element;
      }),
    );
    const left = this.#node.size - from - children.length;
    if (left <= 0) return;
    const button = h(
      "button",
      {
        type: "button",
        class: "more",
        onclick: (event: MouseEvent) => {
          event.stopPropagation();
          item.remove();
          void this.#more();
        },
      },
      `${left} more`,
    );
    const item = h("li", { role: "none" }, button);
    this.#group.append(item);
  }
}

/** Moves the focus among the rows that are visible. */
function moveInTree(tree: HTMLElement, event: KeyboardEvent): void {
  const current = (event.target as HTMLElement).closest<HTMLElement>("[role=treeitem]");
  if (current === null || (event.target as HTMLElement).tagName === "BUTTON") return;
  const rows = [...tree.querySelectorAll<HTMLElement>("[role=treeitem]")].filter(
    (row) => row.closest("ul[hidden]") === null,
  );
  const at = rows.indexOf(current);
  const isOpen = current.getAttribute("aria-expanded") === "true";
  const toggle = (open: boolean) =>
    current.dispatchEvent(new CustomEvent("row-toggle", { detail: open, bubbles: true }));
  let next: HTMLElement | undefined;
  switch (event.key) {
    case "ArrowDown":
      next = rows[at + 1];
      break;
    case "ArrowUp":
      next = rows[at - 1];
      break;
    case "Home":
      next = rows[0];
      break;
    case "End":
      next = rows.at(-1);
      break;
    case "ArrowRight":
      if (isOpen) next = rows[at + 1];
      else toggle(true);
      break;
    case "ArrowLeft":
      if (isOpen) toggle(false);
      else next = current.parentElement?.closest<HTMLElement>("[role=treeitem]") ?? undefined;
      break;
    case "Enter":
    case " ":
      toggle(!isOpen);
      break;
    default:
      return;
  }
  event.preventDefault();
  if (next === undefined) return;
  current.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
