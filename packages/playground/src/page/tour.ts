/** The tour: lessons with exercises that are checked by their value. */
import type { Lesson } from "../state/examples.ts";
import { h, withCode } from "./dom.ts";

/** What the tour does with the page. */
export interface TourHost {
  begin(text: string): void;
  check(check: string): Promise<{ readonly passed: boolean; readonly error?: string | undefined }>;
  close(): void;
  say(message: string): void;
}

/** See the head of this file. */
export class Tour {
  readonly #panel: HTMLElement;
  readonly #lessons: readonly Lesson[];
  readonly #host: TourHost;
  #at = 0;
  readonly #result = h("p", { class: "result", role: "status" });

  constructor(panel: HTMLElement, lessons: readonly Lesson[], host: TourHost) {
    this.#panel = panel;
    this.#lessons = lessons;
    this.#host = host;
  }

  /** Opens a lesson. */
  open(index: number): void {
    this.#at = index;
    const lesson = this.#lessons[index] as Lesson;
    this.#result.textContent = "";
    this.#result.className = "result";
    const button = (title: string, onclick: () => void, disabled = false) =>
      h("button", { type: "button", onclick, disabled }, title);
    this.#panel.replaceChildren(
      h("h2", {}, `${index + 1}. ${lesson.title}`),
      ...lesson.text.map((paragraph) => h("p", {}, ...withCode(paragraph))),
      this.#result,
      h("details", {}, h("summary", {}, "Hint"), h("p", {}, ...withCode(lesson.hint))),
      h(
        "div",
        { class: "buttons" },
        button("Back", () => this.open(index - 1), index === 0),
        button("Next", () => this.open(index + 1), index === this.#lessons.length - 1),
        button("Solution", () => this.#host.begin(lesson.solution)),
        button("Leave", () => this.#host.close()),
      ),
      h("p", { class: "hint" }, `Lesson ${index + 1} of ${this.#lessons.length}`),
    );
    this.#host.begin(lesson.start);
  }

  /** Checks the exercise after an evaluation. */
  async evaluated(): Promise<void> {
    const { check } = this.#lessons[this.#at] as Lesson;
    const { passed } = await this.#host.check(check);
    this.#result.className = passed ? "result passed" : "result";
    this.#result.textContent = passed ? "✓ That is right." : "Not yet.";
  }
}
