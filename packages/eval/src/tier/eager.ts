/**
 * Eager arguments: which parameters of a function may be given a computed value where the machine
 * would pass a thunk.
 *
 * A thunk can be seen: in a list or set that is printed without forcing it, or by a builtin that receives
 * it. There is no difference to see if the function only ever forces the parameter, itself or in thunks and
 * functions that capture it, or if forcing it is the first thing that it does. The computations that are
 * done early (`n - 1` of small numbers) neither fail nor run other code. See docs/design/005-second-tier.md.
 */
import type { Lambda } from "../bytecode/lambda.ts";
import { Op } from "../bytecode/opcode.ts";
import { decode, type Instruction } from "./blocks.ts";

/** How deep nested units are searched. */
const MAX_DEPTH = 4;

/** Whether the parameter that lies in a local may be given a computed value. */
export function takesEager(lambda: Lambda, local: number): boolean {
  const instructions = decode(lambda);
  return forcedFirst(instructions, local) || !leaks(lambda, instructions, local << 1, 0);
}

/** Whether the local is forced before anything could run other code or let the slot escape. */
function forcedFirst(instructions: readonly Instruction[], local: number): boolean {
  for (const { op, operands } of instructions) {
    switch (op) {
      case Op.LocalForce:
        return operands[0] === local;
      case Op.Const:
      case Op.Int:
      case Op.Local:
      case Op.Upvalue0:
      case Op.Upvalue1:
      case Op.Upvalue:
      case Op.Thunk:
      case Op.Closure:
      case Op.SetLocal:
        break;
      default:
        return false;
    }
  }
  return false;
}

/** Whether the slot of a local or upvalue (`source` as in captures) is used in another way than by forcing it. */
function leaks(
  lambda: Lambda,
  instructions: readonly Instruction[],
  source: number,
  depth: number,
): boolean {
  const isUpvalue = (source & 1) === 1;
  const index = source >> 1;
  for (const { op, operands } of instructions) {
    switch (op) {
      case Op.Local:
        if (!isUpvalue && operands[0] === index) return true;
        break;
      case Op.Upvalue0:
        if (isUpvalue && index === 0) return true;
        break;
      case Op.Upvalue1:
        if (isUpvalue && index === 1) return true;
        break;
      case Op.Upvalue:
        if (isUpvalue && operands[0] === index - 2) return true;
        break;
      case Op.Thunk:
      case Op.Closure: {
        const at = operands[0] as number;
        const inside = (lambda.captures[at] as Int32Array).indexOf(source);
        if (inside >= 0 && leaksFrom(lambda.lambdas[at] as Lambda, inside, depth)) return true;
        break;
      }
    }
  }
  return false;
}

function leaksFrom(child: Lambda, upvalue: number, depth: number): boolean {
  if (depth === MAX_DEPTH) return true;
  child.ensureCompiled();
  return leaks(child, decode(child), (upvalue << 1) | 1, depth + 1);
}
