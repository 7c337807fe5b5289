/**
 * App: the page. An editor with files on one side, views of what they mean on the other, and what lies
 * between: evaluation while typing, stopping, links, examples, the tour.
 *
 * At most one evaluation runs. A change while one runs stops it and starts the next after a short pause.
 */
import { Editor } from "../editor/editor.ts";
import { Client, Stopped } from "../state/client.ts";
import { EXAMPLES, type Example, LESSONS, NIXPKGS_EXAMPLES } from "../state/examples.ts";
import { fragmentOf, isFileName, LONG_LINK, type PageState, stateOf } from "../state/share.ts";
import { bytecodeView, javascriptView } from "../views/code-view.ts";
import { derivationView } from "../views/derivation-view.ts";
import { profileView } from "../views/profile-view.ts";
import { syntaxView } from "../views/syntax-view.ts";
import { traceView } from "../views/trace-view.ts";
import { messageOf, valueView } from "../views/value-view.ts";
import type { View, ViewHost } from "../views/view.ts";
import type { BuiltinInfo, Outcome, PackPlace, Place } from "../worker/protocol.ts";
import { h } from "./dom.ts";
import { Tour } from "./tour.ts";

const VIEWS: readonly View[] = [
  valueView,
  bytecodeView,
  javascriptView,
  traceView,
  syntaxView,
  derivationView,
  profileView,
];

/** Milliseconds between the last key and an evaluation. */
const DEBOUNCE = 250;

/** See the head of this file. */
export class App implements ViewHost {
  readonly client = new Client(
    () => new Worker(new URL("../worker/worker.ts", import.meta.url), { type: "module" }),
  );
  readonly #root: HTMLElement;
  readonly #isEmbedded: boolean;
  #editor!: Editor;
  #files: Record<string, string> = {};
  #open = "main.nix";
  #view: View = valueView;
  #outcome: Outcome | undefined;
  #pack: PackPlace | undefined;
  #builtins: readonly BuiltinInfo[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts evaluations, so that a late one shows nothing. */
  #run = 0;
  #tour: Tour | undefined;

  readonly #tabs = h("div", { role: "tablist", class: "files", "aria-label": "Files" });
  readonly #viewTabs = h("div", { role: "tablist", class: "views", "aria-label": "Views" });
  readonly #panel = h("div", { role: "tabpanel", id: "panel", class: "panel", tabindex: -1 });
  readonly #status = h("p", { class: "status", role: "status", "aria-live": "polite" });
  readonly #stop = h(
    "button",
    { type: "button", class: "stop", disabled: true, onclick: () => void this.#stopAll() },
    "Stop",
  );
  readonly #editorBox = h("div", { class: "editor" });
  readonly #side = h("aside", { class: "tour", "aria-label": "Tour", hidden: true });

  constructor(root: HTMLElement) {
    this.#root = root;
    const query = new URLSearchParams(location.search);
    this.#isEmbedded = query.has("embed");
    const theme = query.get("theme") ?? storedTheme();
    if (theme === "dark" || theme === "light") document.documentElement.dataset["theme"] = theme;
  }

