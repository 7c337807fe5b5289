/** Which terminals lines are edited on. */
import { expect, test } from "vitest";
import { TerminalLines } from "../src/repl/editor/terminal-lines.ts";
import { PipeLines } from "../src/repl/lines.ts";
import { openLines } from "../src/repl/open-lines.ts";
import type { Repl } from "../src/repl/repl.ts";
import type { Terminal } from "../src/terminal.ts";

test.each([
  [undefined, false],
  ["", false],
  ["dumb", false],
  ["unknown", false],
  ["xterm-256color", true],
])("TERM=%s", async (kind, isEdited) => {
  const input = {
    isTerminal: true,
    read: async () => undefined,
    pause: () => {},
    setRaw: () => {},
    close: () => {},
  };
  const terminal = {
    isOutTerminal: true,
    writeOut: () => {},
    writeLine: () => {},
    environment: { ...(kind === undefined ? {} : { TERM: kind }), INPUTRC: "/var/empty/inputrc" },
  } as unknown as Terminal;
  const flags = { keys: "emacs", previews: false } as const;
  const lines = await openLines(input, terminal, {} as Repl, flags);
  expect(lines).toBeInstanceOf(isEdited ? TerminalLines : PipeLines);
});
