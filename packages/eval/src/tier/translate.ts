/**
 * Translation: turns the bytecode of one lambda into the source of a JavaScript function.
 *
 * The translator follows the operand stack symbolically: on it are variables, constants, and thunks that are
 * not made before something takes them. Locals become variables `l0`, `l1` …, their forced values `v0`,
 * `v1` … (`w0` … for upvalues), and the result of an instruction at depth 3 is `s3`. Jumps go forward only
 * and become labelled blocks (`blocks.ts`). Everything that is not fast and frequent is a call of the
 * runtime, `R`. See docs/design/005-second-tier.md.
 *
 * The code sets `pc` before everything that can fail, so that `R.leave` finds the position and the traces as
 * the machine does; the offset behind an instruction is equivalent to one inside it.
 *
 *     self, arguments…, calls, room     the parameters, see `TierRuntime`
 *     L, K, C                           the lambda, its lambdas, its constants
 *     N                                 the nesting: N.levels are the levels of values that native code is in
 */
import { type Lambda, LambdaKind } from "../bytecode/lambda.ts";
import { Op } from "../bytecode/opcode.ts";
import { InternalError } from "../errors/eval-error.ts";
import { Thunk } from "../value/thunk.ts";
import { Builtin } from "../value/value.ts";
import { blocksOf, decode, type Instruction } from "./blocks.ts";
import { takesEager } from "./eager.ts";

/** Longer code, in words, stays bytecode: V8 does not optimise functions of that size. */
const MAX_CODE = 3000;
/**
 * Words of native stack that a translated function takes beside its variables and parameters: its frame, and
 * the frames of the runtime between it and the next translation. An estimate on the safe side; `DRIVE_ROOM` in
 * `runtime.ts` says how it was checked.
 */
const FRAME_ROOM = 70;
/** The most strings that one expression joins. */
const MAX_JOINED = 12;
/** Lists and captures up to this length are made by {@link TierRuntime.row1} and its like. */
const MAX_ROW = 8;
/**
 * The most instructions of a thunk that is computed instead of made. `n - 1` has four, `a + b + c` and
 * `a - b - c - d` have eight with RETURN. Chosen so that the guard stays short, not measured.
 */
const MAX_EAGER = 9;

const SAFE = "9007199254740991";

/** What is known of the value of an expression. */
const enum Known {
  /** It may be a thunk. */
  Slot,
  /** A value. */
  Value,
  Boolean,
  Number,
  Text,
}

/** An entry of the symbolic operand stack. */
interface Operand {
  /** An expression without effects; see {@link Translator.simple} for when it may be written twice. */
  readonly code: string;
  readonly known: Known;
  /** The index of the lambda of a thunk or closure that `code` would make, or -1. */
  readonly makes: number;
}

/** The state of the code where a block ends. */
interface Landing {
  /** Operands below this depth are the same as at the beginning of the block. */
  readonly fixed: number;
  readonly opened: readonly Operand[];
  /** The stack there; `undefined` until a jump to it. */
  stack: Operand[] | undefined;
  facts: Map<string, string>;
}

/** Options for tests. */
export interface TranslationOptions {
  /** Takes no fast path, so that all slow paths are tested. */
  readonly slow: boolean;
}

/** The source of a lambda's translation, a function body; `null` if it must stay bytecode. */
export function translate(lambda: Lambda, options: TranslationOptions): string | null {
  lambda.ensureCompiled();
  lambda.ensureDebugInfo();
  if (lambda.code.length > MAX_CODE) return null;
  const instructions = decode(lambda);
  if (instructions.some(({ op }) => op === Op.Overrides)) return null;
  try {
    return new Translator(lambda, instructions, options.slow).run();
  } catch (error) {
    if (error instanceof Untranslatable) return null;
    throw error;
  }
}

/** Thrown when branches leave an operand in different variables. */
class Untranslatable extends Error {}

class Translator {
  private readonly lines: string[] = [];
  private readonly variables = new Set<string>();
  private readonly constants = new Map<string, string>();
  private readonly blocks: Map<number, number[]>;
  private readonly landings = new Map<number, Landing>();
  private readonly parameters: readonly string[];
  private readonly eagerLocals = new Map<number, boolean>();
  private stack: Operand[] = [];
  /** The variables that hold the forced values of `l0`, `u0` … . */
  private facts = new Map<string, string>();
  private reachable = true;
  private fails = false;
  private temporaries = 0;
  private tailCalls = 0;
  /** The offset behind a tail call; the only one's if there is one. */
  private tailCallEnd = 0;

  constructor(
    private readonly lambda: Lambda,
    private readonly instructions: readonly Instruction[],
    private readonly slow: boolean,
  ) {
    this.blocks = blocksOf(instructions);
    const parameters: string[] = [];
    if (lambda.kind === LambdaKind.Function) {
      const { extraArguments, localCount } = lambda;
      for (let i = extraArguments; i > 0; i--) parameters.push(`l${localCount - i}`);
      parameters.push("l0");
    }
    this.parameters = parameters;
  }

