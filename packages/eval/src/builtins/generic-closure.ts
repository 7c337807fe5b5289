/** `genericClosure`: everything that can be reached from a set of elements, each key once. */
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { withPlainTrace } from "../errors/from-world.ts";
import {
  callFromBuiltin,
  expectAttribute,
  expectList,
  expectSet,
  forceFunction,
} from "../operations/checks.ts";
import { printForError } from "../print/print.ts";
import type { Attrs } from "../value/attrs.ts";
import { Thunk } from "../value/thunk.ts";
import type { NixList, Slot, Value } from "../value/value.ts";
import type { Suspendable } from "../vm/requests.ts";
import { args, type BuiltinDefinition, generator, strict } from "./definition.ts";
import { OrderedKeys } from "./ordered-keys.ts";

/** Forces the `key` of an element; traces name the element. */
function* keyOf(ctx: EvalContext, element: Slot): Suspendable<Value> {
  let key: Slot;
  try {
    const set = expectSet(ctx, (element instanceof Thunk ? yield element : element) as Value, "");
    key = expectAttribute(set, "key", "");
  } catch (error) {
    throw withPlainTrace(
      error,
      `in genericClosure element ${printForError(element, ctx.positions)}`,
    );
  }
  return (key instanceof Thunk ? yield key : key) as Value;
}

/** Adds a key; when it cannot be compared the traces name both elements. */
function* insertKey(
  ctx: EvalContext,
  keys: OrderedKeys,
  key: Value,
  element: Slot,
): Suspendable<boolean> {
  try {
    return (yield keys.insert(key, element)) as boolean;
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    const other = (yield keys.findIncomparable(key)) as Slot | undefined;
    if (other === undefined) {
      throw withPlainTrace(
        error,
        `while checking key of element ${printForError(element, ctx.positions)}`,
      );
    }
    withPlainTrace(error, `with element ${printForError(other, ctx.positions)}`);
    throw withPlainTrace(error, `while comparing element ${printForError(element, ctx.positions)}`);
  }
}

/** Calls the operator on an element and appends what it answers, forced, to `work`. */
function* expand(
  ctx: EvalContext,
  operator: Value,
  element: Slot,
  work: Slot[],
): Suspendable<undefined> {
  try {
    const answer = expectList(
      ctx,
      (yield callFromBuiltin(operator, element)) as Value,
      "while evaluating the return value of the `operator` passed to builtins.genericClosure",
    );
    for (let i = 0; i < answer.length; i++) {
      const next = answer[i] as Slot;
      if (next instanceof Thunk && next.code !== null) yield next;
      work.push(next);
    }
  } catch (error) {
    throw withPlainTrace(
      error,
      `while calling operator on genericClosure element ${printForError(element, ctx.positions)}`,
    );
  }
  return undefined;
}

/** See the head of this file. */
export const genericClosureBuiltins: readonly BuiltinDefinition[] = [
  generator({
    name: "genericClosure",
    args: args("attrset"),
    strict: [
      strict(0, "set", "while evaluating the first argument passed to builtins.genericClosure"),
    ],
    doc:
      "The list of all elements that can be reached from those in `startSet`: `operator`, called " +
      "with an element, answers a list of further ones. Elements are sets; two with equal `key` " +
      "count as one. Keys must be comparable with `<`.\n\n" +
      "```nix\nbuiltins.genericClosure {\n  startSet = [ { key = 5; } ];\n" +
      "  operator = { key }: if key == 0 then [ ] else [ { key = key - 1; } ];\n}\n```",
    *run(ctx, set: Attrs) {
      const argument = "in the attrset passed as argument to builtins.genericClosure";
      const startSlot = expectAttribute(set, "startSet", argument);
      const start: NixList = expectList(
        ctx,
        (startSlot instanceof Thunk ? yield startSlot : startSlot) as Value,
        "while evaluating the 'startSet' attribute passed as argument to builtins.genericClosure",
      );
      if (start.length === 0) return start;
      const operator = (yield forceFunction(
        ctx,
        expectAttribute(set, "operator", argument),
        "while evaluating the 'operator' attribute passed as argument to builtins.genericClosure",
      )) as Value;
      const work: Slot[] = start.slice();
      const result: Slot[] = [];
      const keys = new OrderedKeys(ctx);
      for (let i = 0; i < work.length; i++) {
        const element = work[i] as Slot;
        const key = (yield keyOf(ctx, element)) as Value;
        const isNew =
          keys.tryInsert(key, element) ?? ((yield insertKey(ctx, keys, key, element)) as boolean);
        if (!isNew) continue;
        result.push(element);
        yield expand(ctx, operator, element, work);
      }
      return result;
    },
  }),
];
