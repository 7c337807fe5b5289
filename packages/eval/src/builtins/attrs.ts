/**
 * Builtins on attribute sets. Results keep the shape of their argument where the names stay the
 * same. As in C++ Nix, `removeAttrs`, `intersectAttrs` and `listToAttrs` keep the positions of
 * attributes, `mapAttrs` and `zipAttrsWith` do not.
 */
import type { EvalContext } from "../context.ts";
import { withTrace } from "../errors/from-world.ts";
import { BYTES_PER_ITEM, BYTES_PER_THUNK } from "../limits/meter.ts";
import {
  expectAttribute,
  expectPlainString,
  expectSet,
  forcePlainString,
  settled,
} from "../operations/checks.ts";
import { positionValue } from "../operations/position-value.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { Attrs, EMPTY_ATTRS } from "../value/attrs.ts";
import { isMadeOfEntries, openListOf } from "../value/open-list.ts";
import { OpenNames } from "../value/open-names.ts";
import { Shape } from "../value/shape.ts";
import { applyThunk2, nativeThunk, Thunk } from "../value/thunk.ts";
import type { NixList, Slot, Value } from "../value/value.ts";
import { type Request, Routine, type Suspendable } from "../vm/requests.ts";
import { itemsToUnite, noteMapped, valuesOfOpen } from "../vm/union-of-entries.ts";
import { args, type BuiltinDefinition, plain, strict, suspending } from "./definition.ts";

/** Up to this many names are looked up in the other set without asking for its size. */
const FEW_NAMES = 64;
/** Up to this many names are reported one by one to an open set; for more, that is listed. */
const MAX_REPORTED = 4096;

function removeNames(ctx: EvalContext, set: Attrs, names: readonly string[]): Attrs {
  ctx.limits?.make(set.size() + names.length, BYTES_PER_ITEM);
  const rest = set.without(names);
  // The result lacks these names also if the directories get them, unlike other sets of their entries.
  if (rest.shape.open !== null) for (const name of names) rest.shape.open.ask(name);
  // Nix: the result is a separate set, which the printer does not take for a repetition.
  return rest === set && set.blindNames().length > 0 ? new Attrs(set.shape, set.values) : rest;
}

function* forceAndRemoveNames(ctx: EvalContext, set: Attrs, list: NixList): Suspendable<Slot> {
  const names: string[] = [];
  for (let i = 0; i < list.length; i++) {
    const slot = list[i] as Slot;
    names.push(
      typeof slot === "string"
        ? slot
        : ((yield forcePlainString(
            ctx,
            slot,
            "while evaluating the values of the second argument passed to builtins.removeAttrs",
          )) as string),
    );
  }
  return removeNames(ctx, set, names);
}

/** Returns the attributes of `right` whose names `left` has, too, in the order of `left`. */
function intersect(ctx: EvalContext, left: Attrs, right: Attrs): Attrs {
  const candidates = left.blindNames();
  const fewer = candidates.length <= FEW_NAMES || candidates.length < right.blindNames().length;
  ctx.limits?.make(fewer ? candidates.length : right.size(), BYTES_PER_ITEM);
  reportLeft(left, right);
  const names: string[] = [];
  const slots: Slot[] = [];
  const positions: PosIdx[] = [];
  for (const name of fewer ? candidates : commonNames(left, right)) {
    let layer: Attrs | null = right;
    let at = layer.shape.indexOf(name);
    while (at < 0 && layer.base !== null) {
      layer = layer.base;
      at = layer.shape.indexOf(name);
    }
    if (at < 0) continue;
    names.push(name);
    slots.push(layer.values[at] as Slot);
    positions.push(layer.shape.positions?.[at] ?? NO_POS);
  }
  return names.length === 0 ? EMPTY_ATTRS : Attrs.of(names, slots, positions);
}

/** The names that two flat sets have in common, in the order of `left`. */
function commonNames(left: Attrs, right: Attrs): string[] {
  const indexes: number[] = [];
  for (const name of right.blindNames()) {
    const at = left.shape.blindIndexOf(name);
    if (at >= 0) indexes.push(at);
  }
  const names = left.blindNames();
  const { open } = right.shape;
  if (open !== null) for (const name of names) open.ask(name);
  return indexes.sort((a, b) => a - b).map((at) => names[at] as string);
}

/**
 * Reports what an intersection shows of `left`: for each name of `right`, whether it is there. What it shows of
 * `right` is reported where names are looked up in it.
 */
function reportLeft(left: Attrs, right: Attrs): void {
  const { open } = left.shape;
  if (open === null) return;
  const names = right.blindNames();
  if (right.shape.open !== null || names.length > MAX_REPORTED) open.list();
  else for (const name of names) open.ask(name);
}

