/**
 * Calls with *any name*: what a function returns for every name that nothing in the evaluation distinguishes
 * from others. `filter` asks for it on the names of open sets (`value/open-list.ts`), and `union-of-entries.ts`
 * for the entries of a directory that could be added to it.
 *
 * A few instructions are carried out on a mark that stands for the name. It may be looked up in sets and compared
 * with texts, which distinguishes the names there: they are reported, as if the program had asked for them.
 * Everything else that would look at the name ends the attempt, and so does everything that a program could notice:
 * no thunk of the program is evaluated, and nothing is called but functions of the program, a few levels deep.
 */
import { type Lambda, LambdaKind } from "../bytecode/lambda.ts";
import { Op } from "../bytecode/opcode.ts";
import { settled } from "../operations/checks.ts";
import { equalFast } from "../operations/equality.ts";
import type { FileType } from "../source-accessor.ts";
import { Attrs } from "../value/attrs.ts";
import type { ListedDirectory, MadeOfEntries } from "../value/open-list.ts";
import { EntryMeaning, type OpenNames } from "../value/open-names.ts";
import { Thunk } from "../value/thunk.ts";
import { Builtin, Closure, NixPath, type Slot, type Value } from "../value/value.ts";

/** Calls inside of calls. */
const MAX_DEPTH = 8;
/** Instructions of one attempt. */
const MAX_STEPS = 2000;

/** Stands for the name. */
const ANY_NAME: unique symbol = Symbol("any name");
/** Stands for the set that `readDir` returns for the entry with the name, or one that is made of it by `mapAttrs`. */
const LISTING: unique symbol = Symbol("listing");
/** Ends the attempt. */
const UNKNOWN: unique symbol = Symbol("unknown");

/** A text that ends with the name. */
class AnyText {
  constructor(readonly prefix: string) {}
}

/** The path of the entry with the name in a directory. */
class AnyPath {
  constructor(readonly directory: NixPath) {}
}

/** A thunk or closure that the call makes. */
class Made {
  /** The value of a thunk. */
  result: Operand | typeof UNKNOWN | undefined = undefined;

  constructor(
    readonly code: Lambda,
    readonly upvalues: readonly Operand[],
    readonly isThunk: boolean,
  ) {}
}

type Operand = Slot | typeof ANY_NAME | typeof LISTING | typeof UNSET | AnyText | AnyPath | Made;

/** Stands in a local that has no value yet. */
const UNSET: unique symbol = Symbol("unset");

/**
 * Returns the Boolean that a function returns for all names but those in `names.asked`, to which some are added;
 * `undefined` if it is not known.
 */
export function answerForAnyName(f: Value, names: OpenNames): boolean | undefined {
  const result = new Attempt(names, undefined, undefined).apply(f, [ANY_NAME]);
  return typeof result === "boolean" ? result : undefined;
}

/** Returns what a function makes of an entry with any name and this type. */
export function meaningOfEntry(made: MadeOfEntries, type: FileType): EntryMeaning {
  const { directory, takesType } = made;
  const f = settled(made.f as Slot);
  if (f === undefined) return EntryMeaning.Unknown;
  const args = takesType ? [type, ANY_NAME] : [ANY_NAME];
  const result = new Attempt(directory.names, directory, type).apply(f, args as Operand[]);
  if (result === LISTING) return EntryMeaning.Listing;
  return result instanceof Attrs && result.blindNames().length === 0
    ? EntryMeaning.Nothing
    : EntryMeaning.Unknown;
}

class Attempt {
  #depth = 0;
  #steps = 0;

  constructor(
    private readonly names: OpenNames,
    /** The directory of the entry with the name, and the type of that; `undefined` for names of any kind. */
    private readonly directory: ListedDirectory | undefined,
    private readonly type: FileType | undefined,
  ) {}

  /** Calls a function with arguments, the last one first. */
  apply(f: Operand, given: readonly Operand[]): Operand | typeof UNKNOWN {
    let callee: Operand | typeof UNKNOWN = f;
    let rest = given;
    while (rest.length > 0) {
      if (!(callee instanceof Closure) && !(callee instanceof Made)) return UNKNOWN;
      const count = argumentCount(callee, rest.length);
      callee = this.#call(callee, rest.slice(rest.length - count));
      rest = rest.slice(0, rest.length - count);
    }
    return callee;
  }