  get file(): string {
    return Object.keys(this.#files)[0] as string;
  }

  text(file: string): string {
    return this.#files[file] ?? "";
  }

  async start(): Promise<void> {
    this.#draw();
    this.#editor = new Editor(this.#editorBox, {
      changed: (text) => this.#changed(text),
      selected: (from, to) => {
        if (this.#open === this.file) this.#view.select?.(from, to);
      },
      run: () => void this.#evaluate(),
      builtins: () => this.#builtins,
    });
    this.#pack = await findPack();
    this.#drawExamples();
    addEventListener("hashchange", () => void this.#load());
    await this.#load();
    if (!this.#isEmbedded) void registerServiceWorker();
    this.client.ask("builtins", null).then(
      (builtins) => {
        this.#builtins = builtins;
      },
      () => {},
    );
  }

  async #load(): Promise<void> {
    let state: PageState | undefined;
    try {
      state = await stateOf(location.hash);
    } catch (error) {
      this.say(messageOf(error));
    }
    if (location.hash === "#tour" && this.#tour === undefined) this.#openTour();
    else this.setState(state ?? stateFor(EXAMPLES[0] as Example));
  }

  /** Replaces everything. */
  setState({ files, open, view }: PageState): void {
    this.#files = { ...files };
    this.#open = open;
    this.#view = VIEWS.find(({ name }) => name === view) ?? valueView;
    this.#editor.reset();
    this.#editor.show(open, this.text(open));
    this.#drawTabs();
    this.#drawViewTabs();
    void this.#evaluate();
  }

  show(place: Place): void {
    if (this.#files[place.file] !== undefined) {
      if (place.file !== this.#open) this.#openFile(place.file);
      this.#editor.select(place.from, place.to);
      return;
    }
    void this.#showForeign(place);
  }

  say(message: string): void {
    this.#status.textContent = message;
  }

  /** Shows the text of a file that is not one of the page. */
  async #showForeign(place: Place): Promise<void> {
    try {
      const text = await this.client.ask("text", { path: place.file });
      const lines = text.split("\n");
      const dialog = h(
        "dialog",
        { class: "foreign", "aria-label": place.file, onclose: () => dialog.remove() },
        h("h2", {}, `${place.file}:${place.line}`),
        h(
          "pre",
          { tabindex: 0 },
          ...lines.map((line, i) =>
            h(
              "span",
              { class: i + 1 === place.line ? "line marked" : "line", "data-line": i + 1 },
              `${line}\n`,
            ),
          ),
        ),
        h("form", { method: "dialog" }, h("button", {}, "Close")),
      );
      this.#root.append(dialog);
      dialog.showModal();
      dialog.querySelector(".marked")?.scrollIntoView({ block: "center" });
    } catch (error) {
      this.say(`cannot show ${place.file}: ${messageOf(error)}`);
    }
  }

  #changed(text: string): void {
    this.#files[this.#open] = text;
    this.#tell("change", text);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#evaluate(), DEBOUNCE);
  }

  async #evaluate(): Promise<void> {
    clearTimeout(this.#timer);
    const run = ++this.#run;
    if (this.client.isBusy) await this.client.stop();
    if (run !== this.#run) return;
    this.#setBusy(true);
    try {
      await this.client.open({ files: this.#files, pack: this.#pack });
      const outcome = await this.client.ask("evaluate", { file: this.file });
      if (run !== this.#run) return;
      this.#outcome = outcome;
      this.say(summaryOf(outcome));
      this.#tell("run", outcome.kind);
      await this.#drawPanel();
      if (run === this.#run) await this.#tour?.evaluated();
    } catch (error) {
      if (run !== this.#run) return;
      this.#outcome = undefined;
      const stopped = error instanceof Stopped;
      this.say(stopped ? "Stopped." : messageOf(error));
      this.#panel.replaceChildren(
        h("p", { class: "hint" }, stopped ? "Stopped." : messageOf(error)),
      );
    } finally {
      if (run === this.#run) this.#setBusy(false);
    }
  }

  async #stopAll(): Promise<void> {
    clearTimeout(this.#timer);
    await this.client.stop();
  }

  #setBusy(busy: boolean): void {
    this.#stop.disabled = !busy;
    this.#panel.setAttribute("aria-busy", String(busy));
    if (busy) this.say("Evaluating…");
  }

  #tell(event: string, detail: unknown): void {
    if (this.#isEmbedded) parent.postMessage({ type: "nix-playground", event, detail }, "*");
  }

  #draw(): void {
    document.body.classList.toggle("embedded", this.#isEmbedded);
    const run = h(
      "button",
      {
        type: "button",
        class: "run",
        title: "Evaluate (Ctrl-Enter)",
        onclick: () => void this.#evaluate(),
      },
      "Run",
    );
    const share = h("button", { type: "button", onclick: () => void this.#share() }, "Share");
    const header = this.#isEmbedded
      ? h(
          "header",
          { class: "bar" },
          h("h1", { class: "visually-hidden" }, "Nix playground"),
          run,
          this.#stop,
          h(
            "a",
            {
              href: "./index.html",
              target: "_blank",
              rel: "noopener",
              onclick: (event: MouseEvent) => {
                event.preventDefault();
                void this.#fragment().then((hash) =>
                  open(`./index.html${hash}`, "_blank", "noopener"),
                );
              },
            },
            "Open in the playground",
          ),
        )
      : h(
          "header",
          { class: "bar" },
          h("h1", {}, "Nix playground"),
          run,
          this.#stop,
          this.#examples,
          h("button", { type: "button", onclick: () => this.#openTour() }, "Tour"),
          share,
          h(
            "button",
            {
              type: "button",
              class: "theme",
              "aria-label": "Change between dark and light",
              onclick: switchTheme,
            },
            "◐",
          ),
        );
    this.#panel.setAttribute("aria-labelledby", "view-value");
    this.#root.replaceChildren(
      header,
      h(
        "main",
        {},
        this.#side,
        h(
          "section",
          { class: "left", "aria-label": "Program" },
          this.#tabs,
          this.#editorBox,
          h(
            "p",
            { class: "keys" },
            "Ctrl-Enter runs, Ctrl-Space completes, Tab indents; Escape and then Tab leaves the editor.",
          ),
        ),
        h("section", { class: "right", "aria-label": "Result" }, this.#viewTabs, this.#panel),
      ),
      h("footer", {}, this.#status),
    );
  }

  readonly #examples = h("select", {
    "aria-label": "Examples",
    onchange: () => {
      const example = [...EXAMPLES, ...NIXPKGS_EXAMPLES][Number(this.#examples.value)];
      if (example === undefined) return;
      this.#closeTour();
      history.replaceState(null, "", location.pathname + location.search);
      this.setState(stateFor(example));
      this.#examples.value = "";
    },
  });

  #drawExamples(): void {
    const all = this.#pack === undefined ? EXAMPLES : [...EXAMPLES, ...NIXPKGS_EXAMPLES];
    this.#examples.replaceChildren(
      h("option", { value: "" }, "Examples"),
      ...all.map(({ title }, i) => h("option", { value: i }, title)),
    );
  }

  #drawTabs(): void {
    const names = Object.keys(this.#files);
    const tabs = names.map((name, i) => {
      const isOpen = name === this.#open;
      return h(
        "button",
        {
          type: "button",
          role: "tab",
          "aria-selected": String(isOpen),
          tabindex: isOpen ? 0 : -1,
          onclick: () => this.#openFile(name),
          onkeydown: (event: KeyboardEvent) => this.#fileKey(event, name, i),
        },
        name,
      );
    });
    this.#tabs.replaceChildren(...tabs);
    moveWithArrows(this.#tabs);
    if (this.#isEmbedded && names.length === 1) {
      this.#tabs.hidden = true;
      return;
    }
    this.#fileButtons.replaceChildren(
      h(
        "button",
        { type: "button", "aria-label": "New file", onclick: () => this.#newFile() },
        "+",
      ),
      ...(this.#open === this.file
        ? []
        : [
            h(
              "button",
              {
                type: "button",
                "aria-label": `Remove ${this.#open}`,
                onclick: () => this.#removeFile(this.#open),
              },
              "×",
            ),
          ]),
    );
    if (this.#fileButtons.parentElement === null) this.#tabs.after(this.#fileButtons);
  }

  readonly #fileButtons = h("div", { class: "file-buttons" });

  #fileKey(event: KeyboardEvent, name: string, index: number): void {
    if (event.key === "Delete" && index > 0) this.#removeFile(name);
  }

  #openFile(name: string): void {
    this.#open = name;
    this.#editor.show(name, this.text(name));
    this.#drawTabs();
  }

  #newFile(): void {
    const name = prompt("The name of the new file", `file${Object.keys(this.#files).length}.nix`);
    if (name === null) return;
    if (!isFileName(name) || this.#files[name] !== undefined) {
      this.say(`“${name}” cannot be the name of a new file.`);
      return;
    }
    this.#files[name] = "{ }\n";
    this.#openFile(name);
    void this.#evaluate();
  }

  #removeFile(name: string): void {
    if (!confirm(`Remove ${name}?`)) return;
    delete this.#files[name];
    this.#openFile(this.file);
    void this.#evaluate();
  }

  #drawViewTabs(): void {
    this.#viewTabs.replaceChildren(
      ...VIEWS.map((view) => {
        const isOpen = view === this.#view;
        return h(
          "button",
          {
            type: "button",
            role: "tab",
            id: `view-${view.name}`,
            "aria-selected": String(isOpen),
            "aria-controls": "panel",
            tabindex: isOpen ? 0 : -1,
            onclick: () => {
              this.#view = view;
              this.#drawViewTabs();
              this.#viewTabs.querySelector<HTMLElement>("[aria-selected=true]")?.focus();
              void this.#drawPanel();
            },
          },
          view.title,
        );
      }),
    );
    moveWithArrows(this.#viewTabs);
  }

  async #drawPanel(): Promise<void> {
    this.#panel.setAttribute("aria-labelledby", `view-${this.#view.name}`);
    this.#panel.dataset["view"] = this.#view.name;
    await this.#view.render(this.#panel, this, this.#outcome);
  }

  #fragment(): Promise<string> {
    return fragmentOf({ files: this.#files, open: this.#open, view: this.#view.name });
  }

  async #share(): Promise<void> {
    const hash = await this.#fragment();
    history.replaceState(null, "", hash);
    const link = location.href;
    const warning =
      link.length > LONG_LINK
        ? ` It has ${link.length} characters, too many for some programs.`
        : "";
    try {
      await navigator.clipboard.writeText(link);
      this.say(`The link is in the clipboard.${warning}`);
    } catch {
      this.say(`The link is in the address bar.${warning}`);
    }
  }

  #openTour(): void {
    this.#tour = new Tour(this.#side, LESSONS, {
      begin: (text) => {
        history.replaceState(null, "", "#tour");
        this.setState({ files: { "main.nix": text }, open: "main.nix", view: "value" });
      },
      check: (check) => this.client.ask("check", { file: this.file, check }),
      close: () => this.#closeTour(),
      say: (message) => this.say(message),
    });
    this.#side.hidden = false;
    this.#tour.open(0);
  }

  #closeTour(): void {
    this.#tour = undefined;
    this.#side.hidden = true;
    if (location.hash === "#tour")
      history.replaceState(null, "", location.pathname + location.search);
  }
}

