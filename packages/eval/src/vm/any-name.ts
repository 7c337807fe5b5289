/**
 * Calls of predicates with *any name*: what a function returns for every name that nothing in the evaluation
 * distinguishes from others. `filter` asks for it on the names of open sets (`value/open-list.ts`).
 *
 * A few instructions are carried out on a mark that stands for the name. It may be looked up in sets and compared
 * with texts, which distinguishes the names there: they are reported, as if the program had asked for them.
 * Everything else that would look at the name ends the attempt, and so does everything that a program could notice:
 * nothing suspended is evaluated, and nothing is called but functions of the program, a few levels deep.
 */
import type { Lambda } from "../bytecode/lambda.ts";
import { Op } from "../bytecode/opcode.ts";
import { settled } from "../operations/checks.ts";
import { equalFast } from "../operations/equality.ts";
import { Attrs } from "../value/attrs.ts";
import type { OpenNames } from "../value/open-names.ts";
import { Thunk } from "../value/thunk.ts";
import { Closure, type Slot, type Value } from "../value/value.ts";

/** Calls inside of calls. */
const MAX_DEPTH = 8;

/** Stands for the name. */
const ANY_NAME: unique symbol = Symbol("any name");
/** Stands for a thunk that the call would make. */
const SUSPENDED: unique symbol = Symbol("suspended");

type Operand = Slot | typeof ANY_NAME | typeof SUSPENDED;

/** Ends the attempt. */
const UNKNOWN: unique symbol = Symbol("unknown");

/**
 * Returns the Boolean that a function returns for all names but those in `names.asked`, to which some are added;
 * `undefined` if it is not known.
 */
export function answerForAnyName(f: Value, names: OpenNames): boolean | undefined {
  const result = f instanceof Closure ? call(f, f.code, [ANY_NAME], names, 0) : UNKNOWN;
  return typeof result === "boolean" ? result : undefined;
}

/** Carries out the code of a function; the last argument comes first. */
function call(
  self: Closure,
  lambda: Lambda,
  args: readonly Operand[],
  names: OpenNames,
  depth: number,
): Operand | typeof UNKNOWN {
  if (lambda.formals !== null || depth > MAX_DEPTH) return UNKNOWN;
  lambda.ensureCompiled();
  const { code, constants, localCount } = lambda;
  const locals = new Array<Operand>(localCount).fill(SUSPENDED);
  const [last, ...others] = args;
  locals[0] = last as Operand;
  // As `Op.Call` places them: the others, from the first on, lie in the last locals.
  others.reverse().forEach((argument, i) => {
    locals[localCount - others.length + i] = argument;
  });
  const upvalue = (index: number): Slot | undefined =>
    index === 0 ? self.a : index === 1 ? self.b : self.rest?.[index - 2];
  const stack: Operand[] = [];
  let pc = 0;
  for (;;) {
    switch (code[pc++] as Op) {
      case Op.Const:
        stack.push(constants[code[pc++] as number] as Value);
        break;
      case Op.Local:
        stack.push(locals[code[pc++] as number] as Operand);
        break;
      case Op.LocalForce: {
        const value = forced(locals[code[pc++] as number] as Operand);
        if (value === undefined) return UNKNOWN;
        stack.push(value);
        break;
      }
      case Op.Upvalue0:
        stack.push(self.a as Slot);
        break;
      case Op.Upvalue1:
        stack.push(self.b as Slot);
        break;
      case Op.Upvalue:
        stack.push(upvalue(code[pc++] as number) as Slot);
        break;
      case Op.UpvalueForce: {
        const value = forced(upvalue(code[pc++] as number) as Slot);
        if (value === undefined) return UNKNOWN;
        stack.push(value);
        break;
      }
      case Op.Force: {
        const value = forced(stack.pop() as Operand);
        if (value === undefined) return UNKNOWN;
        stack.push(value);
        break;
      }
      case Op.Thunk:
        pc++;
        stack.push(SUSPENDED);
        break;
      case Op.Pop:
        stack.pop();
        break;
      case Op.Jump:
        pc = code[pc] as number;
        break;
      case Op.JumpIfFalse:
        pc = stack.pop() === false ? (code[pc] as number) : pc + 1;
        break;
      case Op.And:
      case Op.Or:
        if (stack.at(-1) === (code[pc - 1] === Op.Or)) pc = code[pc] as number;
        else {
          stack.pop();
          pc++;
        }
        break;
      case Op.CheckBool:
        if (typeof stack.at(-1) !== "boolean") return UNKNOWN;
        break;
      case Op.Not:
        stack.push(!stack.pop());
        break;
      case Op.CheckName: {
        const name = stack.at(-1);
        if (name !== ANY_NAME && typeof name !== "string") return UNKNOWN;
        break;
      }
      case Op.HasAttrDynamic: {
        const name = stack.pop() as string | typeof ANY_NAME;
        const set = stack.pop() as Operand;
        if (set === ANY_NAME || set === SUSPENDED || set instanceof Thunk) return UNKNOWN;
        let slot: Slot | undefined;
        if (set instanceof Attrs) {
          if (name !== ANY_NAME) slot = set.get(name);
          else if (!distinguish(set, names)) return UNKNOWN;
        }
        stack.push(slot ?? false);
        pc = slot === undefined ? (code[pc] as number) : pc + 1;
        break;
      }
      case Op.Equal: {
        const right = stack.pop() as Operand;
        const left = stack.pop() as Operand;
        const answer = equal(left, right, names);
        if (answer === undefined) return UNKNOWN;
        stack.push(answer);
        break;
      }
      case Op.Call: {
        const count = code[pc++] as number;
        const callee = stack.pop();
        if (!(callee instanceof Closure)) return UNKNOWN;
        const { fused } = callee.code;
        const takes = fused !== null && fused.extraArguments < count ? fused.extraArguments + 1 : 1;
        pc += 2 * (takes - 1);
        const given = stack.splice(stack.length - takes);
        const next = takes > 1 ? (fused as Lambda) : callee.code;
        const result = call(callee, next, given, names, depth + 1);
        if (result === UNKNOWN) return UNKNOWN;
        stack.push(result);
        break;
      }
      case Op.Return:
        return forced(stack.pop() as Operand) ?? UNKNOWN;
      default:
        return UNKNOWN;
    }
  }
}

function forced(slot: Operand): Value | typeof ANY_NAME | undefined {
  if (slot === SUSPENDED) return undefined;
  return slot === ANY_NAME ? ANY_NAME : settled(slot);
}

/** Reports the names of a set that the name is looked up in; returns whether it is known that it is not there. */
function distinguish(set: Attrs, names: OpenNames): boolean {
  const others = set.blindNames();
  if (set.shape.open !== null) return false;
  for (const name of others) names.ask(name);
  return true;
}

function equal(left: Operand, right: Operand, names: OpenNames): boolean | undefined {
  if (left === SUSPENDED || right === SUSPENDED) return undefined;
  if (left instanceof Thunk || right instanceof Thunk) return undefined;
  if (left !== ANY_NAME && right !== ANY_NAME) return equalFast(left as Value, right as Value);
  const other = left === ANY_NAME ? right : left;
  if (other === ANY_NAME) return true;
  if (typeof other !== "string") return undefined;
  names.ask(other);
  return false;
}
