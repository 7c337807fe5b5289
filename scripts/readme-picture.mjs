/**
 * `npm run picture`: draws the picture of the README, `docs/first-screen.svg`: a terminal in which commands
 * appear one after the other. The commands run, and their outputs are what is shown. With `--check`,
 * nothing is written, and a picture that differs fails the run.
 *
 * The picture moves by CSS alone, once; people who prefer less motion see all of it at once.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { terminalSvg } from "./terminal-svg.mjs";
import { root } from "./workspace.mjs";

const COMMANDS = [
  `nivis eval --expr 'map (x: x * x) [ 1 2 3 ]' --json`,
  `nivis eval --expr 'let sum = n: if n == 0 then 0 else n + sum (n - 1); in sum 100000'`,
  `nivis eval --raw --expr '(derivation { name = "demo"; system = "x86_64-linux"; builder = "sh"; }).drvPath'`,
  `nivis eval --diagnostics rich --expr 'let colour = 1; in color'`,
];

const FILE = join(root, "docs", "first-screen.svg");
/** The longest line, in characters; longer ones are broken. */
const COLUMNS = 108;
/** Seconds between two commands. */
const PAUSE = 1.4;

const lines = COMMANDS.flatMap((command, i) => {
  const typed = broken(`$ ${command}`).map((text) => ({ text, kind: "command", at: i * PAUSE }));
  const shown = outputOf(command).flatMap(broken);
  const output = shown.map((text) => ({ text, kind: kindOf(text), at: i * PAUSE + 0.6 }));
  return [...typed, ...output, { text: "", kind: "output", at: 0 }];
});
const rows = lines
  .slice(0, -1)
  .map(({ text, kind, at }) => ({ spans: [{ text, style: kind }], at }));
const svg = terminalSvg(rows, {
  columns: COLUMNS,
  label:
    "A terminal in which Nivis evaluates Nix expressions, computes the path of a derivation and explains a mistake",
  css: `text { animation: show 0.2s both }
.command { fill: #8aa2ff }
.error { fill: #ff8a80 }
.frame { fill: #a3aab8 }
@keyframes show { from { opacity: 0 } }
@media (prefers-reduced-motion: reduce) { text { animation: none } }`,
});
if (process.argv.includes("--check")) {
  const current = existsSync(FILE) ? readFileSync(FILE, "utf8") : "";
  if (current !== svg) {
    process.stdout.write("docs/first-screen.svg is not up to date; run `npm run picture`\n");
    process.exit(1);
  }
} else writeFileSync(FILE, svg);

/** @param {string} command */
function outputOf(command) {
  const bin = join(root, "packages", "nivis", "bin");
  const { stdout, stderr } = spawnSync(
    "bash",
    ["-c", command.replace(/^nivis/, `"$NODE" "$BIN"`)],
    {
      encoding: "utf8",
      cwd: root,
      env: {
        PATH: process.env["PATH"],
        NODE: process.execPath,
        BIN: join(bin, "nivis.cjs"),
        NIX_CONF_DIR: "/var/empty",
        NIX_STORE_DIR: "/nix/store",
        NIX_REMOTE: "dummy://",
        NIVIS_NO_CACHE: "1",
        HOME: "/homeless",
      },
    },
  );
  return `${stdout}${stderr}`.trimEnd().split("\n");
}

/** @param {string} text */
function broken(text) {
  const parts = [];
  for (let at = 0; at < text.length; at += COLUMNS) parts.push(text.slice(at, at + COLUMNS));
  return parts.length === 0 ? [""] : parts;
}

/** @param {string} text */
function kindOf(text) {
  if (text.startsWith("error")) return "error";
  return /^\s*(?:=|[╭│])/.test(text) || /^\s*│?\s*\^/.test(text) ? "frame" : "output";
}