  #call(callee: Closure | Made, args: readonly Operand[]): Operand | typeof UNKNOWN {
    const { code } = callee;
    if (code.formals !== null || (callee instanceof Made && callee.isThunk)) return UNKNOWN;
    return this.#run(args.length > 1 ? (code.fused as Lambda) : code, upvaluesOf(callee), args);
  }

  /** Returns the value of an operand. */
  #force(operand: Operand | undefined): Operand | typeof UNKNOWN {
    if (operand instanceof Made && operand.isThunk) {
      operand.result ??= this.#run(operand.code, upvaluesOf(operand), []);
      return operand.result;
    }
    if (operand instanceof Thunk) return (settled(operand) as Operand | undefined) ?? UNKNOWN;
    return operand === undefined || operand === UNSET ? UNKNOWN : operand;
  }

  /** Carries out the code of a lambda; the last argument comes first. */
  #run(
    lambda: Lambda,
    upvalue: (index: number) => Operand,
    args: readonly Operand[],
  ): Operand | typeof UNKNOWN {
    if (this.#depth > MAX_DEPTH) return UNKNOWN;
    this.#depth++;
    try {
      return this.#carryOut(lambda, upvalue, args);
    } finally {
      this.#depth--;
    }
  }

  #carryOut(
    lambda: Lambda,
    upvalue: (index: number) => Operand,
    args: readonly Operand[],
  ): Operand | typeof UNKNOWN {
    lambda.ensureCompiled();
    const { code, constants, localCount } = lambda;
    const locals = new Array<Operand>(localCount).fill(UNSET);
    const [last, ...others] = args;
    if (last !== undefined) locals[0] = last;
    // As `Op.Call` places them: the others, from the first on, lie in the last locals.
    others.reverse().forEach((argument, i) => {
      locals[localCount - others.length + i] = argument;
    });
    const make = (index: number, isThunk: boolean): Made => {
      const child = lambda.lambdas[index] as Lambda;
      const captures = lambda.captures[index] as Int32Array;
      const upvalues = Array.from(captures, (source) =>
        (source & 1) === 0 ? (locals[source >> 1] as Operand) : upvalue(source >> 1),
      );
      return new Made(child, upvalues, isThunk && child.kind === LambdaKind.Thunk);
    };
    const stack: Operand[] = [];
    let pc = 0;
    for (;;) {
      if (++this.#steps > MAX_STEPS) return UNKNOWN;
      switch (code[pc++] as Op) {
        case Op.Const:
          stack.push(constants[code[pc++] as number] as Value);
          break;
        case Op.Local:
          stack.push(locals[code[pc++] as number] as Operand);
          break;
        case Op.LocalForce: {
          const value = this.#force(locals[code[pc++] as number]);
          if (value === UNKNOWN) return UNKNOWN;
          stack.push(value);
          break;
        }
        case Op.Upvalue0:
          stack.push(upvalue(0));
          break;
        case Op.Upvalue1:
          stack.push(upvalue(1));
          break;
        case Op.Upvalue:
          stack.push(upvalue(2 + (code[pc++] as number)));
          break;
        case Op.UpvalueForce: {
          const value = this.#force(upvalue(code[pc++] as number));
          if (value === UNKNOWN) return UNKNOWN;
          stack.push(value);
          break;
        }
        case Op.Force: {
          const value = this.#force(stack.pop());
          if (value === UNKNOWN) return UNKNOWN;
          stack.push(value);
          break;
        }
        case Op.Thunk:
          stack.push(make(code[pc++] as number, true));
          break;
        case Op.Closure:
          stack.push(make(code[pc++] as number, false));
          break;
        case Op.Pop:
          stack.pop();
          break;
        case Op.Nip:
          stack.splice(-2, 1);
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
          const name = stack.pop() as Operand;
          const set = stack.pop() as Operand;
          if (isMark(set) || set instanceof Thunk) return UNKNOWN;
          let slot: Slot | undefined;
          if (set instanceof Attrs) {
            if (typeof name === "string") slot = set.get(name);
            else if (name !== ANY_NAME || !distinguish(set, this.names)) return UNKNOWN;
          }
          stack.push(slot ?? false);
          pc = slot === undefined ? (code[pc] as number) : pc + 1;
          break;
        }
        case Op.SelectDynamic: {
          // The set and the name stay below the value.
          const [set, name] = stack.slice(-2);
          if (name !== ANY_NAME || this.type === undefined) return UNKNOWN;
          if (set !== this.directory?.types) return UNKNOWN;
          stack.push(this.type);
          break;
        }
        case Op.Slide: {
          const value = stack.pop() as Operand;
          stack.length -= code[pc++] as number;
          stack.push(value);
          break;
        }
        case Op.Equal:
        case Op.NotEqual: {
          const isNegated = code[pc - 1] === Op.NotEqual;
          const right = stack.pop() as Operand;
          const left = stack.pop() as Operand;
          const answer = equal(left, right, this.names);
          if (answer === undefined) return UNKNOWN;
          stack.push(answer !== isNegated);
          break;
        }
        case Op.AddFirst: {
          const first = stack.at(-1);
          const isPlain = typeof first === "string" || first instanceof NixPath;
          if (!isPlain && first !== ANY_NAME && !(first instanceof AnyText)) return UNKNOWN;
          break;
        }
        case Op.Interpolate:
        case Op.PathSegment: {
          const part = stack.at(-1);
          if (typeof part !== "string" && part !== ANY_NAME && !(part instanceof AnyText)) {
            return UNKNOWN;
          }
          break;
        }
        case Op.Add: {
          const right = stack.pop() as Operand;
          const sum = joined([stack.pop() as Operand, right]);
          if (sum === undefined) return UNKNOWN;
          stack.push(sum);
          break;
        }
        case Op.ConcatStrings:
        case Op.ConcatPath: {
          const sum = joined(stack.splice(-(code[pc++] as number)));
          if (sum === undefined) return UNKNOWN;
          stack.push(sum);
          break;
        }
        case Op.Call: {
          const count = code[pc++] as number;
          const callee = stack.pop() as Operand;
          let result: Operand | typeof UNKNOWN = UNKNOWN;
          let takes = 1;
          if (callee instanceof Builtin) {
            takes = callee.arity;
            if (takes > count) return UNKNOWN;
            result = this.#builtin(callee, stack.splice(stack.length - takes));
          } else if (callee instanceof Closure || callee instanceof Made) {
            takes = argumentCount(callee, count);
            result = this.#call(callee, stack.splice(stack.length - takes));
          }
          if (result === UNKNOWN) return UNKNOWN;
          pc += 2 * (takes - 1);
          stack.push(result);
          break;
        }
        case Op.Return:
          return this.#force(stack.pop());
        default:
          return UNKNOWN;
      }
    }
  }

  /** Calls a builtin; the last argument comes first. */
  #builtin({ definition }: Builtin, args: readonly Operand[]): Operand | typeof UNKNOWN {
    const [last] = args;
    switch (definition.name) {
      case "readDir": {
        const path = this.#force(last);
        if (!(path instanceof AnyPath) || this.directory === undefined) return UNKNOWN;
        const { path: listed } = this.directory;
        const isInside =
          path.directory.path === listed.path && path.directory.accessor === listed.accessor;
        // `readDir` fails for a file and follows a symlink.
        return isInside && this.type === "directory" ? LISTING : UNKNOWN;
      }
      case "mapAttrs":
        return this.#force(last) === LISTING ? LISTING : UNKNOWN;
      default:
        return UNKNOWN;
    }
  }
}

