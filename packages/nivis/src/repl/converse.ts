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
      repl.interrupts.raise();
    };
    const stopListening = listenAlways(terminal, interrupt);
    const stopWatching = lines.watch?.(interrupt);
    const outcome = await repl.take(input);
    stopWatching?.();
    stopListening();
    if (outcome === "quit") return;
    if (outcome === "done") input = "";
  }
}

/** Calls back for every interruption: a second one that nobody hears would end the process. */
function listenAlways(terminal: Terminal, listener: () => void): () => void {
  let stop: (() => void) | undefined;
  const listen = (): void => {
    stop = terminal.onInterrupt?.(() => {
      listen();
      listener();
    });
  };
  listen();
  return () => stop?.();
}
