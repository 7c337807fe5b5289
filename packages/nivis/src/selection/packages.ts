/**
 * Packages: the derivations that `nix-instantiate` finds in a value (C++ Nix: libexpr/get-drvs.cc).
 *
 * It searches sets of derivations, the sets in them that have `recurseForDerivations`, and all
 * lists. A derivation that occurs twice counts once.
 */

import {
  Attrs,
  autoCall,
  CycleFinder,
  checkNesting,
  coerceToStorePath,
  type EvalContext,
  EvalError,
  isDerivation,
  isList,
  isString,
  NO_POS,
  type PosIdx,
  printForError,
  type Slot,
  type Suspendable,
  Thunk,
  textOf,
  tooDeep,
  typeWithArticle,
  type Value,
  withTrace,
} from "@nivis/eval";
import { marked } from "@nivis/formats";

/**
 * The maximum depth regardless of the setting: each level takes about a kilobyte during the search.
 */
const MAX_LEVELS = 500_000;

/** A derivation that was found. */
export interface Package {
  /** The path of its `.drv` file. */
  readonly drvPath: string;
  /** The selected output. */
  readonly outputName: string;
}

/** Finds the derivations in a value, in order. */
export function* findDerivations(
  ctx: EvalContext,
  slot: Slot,
  args: Attrs,
): Suspendable<readonly Attrs[]> {
  const finder = new PackageFinder(ctx, args);
  yield finder.search(slot);
  return [...finder.found];
}

class PackageFinder {
  /** The derivations found so far, each once, in order. */
  readonly found = new Set<Attrs>();
  readonly #cycles: CycleFinder;
  readonly #nesting: EvalContext["nesting"];
  /** The number of levels around the value. */
  readonly #outside: number;

  constructor(
    private readonly ctx: EvalContext,
    private readonly args: Attrs,
  ) {
    this.#cycles = new CycleFinder(ctx);
    this.#nesting = ctx.nesting;
    this.#outside = this.#nesting.levels;
  }

  *search(slot: Slot): Suspendable<undefined> {
    checkNesting(this.ctx, NO_POS);
    const outside = this.#nesting.levels++;
    if (outside - this.#outside >= MAX_LEVELS) throw tooDeep(NO_POS);
    try {
      const value = (yield autoCall(this.ctx, this.args, slot)) as Value;
      if (!((yield this.#mayContain(value)) as boolean)) return undefined;
      if (value instanceof Attrs || isList(value)) {
        if (this.#cycles.closesCycle(value, outside - this.#outside)) throw endlessSearch(value);
      }
      if (value instanceof Attrs) yield this.#searchSet(value);
      else if (isList(value)) yield this.#searchList(value);
      else {
        const message = "expression does not evaluate to a derivation (or a set or list of those)";
        throw new EvalError("type", message);
      }
    } finally {
      this.#nesting.levels = outside;
    }
    return undefined;
  }

  /**
   * Records a derivation; returns whether the value is something else, which may contain
   * derivations.
   */
  *#mayContain(slot: Slot): Suspendable<boolean> {
    const value = (slot instanceof Thunk ? yield slot : slot) as Value;
    if (!(value instanceof Attrs) || !((yield isDerivation(value)) as boolean)) return true;
    if (!this.found.has(value)) {
      // Nix: a missing name is reported immediately.
      const name = value.get("name");
      if (name === undefined) throw new EvalError("type", "derivation name missing");
      yield expectPlainString(
        this.ctx,
        name,
        NO_POS,
        "while evaluating the 'name' attribute of a derivation",
      );
      this.found.add(value);
    }
    return false;
  }

  *#searchSet(set: Attrs): Suspendable<undefined> {
    const combinesChannels = set.has("_combineChannels");
    for (const name of set.sortedNames()) {
      if (!/^[A-Za-z_][A-Za-z0-9_+-]*$/.test(name)) continue;
      const slot = set.get(name) as Slot;
      try {
        if (combinesChannels) yield this.search(slot);
        else if (
          ((yield this.#mayContain(slot)) as boolean) &&
          ((yield this.#isOpen(slot)) as boolean)
        ) {
          yield this.search(slot);
        }
      } catch (error) {
        throw withTrace(
          error,
          set.positionOf(name),
          marked`while evaluating the attribute '${name}'`,
        );
      }
    }
    return undefined;
  }

  /** Whether an attribute is a set to be searched. */
  *#isOpen(slot: Slot): Suspendable<boolean> {
    const value = (slot instanceof Thunk ? yield slot : slot) as Value;
    const wish = value instanceof Attrs ? value.get("recurseForDerivations") : undefined;
    if (wish === undefined) return false;
    const pos = (value as Attrs).positionOf("recurseForDerivations");
    const trace = "while evaluating the attribute `recurseForDerivations`";
    try {
      const answer = (wish instanceof Thunk ? yield wish : wish) as Value;
      if (typeof answer !== "boolean") throw typeMismatch(this.ctx, answer, "a Boolean", pos);
      return answer;
    } catch (error) {
      throw withTrace(error, pos, trace);
    }
  }

  *#searchList(list: readonly Slot[]): Suspendable<undefined> {
    for (const slot of list) {
      if ((yield this.#mayContain(slot)) as boolean) yield this.search(slot);
    }
    return undefined;
  }
}

function endlessSearch(value: Value): EvalError {
  const message = marked`cannot search ${typeWithArticle(value)} that contains itself for derivations`;
  return new EvalError("infinite-recursion", message);
}

/** Returns the data of a derivation that is needed to build it. */
export function* describePackage(ctx: EvalContext, set: Attrs): Suspendable<Package> {
  const slot = set.get("drvPath");
  if (slot === undefined) {
    throw new EvalError("value", "derivation does not contain a 'drvPath' attribute");
  }
  const pos = set.positionOf("drvPath");
  const trace = "while evaluating the 'drvPath' attribute of a derivation";
  const drvPath = (yield coerceToStorePath(ctx, slot, pos, trace)) as string;
  if (!drvPath.endsWith(".drv")) {
    const baseName = drvPath.slice(drvPath.lastIndexOf("/") + 1);
    const message = marked`store path '${baseName}' is not a valid derivation path`;
    throw withTrace(new EvalError("invalid-path", message), pos, trace);
  }
  const outputSlot = set.get("outputName");
  const outputName =
    outputSlot === undefined
      ? ""
      : ((yield expectPlainString(
          ctx,
          outputSlot,
          NO_POS,
          "while evaluating the output name of a derivation",
        )) as string);
  if (outputName === "") {
    throw new EvalError("value", marked`derivation '${drvPath}' lacks an 'outputName' attribute`);
  }
  return { drvPath, outputName };
}

function typeMismatch(ctx: EvalContext, value: Value, expected: string, pos: PosIdx): EvalError {
  const found = `${typeWithArticle(value)}: ${printForError(value, ctx.positions)}`;
  return new EvalError("type", marked`expected ${expected} but found ${found}`, pos);
}

/** Evaluates a slot to a string without context. */
export function* expectPlainString(
  ctx: EvalContext,
  slot: Slot,
  pos: PosIdx,
  trace: string,
): Suspendable<string> {
  try {
    const value = (slot instanceof Thunk ? yield slot : slot) as Value;
    if (!isString(value)) throw typeMismatch(ctx, value, "a string", pos);
    return textOf(value);
  } catch (error) {
    throw withTrace(error, pos, trace);
  }
}