/** How many of the arguments at hand a call takes. */
function argumentCount({ code: { fused } }: Closure | Made, given: number): number {
  return fused !== null && fused.extraArguments < given ? fused.extraArguments + 1 : 1;
}

function upvaluesOf(holder: Closure | Made): (index: number) => Operand {
  if (holder instanceof Made) return (index) => holder.upvalues[index] as Operand;
  return (index) =>
    (index === 0 ? holder.a : index === 1 ? holder.b : holder.rest?.[index - 2]) as Operand;
}

function isMark(operand: Operand): boolean {
  return (
    operand === ANY_NAME ||
    operand === LISTING ||
    operand === UNSET ||
    operand instanceof AnyText ||
    operand instanceof AnyPath ||
    operand instanceof Made
  );
}

/** Joins texts, or a path and texts; `undefined` if it is not known what that is. */
function joined(parts: readonly Operand[]): Operand | undefined {
  const [first] = parts;
  const texts = first instanceof NixPath ? parts.slice(1) : parts;
  let text = "";
  let isAny = false;
  for (const part of texts) {
    if (isAny) return undefined;
    if (typeof part === "string") text += part;
    else if (part === ANY_NAME) isAny = true;
    else if (part instanceof AnyText) {
      text += part.prefix;
      isAny = true;
    } else return undefined;
  }
  if (!(first instanceof NixPath)) return isAny ? new AnyText(text) : text;
  // The path literal `./a/${n}` is joined from `/a/` and the name.
  const { path } = first;
  const place = text === "" && path.endsWith("/") ? path.slice(0, -1) || "/" : path;
  return isAny && (text === "/" || place !== path) ? new AnyPath(first.at(place)) : undefined;
}

/** Reports the names of a set that the name is looked up in; returns whether it is known that it is not there. */
function distinguish(set: Attrs, names: OpenNames): boolean {
  const others = set.blindNames();
  if (set.shape.open !== null) return false;
  for (const name of others) names.ask(name);
  return true;
}

function equal(left: Operand, right: Operand, names: OpenNames): boolean | undefined {
  if (left === ANY_NAME && right === ANY_NAME) return true;
  if (left !== ANY_NAME && right !== ANY_NAME) {
    if (isMark(left) || isMark(right)) return undefined;
    if (left instanceof Thunk || right instanceof Thunk) return undefined;
    return equalFast(left as Value, right as Value);
  }
  const other = left === ANY_NAME ? right : left;
  if (typeof other !== "string") return undefined;
  names.ask(other);
  return false;
}
