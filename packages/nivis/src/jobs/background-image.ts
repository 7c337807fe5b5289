/**
 * The heap image of a remembered sweep: a process that goes on after the command writes one with the root and
 * one attribute, so that the next sweep with few attributes to evaluate begins with that. Nobody waits for it, and
 * what becomes of it is not told.
 */
import type { AttrPath } from "@nivis/jobs";
import { WORKER_FLAGS } from "../worker-flags.ts";
import type { WorkerStart } from "./worker-messages.ts";

/** How the process is started. */
export interface BackgroundImageOptions extends Omit<WorkerStart, "kind" | "remembers"> {
  /** The script of the process; a text. */
  readonly processScript: string;
  readonly imageOf: AttrPath;
}

/** Starts to write a heap image. The promise settles once the process needs this one no more. */
export function writeImageInBackground(options: BackgroundImageOptions): Promise<void> {
  const { processScript, ...rest } = options;
  const { fork } = process.getBuiltinModule("node:child_process");
  const child = fork(processScript, [], {
    execArgv: [...WORKER_FLAGS],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    detached: true,
  });
  child.unref();
  return new Promise((resolve) => {
    child.once("error", () => resolve());
    const start: WorkerStart = { kind: "start", remembers: "no", ...rest };
    child.send(start, () => {
      if (child.connected) child.disconnect();
      resolve();
    });
  });
}