function stateFor({ files, view }: Example): PageState {
  return { files, open: Object.keys(files)[0] as string, view };
}

function summaryOf(outcome: Outcome): string {
  const time = `${outcome.milliseconds.toFixed(outcome.milliseconds < 10 ? 1 : 0)} ms`;
  const fetched = outcome.bytes > 0 ? `, ${(outcome.bytes / 1000).toFixed(0)} kB fetched` : "";
  switch (outcome.kind) {
    case "value":
      return `Evaluated in ${time}${fetched}.`;
    case "failure":
      return `Failed after ${time}: ${outcome.failure.message}`;
    case "stopped":
      return `Stopped after ${time}.`;
  }
}

/** Arrow keys move among tabs and open them, as ARIA's pattern `tabs` wants it. */
function moveWithArrows(list: HTMLElement): void {
  list.onkeydown = (event) => {
    const tabs = [...list.querySelectorAll<HTMLElement>("[role=tab]")];
    const at = tabs.indexOf(event.target as HTMLElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    next?.focus();
    next?.click();
    list.querySelector<HTMLElement>("[aria-selected=true]")?.focus();
  };
}

/** The pack of the site, which a file beside the page names. */
async function findPack(): Promise<PackPlace | undefined> {
  try {
    const response = await fetch("./pack.json");
    if (!response.ok) return undefined;
    const pack = (await response.json()) as { url: string; hash?: string } | null;
    if (pack === null) return undefined;
    const { url, hash } = pack;
    return { url: new URL(url, document.baseURI).href, hash };
  } catch {
    return undefined;
  }
}

async function registerServiceWorker(): Promise<void> {
  if (!("serviceWorker" in navigator) || !import.meta.env.PROD) return;
  await navigator.serviceWorker.register("./service-worker.js").catch(() => {});
}

function storedTheme(): string | null {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
}

function switchTheme(): void {
  const { dataset } = document.documentElement;
  const prefersDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = dataset["theme"] ?? (prefersDark ? "dark" : "light");
  dataset["theme"] = now === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("theme", dataset["theme"]);
  } catch {}
}