  run(): string {
    const isThunk = this.lambda.kind === LambdaKind.Thunk;
    this.tailCalls = this.countTailCalls();
    this.instructions.forEach((instruction, i) => {
      this.land(instruction.start);
      this.open(instruction);
      if (this.reachable) this.instruction(instruction, i);
    });
    const operands = this.lambda.traceRegions.some(({ select }) => select !== undefined)
      ? `[${this.stackVariables().join(", ")}]`
      : "R.noOperands";
    const parameters = ["self", ...this.parameters, "calls", "room"].join(", ");
    const variables = Array.from(this.variables).filter((name) => !this.parameters.includes(name));
    const room = FRAME_ROOM + variables.length + this.parameters.length;
    const body = this.lines.join("\n");
    const loops = this.tailCalls > 0;
    const leave = isThunk
      ? `throw R.leaveThunk(error, L, pc, ${operands}, self);`
      : loops
        ? `throw R.leaveLoop(error, L, pc, ${operands}, rounds, ${this.tailCallEnd});`
        : `throw R.leave(error, L, pc, ${operands});`;
    const looping = loops ? ["again: for (;;) {", body, "}"] : [body];
    return [
      '"use strict";',
      ...Array.from(this.constants, ([name, code]) => `const ${name} = ${code};`),
      `return function ${nameOf(this.lambda)}(${parameters}) {`,
      `room -= ${room};`,
      ...(isThunk ? ["self.code = BLACKHOLE;"] : []),
      ...(variables.length > 0 ? [`var ${variables.join(", ")};`] : []),
      ...(loops ? [`var rounds = ${this.tailCalls === 1 ? "0" : "null"};`] : []),
      ...(this.fails
        ? ["var pc = 0;", "try {", ...looping, "} catch (error) {", leave, "}"]
        : looping),
      "};",
    ].join("\n");
  }

  // ── Writing ────────────────────────────────────────────────────────────────────────────────────

  private line(text: string): void {
    this.lines.push(text);
  }

  private variable(name: string): string {
    this.variables.add(name);
    return name;
  }

  private temporary(): string {
    return this.variable(`q${this.temporaries++}`);
  }

  /** A constant outside the function. */
  private outside(name: string, code: string): string {
    this.constants.set(name, code);
    return name;
  }

  private constant(index: number): string {
    return this.outside(`c${index}`, `C[${index}]`);
  }

  private child(index: number): string {
    return this.outside(`k${index}`, `K[${index}]`);
  }

  private push(code: string, known: Known): void {
    this.stack.push({ code, known, makes: -1 });
  }

  private pop(): Operand {
    const operand = this.stack.pop();
    if (operand === undefined)
      throw new InternalError("the code takes an operand from an empty stack");
    return operand;
  }

  /** Pops an operand whose code is written once. */
  private take(): string {
    return this.code(this.pop());
  }

  private code(operand: Operand): string {
    return operand.makes < 0 ? operand.code : this.construction(operand.makes, operand.code);
  }

  /** Pops an operand whose code may be written several times. */
  private simple(): Operand {
    const operand = this.pop();
    if (operand.makes < 0) return operand;
    const code = this.variable(`s${this.stack.length}`);
    this.line(`${code} = ${this.code(operand)};`);
    return { code, known: operand.known, makes: -1 };
  }

  /** Assigns to the variable of the next depth and pushes it. */
  private result(code: string, known: Known): void {
    const name = this.variable(`s${this.stack.length}`);
    if (name !== code) this.line(`${name} = ${code};`);
    this.push(name, known);
  }

  /** `code`, preceded by an assignment to `pc`: something in it may fail. */
  private failing(end: number, code: string): string {
    this.fails = true;
    return `(pc = ${end}, ${code})`;
  }

  private site(end: number): string {
    return `calls, room, L, ${end}`;
  }

  private runtime(name: string, end: number, ...operands: string[]): string {
    return this.failing(end, `R.${name}(${[...operands, this.site(end)].join(", ")})`);
  }

  /** Any instruction, done by the machine's code for it. */
  private generic({ op, start }: Instruction, end: number, ...operands: string[]): string {
    const few = operands.length === 1 || operands.length === 2;
    const given = few ? operands.join(", ") : `[${operands.join(", ")}]`;
    const method = `instruction${few ? operands.length : ""}`;
    return this.failing(end, `R.${method}(${op}, ${given}, calls, room, L, ${start + 1})`);
  }

  private force(code: string, end: number): string {
    return this.runtime("force", end, code);
  }

  private stackVariables(): string[] {
    let depth = 0;
    for (const name of this.variables) {
      if (name.startsWith("s")) depth = Math.max(depth, Number(name.slice(1)) + 1);
    }
    const names: string[] = [];
    for (let i = 0; i < depth; i++) names.push(this.variable(`s${i}`));
    return names;
  }

