/** An evaluation of files in memory under a debugger, driven by a list of answers. */

import { Debugger, type Resume, type StopEvent } from "@nivis/debugger";
import { Evaluation, memoryIo } from "@nivis/eval";

/** What a test does at a stop. */
export type Act = Resume | ((stop: StopEvent, debug: Debugger) => Promise<Resume>);

/** A program under a debugger. */
export interface Debugged {
  readonly debug: Debugger;
  readonly evaluation: Evaluation;
  /** One line for each stop: the reason and the place. */
  readonly stops: string[];
  readonly logs: string[];
  /** Evaluates `/main.nix` to its printed form; errors come back as text. */
  run(): Promise<string>;
}

/** Opens a program; each stop takes the next of the acts, and the last one repeats. */
export function debugged(
  files: string | Readonly<Record<string, string>>,
  acts: readonly Act[] = ["continue"],
): Debugged {
  const stops: string[] = [];
  const logs: string[] = [];
  let next = 0;
  const debug: Debugger = new Debugger({
    onStop: async (stop) => {
      stops.push(describe(stop));
      const act = acts[Math.min(next++, acts.length - 1)] as Act;
      return typeof act === "function" ? act(stop, debug) : act;
    },
    onLog: (text) => logs.push(text),
  });
  const all = typeof files === "string" ? { "/main.nix": files } : files;
  const evaluation = new Evaluation({ io: memoryIo({ files: all }), debugger: debug.hooks });
  debug.attach(evaluation);
  return {
    debug,
    evaluation,
    stops,
    logs,
    run: async () => {
      try {
        const value = await evaluation.forceAsync(evaluation.loadFile("/main.nix"));
        return evaluation.print(value);
      } catch (error) {
        return `error: ${(error as Error).message}`;
      }
    },
  };
}

/** `REASON FRAME FILE:LINE:COLUMN`. */
export function describe({ reason, frames, returned }: StopEvent): string {
  const frame = frames.find(({ code }) => code !== undefined);
  const range = frame?.range;
  const place = range === undefined ? "?" : range.file.source.describe(range.start);
  const result = returned === undefined ? "" : ` => ${String(returned)}`;
  return `${reason} ${frame?.name ?? "?"} ${place}${result}`;
}
