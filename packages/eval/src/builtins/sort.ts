/**
 * `sort`: a stable merge sort that uses existing runs (peeksort by Munro and Wild). C++ Nix sorts
 * the same way, so a comparator that traces shows the same comparisons, and an inconsistent one
 * gives the same permutation.
 *
 * The array is sorted in place. A range is split near its middle, at the border of the run found
 * there; small ranges are sorted by insertion.
 */
import type { EvalContext } from "../context.ts";
import { callFromBuiltin2, expectBool } from "../operations/checks.ts";
import { lessThan, lessThanFast } from "../operations/compare.ts";
import { NO_POS } from "../position.ts";
import { Thunk } from "../value/thunk.ts";
import { Builtin, type NixList, type Slot, type Value } from "../value/value.ts";
import { type CallRequest, type Request, Routine } from "../vm/requests.ts";
import {
  args,
  type BuiltinDefinition,
  functionForElements,
  strict,
  suspending,
} from "./definition.ts";

/** Ranges up to this length are sorted by insertion; the same limit as in C++ Nix. */
const INSERTION_LIMIT = 16;

/** The state of a {@link Sort}. */
const enum Phase {
  /** Takes the next task. */
  Next,
  /** Determines the direction of the run in the middle of a range. */
  Direction,
  /** Determines where that run begins. */
  RunBegin,
  /** Determines where that run ends. */
  RunEnd,
  Insertion,
  Merge,
}

/** A pending task. */
interface Task {
  /** Whether two sorted halves are to be merged; otherwise the range is to be sorted. */
  readonly merge: boolean;
  readonly begin: number;
  readonly end: number;
  /** The border of the halves, or the end of the run that the range begins with. */
  readonly first: number;
  /** The start of the run that the range ends with. */
  readonly last: number;
}

/**
 * Sorts a list whose elements have been forced. Each phase continues until it needs a comparison
 * that takes evaluation; it is re-entered with the result.
 */
class Sort extends Routine<NixList> {
  /** The elements, sorted in place. */
  private readonly items: Slot[];
  private readonly buffer: Slot[];
  /** The call of the comparator; `null` for `lessThan`. */
  private readonly request: CallRequest | null;
  /** The pending tasks, the next one last. */
  private readonly tasks: Task[];
  private phase = Phase.Next;
  /** The two elements that are compared. */
  private a: Slot = null;
  private b: Slot = null;
  private asked = false;
  // The task and its progress.
  private begin = 0;
  private end = 0;
  private first = 0;
  private last = 0;
  private middle = 0;
  private falling = false;
  private runBegin = 0;
  /** The element being inserted, and the indices that the phases use. */
  private item: Slot = null;
  private i = 0;
  private k = 0;
  private out = 0;

  constructor(
    private readonly ctx: EvalContext,
    /** The comparator, or `null` for `lessThan`. */
    comparator: Value | null,
    list: NixList,
  ) {
    super();
    const end = list.length;
    this.items = list.slice();
    this.buffer = new Array<Slot>(end);
    this.request = comparator === null ? null : callFromBuiltin2(comparator, null, null);
    this.tasks = [{ merge: false, begin: 0, end, first: 0, last: end }];
  }

  override next(answer: unknown): IteratorResult<Request, NixList> {
    let less: boolean | undefined;
    if (this.asked) {
      less = expectBool(
        this.ctx,
        answer as Value,
        "while evaluating the return value of the sorting function passed to builtins.sort",
      );
    }
    this.asked = true;
    for (;;) {
      if (this.phase === Phase.Next && !this.takeTask()) return this.finish(this.items);
      if (!this.goOn(less)) return this.askForLess();
      less = undefined;
    }
  }

  /**
   * Continues the phase; returns `false` if it needs to know whether {@link a} is less than {@link
   * b}.
   */
  private goOn(less: boolean | undefined): boolean {
    switch (this.phase) {
      case Phase.Direction:
        return this.findDirection(less);
      case Phase.RunBegin:
        return this.findRunBegin(less);
      case Phase.RunEnd:
        return this.findRunEnd(less);
      case Phase.Insertion:
        return this.insert(less);
      case Phase.Merge:
        return this.merge(less);
      default:
        return true;
    }
  }

