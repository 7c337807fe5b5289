/**
 * What the arguments of a command select: a value, and attribute paths that begin in it. Callers are the
 * commands that look at values without building anything, such as `nivis diff` and `nivis profile`.
 */
import { type Slot, selectCalled, type Value } from "@nivis/eval";
import { type SourceFlags, selectionOf } from "../options/source-options.ts";
import type { Session } from "../session.ts";

/** An attribute that an argument names. */
export interface Target {
  /** The value in which the path begins. */
  readonly root: Value;
  /** An attribute path; bytes. The empty path selects the whole value. */
  readonly path: string;
}

/** Returns what the arguments of a command select in the value of an expression, which is evaluated. */
export function targetsOf(
  flags: SourceFlags,
  session: Session,
  command: string,
): readonly Target[] {
  const { source, attrPaths } = selectionOf(flags, session, command);
  const root = valueAt(session, "", session.evaluate(source));
  return attrPaths.map((path) => ({ root, path }));
}

/**
 * Evaluates the attribute at a path. Functions on the way and at its end are called with the arguments of
 * the command line.
 */
export function valueAt(session: Session, path: string, root: Slot): Value {
  const { context } = session.evaluation;
  return session.run(selectCalled(context, path, session.autoArguments(), root)).value;
}
