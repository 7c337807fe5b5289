/** JSON on standard output as the commands of `nix` print it: on one line, or indented for people. */
import { formatJsonTree, type JsonTree } from "@nivis/flake";
import type { Terminal } from "../terminal.ts";

/** Prints a JSON value. `pretty` defaults to whether standard output is a terminal. */
export function printJson(terminal: Terminal, json: JsonTree, pretty?: boolean): void {
  const indent = (pretty ?? terminal.isOutTerminal === true) ? "  " : "";
  terminal.writeOut(`${formatJsonTree(json, indent)}\n`);
}
