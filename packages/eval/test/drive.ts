/**
 * A driver of generators for tests that do without the VM: forces native and forced thunks, calls
 * plain and suspending builtins, runs sub-generators, all on a stack of its own.
 */
import type { EvalContext } from "../src/context.ts";
import { EvalError } from "../src/errors/eval-error.ts";
import {
  APPLY,
  APPLY2,
  BLACKHOLE,
  FAILED,
  firstArgument,
  NATIVE,
  Thunk,
} from "../src/value/thunk.ts";
import {
  Builtin,
  type NixList,
  PartialBuiltin,
  type Slot,
  type Value,
} from "../src/value/value.ts";
import { checkArgument } from "../src/vm/calls.ts";
import { CallRequest, ForceRequest, type Suspendable } from "../src/vm/requests.ts";

type AnyGenerator = Suspendable<unknown>;

/** A generator, and what to do with what it returns. */
interface Frame {
  readonly generator: AnyGenerator;
  readonly thunk: Thunk | undefined;
}

/** Runs a generator to its end and answers what it returns. */
export function drive<Result>(
  start: Suspendable<Result>,
  ctx: EvalContext = {} as EvalContext,
): Result {
  const frames: Frame[] = [{ generator: start, thunk: undefined }];
  let answer: unknown;
  let thrown: { error: unknown } | undefined;
  while (frames.length > 0) {
    const frame = frames.at(-1) as Frame;
    let step: IteratorResult<unknown, unknown>;
    const failure = thrown;
    thrown = undefined;
    try {
      step =
        failure === undefined ? frame.generator.next(answer) : frame.generator.throw(failure.error);
    } catch (error) {
      const failed = failure === undefined ? toldOf(frame.generator, error) : error;
      frames.pop();
      if (frame.thunk !== undefined) settle(frame.thunk, FAILED, failed as Slot);
      thrown = { error: failed };
      continue;
    }
    if (step.done === true) {
      answer = step.value;
      // A generator may return a thunk, which is forced in its place.
      if (answer instanceof Thunk && answer.code !== null) {
        const inner = answer;
        frames[frames.length - 1] = { generator: forceOnce(inner), thunk: frame.thunk };
        answer = undefined;
        continue;
      }
      if (answer instanceof Thunk) answer = answer.a;
      if (frame.thunk !== undefined) settle(frame.thunk, null, answer as Slot);
      frames.pop();
      continue;
    }
    try {
      answer = request(step.value, frames, ctx);
    } catch (error) {
      thrown = { error };
    }
  }
  if (thrown !== undefined) throw thrown.error;
  return answer as Result;
}

/** The error that native code makes of an error of its own. */
function toldOf(generator: AnyGenerator, error: unknown): unknown {
  try {
    generator.throw(error);
    return error;
  } catch (told) {
    return told;
  }
}

function* forceOnce(thunk: Thunk): AnyGenerator {
  return yield thunk;
}

function settle(thunk: Thunk, code: Thunk["code"], content: Slot): void {
  thunk.code = code;
  thunk.a = content;
  thunk.b = undefined;
  thunk.rest = null;
}

/** Answers a request at once, or pushes a frame that will. */
function request(asked: unknown, frames: Frame[], ctx: EvalContext): unknown {
  if (asked instanceof ForceRequest) return request(asked.thunk, frames, ctx);
  if (asked instanceof Thunk) {
    switch (asked.code) {
      case null:
        return asked.a;
      case FAILED:
        throw asked.a;
      case BLACKHOLE:
        throw new EvalError("infinite-recursion", "infinite recursion encountered");
      case NATIVE: {
        const start = asked.a as unknown as () => AnyGenerator;
        asked.code = BLACKHOLE;
        frames.push({ generator: start(), thunk: asked });
        return undefined;
      }
      case APPLY:
      case APPLY2: {
        const last = asked.b as Slot;
        const args = asked.code === APPLY2 ? [firstArgument(asked), last] : [last];
        const callee = asked.a as Slot;
        asked.code = BLACKHOLE;
        frames.push({ generator: call(callee, args, ctx), thunk: asked });
        return undefined;
      }
      default:
        throw new Error("the test driver has no compiler");
    }
  }
  if (asked instanceof CallRequest) {
    frames.push({ generator: call(asked.callee, asked.args, ctx), thunk: undefined });
    return undefined;
  }
  frames.push({ generator: asked as AnyGenerator, thunk: undefined });
  return undefined;
}

function* call(callee: Slot, args: readonly Slot[], ctx: EvalContext): AnyGenerator {
  let fn = (callee instanceof Thunk ? yield callee : callee) as Value;
  let given: readonly Slot[] = args;
  if (fn instanceof PartialBuiltin) {
    given = [...fn.args, ...given];
    fn = fn.builtin;
  }
  if (!(fn instanceof Builtin))
    throw new EvalError("type", "attempt to call something which is not a function");
  if (given.length < fn.arity) return new PartialBuiltin(fn, given);
  const own: Slot[] = given.slice(0, fn.arity);
  for (const strict of fn.definition.strict) {
    if (strict.unlessEmpty && (own[1] as NixList).length === 0) continue;
    const slot = own[strict.arg] as Slot;
    const value = (slot instanceof Thunk ? yield slot : slot) as Value;
    own[strict.arg] = value;
    checkArgument(ctx, value, strict);
  }
  const run = fn.definition.run as (ctx: EvalContext, ...args: Slot[]) => unknown;
  let result = run(ctx, ...own);
  if (fn.definition.kind === "suspending") result = yield result as Suspendable<unknown>;
  if (result instanceof Thunk) result = yield result;
  if (given.length === fn.arity) return result;
  return yield new CallRequest(result as Slot, given.slice(fn.arity));
}
