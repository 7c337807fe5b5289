/**
 * ExplorerPage: the explorer as one HTML page that asks the server it came from. The part of the address
 * behind `#` names what is shown, so that the browser's own buttons go back and forth.
 *
 *     #overview   #roots   #files/TEXT   #code/FILE?TEXT   #unit/N   #object/N
 *     #objects/KIND?TEXT   #made/N   #largest/own
 *
 * All texts become text nodes, never HTML.
 */

/** Returns the page. `title` says what was evaluated. */
export function explorerPage(title: string): string {
  const text = title.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${text} - heap</title>
<style>${STYLE}</style>
<header>
<h1>${text}</h1>
<nav aria-label="Parts"><a href="#overview">Overview</a> <a href="#largest/retained">Largest</a> <a href="#roots">Roots</a> <a href="#files">Files</a></nav>
<form id="search" role="search">
<label>Search <select id="where"><option value="objects">objects</option><option value="code">code</option><option value="files">files</option></select></label>
<input id="text" type="search" aria-label="Text" placeholder="a name, a string, an error">
<button>Find</button>
</form>
</header>
<main id="main" aria-live="polite"></main>
<script>${SCRIPT}</script>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { margin: 0; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; padding: .6rem 1rem; border-bottom: 1px solid #8886; }
h1 { font-size: 1rem; margin: 0; max-width: 40ch; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
h2 { font-size: 1.05rem; margin: 1rem 0 .3rem; }
nav { display: flex; gap: 1rem; }
main { padding: .5rem 1rem 3rem; }
table { border-collapse: collapse; font-size: .92rem; }
td, th { text-align: left; vertical-align: top; padding: .15rem .8rem .15rem 0; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.text, pre, code, .mono { font-family: ui-monospace, monospace; font-size: .88rem; }
td.text { overflow-wrap: anywhere; }
a { color: light-dark(#0550ae, #79b8ff); }
.kind { color: light-dark(#555, #aaa); }
.error { color: light-dark(#a40e26, #ff8b8b); }
pre { overflow-x: auto; margin: .3rem 0; }
.code { display: grid; grid-template-columns: minmax(20rem, 1fr) minmax(20rem, 1fr); gap: 1rem; }
@media (max-width: 50rem) { .code { grid-template-columns: 1fr; } }
.line.lit, tr.lit { background: light-dark(#fff3b0, #4d4400); }
button, input, select { font: inherit; }
`;

const SCRIPT = String.raw`
"use strict";
const main = document.getElementById("main");
let turn = 0;

function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") element.addEventListener(key, value);
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

async function ask(question, parameters) {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters || {})) {
    if (value !== undefined && value !== "") search.set(key, value);
  }
  let response;
  try {
    response = await fetch("api/" + question + "?" + search);
  } catch {
    throw new Error("the explorer has ended: start nivis explore again");
  }
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error || response.statusText);
  return answer;
}

const size = (bytes) =>
  bytes < 10000 ? bytes + " B"
  : bytes < 10240000 ? (bytes / 1024).toFixed(0) + " KiB"
  : (bytes / 1048576).toFixed(0) + " MiB";
const link = (to, text) => h("a", { href: "#" + to }, text);
const cell = (...children) => h("td", {}, ...children);
const number = (text) => h("td", { class: "number" }, String(text));
const text = (...children) => h("td", { class: "text" }, ...children);

/** A table whose further rows are asked for when the user wants them. */
function list(heads, question, parameters, row) {
  const body = h("tbody");
  const more = h("p");
  const add = async (from) => {
    more.replaceChildren("…");
    const page = await ask(question, { ...parameters, from });
    body.append(...page.rows.map(row));
    const rest = page.total === undefined ? "" : " (" + (page.total - (page.next || 0)) + " more)";
    if (page.next === undefined) more.replaceChildren(body.children.length === 0 ? "nothing" : "");
    else more.replaceChildren(h("button", { click: () => show(add(page.next)) }, "Show more" + rest));
  };
  const head = h("thead", {}, h("tr", {}, ...heads.map((name) =>
    h("th", { scope: "col", class: name.endsWith("#") ? "number" : "" }, name.replace("#", "")))));
  const box = h("div", {}, h("table", {}, head, body), more);
  return add(0).then(() => box);
}

const objectRow = (o) => h("tr", {},
  number(size(o.retained === undefined ? o.size : o.retained)),
  h("td", { class: "kind" }, o.kind), text(link("object/" + o.number, o.text)));
const objects = (parameters) => list(["own size#", "kind", "object"], "objects", parameters, objectRow);

const unitRow = (u) => h("tr", {},
  number(u.entries === undefined ? "" : u.entries), number(u.live),
  h("td", { class: "kind" }, u.kind), text(link("unit/" + u.number, u.title)), text(u.place));
const units = (parameters) =>
  list(["entered#", "alive#", "kind", "unit", "place"], "units", parameters, unitRow);

const referenceRow = (r) => h("tr", {},
  text(r.label), text(r.number > 0 ? link("object/" + r.number, r.text) : r.text));
const references = (question, parameters) =>
  list(["reference", "object"], question, parameters, referenceRow);

const counted = (count, noun) => count + " " + noun + (count === 1 ? "" : "s");

const views = {
  async overview() {
    const o = await ask("overview");
    return [
      h("h2", {}, counted(o.objects, "object") + ", about " + size(o.bytes)),
      o.isCut ? h("p", { class: "error" }, "There are more objects; --max-objects raises the limit.") : undefined,
      h("table", {},
        h("thead", {}, h("tr", {}, h("th", { class: "number", scope: "col" }, "objects"), h("th", { class: "number", scope: "col" }, "size"), h("th", { scope: "col" }, "kind"))),
        h("tbody", {}, ...o.kinds.map((k) => h("tr", {},
          number(k.count), number(size(k.bytes)), cell(link("objects/" + k.kind, k.kind)))))),
      h("p", {}, counted(o.units, "code unit") + " in ", link("files", counted(o.files, "file")), ", ", link("roots", counted(o.roots, "root"))),
    ];
  },
  async roots() {
    return [h("h2", {}, "Roots"), await references("roots", {})];
  },
  async files(argument) {
    return [
      h("h2", {}, "Files"),
      await list(["units#", "never entered#", "functions#", "thunks#", "file"], "files", { text: decodeURIComponent(argument) }, (f) =>
        h("tr", {}, number(f.units), number(f.unused === undefined ? "" : f.unused), number(f.functions), number(f.suspended),
          text(link("code/" + encodeURIComponent(f.name), f.name)))),
    ];
  },
  async code(argument, query) {
    const file = decodeURIComponent(argument);
    return [h("h2", {}, "Code of " + (file || "all files")), await units({ file, text: query })];
  },
  async unit(argument) {
    const u = await ask("unit", { id: argument });
    const lines = u.text.split("\n").map((line, i) =>
      h("div", { class: "line", "data-line": u.line + i }, String(u.line + i).padStart(5) + "  " + line));
    const light = (line) => {
      for (const element of main.querySelectorAll("[data-line]")) {
        element.classList.toggle("lit", line > 0 && Number(element.dataset.line) === line);
      }
    };
    return [
      h("h2", {}, u.kind + " ", h("span", { class: "mono" }, u.title)),
      h("p", {}, u.place, u.entries === undefined ? "" : ", entered " + u.entries + " times"),
      u.captures.length > 0 ? h("p", {}, "Captures " + u.captures.map((c, i) => i + " " + (c || "(hidden)")).join(", ")) : undefined,
      h("p", {}, link("made/" + u.number, counted(u.objects, "object") + " with this code")),
      h("div", { class: "code" },
        h("pre", { tabindex: 0, "aria-label": "Source" }, ...lines),
        h("table", { "aria-label": "Bytecode" }, h("tbody", {}, ...u.instructions.map((i) =>
          h("tr", { "data-line": i.line, mouseenter: () => light(i.line) },
            number(i.pc), text(i.name), text(i.operands.join(", "), i.unit === undefined ? undefined : h("span", {}, " ", link("unit/" + i.unit, "unit " + i.unit))),
            h("td", { class: "kind" }, i.line > 0 ? i.line + ":" + i.column : "")))))),
    ];
  },
  async made(argument) {
    return [h("h2", {}, "Objects with the code of ", link("unit/" + argument, "unit " + argument)), await objects({ unit: argument })];
  },
  async objects(argument, query) {
    const kind = decodeURIComponent(argument);
    return [h("h2", {}, "Objects" + (kind ? ": " + kind : "") + (query ? " with " + query : "")), await objects({ kind, text: query })];
  },
  async largest(argument) {
    const isOwn = argument === "own";
    return [
      h("h2", {}, isOwn ? "Largest by themselves" : "Largest with all that lives only because of them"),
      h("p", {}, isOwn ? link("largest/retained", "by what they keep alive") : link("largest/own", "by their own size")),
      await list([(isOwn ? "own size" : "keeps alive") + "#", "kind", "object"], "largest", { by: argument }, objectRow),
    ];
  },
  async object(argument) {
    const o = await ask("object", { id: argument });
    const path = await ask("path", { id: argument });
    return [
      h("h2", {}, "#" + o.number + " " + o.kind),
      h("p", { class: "mono" }, o.text),
      h("p", {}, size(o.size) + " by itself, keeps " + size(o.retained) + " alive",
        o.dominator > 0 ? h("span", {}, "; lives only because of ", link("object/" + o.dominator, "#" + o.dominator)) : undefined),
      o.unit ? h("p", {}, "Code: ", link("unit/" + o.unit.number, o.unit.title), " at " + o.unit.place) : undefined,
      ...o.notes.map((note) => h("p", {}, note)),
      o.content === undefined ? undefined : h("pre", { tabindex: 0 }, o.content),
      h("h2", {}, "Refers to"), await references("references", { id: argument }),
      h("h2", {}, "Held by (" + o.holders + ")"), await references("holders", { id: argument }),
      h("h2", {}, "The shortest way from a root"),
      h("table", {}, h("tbody", {}, ...path.map(referenceRow))),
    ];
  },
};

/** Shows the error of some work. */
async function show(work) {
  try {
    await work;
  } catch (error) {
    main.append(h("p", { class: "error", role: "alert" }, String(error.message || error)));
  }
}

async function navigate() {
  const mine = ++turn;
  const [path, query = ""] = location.hash.slice(1).split("?");
  const [name = "", ...rest] = path.split("/");
  const view = views[name || "overview"];
  const slow = setTimeout(() => { if (mine === turn) main.replaceChildren("…"); }, 300);
  try {
    if (view === undefined) throw new Error("there is no view " + name);
    const shown = await view(rest.join("/"), decodeURIComponent(query));
    if (mine === turn) main.replaceChildren(...shown.filter((part) => part !== undefined));
  } catch (error) {
    if (mine === turn) main.replaceChildren(h("p", { class: "error", role: "alert" }, String(error.message || error)));
  } finally {
    clearTimeout(slow);
  }
}

document.getElementById("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = encodeURIComponent(document.getElementById("text").value);
  const where = document.getElementById("where").value;
  location.hash = where === "files" ? "files/" + wanted : where + "/?" + wanted;
});
addEventListener("hashchange", navigate);
navigate();
`;
