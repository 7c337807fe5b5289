/**
 * Copies of parts of an argument: a warm evaluation gives a function that it remembers copies of what it is
 * given, so that what the function makes of them depends on what they say and not on where they come from
 * (`dependencies/argument-copy.ts`). Programs cannot tell a copy from its original: whatever compares or
 * shows identities asks {@link originalOf} or {@link areSameSlots}. Other evaluations have no copies.
 */
import { Attrs } from "./attrs.ts";
import { Thunk } from "./thunk.ts";
import { Closure, type Slot } from "./value.ts";

/** A thunk whose value is a copy of that of another slot. */
export class ThunkCopy extends Thunk {
  original: Slot = null;
}

/** A set whose slots are copies. */
export class AttrsCopy extends Attrs {
  original: Attrs = this;
}

/** A function whose captures are copies. */
export class ClosureCopy extends Closure {
  original: Closure = this;
}

/** Returns what something is a copy of, or itself. */
export function originalOf<Item>(item: Item): Item {
  let at: unknown = item;
  while (at instanceof ThunkCopy || at instanceof AttrsCopy || at instanceof ClosureCopy) {
    if (at.original === at) break;
    at = at.original;
  }
  return at as Item;
}

/** Whether two slots are the same to a program. */
export function areSameSlots(a: Slot | undefined, b: Slot | undefined): boolean {
  return a === b || originalOf(a) === originalOf(b);
}