const PAIR_TRACE = "in a {name=...; value=...;} pair";
const PAIR_NAME_TRACE =
  "while evaluating the `name` attribute of an element of the list passed to builtins.listToAttrs";

/** Returns the set of the pairs, whose names are distinct. */
function setOfPairs(ctx: EvalContext, pairs: ReadonlyMap<string, Attrs>): Attrs {
  const names = new Array<string>(pairs.size);
  const slots = new Array<Slot>(pairs.size);
  const positions = new Array<PosIdx>(pairs.size);
  let i = 0;
  for (const [name, pair] of pairs) {
    names[i] = name;
    slots[i] = expectAttribute(pair, "value", PAIR_TRACE);
    positions[i] = pair.positionOf("value");
    i++;
  }
  return new Attrs(ctx.caches.shapes.share(names, positions), slots);
}

/** Forces one set after the other and collects the values under each name. */
class Zip extends Routine<Attrs> {
  private readonly found = new Map<string, Slot[]>();
  private open: OpenNames | null = null;
  private at = 0;
  private forcing = false;

  constructor(
    private readonly ctx: EvalContext,
    private readonly f: Value,
    private readonly list: NixList,
  ) {
    super();
  }

  override next(answer: unknown): IteratorResult<Request, Attrs> {
    const { list } = this;
    if (this.forcing) {
      this.forcing = false;
      this.take(answer as Value);
    }
    while (this.at < list.length) {
      const slot = list[this.at] as Slot;
      const value = settled(slot);
      if (value === undefined) {
        this.forcing = true;
        return this.ask(slot as Thunk);
      }
      this.take(value);
    }
    return this.finish(this.outcome());
  }

  private take(value: Value): void {
    const set = expectSet(
      this.ctx,
      value,
      "while evaluating a value of the list passed as second argument to builtins.zipAttrsWith",
    );
    this.at++;
    const { found } = this;
    this.ctx.limits?.make(set.size(), BYTES_PER_ITEM);
    const names = set.blindNames();
    const slots = set.blindSlots();
    this.open = OpenNames.union(this.open, set.shape.open);
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      const values = found.get(name);
      if (values === undefined) found.set(name, [slots[i] as Slot]);
      else values.push(slots[i] as Slot);
    }
  }

  private outcome(): Attrs {
    const { f, found } = this;
    if (found.size === 0) return EMPTY_ATTRS;
    const names = new Array<string>(found.size);
    const slots = new Array<Slot>(found.size);
    let i = 0;
    for (const [name, values] of found) {
      names[i] = name;
      slots[i] = applyThunk2(f, name, values);
      i++;
    }
    const { open } = this;
    const shape =
      open === null
        ? this.ctx.caches.shapes.share(names, null)
        : new Shape(names, null, null, 0, open);
    return new Attrs(shape, slots);
  }
}

function* catAttrs(
  ctx: EvalContext,
  name: string,
  list: NixList,
  start: number,
  foundBefore: readonly Slot[],
): Suspendable<Slot> {
  // A copy: the thunk of this code may be forced again after a limit was exceeded.
  const found = foundBefore.slice();
  for (let i = start; i < list.length; i++) {
    const slot = list[i] as Slot;
    const set = expectSet(
      ctx,
      (slot instanceof Thunk ? (slot.code === null ? slot.a : yield slot) : slot) as Value,
      "while evaluating an element in the list passed as second argument to builtins.catAttrs",
    );
    const value = set.get(name);
    if (value !== undefined) found.push(value);
  }
  return found;
}