  // ── Locals, upvalues, captures ─────────────────────────────────────────────────────────────────

  private local(index: number): string {
    return this.variable(`l${index}`);
  }

  private upvalue(index: number): string {
    if (index === 0) return "self.a";
    if (index === 1) return "self.b";
    return `self.rest[${index - 2}]`;
  }

  private captured(source: number): string {
    return (source & 1) === 1 ? this.upvalue(source >> 1) : this.local(source >> 1);
  }

  private captures(index: number): string[] {
    const sources = this.lambda.captures[index] as Int32Array;
    return Array.from(sources, (source) => this.captured(source));
  }

  private construction(index: number, type: string): string {
    const captures = this.captures(index);
    const rest = captures.length > 2 ? this.row(captures.slice(2)) : "null";
    const [a = "undefined", b = "undefined"] = captures;
    return `new ${type}(${this.child(index)}, ${a}, ${b}, ${rest})`;
  }

  /** An expression for an array of slots, of the same kind as those that the machine makes. */
  private row(items: readonly string[]): string {
    if (items.length === 0) return "R.row(0)";
    if (items.length <= MAX_ROW) return `R.row${items.length}(${items.join(", ")})`;
    const name = this.temporary();
    const parts = items.map((item, i) => `${name}[${i}] = ${item}`);
    return `(${name} = R.row(${items.length}), ${parts.join(", ")}, ${name})`;
  }

  /** Pushes the forced value of a local or upvalue, `key` being its name among the facts. */
  private pushForced(
    key: string,
    code: string,
    variable: string,
    end: number,
    quick: boolean,
  ): void {
    const known = this.facts.get(key);
    if (known !== undefined) {
      this.push(known, Known.Value);
      return;
    }
    const forced = this.force(code, end);
    const name = this.variable(variable);
    this.line(
      quick && !this.slow
        ? `${name} = typeof ${code} === "number" ? ${code} : ${forced};`
        : `${name} = ${forced};`,
    );
    this.facts.set(key, name);
    this.push(name, Known.Value);
  }

  private isEager(local: number): boolean {
    let eager = this.eagerLocals.get(local);
    if (eager === undefined) {
      eager =
        !this.instructions.some(({ op, operands }) => op === Op.Refill && operands[0] === local) &&
        takesEager(this.lambda, local);
      this.eagerLocals.set(local, eager);
    }
    return eager;
  }

  private setLocal(index: number): void {
    const operand = this.pop();
    const local = this.local(index);
    // Operands on the stack were read before the assignment.
    this.stack.forEach(({ code, known, makes }, depth) => {
      const reads =
        makes < 0 ? code === local || code === `v${index}` : this.captures(makes).includes(local);
      if (!reads) return;
      const name = this.variable(`s${depth}`);
      this.line(`${name} = ${this.code({ code, known, makes })};`);
      this.stack[depth] = { code: name, known, makes: -1 };
    });
    const eager = operand.makes >= 0 && this.isEager(index) ? this.eager(operand) : undefined;
    const made = this.code(operand);
    this.line(
      eager === undefined
        ? `${local} = ${made};`
        : `${local} = ${eager.guard} ? ${eager.value} : ${made};`,
    );
    this.facts.delete(local);
    if (operand.known !== Known.Slot) this.facts.set(local, local);
  }

  // ── Blocks ─────────────────────────────────────────────────────────────────────────────────────

  private open({ op, start }: Instruction): void {
    this.openBlocks(start, Math.max(0, this.stack.length - consumed(op)));
  }

  private openBlocks(start: number, fixed: number): void {
    for (const target of this.blocks.get(start) ?? []) {
      this.line(`b${target}: {`);
      const opened = this.stack.slice();
      this.landings.set(target, { fixed, opened, stack: undefined, facts: new Map() });
    }
  }

  private land(start: number): void {
    const landing = this.landings.get(start);
    if (landing === undefined) return;
    if (this.reachable) {
      for (const move of this.arrive(landing, this.stack)) this.line(move);
    }
    this.line("}");
    if (landing.stack === undefined) return;
    this.stack = landing.stack;
    this.facts = landing.facts;
    this.reachable = true;
  }

  /** Jumps to the end of a block, with `stack`, if `condition` holds. */
  private jump(target: number, condition: string, stack: readonly Operand[]): void {
    const moves = this.arrive(this.landings.get(target) as Landing, stack);
    const code = [...moves, `break b${target};`].join(" ");
    this.line(condition === "" ? code : `if (${condition}) { ${code} }`);
  }

