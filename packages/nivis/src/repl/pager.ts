/** Long output through the user's pager, as C++ Nix shows it (`RunPager` in libmain/shared.cc). */
import type { Bytes } from "@nivis/formats";
import type { Terminal } from "../terminal.ts";

/**
 * Shows a text: through `$NIX_PAGER` or `$PAGER`, else `less`, if standard output is a terminal.
 * A pager that cannot be started is done without.
 */
export async function page(terminal: Terminal, text: Bytes): Promise<void> {
  const { environment } = terminal;
  const pager = environment["NIX_PAGER"] ?? environment["PAGER"] ?? "less";
  if (terminal.isOutTerminal !== true || pager === "" || pager === "cat") {
    terminal.writeOut(text);
    return;
  }
  const { spawn } = process.getBuiltinModule("node:child_process");
  const shown = await new Promise<boolean>((resolve) => {
    const child = spawn("/bin/sh", ["-c", pager], {
      stdio: ["pipe", "inherit", "inherit"],
      env: { LESS: "FRSXMK", ...environment },
    });
    child.once("error", () => resolve(false));
    child.once("exit", (code) => resolve(code !== 127));
    // The pager may end before it has read everything.
    child.stdin.on("error", () => {});
    child.stdin.end(Buffer.from(text, "latin1"));
  });
  if (!shown) terminal.writeOut(text);
}
