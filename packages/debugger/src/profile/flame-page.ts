/**
 * FlamePage: a flame graph as one HTML file that needs no network and no server. Wider is more time;
 * below a frame are the frames that it led to. A click zooms, the field searches, and allocated
 * memory can be shown instead of time.
 *
 * Frames with less than {@link SMALLEST} of the whole are merged into one per parent, so that the page
 * stays small enough for a browser.
 */
import type { Profile, ProfileFrame } from "./profile.ts";
import { framePlace } from "./ranking.ts";

/** The least share of the whole time that a frame of the page has. */
const SMALLEST = 0.0005;

interface Total {
  milliseconds: number;
  bytes: number;
}

/** The page's data: parallel arrays, parents before their children. */
interface PageData {
  readonly title: string;
  readonly frames: readonly (readonly [kind: string, name: string, place: string])[];
  readonly parent: number[];
  readonly frame: number[];
  /** Microseconds and bytes, with everything below. */
  readonly time: number[];
  readonly memory: number[];
}

function pageData({ title, nodes, milliseconds, bytes }: Profile): PageData {
  const totals: Total[] = nodes.map((node) => ({
    milliseconds: node.milliseconds,
    bytes: node.bytes,
  }));
  for (let i = nodes.length - 1; i >= 0; i--) {
    const parent = totals[nodes[i]?.parent ?? -1];
    if (parent === undefined) continue;
    parent.milliseconds += (totals[i] as Total).milliseconds;
    parent.bytes += (totals[i] as Total).bytes;
  }
  const numbers = new Map<ProfileFrame, number>();
  const frames: (readonly [string, string, string])[] = [
    ["other", title, ""],
    ["other", "(less than 0.05 % each)", ""],
  ];
  const data: PageData = {
    title,
    frames,
    parent: [-1],
    frame: [0],
    time: [Math.round(milliseconds * 1000)],
    memory: [bytes],
  };
  const add = (parent: number, frame: number, time: number, memory: number): number => {
    data.frame.push(frame);
    data.time.push(time);
    data.memory.push(memory);
    return data.parent.push(parent) - 1;
  };
  /** The page's node of each node, and of the merged small children of each. */
  const places: number[] = [];
  const merged = new Map<number, number>();
  nodes.forEach(({ frame, parent }, i) => {
    const total = totals[i] as Total;
    const above = parent < 0 ? 0 : (places[parent] as number);
    const time = Math.round(total.milliseconds * 1000);
    if (above < 0) {
      places.push(-1);
      return;
    }
    const isSmall = total.milliseconds < SMALLEST * milliseconds && total.bytes <= SMALLEST * bytes;
    if (isSmall) {
      places.push(-1);
      const rest = merged.get(above);
      if (rest === undefined) merged.set(above, add(above, 1, time, total.bytes));
      else {
        (data.time[rest] as number) += time;
        (data.memory[rest] as number) += total.bytes;
      }
      return;
    }
    let number = numbers.get(frame);
    if (number === undefined) {
      number = frames.push([frame.kind, frame.name, framePlace(frame)]) - 1;
      numbers.set(frame, number);
    }
    places.push(add(above, number, time, total.bytes));
  });
  return data;
}

/** How a {@link flamePage} looks. */
export interface FlamePageOptions {
  /** The colours. Defaults to those that the browser prefers. */
  readonly theme?: "dark" | "light" | undefined;
}

