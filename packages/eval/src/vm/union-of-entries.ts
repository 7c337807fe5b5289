/**
 * Unions of entries: programs that make a set of each entry of a directory and unite them, as nixpkgs does with
 * the directories of `pkgs/by-name`:
 *
 *     lib.mergeAttrsList (lib.mapAttrsToList namesForShard (builtins.readDir ./by-name))
 *
 * The list is an open one (`value/open-list.ts`), and its union depends on an entry that is added to the directory only
 * by the names that this entry adds. `mergeAttrsList` is written in Nix and takes its list apart by length and
 * index, so what it means can only be known of the very code: {@link UNIONS} has digests of it. When such
 * code compares its list with `[ ]`, the first thing that it does, the frame gets a plain copy of the list. The
 * directory counts as listed until all elements have been evaluated and it is known what the function that makes them
 * makes of other entries (`any-name.ts`). `foldl'` with `//` and `zipAttrsWith` are told the same by {@link itemsToUnite}.
 */
import type { Lambda } from "../bytecode/lambda.ts";
import { OPCODES } from "../bytecode/opcode.ts";
import type { EvalContext } from "../context.ts";
import { settled } from "../operations/checks.ts";
import { Attrs, EMPTY_ATTRS } from "../value/attrs.ts";
import { listOfOpen, type MadeOfEntries, OpenList, openListOf } from "../value/open-list.ts";
import { EntryMeaning, type EntryMeanings, OpenNames } from "../value/open-names.ts";
import { nativeThunk, Thunk } from "../value/thunk.ts";
import { Builtin, Closure, type NixList, type Slot, type Value } from "../value/value.ts";
import { meaningOfEntry } from "./any-name.ts";
import type { FrameSelf, Segment } from "./frame.ts";

/**
 * Functions that return the union of all sets of a list, later ones over earlier ones, and do nothing else: the
 * digest of {@link shownCode}, and the builtins that their upvalues must be. The list is in local 0, and in a
 * thunk in local 1, the function that merges a part of it.
 */
const UNIONS: ReadonlyMap<string, readonly string[]> = new Map([
  // `mergeAttrsList` of nixpkgs: from 2023 to May 2026, for some days, and since June 2026.
  ["e18214a23f15421cb42776f1bfe96bdf530a564395d8f66e899081a0190e8abf", ["length", "elemAt"]],
  ["efba5749bab54d681802933b71e87e250cc59f0ee83bdaf8d1677fb569ffb6f2", ["length", "elemAt"]],
  ["da0e7cad732df42dee24745d4b2dc0d43e000347a257ba54203c326ccabc5e5e", ["length", "elemAt"]],
  // The same without `inherit (builtins) elemAt length`, the form of these days excepted.
  ["b2ca8e0a3f0bf890e319570db563f12aae60064d7351bbfbc6d443db9f213043", []],
  ["e471aa54b4e7b0dfec7a6824f26b404603c163aa2fb576cf1244523ffce181a3", []],
]);

/** The digest of {@link shownCode} of `a: b: a // b`. */
const UPDATE = "7091568246aa22545995575f27970d90e769a384ff9b7abb4f25d5460541f0fc";

/**
 * Whether `list`, which is compared with `[ ]`, is one of sets made of entries that the code of the frame will
 * unite. Then the frame has been prepared for it, and the result of the comparison is `false`.
 */
export function unitesEntries(
  ctx: EvalContext,
  list: NixList,
  lambda: Lambda,
  self: FrameSelf | undefined,
  stack: Segment,
  base: number,
): boolean {
  const open = openListOf(list);
  if (open?.made?.f === undefined || ctx.dependencies !== undefined) return false;
  if (!(self instanceof Closure) || self.code !== lambda) return false;
  const argument = stack[base] as Slot;
  const merge = stack[base + 1] as Slot;
  if (settled(argument) !== list || !(merge instanceof Thunk)) return false;
  const builtins = UNIONS.get(ctx.hashes.hex("sha256", shownCode(lambda)));
  if (builtins === undefined) return false;
  const items = preparedItems(open, open.made, () =>
    builtins.every((name, i) => {
      const value = settled([self.a, self.b, ...(self.rest ?? [])][i] as Slot);
      return value instanceof Builtin && value.definition.name === name;
    }),
  );
  // Nobody but the frame has the thunk.
  stack[base] = items;
  if (merge.a === argument) merge.a = items;
  if (merge.b === argument) merge.b = items;
  if (merge.rest !== null)
    merge.rest = merge.rest.map((slot) => (slot === argument ? items : slot));
  return true;
}

/** Notes how the values of a set were made that `mapAttrs` has made of an open one. */
export function noteMapped(ctx: EvalContext, set: Attrs, mapped: Attrs, f: Slot): void {
  const made = ctx.caches.madeOfEntries.get(set);
  if (made === undefined || made.f !== undefined) return;
  ctx.caches.madeOfEntries.set(mapped, { directory: made.directory, f, takesType: true });
}

