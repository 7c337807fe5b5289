/**
 * Notes of the arguments of calls: what an argument looks like when a function is called with it, before the
 * function evaluates any of it. A heap image has the argument as it was left, so a call by a later program is
 * compared with the note (`call-match.ts`). Nothing is forced for a note.
 */
import { Lambda } from "../bytecode/lambda.ts";
import { COLUMN, LINE } from "../operations/position-value.ts";
import { Attrs } from "../value/attrs.ts";
import { APPLY, APPLY2, Thunk, valueOfForced } from "../value/thunk.ts";
import {
  Builtin,
  Closure,
  ContextString,
  isList,
  NixFloat,
  NixPath,
  PartialBuiltin,
  type Slot,
  type Value,
} from "../value/value.ts";
import { WithScope } from "../vm/with-scope.ts";

/** A thunk that an argument refers to. */
export interface NotedThunk {
  readonly thunk: Thunk;
  /** A copy of it, suspended as it was; `undefined` if it had a value. */
  readonly before: Thunk | undefined;
}

/** The thunks that an argument refers to, through everything but the values of files. */
export class CallNote {
  constructor(readonly thunks: readonly NotedThunk[]) {}
}

/** Larger arguments are not noted, in objects. */
export const MAX_NOTED_OBJECTS = 10_000;

/**
 * Returns the note of an argument; `undefined` if it is too large, or has something that no image can hold.
 * `isKnown` says of which objects only the identity matters.
 */
export function noteOf(argument: Slot, isKnown: (object: object) => boolean): CallNote | undefined {
  const thunks: NotedThunk[] = [];
  const seen = new Set<object>();
  const pending: unknown[] = [argument];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next !== "object" || next === null || seen.has(next) || isKnown(next)) continue;
    if (seen.size >= MAX_NOTED_OBJECTS) return undefined;
    seen.add(next);
    if (next instanceof Thunk) {
      const value = valueOfForced(next) as Value | undefined;
      if (value !== undefined) {
        thunks.push({ thunk: next, before: undefined });
        pending.push(value);
        continue;
      }
      const captured = capturesOf(next);
      if (captured === undefined) return undefined;
      const { code, a, b, rest } = next;
      thunks.push({ thunk: next, before: new Thunk(code, a, b, rest) });
      pending.push(...captured);
    } else if (next instanceof Attrs) pending.push(...next.slots());
    else if (isList(next as Value)) pending.push(...(next as readonly Slot[]));
    else if (next instanceof Closure) pending.push(next.a, next.b, ...(next.rest ?? []));
    else if (next instanceof PartialBuiltin) pending.push(...next.args);
    else if (next instanceof WithScope) pending.push(next.namespace, next.parent);
    else if (
      !(next instanceof ContextString) &&
      !(next instanceof NixPath) &&
      !(next instanceof NixFloat) &&
      !(next instanceof Builtin)
    ) {
      return undefined;
    }
  }
  return new CallNote(thunks);
}

/** The slots that a suspended thunk refers to; `undefined` if it is not one that an image can hold. */
export function capturesOf({ code, a, b, rest }: Thunk): unknown[] | undefined {
  if (code instanceof Lambda) return [a, b, ...(rest ?? [])];
  if (code === APPLY || code === APPLY2) return [a, b];
  return code === LINE || code === COLUMN ? [] : undefined;
}
