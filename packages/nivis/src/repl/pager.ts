/** Long output through the user's pager, as C++ Nix shows it (`RunPager` in libmain/shared.cc). */
import { type Bytes, decodeUtf8 } from "@nivis/formats";
import { isDumb, type Terminal } from "../terminal.ts";
import { widthOf } from "./editor/screen.ts";

/** Whether output may go through a pager: on a terminal that can draw, unless the user has none. */
export function canPage(terminal: Terminal): boolean {
  const { environment } = terminal;
  const pager = pagerOf(terminal);
  const canDraw = !isDumb(environment);
  return terminal.isOutTerminal === true && canDraw && pager !== "" && pager !== "cat";
}

/** The lines of a terminal whose size is not known. */
const USUAL_ROWS = 24;
const USUAL_COLUMNS = 80;
/** A text of so many bytes is long, whatever the terminal. */
const LONG_TEXT = 1 << 20;

/** Whether a text does not fit into a terminal together with the prompt below it. */
export function isLongerThan(terminal: Terminal, text: Bytes): boolean {
  const rows = (terminal.rows?.() ?? USUAL_ROWS) - 2;
  const columns = terminal.columns?.() ?? USUAL_COLUMNS;
  if (text.length > LONG_TEXT) return true;
  let used = 0;
  for (const line of text.split("\n")) {
    const { length } = line;
    const width = length <= columns ? length : widthOf(plain(decodeUtf8(line)));
    used += Math.max(1, Math.ceil(width / columns));
    if (used > rows + 1) return true;
  }
  return false;
}

function plain(line: string): string {
  return line.replace(/\x1b\[[0-9;]*m/g, "");
}

function pagerOf({ environment }: Terminal): string {
  return environment["NIX_PAGER"] ?? environment["PAGER"] ?? "less";
}

/**
 * Shows a text: through `$NIX_PAGER` or `$PAGER`, else `less`, if standard output is a terminal.
 * A pager that cannot be started is done without.
 */
export async function page(terminal: Terminal, text: Bytes): Promise<void> {
  if (!canPage(terminal)) {
    terminal.writeOut(text);
    return;
  }
  const { spawn } = process.getBuiltinModule("node:child_process");
  const shown = await new Promise<boolean>((resolve) => {
    const child = spawn("/bin/sh", ["-c", pagerOf(terminal)], {
      stdio: ["pipe", "inherit", "inherit"],
      env: { LESS: "FRSXMK", ...terminal.environment },
    });
    child.once("error", () => resolve(false));
    child.once("exit", (code) => resolve(code !== 127));
    // The pager may end before it has read everything.
    child.stdin.on("error", () => {});
    child.stdin.end(Buffer.from(text, "latin1"));
  });
  if (!shown) terminal.writeOut(text);
}