  /** Moves the operands to the variables in which every jump to the end of a block leaves them. */
  private arrive(landing: Landing, stack: readonly Operand[]): string[] {
    const moves: string[] = [];
    const arriving = stack.map((operand, i): Operand => {
      if (i < landing.fixed && operand === landing.opened[i]) return operand;
      const name = this.variable(`s${i}`);
      if (name !== operand.code) moves.push(`${name} = ${this.code(operand)};`);
      return { code: name, known: operand.known, makes: -1 };
    });
    const there = landing.stack;
    if (there === undefined) {
      landing.stack = arriving;
      landing.facts = new Map(this.facts);
      return moves;
    }
    landing.stack = arriving.map((operand, i) => {
      const other = there[i];
      if (other === undefined || other.code !== operand.code || other.makes !== operand.makes) {
        throw new Untranslatable();
      }
      return operand.known === other.known ? operand : { ...operand, known: meet(operand, other) };
    });
    for (const [key, name] of landing.facts) {
      if (this.facts.get(key) !== name) landing.facts.delete(key);
    }
    return moves;
  }

  // ── Arithmetic ─────────────────────────────────────────────────────────────────────────────────

  private isNumber(operand: Operand): string {
    if (this.slow) return "false";
    return operand.known === Known.Number ? "" : `typeof ${operand.code} === "number"`;
  }

  private areNumbers(...operands: Operand[]): string {
    return join(operands.map((operand) => this.isNumber(operand)));
  }

  /** The condition under which JavaScript's comparison is that of Nix. */
  private comparable(left: Operand, right: Operand): string {
    const text = left.known === Known.Text ? right : right.known === Known.Text ? left : undefined;
    if (text === undefined || this.slow) return this.areNumbers(left, right);
    return text.known === Known.Text ? "" : `typeof ${text.code} === "string"`;
  }

  private calculate(instruction: Instruction, sign: string, method: string): void {
    const right = this.simple();
    const left = this.simple();
    const sum = this.temporary();
    const { end } = instruction;
    const slow = this.slow
      ? this.generic(instruction, end, left.code, right.code)
      : this.runtime(method, end, left.code, right.code);
    const guard = join([
      this.areNumbers(left, right),
      inRange(sum, `${left.code} ${sign} ${right.code}`),
    ]);
    this.result(`${guard} ? ${sign === "*" ? `${sum} + 0` : sum} : ${slow}`, Known.Value);
  }

  private compare(instruction: Instruction, next: number, sign: string, opposite: string): void {
    const right = this.simple();
    const left = this.simple();
    const { end, op } = instruction;
    const guard = this.comparable(left, right);
    const slow =
      op === Op.NotEqual
        ? this.generic(instruction, end, left.code, right.code)
        : this.runtime(op === Op.Less ? "less" : "equal", end, left.code, right.code);
    const branch = this.branchAt(next);
    if (branch === undefined || guard === "") {
      const quick = `${left.code} ${sign} ${right.code}`;
      this.result(guard === "" ? quick : `${guard} ? ${quick} : ${slow}`, Known.Boolean);
      return;
    }
    // A branch follows and needs no Boolean.
    const moves = this.arrive(this.landings.get(branch.target) as Landing, this.stack);
    const code = [...moves, `break b${branch.target};`].join(" ");
    this.line(`if (${guard}) { if (${left.code} ${opposite} ${right.code}) { ${code} } }`);
    this.line(`else if (${slow} === false) { ${code} }`);
    this.skipped = branch.end;
  }

  /** Instructions before this offset are translated already. */
  private skipped = 0;

  /** The JUMP_IF_FALSE that takes the Boolean of the instruction before `next`, if one does. */
  private branchAt(next: number): Instruction | undefined {
    for (let i = next; ; i++) {
      const instruction = this.instructions[i];
      if (instruction === undefined || this.landings.has(instruction.start)) return undefined;
      const begins = this.blocks.get(instruction.start);
      if (instruction.op === Op.CheckBool && begins === undefined) continue;
      if (instruction.op !== Op.JumpIfFalse) return undefined;
      // Its blocks then begin before the comparison.
      this.openEarly(instruction);
      return instruction;
    }
  }

  /** Opens the blocks of an instruction that is translated together with the one before. */
  private openEarly(instruction: Instruction): void {
    this.openBlocks(instruction.start, this.stack.length);
    this.blocks.delete(instruction.start);
  }