/** Returns the page as HTML. */
export function flamePage(profile: Profile, { theme }: FlamePageOptions = {}): string {
  const data = JSON.stringify(pageData(profile)).replaceAll("<", "\\u003c");
  const title = profile.title.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<!doctype html>
<html lang="en"${theme === undefined ? "" : ` data-theme="${theme}"`}>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${STYLE}</style>
<header>
<h1>${title}</h1>
<label${profile.bytes === 0 ? " hidden" : ""}>Show <select id="measure"><option value="time">time</option><option value="memory">allocated</option></select></label>
<label>Search <input id="search" type="search" placeholder="a name, a file, /a pattern/"></label>
<button id="reset">Whole</button>
<output id="found"></output>
</header>
<main><canvas id="graph" tabindex="0" aria-label="Flame graph"></canvas></main>
<footer id="detail">Point at a frame; click to zoom; Escape shows the whole again.</footer>
<script type="application/json" id="data">${data}</script>
<script>${SCRIPT}</script>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #222; --paper: #fff; --line: #ccc; }
@media (prefers-color-scheme: dark) { :root:not([data-theme]) { --ink: #ddd; --paper: #1b1b1f; --line: #444; } }
[data-theme=dark] { color-scheme: dark; --ink: #ddd; --paper: #1b1b1f; --line: #444; }
[data-theme=light] { color-scheme: light; }
body { margin: 0; font: 13px/1.4 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
header { position: sticky; top: 0; display: flex; flex-wrap: wrap; gap: .5em 1.2em; align-items: center;
  padding: .5em 1em; background: var(--paper); border-bottom: 1px solid var(--line); }
h1 { font-size: 1.1em; margin: 0; flex: 1 1 auto; }
canvas { display: block; cursor: pointer; outline-offset: -2px; }
main { padding-bottom: 4em; }
footer { position: fixed; bottom: 0; left: 0; right: 0; padding: .5em 1em; background: var(--paper);
  border-top: 1px solid var(--line); white-space: pre-wrap; min-height: 2.8em; }
`;

/** The page's program; it has no dependencies. */
const SCRIPT = `
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const count = data.parent.length;
const children = Array.from({ length: count }, () => []);
const depth = new Int32Array(count);
for (let i = 1; i < count; i++) {
  children[data.parent[i]].push(i);
  depth[i] = depth[data.parent[i]] + 1;
}
const canvas = document.getElementById("graph");
const pen = canvas.getContext("2d");
const ROW = 18;
const HUES = { function: 20, value: 45, builtin: 200, attribute: 130, derivation: 130, option: 280, other: 0 };
let measure = "time";
let zoomed = 0;
let match = null;
let boxes = [];

function unit(amount) {
  if (measure === "time") {
    return amount >= 1e6 ? (amount / 1e6).toFixed(2) + " s" : (amount / 1e3).toFixed(2) + " ms";
  }
  return amount >= 2 ** 20 ? (amount / 2 ** 20).toFixed(1) + " MiB" : (amount / 1024).toFixed(1) + " KiB";
}
function share(amount) {
  const whole = data[measure][0];
  return whole === 0 ? "0 %" : (100 * amount / whole).toFixed(1) + " %";
}
function matches(frame) {
  if (match === null) return false;
  const [, name, place] = data.frames[frame];
  return match.test(name) || match.test(place);
}
function colour(frame) {
  const [kind, name] = data.frames[frame];
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) | 0;
  if (match !== null) return matches(frame) ? "hsl(320 80% 65%)" : "hsl(0 0% 75%)";
  if (kind === "other") return "hsl(0 0% 70%)";
  return "hsl(" + (HUES[kind] + Math.abs(hash) % 24) + " 75% " + (62 + Math.abs(hash >> 8) % 12) + "%)";
}
function draw() {
  const width = document.documentElement.clientWidth;
  boxes = [];
  let bottom = 0;
  const ancestors = [];
  for (let at = data.parent[zoomed]; at >= 0; at = data.parent[at]) ancestors.unshift(at);
  const work = ancestors.map((node) => ({ node, x: 0, w: width, inside: false }));
  work.push({ node: zoomed, x: 0, w: width, inside: true });
  while (work.length > 0) {
    const box = work.pop();
    boxes.push(box);
    bottom = Math.max(bottom, depth[box.node]);
    const whole = data[measure][box.node];
    if (!box.inside || whole === 0) continue;
    let x = box.x;
    for (const child of children[box.node]) {
      const w = box.w * data[measure][child] / whole;
      if (w >= 0.5) work.push({ node: child, x, w, inside: true });
      x += w;
    }
  }
  const scale = window.devicePixelRatio || 1;
  const height = Math.min((bottom + 1) * ROW, 32000 / scale);
  canvas.width = width * scale;
  canvas.height = height * scale;
  canvas.style.width = width + "px";
  canvas.style.height = height + "px";
  pen.scale(scale, scale);
  pen.font = "12px system-ui, sans-serif";
  pen.textBaseline = "middle";
  for (const { node, x, w, inside } of boxes) {
    const y = depth[node] * ROW;
    pen.globalAlpha = inside ? 1 : 0.5;
    pen.fillStyle = colour(data.frame[node]);
    pen.fillRect(x, y, Math.max(w - 0.5, 0.5), ROW - 1);
    if (w < 30) continue;
    pen.save();
    pen.beginPath();
    pen.rect(x, y, w - 3, ROW);
    pen.clip();
    pen.fillStyle = "#111";
    pen.fillText(data.frames[data.frame[node]][1], x + 3, y + ROW / 2);
    pen.restore();
  }
  pen.globalAlpha = 1;
  let sum = 0;
  if (match !== null) {
    const covered = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const inside = i > 0 && covered[data.parent[i]] === 1;
      if (!inside && matches(data.frame[i])) sum += data[measure][i];
      covered[i] = inside || matches(data.frame[i]) ? 1 : 0;
    }
  }
  document.getElementById("found").value = match === null ? "" : "found: " + unit(sum) + ", " + share(sum);
}
function boxAt(event) {
  const area = canvas.getBoundingClientRect();
  const x = event.clientX - area.left;
  const row = Math.floor((event.clientY - area.top) / ROW);
  return boxes.find((box) => depth[box.node] === row && x >= box.x && x < box.x + box.w);
}
function describe(node) {
  const [kind, name, place] = data.frames[data.frame[node]];
  const all = data[measure][node];
  const own = all - children[node].reduce((sum, child) => sum + data[measure][child], 0);
  return kind + " " + name + (place === "" ? "" : "  " + place) +
    "\\n" + unit(all) + " (" + share(all) + ") in all, " + unit(own) + " (" + share(own) + ") of its own";
}
canvas.addEventListener("mousemove", (event) => {
  const box = boxAt(event);
  if (box !== undefined) document.getElementById("detail").textContent = describe(box.node);
});
canvas.addEventListener("click", (event) => {
  const box = boxAt(event);
  if (box !== undefined) { zoomed = box.node; draw(); }
});
document.getElementById("measure").addEventListener("change", (event) => { measure = event.target.value; draw(); });
document.getElementById("search").addEventListener("input", (event) => {
  const text = event.target.value;
  const pattern = /^\\/(.+)\\/$/.exec(text);
  const escaped = pattern ? pattern[1] : text.replace(/[.*+?^\${}()|[\\]\\\\]/g, "\\\\$&");
  try { match = text === "" ? null : new RegExp(escaped, "i"); } catch { return; }
  draw();
});
const reset = () => { zoomed = 0; draw(); };
document.getElementById("reset").addEventListener("click", reset);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") reset(); });
window.addEventListener("resize", draw);
draw();
`;
