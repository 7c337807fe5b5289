/**
 * Where the time of an evaluation goes: the flame graph of `nivis profile`, in a frame of its own, and a
 * table of the functions for people who cannot see it.
 */
import { h } from "../page/dom.ts";
import type { ProfileView } from "../worker/protocol.ts";
import { messageOf } from "./value-view.ts";
import type { View } from "./view.ts";

export const profileView: View = {
  name: "profile",
  title: "Profile",
  needsOutcome: false,
  async render(panel, host) {
    panel.replaceChildren(h("p", { class: "hint" }, "Evaluating everything…"));
    try {
      const params = { file: host.file, theme: themeNow() };
      panel.replaceChildren(...elementsOf(await host.client.ask("profile", params)));
    } catch (error) {
      panel.replaceChildren(h("pre", { class: "failure" }, `error: ${messageOf(error)}`));
    }
  },
};

function elementsOf({ page, milliseconds, samples, rows, error }: ProfileView): HTMLElement[] {
  const taken = `${milliseconds.toFixed(0)} ms, ${samples} samples.`;
  const note =
    rows.length === 0 ? "This is too quick to be sampled." : "Wider is more time; a click zooms.";
  // The page of a profile has a script; the sandbox keeps it away from this page.
  const frame = h("iframe", {
    class: "flames",
    title: "Flame graph",
    sandbox: "allow-scripts",
    srcdoc: page,
  });
  return [
    ...(error === undefined ? [] : [h("pre", { class: "failure" }, `error: ${error}`)]),
    h("p", { class: "hint" }, `${taken} ${note}`),
    frame,
    h(
      "table",
      { class: "ranking" },
      h("caption", {}, "Functions and values by their own time"),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ...["own", "total", "name", "place"].map((title) => h("th", { scope: "col" }, title)),
        ),
      ),
      h(
        "tbody",
        {},
        ...rows.map(({ name, place, own, total }) =>
          h(
            "tr",
            {},
            h("td", { class: "number" }, `${own.toFixed(1)} ms`),
            h("td", { class: "number" }, `${total.toFixed(1)} ms`),
            h("td", {}, name),
            h("td", { class: "where" }, place.replace(/^\/playground\//, "")),
          ),
        ),
      ),
    ),
  ];
}

function themeNow(): "dark" | "light" {
  const chosen = document.documentElement.dataset["theme"];
  if (chosen === "dark" || chosen === "light") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}
