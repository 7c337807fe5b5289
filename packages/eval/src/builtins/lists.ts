/**
 * Builtins on lists, except sorting and closures (`sort.ts`, `generic-closure.ts`).
 *
 * The builtins that nixpkgs calls most often are plain functions as long as nothing has to be
 * forced; otherwise they return a thunk with a generator.
 */
import { marked } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { BYTES_PER_ITEM, BYTES_PER_THUNK, LARGE_RESULT } from "../limits/meter.ts";
import {
  callFromBuiltin,
  callFromBuiltin2,
  expectBool,
  expectList,
  expectPlainString,
  settled,
  typeMismatch,
} from "../operations/checks.ts";
import { equalFast, equalValues } from "../operations/equality.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import type { Int } from "../value/number.ts";
import { isMadeOfEntries, listOfOpen, OpenList, openListOf } from "../value/open-list.ts";
import { Shape } from "../value/shape.ts";
import { applyThunk, nativeThunk, Thunk } from "../value/thunk.ts";
import { Closure, isList, type NixList, type Slot, type Value } from "../value/value.ts";
import { answerForAnyName } from "../vm/any-name.ts";
import { type CallRequest, type Request, Routine, type Suspendable } from "../vm/requests.ts";
import { itemsToUnite, mapOpenList } from "../vm/union-of-entries.ts";
import {
  args,
  type BuiltinDefinition,
  functionForElements,
  plain,
  strict,
  suspending,
} from "./definition.ts";
import { genericClosure } from "./generic-closure.ts";

/** V8 does not store longer lists in one piece, which makes them unusably slow. */
const MAX_LIST_LENGTH = 2 ** 27;

function applyToAll(ctx: EvalContext, callee: Value, list: NixList): NixList {
  const count = list.length;
  ctx.limits?.make(count, BYTES_PER_THUNK);
  const result = new Array<Slot>(count);
  for (let i = 0; i < count; i++) {
    result[i] = applyThunk(callee, list[i] as Slot);
    if (i % LARGE_RESULT === LARGE_RESULT - 1) ctx.limits?.reserve(0);
  }
  return result;
}

function checkListLength(_ctx: EvalContext, length: Int): void {
  if (length < 0 || length > MAX_LIST_LENGTH) {
    throw new EvalError("value", marked`cannot create list of size ${length}`).atUnknownPos();
  }
}

function generate(ctx: EvalContext, callee: Value, count: number): NixList {
  ctx.limits?.make(count, BYTES_PER_THUNK);
  const result = new Array<Slot>(count);
  for (let i = 0; i < count; i++) {
    result[i] = applyThunk(callee, i);
    if (i % LARGE_RESULT === LARGE_RESULT - 1) ctx.limits?.reserve(0);
  }
  return result;
}

/** What {@link Find} waits for. */
const enum Finding {
  Nothing,
  Wanted,
  Element,
  Comparison,
}

/** Searches for an element equal to `x`, starting at the index `at`. */
class Find extends Routine<boolean> {
  private phase = Finding.Nothing;
  private wanted: Value | undefined;

  constructor(
    private readonly ctx: EvalContext,
    private readonly x: Slot,
    private readonly list: NixList,
    private at: number,
  ) {
    super();
    this.wanted = settled(x);
  }

  override next(answer: unknown): IteratorResult<Request, boolean> {
    const { x, list } = this;
    let element: Value | undefined;
    if (this.phase === Finding.Comparison) {
      if (answer === true) return this.finish(true);
      this.at++;
    } else if (this.phase === Finding.Element) element = answer as Value;
    else if (this.phase === Finding.Wanted) this.wanted = answer as Value;
    const { wanted } = this;
    this.ctx.limits?.work(1);
    if (wanted === undefined) {
      this.phase = Finding.Wanted;
      return this.ask(x as Thunk);
    }
    for (; this.at < list.length; this.at++) {
      const slot = list[this.at] as Slot;
      if (slot === x) return this.finish(true);
      const value = element ?? settled(slot);
      element = undefined;
      if (value === undefined) {
        this.phase = Finding.Element;
        return this.ask(slot as Thunk);
      }
      const equal = equalFast(wanted, value);
      if (equal === true) return this.finish(true);
      if (equal === undefined) {
        this.phase = Finding.Comparison;
        return this.ask(equalValues(this.ctx, wanted, value));
      }
    }
    return this.finish(false);
  }
}

