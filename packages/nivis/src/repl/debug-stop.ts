/** DebugStop: a stop of the debugger as the commands of its REPL see it. */

import {
  type Debugger,
  forcedSet,
  levelsOf,
  type NixFrame,
  nixFrames,
  type Resume,
  type StopEvent,
} from "@nivis/debugger";
import type { Environment, Slot } from "@nivis/eval";
import type { Bytes } from "@nivis/formats";

/** The stop that a REPL is for. */
export class DebugStop {
  readonly debug: Debugger;
  readonly event: StopEvent;
  /** The frames as C++ Nix counts them, innermost first. */
  readonly frames: readonly NixFrame[];
  /** The chosen frame. Nix: it may be one that does not exist. */
  index = 0;
  /** How the evaluation continues once the REPL is left; it does not if that is not set. */
  resume: Resume | undefined;
  /** Expressions that are shown at each stop; shared by all stops. */
  readonly watches: Bytes[];

  /** The exploration of the heap at this stop, once there is one. */
  heap: { take(line: Bytes): Promise<boolean> } | undefined;

  /** The names that are bound in the REPL whose input has stopped; absent without one. */
  readonly replNames: readonly Bytes[] | undefined;

  constructor(
    debug: Debugger,
    event: StopEvent,
    watches: Bytes[],
    replNames: readonly Bytes[] | undefined,
  ) {
    this.replNames = replNames;
    this.debug = debug;
    this.event = event;
    this.frames = nixFrames(event);
    this.watches = watches;
  }

  /** A new input is about to be evaluated: a step that has not ended with the last one is over. */
  begin(): void {
    if (this.event.frames.length === 0) this.debug.forgetStep();
  }

  /** The scope of the chosen frame. */
  get environment(): Environment | undefined {
    const { reason, frames } = this.event;
    const isOurs = reason !== "error" && reason !== "break";
    // The place of our own stops is more exact than the frames of C++ Nix.
    if (this.index === 0 && isOurs)
      return frames.find(({ code }) => code !== undefined)?.environment;
    return this.frames[this.index]?.environment;
  }

  /**
   * The names that an input can use. Nix: those of a `with` only if its set is evaluated; here, names that
   * are bound lexically come first, as they do in the program.
   */
  get scope(): ReadonlyMap<Bytes, Slot> {
    const scope = new Map<Bytes, Slot>();
    const levels = levelsOf(this.environment).reverse();
    for (const { namespace } of levels) {
      const set = namespace === undefined ? undefined : forcedSet(namespace);
      const slots = set?.slots() ?? [];
      set?.names().forEach((name, i) => {
        scope.set(name, slots[i] as Slot);
      });
    }
    for (const level of levels) {
      for (const name of level.names) {
        const slot = level.get(name);
        if (slot !== undefined) scope.set(name, slot);
      }
    }
    return scope;
  }
}
