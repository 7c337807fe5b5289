/** Converse: gives the lines that the user types to a REPL until the user leaves. */
import type { Terminal } from "../terminal.ts";
import type { LineReader } from "./lines.ts";
import type { Repl } from "./repl.ts";

/** Takes inputs until the user leaves. */
export async function converse(repl: Repl, lines: LineReader, terminal: Terminal): Promise<void> {
  let input = "";
  for (;;) {
    const read = await lines.read(input !== "");
    if (read.kind === "end") {
      terminal.writeOut("\n");
      return;
    }
    if (read.kind === "interrupted") {
      input = "";
      continue;
    }
    input += `${read.text}\n`;
    const interrupt = (): void => {
      repl.interrupt();
    };
    const stopListening = terminal.onInterrupt?.(interrupt);
    const stopWatching = lines.watch?.(interrupt);
    const outcome = await repl.take(input);
    stopWatching?.();
    stopListening?.();
    if (outcome === "quit") return;
    if (outcome === "done") input = "";
  }
}