  /**
   * For a thunk that computes with small numbers: an expression that tests whether its operands are forced and
   * the result is in range, and the expression of the value if the test holds.
   */
  private eager(thunk: Operand): { readonly guard: string; readonly value: string } | undefined {
    if (this.slow || thunk.known !== Known.Slot) return undefined;
    const child = this.lambda.lambdas[thunk.makes] as Lambda;
    if (child.kind !== LambdaKind.Thunk) return undefined;
    child.ensureCompiled();
    const code = decode(child);
    if (code.length > MAX_EAGER || code.length < 4) return undefined;
    const sources = this.lambda.captures[thunk.makes] as Int32Array;
    const guards: string[] = [];
    const stack: string[] = [];
    for (const { op, operands } of code) {
      const operand = operands[0] as number;
      switch (op) {
        case Op.Int:
          stack.push(String(operand));
          break;
        case Op.UpvalueForce: {
          const source = sources[operand] as number;
          const slot = this.captured(source);
          const key = (source & 1) === 1 ? `u${source >> 1}` : slot;
          const value = this.facts.get(key) ?? slot;
          const guard = `typeof ${value} === "number"`;
          if (!guards.includes(guard)) guards.push(guard);
          stack.push(value);
          break;
        }
        case Op.AddFirst:
          break;
        case Op.Add:
        case Op.Sub: {
          const right = stack.pop();
          const left = stack.pop();
          const sum = this.temporary();
          guards.push(inRange(sum, `${left} ${op === Op.Add ? "+" : "-"} ${right}`));
          stack.push(sum);
          break;
        }
        case Op.Return:
          return { guard: join(guards), value: stack[0] as string };
        default:
          return undefined;
      }
    }
    return undefined;
  }

  // ── Calls ──────────────────────────────────────────────────────────────────────────────────────

  /** The CALLs from the instruction `i` on that belong together. */
  private call(i: number): void {
    const first = this.instructions[i] as Instruction;
    const count = first.operands[0] as number;
    const end = first.end;
    const callee = this.simple();
    const args: Operand[] = [];
    for (let n = 0; n < count; n++) args.push(this.pop());
    this.skipped = (this.instructions[i + count - 1] as Instruction).end;
    const made = args.map((arg) => this.code(arg));
    if (count > 3) {
      const list = `[${made.join(", ")}]`;
      this.result(this.runtime("callAll", end, callee.code, list), Known.Value);
      return;
    }
    const slow = this.runtime(`call${count}`, end, callee.code, ...made);
    const isFunction = callee.known === Known.Value || callee.known === Known.Slot;
    if (this.slow || !isFunction || this.isBuiltin(callee.code)) {
      this.result(slow, Known.Value);
      return;
    }
    if (
      this.tailCalls > 0 &&
      count === this.parameters.length &&
      this.stack.length === 0 &&
      this.isTail(i + count)
    ) {
      this.tailCall(callee.code, args, made, end);
    }
    const js = this.variable("js");
    const field = count === 1 ? "js" : `js${count}`;
    const bit = count === 1 ? 0 : count === 2 ? 1 : 3;
    const given = args.map((arg, n) => {
      const eager = arg.makes < 0 ? undefined : this.eager(arg);
      if (eager === undefined) return made[n];
      const may = `(${callee.code}.code.eager & ${1 << (bit + n)}) !== 0`;
      return `${may} && ${eager.guard} ? ${eager.value} : ${made[n]}`;
    });
    const guard = `${callee.code} instanceof Closure && (${js} = ${callee.code}.code.${field}) !== null && room > 0`;
    const quick = `${js}(${[callee.code, ...given, "calls + 1", "room"].join(", ")})`;
    this.result(`${guard} ? ${this.failing(end, quick)} : ${slow}`, Known.Value);
  }

  /** Whether the result of the call before the instruction `next` is the result of the function. */
  private isTail(next: number): boolean {
    for (let i = next; ; ) {
      const instruction = this.instructions[i];
      if (instruction?.op === Op.Return) return true;
      if (instruction?.op !== Op.Jump) return false;
      i = this.instructions.findIndex(({ start }) => start === instruction.target);
    }
  }

  /** How many calls may turn out to be the function calling itself in tail position. */
  private countTailCalls(): number {
    const count = this.parameters.length;
    if (count === 0 || count > 3 || this.slow) return 0;
    let found = 0;
    this.instructions.forEach(({ op, operands }, i) => {
      const first = op === Op.Call && operands[0] === count;
      if (!first || !this.isTail(i + count)) return;
      if (this.instructions[i - 1]?.op === Op.Call) return;
      found++;
    });
    return found;
  }

  /**
   * A function that calls itself in tail position loops instead. `rounds` counts the calls, or keeps their code
   * offsets, for the traces of the calls that were saved.
   */
  private tailCall(callee: string, args: readonly Operand[], made: string[], end: number): void {
    const code = this.parameters.length === 1 ? `${callee}.code` : `${callee}.code.fused`;
    const given = args.map((arg, n) => {
      const parameter = Number((this.parameters[n] as string).slice(1));
      const eager = arg.makes >= 0 && this.isEager(parameter) ? this.eager(arg) : undefined;
      return eager === undefined ? made[n] : `${eager.guard} ? ${eager.value} : ${made[n]}`;
    });
    const names = given.map(() => this.temporary());
    this.tailCallEnd = end;
    this.line(
      [
        `if (${callee} instanceof Closure && ${code} === L && calls + N.levels < R.maxDepth) {`,
        ...given.map((value, n) => `${names[n]} = ${value};`),
        ...this.parameters.map((parameter, n) => `${parameter} = ${names[n]};`),
        `self = ${callee};`,
        "calls++;",
        this.tailCalls === 1 ? "rounds++;" : `(rounds ??= []).push(${end});`,
        "continue again;",
        "}",
      ].join(" "),
    );
  }

