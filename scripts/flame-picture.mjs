/**
 * `npm run picture:flame`: draws `docs/flame-graph.svg` from the samples that `nivis profile` takes of
 * `bench/module-system.nix`: stacks from the outside to the inside, as wide as they took time.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { escaped } from "./terminal-svg.mjs";
import { root } from "./workspace.mjs";

const PROGRAM = "bench/module-system.nix";
const [WIDTH, ROW, MARGIN, TOP] = [880, 18, 12, 44];
/** Narrower frames are left out, in pixels. */
const LEAST = 1.5;
/** The width of a character, in pixels. */
const CHAR = 6.4;
const MAX_DEPTH = 24;
const FILLS = ["#f6b26b", "#f9cb9c", "#ffd966", "#f4a582", "#fddbc7", "#e6a157"];

/**
 * @typedef {object} Frame
 * @property {string} name
 * @property {number} time In microseconds.
 * @property {Map<string, Frame>} inner
 */

/** @param {string} name @returns {Frame} */
const frameOf = (name) => ({ name, time: 0, inner: new Map() });

const folder = mkdtempSync(join(tmpdir(), "nivis-picture-"));
try {
  const folded = join(folder, "folded");
  const nivis = join(root, "packages", "nivis", "bin", "nivis.cjs");
  const args = ["profile", PROGRAM, "--strict", "--cpu-time", "--folded", folded];
  execFileSync(process.execPath, [nivis, ...args], { cwd: root, stdio: "ignore" });
  const all = frameOf(PROGRAM);
  for (const line of readFileSync(folded, "utf8").trimEnd().split("\n")) {
    const end = line.lastIndexOf(" ");
    const time = Number(line.slice(end + 1));
    let frame = all;
    frame.time += time;
    for (const text of line.slice(0, end).split(";")) {
      const name = text
        .replaceAll(`${root}/bench/module-system.nix`, "")
        .replace(/ \(:(\d+):\d+\)$/, " :$1");
      const inner = frame.inner.get(name) ?? frameOf(name);
      frame.inner.set(name, inner);
      inner.time += time;
      frame = inner;
    }
  }
  writeFileSync(join(root, "docs", "flame-graph.svg"), draw(all));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @param {Frame} all */
function draw(all) {
  const scale = (WIDTH - 2 * MARGIN) / all.time;
  /** @type {string[]} */
  const boxes = [];
  let deepest = 0;
  /** @param {Frame} frame @param {number} left @param {number} depth */
  const place = (frame, left, depth) => {
    const width = frame.time * scale;
    if (width < LEAST || depth > MAX_DEPTH) return;
    deepest = Math.max(deepest, depth);
    const share = ((100 * frame.time) / all.time).toFixed(1);
    const room = Math.floor((width - 6) / CHAR);
    const shown = frame.name.length <= room ? frame.name : `${frame.name.slice(0, room - 1)}…`;
    const y = TOP + depth * ROW;
    const fill = FILLS[[...frame.name].reduce((sum, c) => sum + c.charCodeAt(0), 0) % FILLS.length];
    const text =
      room < 3 ? "" : `<text x="${(left + 3).toFixed(1)}" y="${y + 12}">${escaped(shown)}</text>`;
    boxes.push(
      `<g><title>${escaped(frame.name)}: ${share} %</title><rect x="${left.toFixed(1)}" y="${y}" width="${(width - 0.6).toFixed(1)}" height="${ROW - 1}" rx="2" fill="${fill}"/>${text}</g>`,
    );
    let at = left;
    const inner = [...frame.inner.values()].sort((a, b) => b.time - a.time);
    for (const one of inner) {
      place(one, at, depth + 1);
      at += one.time * scale;
    }
  };
  place(all, MARGIN, 0);
  const height = TOP + (deepest + 1) * ROW + MARGIN;
  const title = `nivis profile ${PROGRAM}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="A flame graph of the evaluation of ${PROGRAM}">
<style>
text { font: 11px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #26221c }
.title { font-size: 13px }
</style>
<rect width="${WIDTH}" height="${height}" rx="10" fill="#fffaf2"/>
<text class="title" x="${MARGIN}" y="26">${escaped(title)}: time from the outermost expression (above) to the innermost</text>
${boxes.join("\n")}
</svg>
`;
}
