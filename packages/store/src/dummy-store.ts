/**
 * The dummy store, `dummy://`: it holds nothing and takes nothing, so that evaluation needs no store.
 */

import type { PathInfo } from "@nivis/formats";
import { invalidPath } from "./error.ts";
import type { ObjectFiles, Store, StoreFacts } from "./store.ts";

/** See the head of this file. */
export class DummyStore implements Store {
  readonly uri = "dummy://";
  readonly priority = 0;
  readonly wantMassQuery = false;

  constructor(readonly storeDir: string) {}

  async info(): Promise<PathInfo | undefined> {
    return undefined;
  }

  async validPaths(): Promise<ReadonlySet<string>> {
    return new Set();
  }

  async pathOfHashPart(): Promise<string | undefined> {
    return undefined;
  }

  // biome-ignore lint/correctness/useYield: there is nothing to read.
  async *nar(path: string): AsyncGenerator<Uint8Array> {
    throw invalidPath(path);
  }

  async files(path: string): Promise<ObjectFiles> {
    throw invalidPath(path);
  }

  async facts(): Promise<StoreFacts> {
    return { trusted: true };
  }

  async close(): Promise<void> {}
}
