/**
 * Pictures of terminals as SVG, for `readme-picture.mjs` and `repl-picture.mjs`.
 *
 * @typedef {{ readonly text: string, readonly style: string }} Span
 * @typedef {object} Row
 * @property {readonly Span[]} spans
 * @property {number} [at] Seconds after which the row appears; at once unless given.
 */

const [CHAR, LINE, LEFT, TOP] = [7.8, 19, 22, 58];

/**
 * Draws rows of text in a window. Styles are the names of classes that `css` defines.
 *
 * @param {readonly Row[]} rows
 * @param {{ readonly columns: number, readonly label: string, readonly css: string }} options
 */
export function terminalSvg(rows, { columns, label, css }) {
  const width = Math.round(LEFT * 2 + columns * CHAR);
  const height = TOP + rows.length * LINE + 12;
  const texts = rows.flatMap(({ spans, at }, i) => {
    const delay = at === undefined ? "" : ` style="animation-delay:${numberText(at)}s"`;
    let column = 0;
    return spans.map(({ text, style }) => {
      const x = numberText(LEFT + column * CHAR);
      column += text.length;
      return text.trim() === ""
        ? ""
        : `<text class="${style}"${delay} x="${x}" y="${TOP + i * LINE}" xml:space="preserve">${escaped(text)}</text>`;
    });
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(label)}">
<style>
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #e6e8ee }
${css}
</style>
<rect width="${width}" height="${height}" rx="10" fill="#16181d"/>
<circle cx="24" cy="22" r="6" fill="#ff5f57"/><circle cx="44" cy="22" r="6" fill="#febc2e"/><circle cx="64" cy="22" r="6" fill="#28c840"/>
${texts.filter((text) => text !== "").join("\n")}
</svg>
`;
}

/** @param {string} text */
export function escaped(text) {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** @param {number} number */
function numberText(number) {
  return number.toFixed(1).replace(/\.0$/, "");
}
