/**
 * Run recording: collects what a run looks at and prints, and keeps its result for the next one.
 */
import { dirname } from "node:path";
import { InputRecorder, trimShard } from "@nivis/node";
import type { Terminal } from "../terminal.ts";
import type { OutputPiece } from "./result-entry.ts";
import { type ResultSlot, writeResult } from "./result-slot.ts";

/** The size that all results together may have, in bytes. */
const MAX_BYTES = 128 * 2 ** 20;
/** One shard for each first digit of a name. */
const SHARDS = 16;
/** How often a run that has written a result looks after the size of its shard. */
const TRIM_CHANCE = 1 / 32;
/** Output beyond this is not kept, in bytes. */
const MAX_OUTPUT = 8 * 2 ** 20;

/** The recording of one run. */
export class RunRecording {
  readonly inputs: InputRecorder;
  #slot: ResultSlot | undefined;
  readonly #output: [stream: number, pieces: string[]][] = [];
  #outputLength = 0;

  /** @param slot - where the result is kept; absent if only {@link begin} knows */
  constructor(slot?: ResultSlot, inputs = new InputRecorder()) {
    this.inputs = inputs;
    this.#slot = slot;
  }

  /** Forgets what has been printed: the result that this slot keeps begins here. */
  begin(slot: ResultSlot): void {
    this.#slot = slot;
    this.#output.length = 0;
    this.#outputLength = 0;
  }

  /** Whether a line for the user is part of the result so far. */
  get hasMessages(): boolean {
    return this.#output.some(([stream]) => stream === 2);
  }

  /** Returns a terminal that records what is printed. */
  observe(terminal: Terminal): Terminal {
    const { inputs } = this;
    return Object.create(terminal, {
      inputs: { value: inputs },
      writeOut: {
        value: (bytes: string) => {
          this.#print(1, bytes);
          terminal.writeOut(bytes);
        },
      },
      writeLine: {
        value: (bytes: string) => {
          this.#print(2, `${bytes}\n`);
          terminal.writeLine(bytes);
        },
      },
      readInput: {
        value: () => {
          inputs.giveUp("standard input was read");
          return terminal.readInput();
        },
      },
    }) as Terminal;
  }

  /** Keeps the result of the run, which has ended with this exit code, if it can be checked later. */
  finish(exitCode: number): boolean {
    const inputs = this.inputs.finish();
    if (inputs === undefined || this.#slot === undefined) return false;
    const output = this.#output.map(([stream, pieces]): OutputPiece => [stream, pieces.join("")]);
    const { file, key } = this.#slot;
    if (!writeResult(this.#slot, { key, inputs, exitCode, output })) return false;
    if (Math.random() < TRIM_CHANCE) trimShard(dirname(file), { maxBytes: MAX_BYTES / SHARDS });
    return true;
  }

  #print(stream: number, bytes: string): void {
    this.#outputLength += bytes.length;
    if (this.#outputLength > MAX_OUTPUT) {
      this.inputs.giveUp("the output is long");
      this.#output.length = 0;
      return;
    }
    const last = this.#output.at(-1);
    if (last?.[0] === stream) last[1].push(bytes);
    else this.#output.push([stream, [bytes]]);
  }
}
