/**
 * Schedule: the attributes that are left to evaluate, and which one a worker takes next.
 *
 * A single lane takes the smallest path each time, which is a walk depth first in the order of names,
 * as nix-eval-jobs walks. Several lanes each keep to a region of that order, since neighbours share most
 * of their dependencies and no two workers share a heap: a lane continues behind its last path, and one
 * whose region is finished takes over the second half of the largest region that is left.
 */
import { type AttrPath, attrPathKey, compareAttrPaths } from "./attr-path.ts";

/** The position of one taker of paths. */
export interface Lane {
  /** The path that it took last. */
  position: AttrPath | undefined;
}

/** See the head of this file. */
export class Schedule {
  /** Sorted. */
  #todo: AttrPath[] = [];
  readonly #active = new Map<string, AttrPath>();
  readonly #lanes = new Set<Lane>();
  #finished = 0;
  #waiting: (() => void)[] = [];

  /** The number of attributes that are known and not finished. */
  get open(): number {
    return this.#todo.length + this.#active.size;
  }

  /** The number of attributes that nobody has taken. */
  get todo(): number {
    return this.#todo.length;
  }

  /** The attributes that are known and not finished. */
  get unfinished(): Iterable<AttrPath> {
    return [...this.#active.values(), ...this.#todo];
  }

  /** The number of finished attributes. */
  get finished(): number {
    return this.#finished;
  }

  /** A lane for one taker. */
  openLane(): Lane {
    const lane: Lane = { position: undefined };
    this.#lanes.add(lane);
    return lane;
  }

  closeLane(lane: Lane): void {
    this.#lanes.delete(lane);
  }

  /** Adds paths that nobody has been given yet. */
  add(paths: readonly AttrPath[]): void {
    if (paths.length === 0) return;
    const sorted = [...paths].sort(compareAttrPaths);
    const at = this.#indexBehind(sorted[0] as AttrPath);
    const next = this.#todo[at];
    // The attributes of one set are neighbours.
    if (next === undefined || compareAttrPaths(sorted[sorted.length - 1] as AttrPath, next) < 0) {
      this.#todo = this.#todo.slice(0, at).concat(sorted, this.#todo.slice(at));
    } else this.#todo = [...this.#todo, ...sorted].sort(compareAttrPaths);
    this.wake();
  }

  /** The next path for a lane, which is active until it is finished or given back. */
  take(lane: Lane): AttrPath | undefined {
    const at = this.#nextFor(lane);
    const path = this.#todo[at];
    if (path === undefined) return undefined;
    this.#todo.splice(at, 1);
    this.#active.set(attrPathKey(path), path);
    lane.position = path;
    return path;
  }

  /** Whether somebody has taken a path and not finished it. */
  isActive(path: AttrPath): boolean {
    return this.#active.has(attrPathKey(path));
  }

  /** Whether a path is active or still to be taken. */
  isOpen(path: AttrPath): boolean {
    if (this.isActive(path)) return true;
    const before = this.#todo[this.#indexBehind(path) - 1];
    return before !== undefined && compareAttrPaths(before, path) === 0;
  }

  /** The first of all paths that are not finished. */
  first(): AttrPath | undefined {
    let [first] = this.#todo;
    for (const path of this.#active.values()) {
      if (first === undefined || compareAttrPaths(path, first) < 0) first = path;
    }
    return first;
  }

  /** Ends the work on a path. */
  finish(path: AttrPath): void {
    if (!this.#active.delete(attrPathKey(path))) return;
    this.#finished++;
    this.wake();
  }

  /** Lets others take a path that was taken and not finished. */
  giveBack(path: AttrPath): void {
    if (this.#active.delete(attrPathKey(path))) this.add([path]);
  }

  /** Waits until there may be more to take, or nothing is left. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Lets all who wait look again. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  /** The index of the first path behind another. */
  #indexBehind(path: AttrPath): number {
    let low = 0;
    let high = this.#todo.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareAttrPaths(this.#todo[middle] as AttrPath, path) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #nextFor(lane: Lane): number {
    const others: number[] = [];
    const own = lane.position === undefined ? 0 : this.#indexBehind(lane.position);
    let reached = this.#todo.length;
    for (const other of this.#lanes) {
      if (other === lane || other.position === undefined) continue;
      const at = this.#indexBehind(other.position);
      others.push(at);
      const isBehind =
        lane.position !== undefined && compareAttrPaths(lane.position, other.position) < 0;
      if (isBehind && at < reached) reached = at;
    }
    if (others.length === 0) return own < this.#todo.length ? own : 0;
    if (lane.position !== undefined && own < reached) return own;
    return middleOfLargest(others, this.#todo.length);
  }
}

/** Where a lane begins that has no region: in the largest of the regions that begin at these indices. */
function middleOfLargest(starts: readonly number[], end: number): number {
  const sorted = [...starts].sort((a, b) => a - b);
  // Nobody works on what precedes all lanes.
  let best = { start: 0, size: sorted[0] as number, middle: 0 };
  sorted.forEach((start, i) => {
    const size = (sorted[i + 1] ?? end) - start;
    if (size > best.size) best = { start, size, middle: start + (size >>> 1) };
  });
  return best.middle;
}