  private isBuiltin(code: string): boolean {
    return code.startsWith("c") && this.lambda.constants[Number(code.slice(1))] instanceof Builtin;
  }

  // ── Selections ─────────────────────────────────────────────────────────────────────────────────

  /** Moves the top to the variable of its depth, where traces of selections look for it. */
  private settleTop(): string {
    const depth = this.stack.length - 1;
    const top = this.stack[depth] as Operand;
    const name = this.variable(`s${depth}`);
    if (top.code !== name || top.makes >= 0) this.line(`${name} = ${this.code(top)};`);
    this.stack[depth] = { code: name, known: top.known, makes: -1 };
    return name;
  }

  // ── Instructions ───────────────────────────────────────────────────────────────────────────────

  private instruction(instruction: Instruction, i: number): void {
    if (instruction.start < this.skipped) return;
    const { op, end, operands, target } = instruction;
    const operand = operands[0] as number;
    switch (op as Op) {
      case Op.Const: {
        const value = this.lambda.constants[operand];
        if (value === null || typeof value === "boolean") {
          this.push(String(value), value === null ? Known.Value : Known.Boolean);
        } else {
          const known =
            value instanceof Thunk
              ? Known.Slot
              : typeof value === "number"
                ? Known.Number
                : typeof value === "string"
                  ? Known.Text
                  : Known.Value;
          this.push(this.constant(operand), known);
        }
        return;
      }
      case Op.Int:
        this.push(operand < 0 ? `(${operand})` : String(operand), Known.Number);
        return;
      case Op.Local:
        this.push(this.local(operand), Known.Slot);
        return;
      case Op.LocalForce: {
        const local = this.local(operand);
        const isParameter = this.parameters.includes(local);
        const quick = isParameter && this.isEager(operand);
        this.pushForced(local, local, `v${operand}`, end, quick);
        return;
      }
      case Op.Upvalue0:
        this.push(this.upvalue(0), Known.Slot);
        return;
      case Op.Upvalue1:
        this.push(this.upvalue(1), Known.Slot);
        return;
      case Op.Upvalue:
        this.push(this.upvalue(operand + 2), Known.Slot);
        return;
      case Op.UpvalueForce:
        this.pushForced(`u${operand}`, this.upvalue(operand), `w${operand}`, end, false);
        return;
      case Op.Force: {
        const top = this.stack.at(-1) as Operand;
        if (top.known !== Known.Slot) return;
        this.result(this.force(this.take(), end), Known.Value);
        return;
      }
      case Op.SetLocal:
        this.setLocal(operand);
        return;
      case Op.Pop:
        this.pop();
        return;
      case Op.Nip:
        this.slide(1);
        return;
      case Op.Slide:
        this.slide(operand);
        return;
      case Op.Thunk:
        this.stack.push({ code: "Thunk", known: Known.Slot, makes: operand });
        return;
      case Op.Closure:
        this.stack.push({ code: "Closure", known: Known.Value, makes: operand });
        return;
      case Op.Refill: {
        const local = this.local(operand);
        const captures = this.captures(operands[1] as number);
        captures.slice(0, 2).forEach((code, n) => {
          this.line(`${local}.${n === 0 ? "a" : "b"} = ${code};`);
        });
        if (captures.length > 2) this.line(`${local}.rest = ${this.row(captures.slice(2))};`);
        return;
      }
      case Op.SkipIfBound:
        this.jump(target, `${this.local(operand)} !== MISSING`, this.stack);
        return;
      case Op.Call:
        this.call(i);
        return;
      case Op.Return: {
        const value = this.take();
        if (this.lambda.kind === LambdaKind.Function) {
          this.line(`return ${value};`);
          return;
        }
        const name = this.variable("s0");
        if (value !== name) this.line(`${name} = ${value};`);
        this.line(`self.code = null; self.a = ${name}; self.b = undefined; self.rest = null;`);
        this.line(`return ${name};`);
        return;
      }
      case Op.Jump:
        this.jump(target, "", this.stack);
        this.reachable = false;
        return;
      case Op.JumpIfFalse: {
        const { code } = this.simple();
        this.jump(target, `${code} === false`, this.stack);
        return;
      }
      case Op.And:
      case Op.Or: {
        const condition = this.simple();
        const taken = [...this.stack, condition];
        this.jump(target, `${condition.code} === ${op === Op.Or}`, taken);
        return;
      }
      case Op.CheckBool: {
        const top = this.simple();
        if (top.known !== Known.Boolean) {
          const error = this.failing(end, `R.notABoolean(${top.code})`);
          this.line(`if (typeof ${top.code} !== "boolean") throw ${error};`);
        }
        this.push(top.code, Known.Boolean);
        return;
      }
      case Op.Not: {
        const { code } = this.simple();
        this.result(`!${code}`, Known.Boolean);
        return;
      }
      case Op.AddFirst: {
        const top = this.simple();
        if (top.known === Known.Number || top.known === Known.Text) this.push(top.code, top.known);
        else {
          const quick = `typeof ${top.code} === "number" || typeof ${top.code} === "string"`;
          const slow = this.generic(instruction, end, top.code);
          this.result(this.slow ? slow : `${quick} ? ${top.code} : ${slow}`, Known.Value);
        }
        return;
      }
      case Op.Add:
        this.calculate(instruction, "+", "add");
        return;
      case Op.Sub:
        this.calculate(instruction, "-", "subtract");
        return;
      case Op.Mul:
        this.calculate(instruction, "*", "multiply");
        return;
      case Op.Less:
        this.compare(instruction, i + 1, "<", ">=");
        return;
      case Op.Equal:
        this.compare(instruction, i + 1, "===", "!==");
        return;
      case Op.NotEqual:
        this.compare(instruction, i + 1, "!==", "===");
        return;
      case Op.Div: {
        const right = this.take();
        const left = this.take();
        this.result(this.failing(end, `R.divide(${left}, ${right})`), Known.Value);
        return;
      }
      case Op.Concat: {
        const right = this.take();
        const left = this.take();
        this.result(this.generic(instruction, end, left, right), Known.Value);
        return;
      }
      case Op.AssertEqual: {
        const right = this.simple();
        const left = this.simple();
        // Thrown from here: the larger a function, the longer V8 takes to throw through it.
        const failed = this.temporary();
        const codes = [left.code, right.code, this.constant(operand)].join(", ");
        this.line(`${failed} = ${this.failing(end, `R.failedAssertion(${codes})`)};`);
        this.line(`if (${failed} !== undefined) throw ${failed};`);
        this.line(`${this.generic(instruction, end, left.code, right.code)};`);
        return;
      }
      case Op.Negate:
      case Op.ConcatPath:
      case Op.DynamicBegin:
      case Op.DynamicEnd:
      case Op.DynamicAttr:
      case Op.CurPos: {
        const count =
          op === Op.ConcatPath ? operand : op === Op.DynamicAttr ? 3 : op === Op.CurPos ? 0 : 1;
        const taken: string[] = [];
        for (let n = 0; n < count; n++) taken.unshift(this.take());
        this.result(this.generic(instruction, end, ...taken), Known.Value);
        return;
      }
      case Op.Interpolate:
      case Op.PathSegment: {
        const top = this.simple();
        const slow = this.generic(instruction, end, top.code);
        this.result(
          this.slow ? slow : `typeof ${top.code} === "string" ? ${top.code} : ${slow}`,
          Known.Value,
        );
        return;
      }
      case Op.ConcatStrings:
        this.concatStrings(instruction);
        return;
      case Op.List:
      case Op.Attrs: {
        const shape = op === Op.Attrs ? this.constant(operand) : "";
        const count =
          op === Op.List
            ? operand
            : (this.lambda.constants[operand] as { names: readonly string[] }).names.length;
        const items: string[] = [];
        for (let n = 0; n < count; n++) items.unshift(this.take());
        const row = this.row(items);
        this.result(op === Op.List ? row : `new Attrs(${shape}, ${row}, null)`, Known.Value);
        return;
      }
      case Op.NewCell:
        this.line(`${this.local(operand)} = new Thunk(null, null, undefined, null);`);
        return;
      case Op.SetCell: {
        const { code, known } = this.simple();
        this.line(`${this.local(operand)}.a = ${code};`);
        this.push(code, known);
        return;
      }
      case Op.CheckSet:
      case Op.CheckName: {
        const top = this.simple();
        const test =
          op === Op.CheckSet
            ? `!(${top.code} instanceof Attrs)`
            : `typeof ${top.code} !== "string"`;
        if (op === Op.CheckSet || top.known !== Known.Text) {
          this.line(`if (${test}) ${this.generic(instruction, end, top.code)};`);
        }
        this.push(top.code, top.known);
        return;
      }
      case Op.Update: {
        let set = this.take();
        for (let n = 1; n < operand; n++) set = `R.update(${set}, ${this.take()})`;
        this.result(set, Known.Value);
        return;
      }
      case Op.Select:
      case Op.SelectKeep: {
        const set = this.settleTop();
        if (op === Op.Select) this.pop();
        const name = this.constant(operand);
        const cache = this.constant(operands[1] as number);
        this.result(this.runtime("select", end, set, name, cache), Known.Value);
        // The NIP that follows has nothing to do.
        if (op === Op.Select) this.skipped = end + 1;
        return;
      }
      case Op.SelectDynamic: {
        const name = this.settleTop();
        const set = this.settled(1);
        this.result(this.runtime("selectDynamic", end, set, name), Known.Value);
        return;
      }
      case Op.SelectOr:
      case Op.SelectOrDynamic: {
        const isDynamic = op === Op.SelectOrDynamic;
        const name = isDynamic ? this.settleTop() : this.constant(operand);
        const set = isDynamic ? this.settled(1) : this.settleTop();
        const slot = this.temporary();
        const depth = (operands[isDynamic ? 1 : 2] as number) - this.lambda.localCount;
        this.line(`${slot} = R.get(${set}, ${name});`);
        this.jump(target, `${slot} === undefined`, this.stack.slice(0, depth));
        this.result(this.force(slot, end), Known.Value);
        return;
      }
      case Op.HasAttr:
      case Op.HasAttrDynamic: {
        const name = op === Op.HasAttrDynamic ? this.take() : this.constant(operand);
        const set = this.take();
        const slot = this.temporary();
        this.line(`${slot} = R.get(${set}, ${name});`);
        const missing: Operand = { code: "false", known: Known.Boolean, makes: -1 };
        this.jump(target, `${slot} === undefined`, [...this.stack, missing]);
        this.result(slot, Known.Slot);
        return;
      }
      case Op.With: {
        const namespace = this.take();
        const parent = this.take();
        const pos = operands[1] as number;
        this.line(`${this.local(operand)} = new WithScope(${namespace}, ${parent}, ${pos});`);
        return;
      }
      case Op.ResolveWith: {
        const scope = this.take();
        const cache = this.outside(`h${end}`, "new WithCache()");
        const found = this.runtime("resolveWith", end, scope, this.constant(operand), cache);
        this.result(found, Known.Slot);
        return;
      }
      case Op.BindFormals: {
        const argument = this.simple();
        const formals = this.temporary();
        this.line(`${formals} = ${this.failing(end, `R.bindFormals(L, ${argument.code})`)};`);
        this.lambda.formals?.names.forEach((_name, n) => {
          this.line(`${this.local(operand + n)} = ${formals}[${n}];`);
        });
        return;
      }
      case Op.AssertFail:
        this.line(`throw ${this.generic(instruction, end)};`);
        this.reachable = false;
        return;
      default:
        throw new InternalError(`no translation of instruction ${op}`);
    }
  }

