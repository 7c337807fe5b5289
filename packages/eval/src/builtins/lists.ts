/**
 * Builtins on lists, except sorting and closures (`sort.ts`, `generic-closure.ts`).
 *
 * Those that nixpkgs calls most are plain functions as long as nothing has to be forced, and hand
 * over to a generator, wrapped in a thunk, when something has.
 */
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { BYTES_PER_ITEM, BYTES_PER_THUNK, LARGE_RESULT } from "../limits/meter.ts";
import {
  callFromBuiltin,
  callFromBuiltin2,
  expectBool,
  expectList,
  forceFunction,
  forcePlainString,
  isCallable,
  settled,
  typeMismatch,
} from "../operations/checks.ts";
import { equalFast, equalValues } from "../operations/equality.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { Attrs, Shape } from "../value/attrs.ts";
import type { Int } from "../value/number.ts";
import { applyThunk, nativeThunk, Thunk } from "../value/thunk.ts";
import { Closure, isList, type NixList, type Slot, type Value } from "../value/value.ts";
import type { Suspendable } from "../vm/requests.ts";
import { args, type BuiltinDefinition, generator, plain, strict } from "./definition.ts";

/** Longer lists the engine does not keep in one piece, and slows down beyond use. */
const MAX_LIST_LENGTH = 2 ** 27;

function applyToAll(callee: Value, list: NixList): NixList {
  const count = list.length;
  const result = new Array<Slot>(count);
  for (let i = 0; i < count; i++) result[i] = applyThunk(callee, list[i] as Slot);
  return result;
}

function* forceAndApplyToAll(
  ctx: EvalContext,
  f: Slot,
  list: NixList,
  context: string,
): Suspendable<Slot> {
  return applyToAll((yield forceFunction(ctx, f, context)) as Value, list);
}

function generate(callee: Value, count: number): NixList {
  const result = new Array<Slot>(count);
  for (let i = 0; i < count; i++) result[i] = applyThunk(callee, i);
  return result;
}

function* elemSlowly(ctx: EvalContext, x: Slot, list: NixList, start: number): Suspendable<Slot> {
  const wanted = (x instanceof Thunk ? yield x : x) as Value;
  for (let i = start; i < list.length; i++) {
    const slot = list[i] as Slot;
    if (slot === x) return true;
    const value = (slot instanceof Thunk ? yield slot : slot) as Value;
    if ((equalFast(wanted, value) ?? (yield equalValues(ctx, wanted, value))) as boolean)
      return true;
  }
  return false;
}

/** All elements of all lists; one of the lists itself when the others are empty. */
function concatenate(ctx: EvalContext, lists: readonly NixList[]): NixList {
  let length = 0;
  let nonEmpty: NixList | undefined;
  for (const list of lists) {
    length += list.length;
    if (list.length > 0) nonEmpty = list;
  }
  if (nonEmpty === undefined) return [];
  if (nonEmpty.length === length) return nonEmpty;
  if (length > LARGE_RESULT) ctx.limits?.reserve(length * BYTES_PER_ITEM);
  if (length > MAX_LIST_LENGTH)
    throw new EvalError("value", `cannot create list of size ${length}`);
  const result = new Array<Slot>(length);
  let at = 0;
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) result[at++] = list[i] as Slot;
  }
  return result;
}

function* forceAndConcatenate(ctx: EvalContext, lists: NixList): Suspendable<Slot> {
  const forced: NixList[] = [];
  for (let i = 0; i < lists.length; i++) {
    const slot = lists[i] as Slot;
    const value = (slot instanceof Thunk ? yield slot : slot) as Value;
    forced.push(
      expectList(ctx, value, "while evaluating a value of the list passed to builtins.concatLists"),
    );
  }
  return concatenate(ctx, forced);
}

function* anyOrAll(ctx: EvalContext, f: Value, list: NixList, any: boolean): Suspendable<Slot> {
  const context = any
    ? "while evaluating the return value of the function passed to builtins.any"
    : "while evaluating the return value of the function passed to builtins.all";
  for (let i = 0; i < list.length; i++) {
    const answer = (yield callFromBuiltin(f, list[i] as Slot)) as Value;
    if (expectBool(ctx, answer, context) === any) return any;
  }
  return !any;
}