/** Concatenates lists; returns one of the lists itself if the others are empty. */
function concatenate(ctx: EvalContext, lists: readonly NixList[]): NixList {
  let length = 0;
  let nonEmpty: NixList | undefined;
  ctx.limits?.work(lists.length);
  for (const list of lists) {
    length += list.length;
    if (list.length > 0) nonEmpty = list;
  }
  if (nonEmpty === undefined) return [];
  if (nonEmpty.length === length) return nonEmpty;
  ctx.limits?.make(length, BYTES_PER_ITEM);
  checkListLength(ctx, length);
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

/** Calls a function on each element of a list in turn. */
abstract class CallEach<Result extends Slot> extends Routine<Result> {
  /** The index of the element that the function was called on. */
  protected at = -1;
  private readonly request: CallRequest;

  constructor(
    protected readonly ctx: EvalContext,
    f: Value,
    protected readonly list: NixList,
  ) {
    super();
    this.request = callFromBuiltin(f, null);
  }

  /** Receives the function's result for an element; returns whether to continue. */
  protected abstract take(answer: Value, element: Slot): boolean;
  /** Returns the result after the last element. */
  protected abstract outcome(): Result;

  override next(answer: unknown): IteratorResult<Request, Result> {
    const { at, list } = this;
    if (at >= 0 && !this.take(answer as Value, list[at] as Slot))
      return this.finish(this.outcome());
    const next = at + 1;
    if (next === list.length) return this.finish(this.outcome());
    this.at = next;
    this.request.args[0] = list[next] as Slot;
    return this.ask(this.request);
  }
}

class Filter extends CallEach<NixList> {
  private readonly kept: Slot[] = [];
  private readonly open: OpenList | undefined;
  /** Whether names that nothing distinguishes are kept. */
  private keepsAnyName = false;
  /** Says that the function treats all other names alike. */
  private release: (() => void) | undefined;
  private readonly messages: number;

  constructor(
    ctx: EvalContext,
    private readonly f: Value,
    list: NixList,
  ) {
    const open = openListOf(list);
    const isOfNames = open !== undefined && open.made === undefined;
    super(ctx, f, isOfNames ? open.items : list);
    this.open = isOfNames ? open : undefined;
    this.release = this.open?.names.hold();
    this.messages = this.open?.names.asked.messages ?? 0;
  }

  protected override take(answer: Value, element: Slot): boolean {
    if (this.open !== undefined && this.at === 0) this.askForAnyName(this.open);
    if (answer === true) this.kept.push(element);
    else {
      expectBool(
        this.ctx,
        answer,
        "while evaluating the return value of the filtering function passed to builtins.filter",
      );
    }
    return true;
  }

  protected override outcome(): NixList {
    const kept = this.kept.length === this.list.length ? this.list : this.kept;
    const { open } = this;
    if (open === undefined || !this.keepsAnyName) return kept;
    if (kept.length > 0) return listOfOpen(new OpenList(kept, open.names, kept[0] as string));
    open.names.list();
    return kept;
  }

  /**
   * Finds out what the function returns for other names than those in the list. After the first call, because
   * what that has evaluated is evaluated in all others. An earlier name would make it evaluated earlier, which
   * only messages show.
   */
  private askForAnyName({ names, first }: OpenList): void {
    names.ask(first);
    const answer =
      names.asked.messages === this.messages ? answerForAnyName(this.f, names) : undefined;
    if (answer === undefined) names.list();
    else this.keepsAnyName = answer;
    this.release?.();
  }
}

class AnyOrAll extends CallEach<boolean> {
  private found = false;

  constructor(
    ctx: EvalContext,
    f: Value,
    list: NixList,
    /** The result that is searched for: `true` for `any`, `false` for `all`. */
    private readonly wanted: boolean,
  ) {
    super(ctx, f, list);
  }

  protected override take(answer: Value): boolean {
    const context = this.wanted
      ? "while evaluating the return value of the function passed to builtins.any"
      : "while evaluating the return value of the function passed to builtins.all";
    this.found = expectBool(this.ctx, answer, context) === this.wanted;
    return !this.found;
  }

  protected override outcome(): boolean {
    return this.found === this.wanted;
  }
}

class ConcatMap extends CallEach<NixList> {
  private readonly result: Slot[] = [];
  /** Elements of the result that have not been reported to the limits. */
  private added = 0;

  constructor(
    ctx: EvalContext,
    private readonly f: Value,
    list: NixList,
  ) {
    super(ctx, f, list);
  }

  protected override take(answer: Value): boolean {
    const part = isList(answer) ? answer : notAList(this.ctx, answer, this.f);
    const { result } = this;
    this.added += part.length;
    if (this.added > LARGE_RESULT) {
      this.ctx.limits?.make(this.added, BYTES_PER_ITEM);
      this.added = 0;
    }
    for (let i = 0; i < part.length; i++) result.push(part[i] as Slot);
    return true;
  }

  protected override outcome(): NixList {
    return this.result;
  }
}

class GroupBy extends CallEach<Attrs> {
  private readonly groups = new Map<string, Slot[]>();

  protected override take(answer: Value, element: Slot): boolean {
    const name = expectPlainString(
      this.ctx,
      answer,
      "while evaluating the return value of the grouping function passed to builtins.groupBy",
    );
    const group = this.groups.get(name);
    if (group === undefined) this.groups.set(name, [element]);
    else group.push(element);
    return true;
  }

  protected override outcome(): Attrs {
    return Attrs.fromMap(this.groups);
  }
}

/** Forces each element before it calls the function on it. */
class Partition extends Routine<Attrs> {
  private readonly right: Slot[] = [];
  private readonly wrong: Slot[] = [];
  private readonly request: CallRequest;
  private at = -1;
  private forcing = false;

  constructor(
    private readonly ctx: EvalContext,
    f: Value,
    private readonly list: NixList,
  ) {
    super();
    this.request = callFromBuiltin(f, null);
  }

  override next(answer: unknown): IteratorResult<Request, Attrs> {
    const { list, request } = this;
    if (this.forcing) this.forcing = false;
    else {
      if (this.at >= 0) this.take(answer as Value, list[this.at] as Slot);
      if (++this.at === list.length) {
        return this.finish(new Attrs(PARTITION_SHAPE, [this.right, this.wrong]));
      }
      const element = list[this.at] as Slot;
      if (settled(element) === undefined) {
        this.forcing = true;
        return this.ask(element as Thunk);
      }
    }
    request.args[0] = list[this.at] as Slot;
    return this.ask(request);
  }

  private take(answer: Value, element: Slot): void {
    const trace =
      "while evaluating the return value of the partition function passed to builtins.partition";
    (expectBool(this.ctx, answer, trace) ? this.right : this.wrong).push(element);
  }
}

class Fold extends Routine<Slot> {
  private at = -1;
  private readonly request: CallRequest;

  constructor(
    op: Value,
    nul: Slot,
    private readonly list: NixList,
  ) {
    super();
    this.request = callFromBuiltin2(op, nul, null);
  }

  override next(answer: unknown): IteratorResult<Request, Slot> {
    const { request, list } = this;
    const { args } = request;
    const next = ++this.at;
    if (next > 0) args[0] = answer as Value;
    if (next === list.length) return this.finish(args[0] as Slot);
    args[1] = list[next] as Slot;
    return this.ask(request);
  }
}

/**
 * The error of `concatMap`; its trace has the position of the function that was called or returned.
 */
function notAList(ctx: EvalContext, answer: Value, f: Value): never {
  const made = positionOfFunction(answer);
  throw typeMismatch(ctx, answer, "a list", "").addTrace(
    made === NO_POS ? positionOfFunction(f) : made,
    "while evaluating the return value of the function passed to builtins.concatMap",
  );
}

/** Returns the position of a value, if it is known, for traces about the result of a callback. */
function positionOfFunction(value: Value): PosIdx {
  return value instanceof Closure ? value.code.pos : NO_POS;
}

const PARTITION_SHAPE = new Shape(["right", "wrong"], null);

/** The builtins of this file. */
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
    doc: "The first element of *list*; an error if *list* is empty.",
    run: (_ctx, list: NixList) => {
      if (list.length === 0) {
        throw new EvalError("value", "'builtins.head' called on an empty list").atUnknownPos();
      }
      return list[0] as Slot;
    },
  }),
  plain({
    name: "tail",
    args: args("list"),
    strict: [strict(0, "list", "while evaluating the first argument passed to 'builtins.tail'")],
    doc:
      "*list* without its first element; an error if *list* is empty. It copies the list, so " +
      "traversing a long list with it takes quadratic time.",
    run: (ctx, list: NixList) => {
      if (list.length === 0) {
        throw new EvalError("value", "'builtins.tail' called on an empty list").atUnknownPos();
      }
      ctx.limits?.make(list.length, BYTES_PER_ITEM);
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
        marked`'builtins.elemAt' called with index ${n} on a list of size ${list.length}`,
      ).atUnknownPos();
    },
  }),
  plain({
    name: "map",
    args: args("f", "list"),
    strict: [
      strict(1, "list", "while evaluating the second argument passed to builtins.map"),
      functionForElements("while evaluating the first argument passed to builtins.map"),
    ],
    doc:
      "The list of the results of *f* for each element of *list*. The calls are made when their " +
      "results are needed.\n\n```nix\nmap (x: x * 2) [ 1 2 3 ]\n```\n\nis `[ 2 4 6 ]`.",
    run: (ctx, f: Value, list: NixList) => {
      const open = openListOf(list);
      if (open !== undefined) return mapOpenList(open, f, (items) => applyToAll(ctx, f, items));
      return list.length === 0 ? list : applyToAll(ctx, f, list);
    },
  }),
  plain({
    name: "genList",
    args: args("generator", "length"),
    strict: [
      strict(
        1,
        "int",
        "while evaluating the second argument passed to builtins.genList",
        checkListLength,
      ),
      strict(0, "function", "while evaluating the first argument passed to builtins.genList"),
    ],
    doc:
      "A list of *length* elements; the element at index `i` is *generator* `i`, computed when " +
      "needed.\n\n```nix\nbuiltins.genList (x: x * x) 5\n```\n\nis `[ 0 1 4 9 16 ]`.",
    run: (ctx, f: Value, length: Int) => generate(ctx, f, Number(length)),
  }),
  suspending({
    name: "filter",
    args: args("f", "list"),
    strict: [
      strict(1, "list", "while evaluating the second argument passed to builtins.filter"),
      functionForElements("while evaluating the first argument passed to builtins.filter"),
    ],
    doc: "The elements of *list* for which *f* returns `true`.",
    run: (ctx, f: Value, list: NixList) => new Filter(ctx, f, list),
  }),
  plain({
    name: "elem",
    args: args("x", "xs"),
    strict: [strict(1, "list", "while evaluating the second argument passed to builtins.elem")],
    doc: "Whether the list *xs* has an element equal to *x*. *x* is not evaluated if *xs* is empty.",
    run: (ctx, x: Slot, list: NixList) => {
      const wanted = settled(x);
      ctx.limits?.work(list.length);
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
      return i === list.length ? false : nativeThunk(() => new Find(ctx, x, list, i));
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
  suspending({
    name: "concatMap",
    args: args("f", "list"),
    strict: [
      strict(0, "function", "while evaluating the first argument passed to builtins.concatMap"),
      strict(1, "list", "while evaluating the second argument passed to builtins.concatMap"),
    ],
    doc: "The elements of all the lists that *f* returns for the elements of *list*, in one list.",
    run: (ctx, f: Value, list: NixList) => new ConcatMap(ctx, f, list),
  }),
  suspending({
    name: "foldl'",
    args: args("op", "nul", "list"),
    strict: [
      strict(0, "function", "while evaluating the first argument passed to builtins.foldlStrict"),
      strict(2, "list", "while evaluating the third argument passed to builtins.foldlStrict"),
    ],
    doc:
      "Folds *list* from the left: *op* receives the result so far, starting with *nul*, and " +
      "the next element. Each call is evaluated before the next is made.\n\n" +
      "```nix\nbuiltins.foldl' (sum: x: sum + x) 0 [ 1 2 3 ]\n```\n\nis `6`.",
    run: (ctx, op: Value, nul: Slot, list: NixList) =>
      new Fold(op, nul, isMadeOfEntries(list) ? itemsToUnite(ctx, list, op) : list),
  }),
  suspending({
    name: "any",
    args: args("pred", "list"),
    strict: [
      strict(0, "function", "while evaluating the first argument passed to builtins.any"),
      strict(1, "list", "while evaluating the second argument passed to builtins.any"),
    ],
    doc: "Whether *pred* returns `true` for at least one element of *list*.",
    run: (ctx, f: Value, list: NixList) => new AnyOrAll(ctx, f, list, true),
  }),
  suspending({
    name: "all",
    args: args("pred", "list"),
    strict: [
      strict(0, "function", "while evaluating the first argument passed to builtins.all"),
      strict(1, "list", "while evaluating the second argument passed to builtins.all"),
    ],
    doc: "Whether *pred* returns `true` for every element of *list*.",
    run: (ctx, f: Value, list: NixList) => new AnyOrAll(ctx, f, list, false),
  }),
  suspending({
    name: "partition",
    args: args("pred", "list"),
    strict: [
      strict(0, "function", "while evaluating the first argument passed to builtins.partition"),
      strict(1, "list", "while evaluating the second argument passed to builtins.partition"),
    ],
    doc:
      "A set of two lists: `right` has the elements of *list* for which *pred* returns `true`, " +
      "`wrong` the others.",
    run: (ctx, f: Value, list: NixList) => new Partition(ctx, f, list),
  }),
  suspending({
    name: "groupBy",
    args: args("f", "list"),
    strict: [
      strict(0, "function", "while evaluating the first argument passed to builtins.groupBy"),
      strict(1, "list", "while evaluating the second argument passed to builtins.groupBy"),
    ],
    doc:
      "A set of lists: each element of *list* is put into the list whose name *f* returns for it." +
      '\n\n```nix\nbuiltins.groupBy (builtins.substring 0 1) [ "foo" "bar" "baz" ]\n```\n\n' +
      'is `{ b = [ "bar" "baz" ]; f = [ "foo" ]; }`.',
    run: (ctx, f: Value, list: NixList) => new GroupBy(ctx, f, list),
  }),
  suspending({
    name: "genericClosure",
    args: args("attrset"),
    strict: [
      strict(0, "set", "while evaluating the first argument passed to builtins.genericClosure"),
    ],
    doc:
      "The list of all elements that can be reached from the `startSet` of *attrset*: its `operator`, called " +
      "with an element, returns a list of further ones. Elements are sets; two with equal `key` " +
      "count as one. Keys must be comparable with `<`.\n\n" +
      "```nix\nbuiltins.genericClosure {\n  startSet = [ { key = 5; } ];\n" +
      "  operator = { key }: if key == 0 then [ ] else [ { key = key - 1; } ];\n}\n```",
    run: (ctx, set: Attrs) => genericClosure(ctx, set),
  }),
];
