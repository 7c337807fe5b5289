/** Where the REPL's lines come from. */
import type { Bytes } from "@nivis/formats";
import type { LiveInput } from "../live-input.ts";
import type { Terminal } from "../terminal.ts";
import type { Repl } from "./repl.ts";

/** The prompt, and the one before further lines of an input. */
export const PROMPT = "nix-repl> ";
export const CONTINUATION_PROMPT = "        > ";

/** What reading a line may bring. */
export type ReadLine =
  | { readonly kind: "line"; readonly text: Bytes }
  /** Ctrl-C: the pending input is given up. */
  | { readonly kind: "interrupted" }
  | { readonly kind: "end" };

/** A source of lines. */
export interface LineReader {
  read(isContinuation: boolean): Promise<ReadLine>;
  /**
   * Calls back for Ctrl-C while an evaluation runs; returns how to stop that. While another REPL reads,
   * nobody is called back.
   */
  watch?(listener: () => void): () => void;
  /** Takes the keys that have been pressed by now, for the one who watches. */
  poll?(): void;
  /** Edits for another REPL from now on; returns the one before. */
  switchTo?(repl: Repl): Repl;
  /** Leaves standard input to another program until the next read. */
  release(): void;
  /** Ends reading and saves what is to be saved. */
  close(): void;
}

/** Lines of a pipe or a file, or of a terminal that cannot draw: no editing, no history. */
export class PipeLines implements LineReader {
  readonly #input: LiveInput;
  readonly #terminal: Terminal;
  readonly #prompts: boolean;
  /** Before the first line of an input. */
  readonly #prompt: string;
  #buffer = "";
  #ended = false;

  constructor(input: LiveInput, terminal: Terminal, prompts: boolean, prompt = PROMPT) {
    this.#input = input;
    this.#terminal = terminal;
    this.#prompts = prompts;
    this.#prompt = prompt;
  }

  async read(isContinuation: boolean): Promise<ReadLine> {
    const prompt = isContinuation ? CONTINUATION_PROMPT : this.#prompt;
    if (this.#prompts) this.#terminal.writeOut(prompt);
    const line = await this.#line();
    if (line === undefined) return { kind: "end" };
    // Nix: only its tests set this.
    if (this.#terminal.environment["_NIX_TEST_REPL_ECHO"] === "1") {
      this.#terminal.writeOut(`${prompt}${line}\n`);
    }
    return { kind: "line", text: line };
  }

  async #line(): Promise<Bytes | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf("\n");
      if (end >= 0) {
        const line = this.#buffer.slice(0, end);
        this.#buffer = this.#buffer.slice(end + 1);
        return line;
      }
      const piece = this.#ended ? undefined : await this.#input.read();
      if (piece === undefined) {
        this.#ended = true;
        const rest = this.#buffer;
        this.#buffer = "";
        return rest === "" ? undefined : rest;
      }
      this.#buffer += piece;
    }
  }

  release(): void {
    this.#input.pause();
  }

  close(): void {
    this.#input.close();
  }
}
