/** The first steps of the machine: calls, builtins and instructions with the operand stack. */
import { h } from "../page/dom.ts";
import type { Step } from "../worker/protocol.ts";
import { messageOf } from "./value-view.ts";
import type { View, ViewHost } from "./view.ts";

/** The number of steps that are recorded. */
const LIMIT = 5000;
/** The number of lines around the current one. */
const LINES = 24;

const MARKS: Readonly<Record<Step["kind"], string>> = {
  enter: "→",
  leave: "←",
  builtin: "·",
  instruction: " ",
};

export const traceView: View = {
  name: "trace",
  title: "Steps",
  needsOutcome: false,
  async render(panel, host) {
    panel.replaceChildren(h("p", { class: "hint" }, "Recording…"));
    try {
      const { steps, isWhole } = await host.client.ask("trace", { file: host.file, limit: LIMIT });
      panel.replaceChildren(...new Stepper(host, steps, isWhole).elements);
    } catch (error) {
      panel.replaceChildren(h("pre", { class: "failure" }, `error: ${messageOf(error)}`));
    }
  },
};

class Stepper {
  readonly elements: readonly HTMLElement[];
  readonly #host: ViewHost;
  readonly #steps: readonly Step[];
  readonly #slider: HTMLInputElement;
  readonly #lines = h("ol", { class: "steps" });
  readonly #stack = h("ol", { class: "stack", "aria-label": "Operand stack" });
  readonly #count = h("output", {});
  readonly #instructions: HTMLInputElement;
  #shown: readonly Step[] = [];

  constructor(host: ViewHost, steps: readonly Step[], isWhole: boolean) {
    this.#host = host;
    this.#steps = steps;
    this.#slider = h("input", {
      type: "range",
      min: 0,
      value: 0,
      "aria-label": "Step",
      oninput: () => this.#draw(),
    });
    this.#instructions = h("input", { type: "checkbox", onchange: () => this.#filter() });
    const button = (title: string, label: string, by: number) =>
      h("button", { type: "button", "aria-label": label, onclick: () => this.#move(by) }, title);
    this.elements = [
      h(
        "div",
        { class: "buttons" },
        button("◀", "Step back", -1),
        button("▶", "Step", 1),
        this.#slider,
        this.#count,
        h("label", {}, this.#instructions, " instructions"),
      ),
      isWhole
        ? h(
            "p",
            { class: "hint" },
            "All steps until everything is evaluated. Click on one, or move with the slider.",
          )
        : h("p", { class: "hint" }, `The first ${steps.length} steps.`),
      h("div", { class: "stepper" }, this.#lines, this.#stack),
    ];
    this.#filter();
  }

  #filter(): void {
    this.#shown = this.#instructions.checked
      ? this.#steps
      : this.#steps.filter(({ kind }) => kind !== "instruction");
    this.#slider.max = String(Math.max(0, this.#shown.length - 1));
    this.#slider.value = "0";
    this.#draw();
  }

  #move(by: number): void {
    this.#slider.value = String(Number(this.#slider.value) + by);
    this.#draw();
  }

  #draw(): void {
    const at = Number(this.#slider.value);
    const first = Math.max(0, Math.min(at - LINES / 2, this.#shown.length - LINES));
    this.#count.textContent = `${Math.min(at + 1, this.#shown.length)} / ${this.#shown.length}`;
    this.#lines.start = first + 1;
    this.#lines.replaceChildren(
      ...this.#shown.slice(first, first + LINES).map((step, i) => this.#line(step, first + i, at)),
    );
    const step = this.#shown[at];
    this.#stack.replaceChildren(...(step?.stack ?? []).map((text) => h("li", {}, text)).reverse());
    this.#stack.hidden = !this.#instructions.checked;
    if (step?.place !== undefined && at > 0) this.#host.show(step.place);
  }

  #line(step: Step, index: number, at: number): HTMLElement {
    const indent = Math.min(step.depth, 20);
    return h(
      "li",
      {
        class: `step ${step.kind}`,
        "aria-current": index === at ? "step" : undefined,
        style: `--depth: ${indent}`,
        onclick: () => {
          this.#slider.value = String(index);
          this.#draw();
        },
      },
      h("span", { class: "mark", "aria-hidden": "true" }, MARKS[step.kind]),
      step.text,
      step.place === undefined
        ? ""
        : h("span", { class: "where" }, `${step.place.file}:${step.place.line}`),
    );
  }
}