/** Returns the values of an open set in the order of its names: an open list, if they are made of entries. */
export function valuesOfOpen(ctx: EvalContext, set: Attrs): NixList {
  const made = ctx.caches.madeOfEntries.get(set);
  const { open } = set.shape;
  if (open === null || made?.f === undefined) return set.sortedSlots();
  const names = set.shape.blindSortedNames();
  const slots = set.blindSlots();
  const items = names.map((name) => slots[set.shape.blindIndexOf(name)] as Slot);
  return listOfOpen(new OpenList(items, open, names[0] as string, made.directory, made));
}

/** Returns the results of a function for the elements of an open list. */
export function mapOpenList(
  open: OpenList,
  f: Value,
  applied: (items: NixList) => NixList,
): NixList {
  const { items, names, first, directory, made } = open;
  if (directory === undefined || made !== undefined) {
    names.list();
    return applied(items);
  }
  const own = { directory, f, takesType: false };
  return listOfOpen(new OpenList(applied(items), names, first, directory, own));
}

/**
 * Returns the elements of a list for a builtin that unites sets; with `f`, only if that is `a: b: a // b`. They are
 * the list itself if it is not open.
 */
export function itemsToUnite(ctx: EvalContext, list: NixList, f?: Value): NixList {
  const open = openListOf(list);
  if (open?.made?.f === undefined || ctx.dependencies !== undefined) return list;
  if (f !== undefined) {
    const isUpdate = f instanceof Closure && ctx.hashes.hex("sha256", shownCode(f.code)) === UPDATE;
    if (!isUpdate) return list;
  }
  return preparedItems(open, open.made, () => true);
}

/**
 * Returns a copy of the elements. Once all have been evaluated to sets, it is found out what other entries would mean;
 * until then, the directory is listed: an error could show how many elements there are. The first element with
 * names makes the union open to the directory, whatever it consists of; without one, the directory stays listed.
 */
function preparedItems(open: OpenList, made: MadeOfEntries, isUnion: () => boolean): NixList {
  const { names } = made.directory;
  const release = names.hold();
  const { messages } = names.asked;
  let missing = open.items.length;
  let isOpen = false;
  const evaluated = (value: Slot): void => {
    if (!(value instanceof Attrs) || --missing > 0) return;
    // Another entry would be evaluated before some of these, which only messages show.
    if (!isOpen || names.asked.messages !== messages || !isUnion()) return;
    const others = names.meaningsOfEntries;
    const meaning = (type: keyof EntryMeanings): EntryMeaning =>
      Math.max(meaningOfEntry(made, type), others?.[type] ?? EntryMeaning.Nothing);
    names.meaningsOfEntries = {
      regular: meaning("regular"),
      directory: meaning("directory"),
      symlink: meaning("symlink"),
      unknown: EntryMeaning.Unknown,
    };
    release();
  };
  const opened = (value: Slot): Slot => {
    if (isOpen || !(value instanceof Attrs)) return value;
    const [name] = value.blindNames();
    if (name === undefined) return value;
    isOpen = true;
    const { shape } = value;
    const own = OpenNames.ofUnion(names, shape.open);
    // The union must have names in other runs, too.
    own.ask(name);
    return new Attrs(shape.openedTo(own), value.blindSlots());
  };
  return open.items.map((item) => {
    let wasCounted = false;
    return nativeThunk(function* () {
      const value = item instanceof Thunk ? ((yield item) as Slot) : item;
      if (wasCounted) return value;
      wasCounted = true;
      const result = opened(value);
      evaluated(value);
      return result;
    });
  });
}

/** Writes the code of a function down without names and positions; {@link UNIONS} has digests of this. */
export function shownCode(lambda: Lambda): string {
  lambda.ensureCompiled();
  const { code, constants, formals, kind, localCount, lambdas, captures, fused } = lambda;
  const words: unknown[] = [kind, localCount, formals === null];
  for (let pc = 0; pc < code.length; ) {
    const row = OPCODES[code[pc++] as number];
    words.push(row?.name);
    for (const operand of row?.operands ?? []) {
      const word = code[pc++] as number;
      if (operand === "constant") words.push(shownConstant(constants[word]));
      else if (operand !== "position") words.push(word);
    }
  }
  captures.forEach((sources, i) => {
    words.push(`[${sources.join(" ")}]`, shownCode(lambdas[i] as Lambda));
  });
  return `(${words.join(" ")}${fused === null ? "" : ` fused ${shownCode(fused)}`})`;
}

/** Of other constants than these, nothing is known. */
function shownConstant(constant: unknown): string {
  if (typeof constant === "string" || typeof constant === "number") return JSON.stringify(constant);
  if (constant instanceof Builtin) return `builtins.${constant.definition.name}`;
  return constant === EMPTY_ATTRS ? "{ }" : "?";
}