  /** Returns whether `a < b` if that takes no evaluation. */
  private less(a: Slot, b: Slot): boolean | undefined {
    if (this.request === null) {
      const fast = lessThanFast(forcedValue(a), forcedValue(b));
      if (fast !== undefined) return fast;
    }
    this.a = a;
    this.b = b;
    return undefined;
  }

  private askForLess(): IteratorResult<Request, NixList> {
    const { a, b, request } = this;
    if (request === null) {
      const trace = "while evaluating the ordering function passed to builtins.sort";
      return this.ask(lessThan(this.ctx, a, b, NO_POS, trace));
    }
    request.args[0] = a;
    request.args[1] = b;
    return this.ask(request);
  }

  /** Starts the next task; returns `false` if there is none. */
  private takeTask(): boolean {
    for (;;) {
      const task = this.tasks.pop();
      if (task === undefined) return false;
      const { begin, end, first, last } = task;
      this.begin = begin;
      this.end = end;
      if (task.merge) {
        this.beginMerge(first);
        return true;
      }
      if (first === end || last === begin) continue;
      this.ctx.limits?.work(INSERTION_LIMIT);
      if (end - begin <= INSERTION_LIMIT) {
        if (end - begin === 1) continue;
        this.phase = Phase.Insertion;
        this.i = begin + 1;
        this.k = begin + 1;
        this.item = this.items[begin + 1] as Slot;
        return true;
      }
      const middle = begin + ((end - begin) >> 1);
      if (middle <= first) {
        this.mergeLater(first);
        this.sortLater(first, end, first + 1, last);
      } else if (middle >= last) {
        this.mergeLater(last);
        this.sortLater(begin, last, first, last - 1);
      } else {
        this.first = first;
        this.last = last;
        this.middle = middle;
        this.phase = Phase.Direction;
        return true;
      }
    }
  }

  private sortLater(begin: number, end: number, first: number, last: number): void {
    this.tasks.push({ merge: false, begin, end, first, last });
  }

  /** Schedules merging the halves of the range that meet at `middle`. */
  private mergeLater(middle: number): void {
    const { begin, end } = this;
    this.tasks.push({ merge: true, begin, end, first: middle, last: middle });
  }

  private findDirection(answer: boolean | undefined): boolean {
    const { items, middle } = this;
    const less = answer ?? this.less(items[middle] as Slot, items[middle - 1] as Slot);
    if (less === undefined) return false;
    this.falling = less;
    this.i = middle - 1;
    this.phase = Phase.RunBegin;
    return true;
  }

  private findRunBegin(answer: boolean | undefined): boolean {
    if (!this.followRun(answer, this.first, -1)) return false;
    this.runBegin = this.i;
    this.i = this.middle;
    this.phase = Phase.RunEnd;
    return true;
  }

  private findRunEnd(answer: boolean | undefined): boolean {
    if (!this.followRun(answer, this.last, 1)) return false;
    this.phase = Phase.Next;
    this.split(this.i);
    return true;
  }

  /**
   * Moves `i` by `step` to the end of the run, at most to `limit`; returns `false` as {@link goOn}
   * does.
   */
  private followRun(answer: boolean | undefined, limit: number, step: 1 | -1): boolean {
    const { items, falling } = this;
    let less = answer;
    while (this.i !== limit) {
      less ??= this.less(items[this.i] as Slot, items[this.i - 1] as Slot);
      if (less === undefined) return false;
      if (less !== falling) break;
      less = undefined;
      this.i += step;
    }
    return true;
  }