  /** The variable of an operand below the top, which is settled as {@link settleTop} does. */
  private settled(below: number): string {
    const above = this.stack.splice(this.stack.length - below, below);
    const name = this.settleTop();
    this.stack.push(...above);
    return name;
  }

  private slide(count: number): void {
    const top = this.simple();
    this.stack.length -= count;
    const isVariable = /^s\d+$/.test(top.code);
    if (isVariable) this.result(top.code, top.known);
    else this.stack.push(top);
  }

  private concatStrings(instruction: Instruction): void {
    const count = instruction.operands[0] as number;
    const parts: Operand[] = [];
    for (let n = 0; n < count; n++) parts.unshift(this.simple());
    const codes = parts.map(({ code }) => code);
    const slow = this.generic(instruction, instruction.end, ...codes);
    if (this.slow || count > MAX_JOINED) {
      this.result(slow, Known.Value);
      return;
    }
    const unknown = parts.filter(({ known }) => known !== Known.Text);
    const guard = join(unknown.map(({ code }) => `typeof ${code} === "string"`));
    const sum = codes.join(" + ");
    const quick = count > 2 ? `flatText(${sum})` : sum;
    this.result(guard === "" ? quick : `${guard} ? ${quick} : ${slow}`, Known.Value);
  }
}

/** How many operands an instruction replaces or drops when it jumps. */
function consumed(op: number): number {
  switch (op as Op) {
    case Op.SelectOrDynamic:
    case Op.HasAttrDynamic:
      return 2;
    case Op.SkipIfBound:
      return 0;
    default:
      return 1;
  }
}

function meet(a: Operand, b: Operand): Known {
  return a.known === Known.Slot || b.known === Known.Slot ? Known.Slot : Known.Value;
}

/** Conditions that must all hold; empty ones always do. */
function join(conditions: readonly string[]): string {
  return conditions.filter((condition) => condition !== "").join(" && ");
}

/** Assigns a sum of safe integers; true if the sum is one as well. */
function inRange(variable: string, sum: string): string {
  return `(${variable} = ${sum}) <= ${SAFE} && ${variable} >= -${SAFE}`;
}

/** A name for profiles. */
function nameOf(lambda: Lambda): string {
  const kind = lambda.kind === LambdaKind.Function ? "nix" : "thunk";
  return `${kind}_${(lambda.name ?? "").replace(/\W/g, "_")}`;
}
