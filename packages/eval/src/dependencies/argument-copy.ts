/**
 * Copies of arguments: what a remembered function is given depends on one input, the *token* of its call, and not
 * on what the parts of the argument were computed from. When the caller is evaluated again and makes the call
 * again, the parts that the function has looked at are compared with those of the new argument
 * ({@link ArgumentCopy.compare}). If they are the same, the token holds, and with it the result of the call.
 *
 * A copy is made part by part, when the function looks at it; each part of the argument has one copy. Copies
 * know their originals (`value/copies.ts`), so programs cannot tell them apart. See
 * docs/design/014-warm-evaluation.md, *Copies of arguments*.
 */
import { CALL_SITE, NO_POS, type PosIdx } from "../position.ts";
import { Attrs, EMPTY_ATTRS } from "../value/attrs.ts";
import { AttrsCopy, ClosureCopy, ThunkCopy } from "../value/copies.ts";
import { NATIVE, Thunk } from "../value/thunk.ts";
import {
  Closure,
  ContextString,
  NixFloat,
  NixPath,
  PartialBuiltin,
  type Slot,
  type Value,
} from "../value/value.ts";
import { ForceRequest, type Suspendable } from "../vm/requests.ts";
import { WithScope } from "../vm/with-scope.ts";

/** Sets with more attributes are not copied. */
const MAX_COPIED = 4096;
/** Parts that are compared; arguments with more are different. */
const MAX_PARTS = 50_000;

/** What copies need to know of dependencies. */
export interface CopyTracking {
  /** Returns a new input. */
  addToken(): number;
  /** Notes that what is being evaluated has looked at the argument. */
  noteToken(copy: ArgumentCopy): void;
  /** Makes what is being evaluated depend on nothing, and returns the set that it depended on. */
  takeSet(): number;
  /** Makes what is being evaluated depend on a set only. */
  putSet(set: number): void;
  union(a: number, b: number): number;
  /** The value of a thunk as it was last evaluated; `undefined` if it has none. */
  lastValueOf(thunk: Thunk): Slot | undefined;
  /** Whether two positions are the same to a reader, though perhaps in two versions of a file. */
  areSamePositions(a: PosIdx, b: PosIdx): boolean;
}

/** What a captured variable may hold: a slot, or the scopes of `with`. */
type Capture = Slot | WithScope | undefined;

/** The copy of one argument. */
export class ArgumentCopy {
  /** The copy of the argument itself. */
  readonly root: Slot;
  /** The input that stands for the argument as far as it was looked at. */
  token: number;
  /** The set of what the parts depend on that were looked at. */
  set = 0;
  /** By their originals. */
  #copies = new Map<unknown, ThunkCopy | AttrsCopy | ClosureCopy>();
  /** All copies. A function whose result is a part of its argument is given copies again. */
  readonly #own = new WeakSet<object>();
  /** A part that was looked at has failed. */
  #hasFailed = false;
  readonly #tracking: CopyTracking;

  constructor(tracking: CopyTracking, argument: Slot) {
    this.#tracking = tracking;
    this.token = tracking.addToken();
    this.root = this.#copySlot(argument);
  }

  /** What was looked at is no longer known to hold; it is looked at again. */
  renew(): void {
    this.token = this.#tracking.addToken();
    this.set = 0;
    this.#hasFailed = false;
    const { root } = this;
    this.#copies.clear();
    if (root instanceof ThunkCopy || root instanceof AttrsCopy || root instanceof ClosureCopy) {
      this.#copies.set(root.original, root);
      if (root instanceof AttrsCopy) {
        for (const slot of root.values) {
          if (slot instanceof ThunkCopy) this.#copies.set(slot.original, slot);
        }
      }
    }
  }

