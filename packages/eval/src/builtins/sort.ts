/**
 * `sort`: a stable merge sort that uses the runs which are already there (peeksort by Munro and
 * Wild). C++ Nix sorts the same way, so a comparator that traces shows the same comparisons, and one
 * that contradicts itself gives the same permutation.
 *
 * The array is sorted in place. A range is halved near its middle, at the border of the run found
 * there; small ranges are sorted by insertion.
 */
import type { EvalContext } from "../context.ts";
import { callFromBuiltin2, expectBool, forceFunction, isCallable } from "../operations/checks.ts";
import { lessThan, lessThanFast } from "../operations/compare.ts";
import { NO_POS } from "../position.ts";
import { Thunk } from "../value/thunk.ts";
import { Builtin, type NixList, type Slot, type Value } from "../value/value.ts";
import type { Request, Suspendable } from "../vm/requests.ts";
import { args, type BuiltinDefinition, generator, strict } from "./definition.ts";

/** Ranges up to this length are sorted by insertion; C++ Nix has the same limit. */
const INSERTION_LIMIT = 16;

/** The state that the steps of one sort share. */
class Sorter {
  /** The elements, sorted in place; slots that have been forced. */
  readonly items: Slot[];
  private readonly buffer: Slot[];

  constructor(
    private readonly ctx: EvalContext,
    /** The comparator, or `null` for `lessThan`. */
    private readonly comparator: Value | null,
    list: NixList,
  ) {
    this.items = list.slice();
    this.buffer = new Array<Slot>(list.length);
  }

  /** Whether `a < b` if that takes no evaluation. */
  private lessFast(a: Slot, b: Slot): boolean | undefined {
    if (this.comparator !== null) return undefined;
    return lessThanFast(forcedValue(a), forcedValue(b));
  }

  /** What to ask for the answer to `a < b`; {@link verdict} reads it. */
  private less(a: Slot, b: Slot): Request {
    if (this.comparator !== null) return callFromBuiltin2(this.comparator, a, b);
    const context = "while evaluating the ordering function passed to builtins.sort";
    return lessThan(this.ctx, a, b, NO_POS, context);
  }

  private verdict(answer: Value): boolean {
    return expectBool(
      this.ctx,
      answer,
      "while evaluating the return value of the sorting function passed to builtins.sort",
    );
  }

  *sort(): Suspendable<NixList> {
    const { items } = this;
    if (items.length === 2) {
      const [a, b] = items as [Slot, Slot];
      if (this.lessFast(b, a) ?? this.verdict((yield this.less(b, a)) as Value)) {
        items[0] = b;
        items[1] = a;
      }
    } else if (items.length > 2) {
      yield this.sortRange(0, items.length, 0, items.length);
    }
    return items;
  }

  /** Sorts `[begin, end)`, in which `[begin, leftEnd)` and `[rightBegin, end)` are runs. */
  private *sortRange(
    begin: number,
    end: number,
    leftEnd: number,
    rightBegin: number,
  ): Suspendable<undefined> {
    if (leftEnd === end || rightBegin === begin) return undefined;
    this.ctx.limits?.work(INSERTION_LIMIT);
    if (end - begin <= INSERTION_LIMIT) {
      yield this.insertionSort(begin, end);
      return undefined;
    }
    const middle = begin + ((end - begin) >> 1);
    if (middle <= leftEnd) {
      yield this.sortRange(leftEnd, end, leftEnd + 1, rightBegin);
      yield this.merge(begin, leftEnd, end);
      return undefined;
    }
    if (middle >= rightBegin) {
      yield this.sortRange(begin, rightBegin, leftEnd, rightBegin - 1);
      yield this.merge(begin, rightBegin, end);
      return undefined;
    }
    const { items } = this;
    const at = items[middle] as Slot;
    const before = items[middle - 1] as Slot;
    const falling =
      this.lessFast(at, before) ?? this.verdict((yield this.less(at, before)) as Value);
    const runBegin = (yield this.runBefore(leftEnd, middle, falling)) as number;
    const runEnd = (yield this.runAfter(middle - 1, rightBegin, falling)) as number;
    if (falling) this.reverse(runBegin, runEnd);
    if (runBegin === begin && runEnd === end) return undefined;
    if (middle - runBegin < runEnd - middle) {
      yield this.sortRange(begin, runBegin, leftEnd, runBegin - 1);
      yield this.sortRange(runBegin, end, runEnd, rightBegin);
      yield this.merge(begin, runBegin, end);
    } else {
      yield this.sortRange(begin, runEnd, leftEnd, runBegin);
      yield this.sortRange(runEnd, end, runEnd + 1, rightBegin);
      yield this.merge(begin, runEnd, end);
    }
    return undefined;
  }

