/** OpenLines: how a REPL reads its lines, and where the history of what was typed is. */
import { encodeUtf8 } from "@nivis/formats";
import type { LiveInput } from "../live-input.ts";
import { isDumb, type Terminal } from "../terminal.ts";
import { History } from "./editor/history.ts";
import { TerminalLines } from "./editor/terminal-lines.ts";
import { type LineReader, PipeLines } from "./lines.ts";
import type { Repl } from "./repl.ts";

/** What the flags say of editing. */
export interface EditingFlags {
  /** The keys that edit; those of readline's configuration unless given. */
  readonly keys: "emacs" | "vi" | undefined;
  readonly previews: boolean;
}

/** Lines that are typed are edited, unless the terminal cannot do that. */
export async function openLines(
  input: LiveInput,
  terminal: Terminal,
  repl: Repl,
  flags: EditingFlags,
): Promise<LineReader> {
  const { environment } = terminal;
  const canDraw = terminal.isOutTerminal === true && !isDumb(environment);
  if (!input.isTerminal) return new PipeLines(input, terminal, false);
  if (!canDraw) return new PipeLines(input, terminal, true);
  const history = History.open(
    historyPath(environment),
    (text) => repl.needsMore(encodeUtf8(text)),
    (message) => repl.invocation.warn(encodeUtf8(message)),
  );
  const keys = flags.keys ?? keysOfReadline(environment);
  return new TerminalLines(input, terminal, repl, { history, keys, previews: flags.previews });
}

/** The file of C++ Nix's REPL. Source: getDataDir in libutil/users.cc. */
function historyPath(environment: Terminal["environment"]): string | undefined {
  const own = environment["NIX_DATA_HOME"];
  if (own) return `${own}/repl-history`;
  const data = environment["XDG_DATA_HOME"];
  if (data) return `${data}/nix/repl-history`;
  const home = environment["HOME"];
  return home ? `${home}/.local/share/nix/repl-history` : undefined;
}

/** The keys that the user has chosen for all programs that use readline. */
function keysOfReadline(environment: Terminal["environment"]): "emacs" | "vi" {
  const file = environment["INPUTRC"] ?? `${environment["HOME"] ?? ""}/.inputrc`;
  try {
    const { readFileSync } = process.getBuiltinModule("node:fs");
    return /^\s*set\s+editing-mode\s+vi\s*$/m.test(readFileSync(file, "utf8")) ? "vi" : "emacs";
  } catch {
    return "emacs";
  }
}
