/** The messages between a thread that asks and one that evaluates; all are structured clones. */
import type { RunProgress } from "@nivis/eval";
import type { PlainOptions } from "../data.ts";
import type { Limits } from "../engine.ts";
import type { NixErrorData } from "../nix-error.ts";

/** What a worker is asked for. */
export type WorkerQuestion = "evaluate" | "evaluateFile" | "evaluateFlake";

/** A message to a worker. */
export type WorkerRequest =
  | {
      readonly id: number;
      readonly ask: WorkerQuestion;
      /** A text, a path or a reference. */
      readonly source: string;
      /** The encoded values of a template. */
      readonly bindings: Uint8Array | undefined;
      /** The encoded arguments. */
      readonly args: Uint8Array | undefined;
      readonly attr: string | readonly (string | number)[] | undefined;
      readonly basePath: string | undefined;
      readonly plain: PlainOptions | undefined;
      readonly limits: Limits | undefined;
      readonly reports: boolean;
    }
  | { readonly id: number; readonly ask: "stop" };

/** A message of a worker. */
export type WorkerReply =
  | { readonly id: number; readonly data: Uint8Array }
  | { readonly id: number; readonly progress: RunProgress }
  | { readonly id: number; readonly error: NixErrorData }
  /** An error that is not the program's. */
  | { readonly id: number; readonly failure: WorkerFailure };

/** An error as a message. */
export interface WorkerFailure {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** One end of a connection between two threads: a `MessagePort`, a worker, or its `self`. */
export interface WorkerPort {
  postMessage(message: unknown, transfer: ArrayBufferLike[]): void;
  /** Sets what receives messages. */
  receive(listener: (message: unknown) => void): void;
}
