/** Flakes in the REPL: `:load-flake`, and `FLAKE#ATTR` on the command line. */
import {
  Attrs,
  EvalError,
  force,
  parseAttrPath,
  type Slot,
  type Suspendable,
  type Value,
} from "@nivis/eval";
import { lockFlake } from "@nivis/flake";
import { type Bytes, formatFlakeRef, isLockedInput, marked } from "@nivis/formats";
import { withFlakeSession } from "../flake-session.ts";
import type { Invocation } from "../invocation.ts";
import type { DebuggedWork, Session } from "../session.ts";
import { FlakeArgument, notAValue, withArguments } from "./flake-arguments.ts";
import { attributesOf, notProvided } from "./flake-attributes.ts";
import { type FlakeFlags, flakeValue } from "./flake-evaluation.ts";
import { settingFlags } from "./locking.ts";

/**
 * Returns the value of a flake: its outputs, inputs and what is known of its source. No lock file is
 * written. In pure evaluation the reference must be locked.
 */
export async function loadFlake(
  text: Bytes,
  session: Session,
  invocation: Invocation,
): Promise<Slot> {
  const isPure = invocation.settings.pureEval;
  return withFlakeSession(invocation, async (flakeSession) => {
    const ref = flakeSession.parseRef(text, { allowMissing: true });
    const { trustForges } = flakeSession.settings;
    if (isPure && !isLockedInput(ref.input, { trustForges })) {
      throw new EvalError(
        "restricted",
        marked`cannot use ':load-flake' on unlocked flake reference '${text}' (use --impure to override)`,
      );
    }
    const flags = settingFlags({ useRegistries: isPure ? false : undefined }, flakeSession);
    const locked = await lockFlake(flakeSession.world, ref, { ...flags, allowUnlocked: !isPure });
    return flakeValue(session, locked);
  });
}

/** An output of a flake, and how the REPL names it. */
export interface LoadedOutput {
  readonly what: Bytes;
  readonly slot: Slot;
}

/**
 * Returns the output that an argument such as `.#hello` names, looked for as commands that build do; all of
 * them without `#`. With `byDefault`, the default package instead.
 */
export async function loadOutput(
  argument: Bytes,
  session: Session,
  invocation: Invocation,
  byDefault = false,
): Promise<LoadedOutput> {
  return withFlakeSession(invocation, async (flakeSession) => {
    const { ref, fragment } = flakeSession.parseRefWithFragment(argument);
    const flags = settingFlags({ useRegistries: undefined }, flakeSession);
    const locked = await lockFlake(flakeSession.world, ref, {
      ...flags,
      writer: flakeSession.writer,
    });
    const { evaluation } = session;
    const flake: Value = await evaluation.forceAsync(flakeValue(session, locked));
    const outputs = flake instanceof Attrs ? flake.get("outputs") : undefined;
    if (outputs === undefined)
      throw new EvalError("value", marked`flake '${argument}' has no outputs`);
    const what = `${formatFlakeRef(ref)}#${fragment}`;
    if (fragment === "" && !byDefault) return { what, slot: outputs };
    const system = session.io.system();
    const attributes = attributesOf({ fragment, use: "package", system });
    for (const attribute of attributes) {
      const slot = await evaluation.runAsync(slotAt(parseAttrPath(attribute), outputs));
      if (slot !== undefined) return { what, slot };
    }
    throw notProvided(ref, attributes);
  });
}

/** The slot at the end of a path of attributes; `undefined` if there is none. */
function* slotAt(path: readonly Bytes[], root: Slot): Suspendable<Slot | undefined> {
  let slot: Slot | undefined = root;
  for (const name of path) {
    const set: Value = (yield force(slot)) as Value;
    slot = set instanceof Attrs ? set.get(name) : undefined;
    if (slot === undefined) return undefined;
  }
  return slot;
}

/** Does some work with the attribute of a flake that an argument names, in a debugger. */
export async function withDebuggedOutput<Result>(
  flags: FlakeFlags,
  argument: Bytes,
  { options, begin }: DebuggedWork,
  work: (session: Session, slot: Slot) => Promise<Result>,
): Promise<Result> {
  const { readOnly } = flags;
  const request = { use: "package", readOnly, watch: () => options, remembers: false } as const;
  return withArguments(flags, [argument], request, async ({ session, installables: [one] }) => {
    if (!(one instanceof FlakeArgument)) throw notAValue(argument);
    begin(session);
    await one.findAhead();
    return work(session, one.cursor.slot);
  });
}
