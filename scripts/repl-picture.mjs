/**
 * `npm run picture:repl`: draws `docs/repl.svg`, a session of `nivis repl` as a terminal shows it. The session
 * runs in tmux, which must be installed, and the colours are those that it prints.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { terminalSvg } from "./terminal-svg.mjs";
import { root } from "./workspace.mjs";

const LINES = [
  'people = [ { name = "Ada"; born = 1815; } { name = "Alan"; born = 1912; } ]',
  'map (p: "${p.name} was born in ${toString p.born}") people',
  "builtins.foldl' (sum: p: sum + p.born) 0 people",
  ":t builtins.map",
  "(builtins.head people).nam",
];
/** What is typed last and completed by the tabulator. */
const COMPLETED = "builtins.len";
const [COLUMNS, ROWS] = [96, 40];
/** Milliseconds in which an answer is there. */
const ANSWER = 1000;
const PROMPT = "nix-repl> ";

/** The classes of the colours of SGR, ECMA-48 section 8.3.117. */
const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

const home = mkdtempSync(join(tmpdir(), "nivis-picture-"));
const server = `nivis-picture-${process.pid}`;
/** @param {readonly string[]} args */
const tmux = (...args) =>
  execFileSync("tmux", ["-L", server, "-f", "/dev/null", ...args], { encoding: "utf8" });
try {
  const command = [
    "env",
    "-i",
    `PATH=${process.env["PATH"]}`,
    `HOME=${home}`,
    "NIX_REMOTE=dummy://",
  ];
  const nivis = [process.execPath, join(root, "packages", "nivis", "bin", "nivis.cjs"), "repl"];
  const program = [...command, "TERM=xterm-256color", "LANG=C.UTF-8", ...nivis];
  tmux("new-session", "-d", "-x", `${COLUMNS}`, "-y", `${ROWS}`, ...program);
  await wait(2 * ANSWER);
  for (const line of LINES) {
    tmux("send-keys", "-l", line);
    tmux("send-keys", "Enter");
    await wait(ANSWER);
  }
  tmux("send-keys", "-l", COMPLETED);
  tmux("send-keys", "Tab");
  await wait(ANSWER);
  const screen = tmux("capture-pane", "-e", "-p").trimEnd();
  const rows = rowsOf(screen);
  const css = `${COLOURS.map((name, i) => `.${name} { fill: ${["#5c6370", "#ff8a80", "#98d982", "#e8c07a", "#8aa2ff", "#d69aec", "#6fd3e0", "#e6e8ee"][i]} }`).join("\n")}
.bold { font-weight: bold }
.dim { fill: #a3aab8 }
.prompt { fill: #8aa2ff }`;
  const label =
    "A session of nivis repl: values, a type, an error with its place, and a completion";
  writeFileSync(
    join(root, "docs", "repl.svg"),
    terminalSvg(rows, { columns: COLUMNS, label, css }),
  );
} finally {
  try {
    tmux("kill-server");
  } catch {
    // The session has ended.
  }
  rmSync(home, { recursive: true, force: true });
}

/**
 * The rows of a screen with sequences of colours, which stay until they are changed.
 *
 * @param {string} screen
 * @returns {import("./terminal-svg.mjs").Row[]}
 */
function rowsOf(screen) {
  let colour = "";
  let weight = "";
  return screen.split("\n").map((line) => {
    /** @type {import("./terminal-svg.mjs").Span[]} */
    const spans = [];
    line.split(/\x1b\[([\d;]*)m/).forEach((part, i) => {
      if (i % 2 === 1) {
        for (const code of part.split(";").map(Number)) {
          if (code === 0) [colour, weight] = ["", ""];
          else if (code === 1) weight = "bold";
          else if (code === 2) weight = "dim";
          else if (code === 22) weight = "";
          else if (code === 39) colour = "";
          else if (code >= 30 && code < 38) colour = COLOURS[code - 30] ?? "";
        }
        return;
      }
      const isPrompt = spans.length === 0 && part.startsWith(PROMPT);
      if (isPrompt) spans.push({ text: PROMPT, style: "prompt" });
      const text = isPrompt ? part.slice(PROMPT.length) : part;
      if (text !== "") spans.push({ text, style: `${weight} ${colour}`.trim() });
    });
    return { spans };
  });
}