/** The builtins of this file. */
export const attrsBuiltins: readonly BuiltinDefinition[] = [
  plain({
    name: "attrNames",
    args: args("set"),
    strict: [strict(0, "set", "while evaluating the argument passed to builtins.attrNames")],
    doc: "The names of the attributes of *set*, in bytewise order.",
    run: (ctx, set: Attrs) => {
      ctx.limits?.make(set.size(), BYTES_PER_ITEM);
      const directory =
        set.shape.open === null ? undefined : ctx.caches.madeOfEntries.get(set)?.directory;
      return set.sortedNameList(directory);
    },
  }),
  plain({
    name: "attrValues",
    args: args("set"),
    strict: [strict(0, "set", "while evaluating the argument passed to builtins.attrValues")],
    doc: "The values of the attributes of *set*, in the order of `attrNames`.",
    run: (ctx, set: Attrs) => {
      ctx.limits?.make(set.size(), BYTES_PER_ITEM);
      return set.shape.open === null ? set.sortedSlots() : valuesOfOpen(ctx, set);
    },
  }),
  plain({
    name: "getAttr",
    args: args("s", "set"),
    strict: [
      strict(
        0,
        "string-no-context",
        "while evaluating the first argument passed to builtins.getAttr",
      ),
      strict(1, "set", "while evaluating the second argument passed to builtins.getAttr"),
    ],
    doc: "The attribute of *set* whose name is *s*: `set.${s}` for a name that is computed.",
    run: (_ctx, name: string, set: Attrs) =>
      expectAttribute(set, name, "in the attribute set under consideration"),
  }),
  plain({
    name: "hasAttr",
    args: args("s", "set"),
    strict: [
      strict(
        0,
        "string-no-context",
        "while evaluating the first argument passed to builtins.hasAttr",
      ),
      strict(1, "set", "while evaluating the second argument passed to builtins.hasAttr"),
    ],
    doc: "Whether *set* has an attribute named *s*: `set ? ${s}`.",
    run: (_ctx, name: string, set: Attrs) => set.has(name),
  }),
  plain({
    name: "unsafeGetAttrPos",
    args: args("s", "set"),
    strict: [
      strict(
        0,
        "string-no-context",
        "while evaluating the first argument passed to builtins.unsafeGetAttrPos",
      ),
      strict(1, "set", "while evaluating the second argument passed to builtins.unsafeGetAttrPos"),
    ],
    doc:
      "Where the attribute *s* of *set* was defined, as a set with `file`, `line` and `column`; " +
      "`null` if there is no such attribute or it was not defined in a file.",
    run: (ctx: EvalContext, name: string, set: Attrs) => positionValue(ctx, set.positionOf(name)),
  }),
  plain({
    name: "removeAttrs",
    args: args("set", "list"),
    strict: [
      strict(0, "set", "while evaluating the first argument passed to builtins.removeAttrs"),
      strict(1, "list", "while evaluating the second argument passed to builtins.removeAttrs"),
    ],
    doc:
      "*set* without the attributes named in *list*; names that *set* lacks are ignored.\n\n" +
      '```nix\nremoveAttrs { x = 1; y = 2; z = 3; } [ "a" "x" "z" ]\n```\n\nis `{ y = 2; }`.',
    run: (ctx, set: Attrs, given: NixList) => {
      const open = openListOf(given);
      if (open !== undefined && open.made === undefined) {
        const rest = set.without(open.items as readonly string[]);
        // Other names of these directories would be in the list as well, and what is left of the set if it had them.
        if (rest.blindNames().length > 0 && rest.shape.open === open.names) {
          for (const name of rest.blindNames()) open.names.ask(name);
          return new Attrs(rest.shape.closed(), rest.values);
        }
      }
      open?.names.list();
      const list = open?.items ?? given;
      const names = new Array<string>(list.length);
      for (let i = 0; i < list.length; i++) {
        const name = settled(list[i] as Slot);
        if (typeof name !== "string") return nativeThunk(() => forceAndRemoveNames(ctx, set, list));
        names[i] = name;
      }
      return removeNames(ctx, set, names);
    },
  }),
  suspending({
    name: "listToAttrs",
    args: args("e"),
    strict: [strict(0, "list", "while evaluating the argument passed to builtins.listToAttrs")],
    doc:
      "The set of the pairs in *e*, a list of `{ name = …; value = …; }`. The first of several pairs with " +
      "the same name counts.\n\n" +
      '```nix\nbuiltins.listToAttrs [ { name = "foo"; value = 123; } ]\n```\n\n' +
      "is `{ foo = 123; }`.",
    *run(ctx, list: NixList) {
      const { shapes } = ctx.caches;
      ctx.limits?.make(list.length, BYTES_PER_ITEM);
      // The names are likely those of an earlier set; they are collected only once they differ.
      let likely: Shape | undefined;
      let slots: Slot[] = [];
      let pairs: Map<string, Attrs> | null = null;
      for (let i = 0; i < list.length; i++) {
        const element = list[i] as Slot;
        const pair = expectSet(
          ctx,
          (element instanceof Thunk ? yield element : element) as Value,
          "while evaluating an element of the list passed to builtins.listToAttrs",
        );
        const nameSlot = expectAttribute(pair, "name", PAIR_TRACE);
        let name = settled(nameSlot);
        if (typeof name !== "string") {
          const pos = pair.positionOf("name");
          if (name === undefined) {
            try {
              name = (yield nameSlot as Thunk) as Value;
            } catch (error) {
              throw withTrace(error, pos, PAIR_NAME_TRACE);
            }
          }
          name = expectPlainString(ctx, name, PAIR_NAME_TRACE, pos);
        }
        if (pairs === null) {
          if (i === 0) {
            likely = shapes.beginningWith(name);
            if (likely !== undefined) slots = new Array<Slot>(likely.names.length);
          }
          if (likely !== undefined && likely.names[i] === name) {
            const slot = pair.get("value");
            if (slot !== undefined && pair.positionOf("value") === likely.positions?.[i]) {
              slots[i] = slot;
              continue;
            }
          }
          pairs = new Map();
          for (let k = 0; k < i; k++)
            pairs.set((likely as Shape).names[k] as string, settled(list[k] as Slot) as Attrs);
        }
        if (!pairs.has(name)) pairs.set(name, pair);
      }
      if (pairs !== null) return setOfPairs(ctx, pairs);
      if (likely === undefined) return EMPTY_ATTRS;
      const count = list.length;
      if (count === likely.names.length) return new Attrs(likely, slots);
      return Attrs.of(
        likely.names.slice(0, count),
        slots.slice(0, count),
        (likely.positions as readonly PosIdx[]).slice(0, count),
      );
    },
  }),
  plain({
    name: "intersectAttrs",
    args: args("e1", "e2"),
    strict: [
      strict(0, "set", "while evaluating the first argument passed to builtins.intersectAttrs"),
      strict(1, "set", "while evaluating the second argument passed to builtins.intersectAttrs"),
    ],
    doc: "The attributes of *e2* whose names *e1* has, too.",
    run: (ctx, left: Attrs, right: Attrs) => intersect(ctx, left, right),
  }),
  plain({
    name: "catAttrs",
    args: args("attr", "list"),
    strict: [
      strict(
        0,
        "string-no-context",
        "while evaluating the first argument passed to builtins.catAttrs",
      ),
      strict(1, "list", "while evaluating the second argument passed to builtins.catAttrs"),
    ],
    doc:
      "The values of the attribute *attr* in those sets of *list* that have it.\n\n" +
      '```nix\nbuiltins.catAttrs "a" [ { a = 1; } { b = 0; } { a = 2; } ]\n```\n\nis `[ 1 2 ]`.',
    run: (ctx, name: string, list: NixList) => {
      const found: Slot[] = [];
      ctx.limits?.work(list.length);
      for (let i = 0; i < list.length; i++) {
        const set = settled(list[i] as Slot);
        if (!(set instanceof Attrs)) return nativeThunk(() => catAttrs(ctx, name, list, i, found));
        const value = set.get(name);
        if (value !== undefined) found.push(value);
      }
      return found;
    },
  }),
  plain({
    name: "mapAttrs",
    args: args("f", "attrset"),
    strict: [strict(1, "set", "while evaluating the second argument passed to builtins.mapAttrs")],
    doc:
      "*attrset* with every value replaced by the result of *f* for its name and value. The calls " +
      "are made when their results are needed.\n\n" +
      "```nix\nbuiltins.mapAttrs (name: value: value * 10) { a = 1; b = 2; }\n```\n\n" +
      "is `{ a = 10; b = 20; }`.",
    run: (ctx, f: Slot, set: Attrs) => {
      const names = set.blindNames();
      const count = names.length;
      if (count === 0) return EMPTY_ATTRS;
      ctx.limits?.make(count, BYTES_PER_THUNK);
      const callee = settled(f) ?? f;
      const slots = set.blindSlots();
      const result = new Array<Slot>(count);
      for (let i = 0; i < count; i++) {
        result[i] = applyThunk2(callee, names[i] as string, slots[i] as Slot);
      }
      const mapped = new Attrs(set.shape.withoutPositions(), result);
      if (set.shape.open !== null) noteMapped(ctx, set, mapped, callee);
      return mapped;
    },
  }),
  suspending({
    name: "zipAttrsWith",
    args: args("f", "list"),
    strict: [
      strict(0, "function", "while evaluating the first argument passed to builtins.zipAttrsWith"),
      strict(1, "list", "while evaluating the second argument passed to builtins.zipAttrsWith"),
    ],
    doc:
      "A set with every name in the sets of *list*: each value is the result of *f* for the name and the " +
      "list of the values under it.\n\n" +
      "```nix\nbuiltins.zipAttrsWith (name: values: values) [ { a = 1; } { a = 2; b = 3; } ]\n```\n\n" +
      "is `{ a = [ 1 2 ]; b = [ 3 ]; }`.",
    run: (ctx, f: Value, list: NixList) =>
      new Zip(ctx, f, isMadeOfEntries(list) ? itemsToUnite(ctx, list) : list),
  }),
];
