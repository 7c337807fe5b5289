/** Flakes in the REPL: `:load-flake`, and `FLAKE#ATTR` on the command line. */
import {
  Attrs,
  EvalError,
  force,
  parseAttrPath,
  type Slot,
  type Suspendable,
  select,
  type Value,
} from "@nivis/eval";
import { lockFlake } from "@nivis/flake";
import { type Bytes, formatFlakeRef, isLockedInput, marked } from "@nivis/formats";
import { withFlakeSession } from "../flake-session.ts";
import type { Invocation } from "../invocation.ts";
import type { DebuggedWork, Session } from "../session.ts";
import { FlakeArgument, notAValue, withArguments } from "./flake-arguments.ts";
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
 * Returns the output that an argument such as `.#packages` names; all of them without `#`. With prefixes,
 * such as `packages.x86_64-linux.`, the first with an attribute of that name counts.
 */
export async function loadOutput(
  argument: Bytes,
  session: Session,
  invocation: Invocation,
  prefixes: readonly Bytes[] = [],
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
    const { context } = evaluation;
    const args = session.autoArguments();
    for (const prefix of prefixes) {
      const path = parseAttrPath(`${prefix}${fragment === "" ? "default" : fragment}`);
      if ((await evaluation.runAsync(hasPath(path, outputs))) === true) {
        const slot = await evaluation.runAsync(select(context, path.join("."), args, outputs));
        return { what: `${formatFlakeRef(ref)}#${fragment}`, slot };
      }
    }
    const slot = await evaluation.runAsync(select(context, fragment, args, outputs));
    return { what: `${formatFlakeRef(ref)}#${fragment}`, slot };
  });
}

/** Whether there are attributes along a path. */
function* hasPath(path: readonly Bytes[], root: Slot): Suspendable<Slot> {
  let slot: Slot | undefined = root;
  for (const name of path) {
    const set: Value = (yield force(slot)) as Value;
    slot = set instanceof Attrs ? set.get(name) : undefined;
    if (slot === undefined) return false;
  }
  return true;
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
