/**
 * Landmarks: what users know by a name, in whose evaluation frames are. Samples of time and counts of calls
 * (`time-sampler.ts`, `landmark-tracker.ts`) find them by what frames evaluate.
 */
import type { Attrs } from "../value/attrs.ts";
import { Thunk } from "../value/thunk.ts";
import type { Slot } from "../value/value.ts";
import type { NativeFrame } from "../vm/frame.ts";

/** Something that users know by a name, in whose evaluation frames are. */
export class Landmark {
  constructor(
    readonly kind: "attribute" | "derivation" | "context",
    /** The name of an attribute, the argument of `derivationStrict`, the text of `addErrorContext`. */
    readonly subject: Slot,
  ) {}
}

/** Builtins whose evaluation is a landmark, with their kinds. */
const KINDS: ReadonlyMap<string, Landmark["kind"]> = new Map([
  ["derivationStrict", "derivation"],
  ["addErrorContext", "context"],
] as const);

/** The landmarks of one evaluation: one for each attribute and for each argument of a builtin. */
export class Landmarks {
  readonly #attributes = new Map<Thunk, Landmark>();
  readonly #arguments = new Map<unknown, Landmark>();

  /** Gives the values of a set their names. */
  nameAttributes(set: Attrs): void {
    const slots = set.slots();
    set.names().forEach((name, i) => {
      const slot = slots[i];
      if (!(slot instanceof Thunk) || this.#attributes.has(slot)) return;
      this.#attributes.set(slot, new Landmark("attribute", name));
    });
  }

  /** The attribute whose value a frame computes, by the mark of the frame. */
  ofMark(mark: unknown): Landmark | undefined {
    return mark instanceof Thunk ? this.#attributes.get(mark) : undefined;
  }

  /** What a builtin evaluates. */
  ofBuiltin({ builtin, args }: NativeFrame): Landmark | undefined {
    const kind = builtin === null ? undefined : KINDS.get(builtin.definition.name);
    if (kind === undefined) return undefined;
    const subject = args[0] as Slot;
    let landmark = this.#arguments.get(subject);
    if (landmark === undefined) {
      landmark = new Landmark(kind, subject);
      this.#arguments.set(subject, landmark);
    }
    return landmark;
  }
}