  /** Where the run that ends before `end` begins; not before `begin`. */
  private *runBefore(begin: number, end: number, falling: boolean): Suspendable<number> {
    if (begin === end) return end;
    const { items } = this;
    let i = end - 1;
    while (i > begin) {
      const a = items[i] as Slot;
      const b = items[i - 1] as Slot;
      if ((this.lessFast(a, b) ?? this.verdict((yield this.less(a, b)) as Value)) !== falling)
        break;
      i--;
    }
    return i;
  }

  /** Where the run that begins at `begin` ends; not after `end`. */
  private *runAfter(begin: number, end: number, falling: boolean): Suspendable<number> {
    if (begin === end) return begin;
    const { items } = this;
    let i = begin + 1;
    while (i < end) {
      const a = items[i] as Slot;
      const b = items[i - 1] as Slot;
      if ((this.lessFast(a, b) ?? this.verdict((yield this.less(a, b)) as Value)) !== falling)
        break;
      i++;
    }
    return i;
  }

  private reverse(begin: number, end: number): void {
    const { items } = this;
    for (let i = begin, k = end - 1; i < k; i++, k--) {
      const item = items[i] as Slot;
      items[i] = items[k] as Slot;
      items[k] = item;
    }
  }

  private *insertionSort(begin: number, end: number): Suspendable<undefined> {
    const { items } = this;
    for (let i = begin + 1; i < end; i++) {
      const item = items[i] as Slot;
      let k = i;
      for (; k > begin; k--) {
        const before = items[k - 1] as Slot;
        if (
          !(this.lessFast(item, before) ?? this.verdict((yield this.less(item, before)) as Value))
        )
          break;
        items[k] = before;
      }
      items[k] = item;
    }
    return undefined;
  }

  /** Merges the runs `[begin, middle)` and `[middle, end)`. */
  private *merge(begin: number, middle: number, end: number): Suspendable<undefined> {
    const { items, buffer } = this;
    this.ctx.limits?.work(end - begin);
    for (let i = begin; i < end; i++) buffer[i] = items[i] as Slot;
    let left = begin;
    let right = middle;
    let out = begin;
    while (left < middle && right < end) {
      const a = buffer[right] as Slot;
      const b = buffer[left] as Slot;
      // Equal elements are taken from the left, which makes the sort stable.
      if (this.lessFast(a, b) ?? this.verdict((yield this.less(a, b)) as Value)) {
        items[out++] = a;
        right++;
      } else {
        items[out++] = b;
        left++;
      }
    }
    while (left < middle) items[out++] = buffer[left++] as Slot;
    while (right < end) items[out++] = buffer[right++] as Slot;
    return undefined;
  }
}

function forcedValue(slot: Slot): Value {
  return (slot instanceof Thunk ? slot.a : slot) as Value;
}

/** See the head of this file. */
export const sortBuiltins: readonly BuiltinDefinition[] = [
  generator({
    name: "sort",
    args: args("comparator", "list"),
    strict: [strict(1, "list", "while evaluating the second argument passed to builtins.sort")],
    doc:
      "*list* in the order that *comparator* gives: called with two elements it says whether the " +
      "first is less than the second. Equal elements keep their order.\n\n" +
      "```nix\nbuiltins.sort builtins.lessThan [ 483 249 526 ]\n```\n\nis `[ 249 483 526 ]`.",
    *run(ctx, comparator: Slot, list: NixList) {
      if (list.length === 0) return list;
      const context = "while evaluating the first argument passed to builtins.sort";
      const callee = (
        comparator instanceof Thunk || !isCallable(comparator)
          ? yield forceFunction(ctx, comparator, context)
          : comparator
      ) as Value;
      for (let i = 0; i < list.length; i++) {
        const element = list[i] as Slot;
        if (element instanceof Thunk && element.code !== null) yield element;
      }
      // Calling it would be the same but slower.
      const native = callee instanceof Builtin && callee.definition.name === "lessThan";
      return (yield new Sorter(ctx, native ? null : callee, list).sort()) as NixList;
    },
  }),
];
