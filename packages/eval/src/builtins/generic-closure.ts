/**
 * `genericClosure`: all elements that can be reached from a set of elements, each key once. A module on
 * demand, see scripts/bundles.mjs.
 */
import { type MarkedText, marked } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { withPlainTrace } from "../errors/from-world.ts";
import {
  callFromBuiltin,
  expectAttribute,
  expectList,
  expectSet,
  forceFunction,
  settled,
} from "../operations/checks.ts";
import { valueInError } from "../print/print.ts";
import type { Attrs } from "../value/attrs.ts";
import { Thunk } from "../value/thunk.ts";
import type { NixList, Slot, Value } from "../value/value.ts";
import { type CallRequest, type Request, Routine, type Suspendable } from "../vm/requests.ts";
import { OrderedKeys } from "./ordered-keys.ts";

/** Adds a key; if it cannot be compared, the traces name both elements. */
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
        marked`while checking key of element ${valueInError(element, ctx.positions)}`,
      );
    }
    withPlainTrace(error, marked`with element ${valueInError(other, ctx.positions)}`);
    throw withPlainTrace(
      error,
      marked`while comparing element ${valueInError(element, ctx.positions)}`,
    );
  }
}

/** What a {@link Closing} waits for. */
const enum Waiting {
  Nothing,
  Element,
  Key,
  Insertion,
  Answer,
  /** A further element that the operator has returned. */
  Found,
}

/** Processes the elements in the order in which they are found. */
class Closing extends Routine<NixList> {
  private readonly result: Slot[] = [];
  private readonly keys: OrderedKeys;
  private readonly request: CallRequest;
  private waiting = Waiting.Nothing;
  /** The index of the element in {@link work}. */
  private at = 0;
  /** The last result of the operator, and how much of it has been added to {@link work}. */
  private found: NixList = [];
  private taken = 0;

  constructor(
    private readonly ctx: EvalContext,
    private readonly work: Slot[],
    operator: Value,
  ) {
    super();
    this.keys = new OrderedKeys(ctx);
    this.request = callFromBuiltin(operator, null);
  }

  override next(answer: unknown): IteratorResult<Request, NixList> {
    const { ctx, work } = this;
    let given = answer;
    for (;;) {
      switch (this.waiting) {
        case Waiting.Nothing: {
          if (this.at === work.length) return this.finish(this.result);
          const element = work[this.at] as Slot;
          this.waiting = Waiting.Element;
          given = settled(element);
          if (given === undefined) return this.ask(element as Thunk);
          break;
        }
        case Waiting.Element: {
          const key = expectAttribute(expectSet(ctx, given as Value, ""), "key", "");
          this.waiting = Waiting.Key;
          given = settled(key);
          if (given === undefined) return this.ask(key as Thunk);
          break;
        }
        case Waiting.Key: {
          const element = work[this.at] as Slot;
          this.waiting = Waiting.Insertion;
          const key = given as Value;
          given = this.keys.tryInsert(key, element);
          if (given === undefined) return this.ask(insertKey(ctx, this.keys, key, element));
          break;
        }
        case Waiting.Insertion: {
          if (given !== true) {
            this.goOn();
            break;
          }
          const element = work[this.at] as Slot;
          this.result.push(element);
          this.waiting = Waiting.Answer;
          this.request.args[0] = element;
          return this.ask(this.request);
        }
        case Waiting.Answer:
          this.found = expectList(
            ctx,
            given as Value,
            "while evaluating the return value of the `operator` passed to builtins.genericClosure",
          );
          this.taken = 0;
          this.waiting = Waiting.Found;
          break;
        case Waiting.Found: {
          const { found } = this;
          if (this.taken === found.length) {
            this.goOn();
            break;
          }
          const element = found[this.taken++] as Slot;
          work.push(element);
          if (settled(element) === undefined) return this.ask(element as Thunk);
          break;
        }
      }
    }
  }

  /** Continues with the next element. */
  private goOn(): void {
    this.at++;
    this.waiting = Waiting.Nothing;
  }

  override throw(error: unknown): never {
    const where = this.traceText();
    if (where === "") throw error;
    const element = valueInError(this.work[this.at] as Slot, this.ctx.positions);
    throw withPlainTrace(error, `${where} ${element}`);
  }

  private traceText(): MarkedText {
    switch (this.waiting) {
      case Waiting.Element:
        return "in genericClosure element";
      case Waiting.Answer:
      case Waiting.Found:
        return marked`while calling ${"operator"} on genericClosure element`;
      default:
        return "";
    }
  }
}

/** The list of all elements that the operator of a set leads to from its start set. */
export function* genericClosure(ctx: EvalContext, set: Attrs): Suspendable<NixList> {
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
  return (yield new Closing(ctx, start.slice(), operator)) as NixList;
}
