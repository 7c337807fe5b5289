/**
 * A bounded memory of path infos: what was used least recently goes first. Missing paths are
 * remembered for a short time only, and whatever adds or builds drops its entries.
 */
import type { PathInfo } from "@nivis/formats";
import type { Clock } from "./host.ts";

interface Entry {
  readonly info: PathInfo | undefined;
  readonly until: number;
}

const CAPACITY = 65_536;
const DAY = 24 * 3600 * 1000;
const POSITIVE_TTL = 30 * DAY;
const NEGATIVE_TTL = 3600 * 1000;

/** See the head of this file. */
export class PathInfoCache {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;
  readonly #capacity: number;

  constructor(clock: Clock, capacity = CAPACITY) {
    this.#clock = clock;
    this.#capacity = capacity;
  }

  /** What is remembered: an info, `null` for a missing path, `undefined` for nothing. */
  get(key: string): PathInfo | null | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.until < this.#clock.now()) return undefined;
    this.#entries.set(key, entry);
    return entry.info ?? null;
  }

  set(key: string, info: PathInfo | undefined): void {
    const ttl = info === undefined ? NEGATIVE_TTL : POSITIVE_TTL;
    this.#entries.delete(key);
    this.#entries.set(key, { info, until: this.#clock.now() + ttl });
    if (this.#entries.size > this.#capacity) {
      const oldest = this.#entries.keys().next();
      if (oldest.done !== true) this.#entries.delete(oldest.value);
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