/** The error of `concatMap`; its trace stands at the function that answered or was answered. */
function notAList(ctx: EvalContext, answer: Value, f: Value): never {
  const made = positionOfFunction(answer);
  throw typeMismatch(ctx, answer, "a list", "").addTrace(
    made === NO_POS ? positionOfFunction(f) : made,
    "while evaluating the return value of the function passed to builtins.concatMap",
  );
}

/** Where a value was made, if that is known: for traces about what a callback returned. */
function positionOfFunction(value: Value): PosIdx {
  return value instanceof Closure ? value.code.pos : NO_POS;
}

const PARTITION_SHAPE = new Shape(["right", "wrong"], null);

/** See the head of this file. */
export const listBuiltins: readonly BuiltinDefinition[] = [
  plain({
    name: "length",
    args: args("e"),
    strict: [strict(0, "list", "while evaluating the first argument passed to builtins.length")],
    doc: "The number of elements of the list *e*.",
    run: (_ctx, list: NixList) => list.length,
  }),
  plain({
    name: "head",
    args: args("list"),
    strict: [strict(0, "list", "while evaluating the first argument passed to 'builtins.head'")],
    doc: "The first element of a list; an error if the list is empty.",
    run: (_ctx, list: NixList) => {
      if (list.length === 0) {
        throw new EvalError("value", "'builtins.head' called on an empty list");
      }
      return list[0] as Slot;
    },
  }),
  plain({
    name: "tail",
    args: args("list"),
    strict: [strict(0, "list", "while evaluating the first argument passed to 'builtins.tail'")],
    doc:
      "The list without its first element; an error if the list is empty. It copies the list, so " +
      "walking through a long list with it takes quadratic time.",
    run: (_ctx, list: NixList) => {
      if (list.length === 0) {
        throw new EvalError("value", "'builtins.tail' called on an empty list");
      }
      return list.slice(1);
    },
  }),
  plain({
    name: "elemAt",
    args: args("xs", "n"),
    strict: [
      strict(1, "int", "while evaluating the second argument passed to 'builtins.elemAt'"),
      strict(0, "list", "while evaluating the first argument passed to 'builtins.elemAt'"),
    ],
    doc: "Element *n* of the list *xs*, counted from 0; an error if there is none.",
    run: (_ctx, list: NixList, n: Int) => {
      if (typeof n === "number" && n >= 0 && n < list.length) return list[n] as Slot;
      throw new EvalError(
        "value",
        `'builtins.elemAt' called with index ${n} on a list of size ${list.length}`,
      );
    },
  }),
  plain({
    name: "map",
    args: args("f", "list"),
    strict: [strict(1, "list", "while evaluating the second argument passed to builtins.map")],
    doc:
      "The list of the results of *f* for each element of *list*. The calls are made when their " +
      "results are needed.\n\n```nix\nmap (x: x * 2) [ 1 2 3 ]\n```\n\nis `[ 2 4 6 ]`.",
    run: (ctx, f: Slot, list: NixList) => {
      if (list.length === 0) return list;
      const callee = settled(f);
      if (callee !== undefined && isCallable(callee)) return applyToAll(callee, list);
      return nativeThunk(() =>
        forceAndApplyToAll(
          ctx,
          f,
          list,
          "while evaluating the first argument passed to builtins.map",
        ),
      );
    },
  }),
  plain({
    name: "genList",
    args: args("generator", "length"),
    strict: [strict(1, "int", "while evaluating the second argument passed to builtins.genList")],
    doc:
      "A list of *length* elements, the one at place `i` being *generator* `i`, computed when " +
      "needed.\n\n```nix\nbuiltins.genList (x: x * x) 5\n```\n\nis `[ 0 1 4 9 16 ]`.",
    run: (ctx, f: Slot, length: Int) => {
      if (length < 0 || length > MAX_LIST_LENGTH) {
        throw new EvalError("value", `cannot create list of size ${length}`);
      }
      const count = Number(length);
      if (count > LARGE_RESULT) ctx.limits?.reserve(count * BYTES_PER_THUNK);
      const callee = settled(f);
      if (callee !== undefined && isCallable(callee)) return generate(callee, count);
      return nativeThunk(function* (): Suspendable<Slot> {
        const context = "while evaluating the first argument passed to builtins.genList";
        return generate((yield forceFunction(ctx, f, context)) as Value, count);
      });
    },
  }),
  generator({
    name: "filter",
    args: args("f", "list"),
    strict: [strict(1, "list", "while evaluating the second argument passed to builtins.filter")],
    doc: "The elements of *list* for which *f* answers `true`.",
    *run(ctx, f: Slot, list: NixList) {
      if (list.length === 0) return list;
      const context = "while evaluating the first argument passed to builtins.filter";
      const callee = (
        f instanceof Thunk || !isCallable(f) ? yield forceFunction(ctx, f, context) : f
      ) as Value;
      const kept: Slot[] = [];
      for (let i = 0; i < list.length; i++) {
        const element = list[i] as Slot;
        const answer = (yield callFromBuiltin(callee, element)) as Value;
        if (answer === true) kept.push(element);
        else {
          expectBool(
            ctx,
            answer,
            "while evaluating the return value of the filtering function passed to builtins.filter",
          );
        }
      }
      return kept.length === list.length ? list : kept;
    },
  }),
  plain({
    name: "elem",
    args: args("x", "xs"),
    strict: [strict(1, "list", "while evaluating the second argument passed to builtins.elem")],
    doc: "Whether the list *xs* has an element equal to *x*. *x* is not evaluated if *xs* is empty.",
    run: (ctx, x: Slot, list: NixList) => {
      const wanted = settled(x);
      let i = 0;
      if (wanted !== undefined) {
        for (; i < list.length; i++) {
          const slot = list[i] as Slot;
          if (slot === x) return true;
          const value = settled(slot);
          if (value === undefined) break;
          const answer = equalFast(wanted, value);
          if (answer === true) return true;
          if (answer === undefined) break;
        }
      }
      return i === list.length ? false : nativeThunk(() => elemSlowly(ctx, x, list, i));
    },
  }),
  plain({
    name: "concatLists",
    args: args("lists"),
    strict: [
      strict(0, "list", "while evaluating the first argument passed to builtins.concatLists"),
    ],
    doc: "The elements of all the lists in *lists*, in one list.",
    run: (ctx, lists: NixList) => {
      const forced = new Array<NixList>(lists.length);
      for (let i = 0; i < lists.length; i++) {
        const value = settled(lists[i] as Slot);
        if (value === undefined || !isList(value)) {
          return nativeThunk(() => forceAndConcatenate(ctx, lists));
        }
        forced[i] = value;
      }
      return concatenate(ctx, forced);
    },
  }),
  generator({
    name: "concatMap",
    args: args("f", "list"),
    strict: [
      strict(0, "function", "while evaluating the first argument passed to builtins.concatMap"),
      strict(1, "list", "while evaluating the second argument passed to builtins.concatMap"),
    ],
    doc: "The elements of all the lists that *f* answers for the elements of *list*, in one list.",
    *run(ctx, f: Value, list: NixList) {
      const lists = new Array<NixList>(list.length);
      let length = 0;
      for (let i = 0; i < list.length; i++) {
        const answer = (yield callFromBuiltin(f, list[i] as Slot)) as Value;
        const part = isList(answer) ? answer : notAList(ctx, answer, f);
        lists[i] = part;
        length += part.length;
      }
      if (length > LARGE_RESULT) ctx.limits?.reserve(length * BYTES_PER_ITEM);
      const result = new Array<Slot>(length);
      let at = 0;
      for (let i = 0; i < lists.length; i++) {
        const part = lists[i] as NixList;
        for (let k = 0; k < part.length; k++) result[at++] = part[k] as Slot;
      }
      return result;
    },
  }),
  generator({
    name: "foldl'",
    args: args("op", "nul", "list"),
    strict: [
      strict(0, "function", "while evaluating the first argument passed to builtins.foldlStrict"),
      strict(2, "list", "while evaluating the third argument passed to builtins.foldlStrict"),
    ],
    doc:
      "Folds *list* from the left: *op* gets what was computed so far, beginning with *nul*, and " +
      "the next element. Each call is evaluated before the next is made.\n\n" +
      "```nix\nbuiltins.foldl' (sum: x: sum + x) 0 [ 1 2 3 ]\n```\n\nis `6`.",
    *run(_ctx, op: Value, nul: Slot, list: NixList) {
      let accumulator = nul;
      for (let i = 0; i < list.length; i++) {
        accumulator = (yield callFromBuiltin2(op, accumulator, list[i] as Slot)) as Value;
      }
      return accumulator;
    },
  }),
  generator({
    name: "any",
    args: args("pred", "list"),
    strict: [
      strict(0, "function", "while evaluating the first argument passed to builtins.any"),
      strict(1, "list", "while evaluating the second argument passed to builtins.any"),
    ],
    doc: "Whether *pred* answers `true` for at least one element of *list*.",
    run: (ctx, f: Value, list: NixList) => anyOrAll(ctx, f, list, true),
  }),
  generator({
    name: "all",
    args: args("pred", "list"),
    strict: [
      strict(0, "function", "while evaluating the first argument passed to builtins.all"),
      strict(1, "list", "while evaluating the second argument passed to builtins.all"),
    ],
    doc: "Whether *pred* answers `true` for every element of *list*.",
    run: (ctx, f: Value, list: NixList) => anyOrAll(ctx, f, list, false),
  }),
  generator({
    name: "partition",
    args: args("pred", "list"),
    strict: [
      strict(0, "function", "while evaluating the first argument passed to builtins.partition"),
      strict(1, "list", "while evaluating the second argument passed to builtins.partition"),
    ],
    doc:
      "A set of two lists: `right` has the elements of *list* for which *pred* answers `true`, " +
      "`wrong` the others.",
    *run(ctx, f: Value, list: NixList) {
      const right: Slot[] = [];
      const wrong: Slot[] = [];
      for (let i = 0; i < list.length; i++) {
        const element = list[i] as Slot;
        if (element instanceof Thunk && element.code !== null) yield element;
        const answer = (yield callFromBuiltin(f, element)) as Value;
        const context =
          "while evaluating the return value of the partition function passed to builtins.partition";
        (expectBool(ctx, answer, context) ? right : wrong).push(element);
      }
      return new Attrs(PARTITION_SHAPE, [right, wrong]);
    },
  }),
  generator({
    name: "groupBy",
    args: args("f", "list"),
    strict: [
      strict(0, "function", "while evaluating the first argument passed to builtins.groupBy"),
      strict(1, "list", "while evaluating the second argument passed to builtins.groupBy"),
    ],
    doc:
      "A set of lists: each element of *list* is put into the list whose name *f* answers for it." +
      '\n\n```nix\nbuiltins.groupBy (builtins.substring 0 1) [ "foo" "bar" "baz" ]\n```\n\n' +
      'is `{ b = [ "bar" "baz" ]; f = [ "foo" ]; }`.',
    *run(ctx, f: Value, list: NixList) {
      const groups = new Map<string, Slot[]>();
      for (let i = 0; i < list.length; i++) {
        const element = list[i] as Slot;
        const answer = (yield callFromBuiltin(f, element)) as Value;
        const name = (
          typeof answer === "string"
            ? answer
            : yield forcePlainString(
                ctx,
                answer,
                "while evaluating the return value of the grouping function passed to builtins.groupBy",
              )
        ) as string;
        const group = groups.get(name);
        if (group === undefined) groups.set(name, [element]);
        else group.push(element);
      }
      return Attrs.fromMap(groups);
    },
  }),
];
