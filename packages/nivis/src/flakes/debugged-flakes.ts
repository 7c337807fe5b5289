/**
 * Commands that go through the outputs of flakes, in a debugger. They do not wait while they evaluate, so
 * nothing stops in them. What they look at is therefore evaluated before they begin, by code that waits;
 * an error comes again when they reach it.
 */
import {
  Attrs,
  EvalError,
  force,
  isPassingKind,
  isString,
  type Slot,
  type Suspendable,
  textOf,
  type Value,
} from "@nivis/eval";
import type { FlakeRef } from "@nivis/formats";
import type { FlakeSession } from "@nivis/node";
import type { BuildingFlags } from "../options/building-options.ts";
import { withDebugger } from "../repl/debugged-work.ts";
import {
  type FlakeFlags,
  type FlakeRequest,
  type OpenedFlakes,
  withFlakes,
} from "./flake-evaluation.ts";
import type { OutputCursor } from "./output-cursor.ts";

/** What a command looks at. */
export interface OutputWalk {
  /** Whether the attributes of a set that is no derivation are looked at, by the names on the way to it. */
  enters(names: readonly string[], set: Attrs): boolean;
  /** Whether the value with these names is looked at. */
  visits(names: readonly string[]): boolean;
  /** The order in which the attributes of a set are looked at. */
  readonly order: (names: readonly string[]) => readonly string[];
  /** The attributes of derivations that are looked at, each a path. */
  readonly needs: readonly (readonly string[])[];
  /** Whether the walk continues behind an error. */
  readonly keepsGoing: boolean;
}

/** {@link withFlakes}; with `--debugger`, what `walk` describes is evaluated in a debugger first. */
export function withDebuggedFlakes<Result>(
  flags: BuildingFlags & FlakeFlags,
  request: FlakeRequest<Result>,
  parse: (session: FlakeSession) => readonly FlakeRef[],
  walk: (opened: OpenedFlakes) => OutputWalk,
  work: (opened: OpenedFlakes) => Promise<Result> | Result,
): Promise<Result> {
  if (!flags.debugs) return withFlakes(flags, request, parse, work);
  const { recalled: _, ...rest } = request;
  return withDebugger(flags.invocation, flags.breaks, ({ options, begin }) =>
    withFlakes(
      flags,
      { ...rest, watch: () => options, remembers: false },
      parse,
      async (opened) => {
        begin(opened.session);
        await walkAhead(
          opened,
          opened.flakes.map(({ outputs }) => outputs),
          walk(opened),
        );
        return work(opened);
      },
    ),
  );
}

/** Evaluates what a command looks at, so that the debugger of its session can stop in it. */
export async function walkAhead(
  { session }: Pick<OpenedFlakes, "session">,
  roots: readonly OutputCursor[],
  walk: OutputWalk,
): Promise<void> {
  try {
    for (const { slot, names } of roots) await session.runDebugged(walkOutputs(slot, names, walk));
  } catch (error) {
    if (!(error instanceof EvalError) || isPassingKind(error.kind)) throw error;
  }
}

function* walkOutputs(
  root: Slot,
  rootNames: readonly string[],
  walk: OutputWalk,
): Suspendable<undefined> {
  const left = [{ slot: root, names: rootNames }];
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    const { slot, names } = one;
    try {
      const value = (yield force(slot)) as Value;
      if (!(value instanceof Attrs)) continue;
      const type = (yield force(value.get("type") ?? null)) as Value;
      if (isString(type) && textOf(type) === "derivation") {
        for (const path of walk.needs) {
          let at: Value = value;
          for (const name of path) {
            const next: Slot | undefined = at instanceof Attrs ? at.get(name) : undefined;
            at = (yield force(next ?? null)) as Value;
          }
        }
      } else if (walk.enters(names, value)) {
        const members = walk.order(value.names()).map((name) => ({
          slot: value.get(name) as Slot,
          names: [...names, name],
        }));
        left.push(...members.filter((member) => walk.visits(member.names)).reverse());
      }
    } catch (error) {
      if (!walk.keepsGoing || !(error instanceof EvalError) || isPassingKind(error.kind))
        throw error;
    }
  }
  return undefined;
}
