/**
 * `<nix-playground>`: an editor with a value in any page.
 *
 *     <script type="module" src="https://example.org/playground/element.js"></script>
 *     <nix-playground view="value">1 + 1</nix-playground>
 *
 * The text of the element is the program, so the page can be read without scripts. Attributes: `code` (in
 * place of the text), `view`, `theme` (`light`, `dark`), `loading` (`lazy`, the default, or `eager`), `height`.
 * Events: `change` with the text, `run` with the kind of the outcome. The evaluator is loaded in a frame when
 * the element comes into sight.
 */
const BASE = new URL(".", import.meta.url);

class NixPlayground extends HTMLElement {
  #frame;
  #observer;

  connectedCallback() {
    if (this.#frame !== undefined) return;
    if (this.getAttribute("loading") === "eager") this.#load();
    else {
      this.#observer = new IntersectionObserver((entries) => {
        if (entries.some((entry) => entry.isIntersecting)) this.#load();
      });
      this.#observer.observe(this);
    }
    addEventListener("message", this.#heard);
  }

  disconnectedCallback() {
    this.#observer?.disconnect();
    removeEventListener("message", this.#heard);
  }

  get code() {
    return this.getAttribute("code") ?? dedented(this.textContent ?? "");
  }

  async #load() {
    this.#observer?.disconnect();
    const state = {
      files: { "main.nix": this.code },
      open: "main.nix",
      view: this.getAttribute("view") ?? "value",
    };
    const frame = document.createElement("iframe");
    const url = new URL("index.html", BASE);
    url.searchParams.set("embed", "1");
    const theme = this.getAttribute("theme");
    if (theme !== null) url.searchParams.set("theme", theme);
    url.hash = await fragmentOf(state);
    frame.src = url.href;
    frame.title = "Nix playground";
    frame.style.cssText = `width: 100%; height: ${this.getAttribute("height") ?? "22rem"}; border: 0; display: block`;
    this.#frame = frame;
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.replaceChildren(frame);
  }

  #heard = ({ source, data }) => {
    if (this.#frame === undefined || source !== this.#frame.contentWindow) return;
    if (data?.type !== "nix-playground") return;
    this.dispatchEvent(new CustomEvent(data.event, { detail: data.detail, bubbles: true }));
  };
}

function dedented(text) {
  const lines = text
    .replace(/^\s*\n/, "")
    .trimEnd()
    .split("\n");
  const indents = lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/));
  const common = Math.min(...indents, Number.MAX_SAFE_INTEGER);
  return `${lines.map((line) => line.slice(common)).join("\n")}\n`;
}

async function fragmentOf(state) {
  const stream = new Blob([JSON.stringify(state)]).stream();
  const deflated = stream.pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(deflated).arrayBuffer());
  const base64 = btoa(String.fromCharCode(...bytes));
  return `#v1=${base64.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "")}`;
}

customElements.define("nix-playground", NixPlayground);