  /** Schedules sorting both sides of the run that was found, and merging. */
  private split(runEnd: number): void {
    const { begin, end, first, last, middle, runBegin } = this;
    if (this.falling) this.reverse(runBegin, runEnd);
    if (runBegin === begin && runEnd === end) return;
    if (middle - runBegin < runEnd - middle) {
      this.mergeLater(runBegin);
      this.sortLater(runBegin, end, runEnd, last);
      this.sortLater(begin, runBegin, first, runBegin - 1);
    } else {
      this.mergeLater(runEnd);
      this.sortLater(runEnd, end, runEnd + 1, last);
      this.sortLater(begin, runEnd, first, runBegin);
    }
  }

  private reverse(begin: number, end: number): void {
    const { items } = this;
    for (let i = begin, k = end - 1; i < k; i++, k--) {
      const item = items[i] as Slot;
      items[i] = items[k] as Slot;
      items[k] = item;
    }
  }

  /**
   * Sorts by insertion: the part before `i` is sorted, `item` was taken from there, `k` is free.
   */
  private insert(answer: boolean | undefined): boolean {
    const { items, begin, end } = this;
    let less = answer;
    let { i, k, item } = this;
    for (;;) {
      while (k > begin) {
        const before = items[k - 1] as Slot;
        less ??= this.less(item, before);
        if (less === undefined) {
          this.i = i;
          this.k = k;
          this.item = item;
          return false;
        }
        if (!less) break;
        less = undefined;
        items[k--] = before;
      }
      less = undefined;
      items[k] = item;
      if (++i === end) break;
      item = items[i] as Slot;
      k = i;
    }
    this.phase = Phase.Next;
    return true;
  }

  private beginMerge(middle: number): void {
    const { items, buffer, begin, end } = this;
    this.ctx.limits?.work(end - begin);
    for (let i = begin; i < end; i++) buffer[i] = items[i] as Slot;
    this.middle = middle;
    this.i = begin;
    this.k = middle;
    this.out = begin;
    this.phase = Phase.Merge;
  }

  /** Merges the buffer's parts from `i` to the middle and from `k` to the end. */
  private merge(answer: boolean | undefined): boolean {
    const { items, buffer, middle, end } = this;
    let less = answer;
    let { i, k, out } = this;
    while (i < middle && k < end) {
      const a = buffer[k] as Slot;
      const b = buffer[i] as Slot;
      less ??= this.less(a, b);
      if (less === undefined) {
        this.i = i;
        this.k = k;
        this.out = out;
        return false;
      }
      // Of equal elements the left one comes first, which makes the sort stable.
      if (less) {
        items[out++] = a;
        k++;
      } else {
        items[out++] = b;
        i++;
      }
      less = undefined;
    }
    while (i < middle) items[out++] = buffer[i++] as Slot;
    while (k < end) items[out++] = buffer[k++] as Slot;
    this.phase = Phase.Next;
    return true;
  }
}

function forcedValue(slot: Slot): Value {
  return (slot instanceof Thunk ? slot.a : slot) as Value;
}

/** The builtins of this file. */
export const sortBuiltins: readonly BuiltinDefinition[] = [
  suspending({
    name: "sort",
    args: args("comparator", "list"),
    strict: [
      strict(1, "list", "while evaluating the second argument passed to builtins.sort"),
      functionForElements("while evaluating the first argument passed to builtins.sort"),
    ],
    doc:
      "*list* sorted by *comparator*, which is called with two elements and returns whether the " +
      "first is less than the second. Equal elements keep their order.\n\n" +
      "```nix\nbuiltins.sort builtins.lessThan [ 483 249 526 ]\n```\n\nis `[ 249 483 526 ]`.",
    *run(ctx, comparator: Value, list: NixList) {
      if (list.length === 0) return list;
      ctx.limits?.work(list.length);
      for (let i = 0; i < list.length; i++) {
        const element = list[i] as Slot;
        if (element instanceof Thunk && element.code !== null) yield element;
      }
      // Calling it would give the same result, but more slowly.
      const native = comparator instanceof Builtin && comparator.definition.name === "lessThan";
      return (yield new Sort(ctx, native ? null : comparator, list)) as NixList;
    },
  }),
];