  /**
   * Whether an argument is the same as far as the function has looked at it, which is evaluated for that; then
   * it takes the place of the earlier one.
   */
  *compare(argument: Slot): Suspendable<boolean> {
    if (this.#hasFailed) return false;
    const tracking = this.#tracking;
    const given = new Map<ThunkCopy | AttrsCopy | ClosureCopy, unknown>();
    const copies = new Map<unknown, ThunkCopy | AttrsCopy | ClosureCopy>();
    const pending: [Capture, Capture][] = [[this.root, argument]];
    let set = 0;
    let left = MAX_PARTS;
    for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
      const [copy, part] = pair;
      if (copy === part) continue;
      if (copy === undefined || part === undefined || --left < 0) return false;
      if (copy instanceof WithScope) {
        if (!(part instanceof WithScope) || copy.pos !== part.pos) return false;
        pending.push([copy.parent, part.parent] as [Capture, Capture]);
        pending.push([copy.namespace, part.namespace]);
        continue;
      }
      let old: unknown = copy;
      let present: unknown = part;
      if (copy instanceof Thunk) {
        if (!(copy instanceof ThunkCopy && part instanceof Thunk)) return false;
        if (given.has(copy) || copies.has(part)) {
          if (given.get(copy) !== part || copies.get(part) !== copy) return false;
          continue;
        }
        given.set(copy, part);
        copies.set(part, copy);
        // Not looked at.
        if (copy.code === NATIVE) continue;
        old = tracking.lastValueOf(copy);
        if (old === undefined) return false;
        const outer = tracking.takeSet();
        try {
          present = yield part;
        } finally {
          set = tracking.union(set, tracking.takeSet());
          tracking.putSet(outer);
        }
      }
      if (old === present) continue;
      if (old instanceof AttrsCopy || old instanceof ClosureCopy) {
        if (given.has(old) || copies.has(present)) {
          if (given.get(old) !== present || copies.get(present) !== old) return false;
          continue;
        }
        given.set(old, present);
        copies.set(present, old);
      }
      if (!this.#pushParts(old as Value, present as Value, pending)) return false;
    }
    for (const [copy, original] of given) (copy as { original: unknown }).original = original;
    this.#copies = copies;
    this.set = set;
    return true;
  }

  /**
   * Adds the pairs of parts that must be the same if an earlier value, a copy, is to be the same as a present one;
   * returns `false` if they are different.
   */
  #pushParts(old: Value, present: Value, pending: [Capture, Capture][]): boolean {
    const push = (left: readonly Capture[], right: readonly Capture[]): boolean => {
      if (left.length !== right.length) return false;
      // Left to right, as programs mostly look at them.
      for (let i = left.length - 1; i >= 0; i--) pending.push([left[i], right[i]]);
      return true;
    };
    if (old instanceof AttrsCopy) {
      if (!(present instanceof Attrs) || !isCopied(present)) return false;
      const slots = present.slots();
      const { shape } = present;
      if (old.shape !== shape) {
        const { names, positions } = old.shape;
        if (names.length !== shape.names.length) return false;
        for (let i = 0; i < names.length; i++) {
          if (names[i] !== shape.names[i]) return false;
          const was = positions?.[i] ?? NO_POS;
          const is = shape.positions?.[i] ?? NO_POS;
          if (was !== is && !this.#tracking.areSamePositions(was, is)) return false;
        }
      }
      return push(old.values, slots);
    }
    if (Array.isArray(old)) return Array.isArray(present) && push(old, present);
    if (old instanceof Closure) {
      if (!(present instanceof Closure) || old.code !== present.code) return false;
      if (!(old instanceof ClosureCopy) && (old.a !== undefined || old.rest !== null)) return false;
      return (
        push([old.a, old.b], [present.a, present.b]) && push(old.rest ?? [], present.rest ?? [])
      );
    }
    if (old instanceof PartialBuiltin) {
      if (!(present instanceof PartialBuiltin) || old.builtin !== present.builtin) return false;
      return push(old.args, present.args);
    }
    if (old instanceof NixPath) {
      return (
        present instanceof NixPath && old.path === present.path && old.accessor === present.accessor
      );
    }
    if (old instanceof NixFloat) {
      return present instanceof NixFloat && Object.is(old.value, present.value);
    }
    if (old instanceof ContextString) {
      if (!(present instanceof ContextString) || old.text !== present.text) return false;
      const { context } = present;
      return old.context.size === context.size && [...old.context].every((one) => context.has(one));
    }
    return false;
  }

  #copySlot(slot: Slot): Slot {
    if (slot instanceof Thunk) {
      if (this.#own.has(slot)) return slot;
      const known = this.#copies.get(slot) as ThunkCopy | undefined;
      if (known !== undefined) return known;
      const copy = new ThunkCopy(NATIVE, undefined, undefined, null);
      copy.original = slot;
      copy.a = (() => this.#read(copy)) as unknown as Slot;
      this.#copies.set(slot, copy);
      this.#own.add(copy);
      return copy;
    }
    // A list in a slot of its own stays, so that it is printed as the same list.
    return slot instanceof Attrs || slot instanceof Closure
      ? (this.#copyValue(slot) as Slot)
      : slot;
  }

  *#read(copy: ThunkCopy): Suspendable<Slot> {
    const tracking = this.#tracking;
    tracking.noteToken(this);
    const outer = tracking.takeSet();
    try {
      const value = (yield new ForceRequest(copy.original as Thunk, CALL_SITE)) as Value;
      return this.#copyValue(value);
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    } finally {
      this.set = tracking.union(this.set, tracking.takeSet());
      tracking.putSet(outer);
    }
  }

  #copyValue(value: Value): Value {
    if (value instanceof Attrs) {
      if (value === EMPTY_ATTRS || this.#own.has(value) || !isCopied(value)) return value;
      const known = this.#copies.get(value) as AttrsCopy | undefined;
      if (known !== undefined) return known;
      // The set may be reached from its own slots only through thunks.
      const slots = value.slots().map((slot) => this.#copySlot(slot));
      const copy = new AttrsCopy(value.shape, slots);
      copy.original = value;
      this.#copies.set(value, copy);
      this.#own.add(copy);
      return copy;
    }
    if (Array.isArray(value)) {
      return value.length > MAX_COPIED ? value : value.map((slot: Slot) => this.#copySlot(slot));
    }
    if (value instanceof Closure) {
      const { code, a, b, rest } = value;
      // The code may not have been compiled yet, so that it does not tell its captures.
      if ((a === undefined && rest === null) || this.#own.has(value)) return value;
      const known = this.#copies.get(value) as ClosureCopy | undefined;
      if (known !== undefined) return known;
      const copy = new ClosureCopy(
        code,
        this.#copyCapture(a) as Slot,
        this.#copyCapture(b) as Slot,
        rest === null ? null : (rest.map((slot) => this.#copyCapture(slot)) as Slot[]),
      );
      copy.original = value;
      this.#copies.set(value, copy);
      this.#own.add(copy);
      return copy;
    }
    if (value instanceof PartialBuiltin) {
      return new PartialBuiltin(
        value.builtin,
        value.args.map((slot) => this.#copySlot(slot)),
      );
    }
    return value;
  }

  #copyCapture(capture: Capture): Capture {
    if (capture === undefined) return undefined;
    if (!(capture instanceof WithScope)) return this.#copySlot(capture);
    const { namespace, parent, pos } = capture;
    return new WithScope(
      this.#copySlot(namespace),
      parent === null ? null : (this.#copyCapture(parent) as WithScope),
      pos,
    );
  }
}

/** Whether a set is copied when a function looks at it; otherwise the function gets the set itself. */
function isCopied(set: Attrs): boolean {
  let size = 0;
  for (let layer: Attrs | null = set; layer !== null; layer = layer.base) {
    if (layer.shape.open !== null) return false;
    size += layer.values.length;
  }
  return size <= MAX_COPIED;
}
