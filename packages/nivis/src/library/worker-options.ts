/** How a thread with a session is started, on all platforms. */
import type { NixOptions } from "@nivis/embed";

/** The options of `createNixWorker`. */
export interface NixWorkerOptions {
  /** The options of the session that a structured clone can copy, so without functions. */
  readonly options?: NixOptions | undefined;
  /**
   * The URL of a module whose export `options` are further options of the session, such as functions
   * of the host; it is imported in the thread. Defaults to none.
   */
  readonly module?: string | { readonly href: string } | undefined;
  /** MiB of memory that end the thread when they are used up, in Node only. Defaults to Node's. */
  readonly memory?: number | undefined;
}

/** What a thread gets to start with. */
export interface WorkerStart {
  readonly options: NixOptions;
  readonly module: string | undefined;
}

/** Returns the options of a session, those of its module included. */
export async function sessionOptions({ options, module }: WorkerStart): Promise<NixOptions> {
  if (module === undefined) return options;
  const loaded = (await import(/* @vite-ignore */ module)) as { readonly options?: NixOptions };
  if (typeof loaded.options !== "object") {
    throw new TypeError(`${module} does not export 'options'`);
  }
  return { ...loaded.options, ...options };
}
