/** The disassembler: lists the code of a lambda and of all lambdas inside it. */

import { describePosition } from "../errors/position-text.ts";
import { NO_POS, type PosIdx, type PositionTable } from "../position.ts";
import { printForError } from "../print/print.ts";
import { Shape } from "../value/shape.ts";
import type { Slot } from "../value/value.ts";
import { type Lambda, LambdaKind, SelectCache } from "./lambda.ts";
import { OPCODES } from "./opcode.ts";

/** The listing of a lambda and, below it, of those that it makes. */
export function disassemble(
  root: Lambda,
  positions: PositionTable,
  list: (lambda: Lambda, positions: PositionTable, lines: string[]) => void = listCode,
): string {
  const lines: string[] = [];
  const work: { lambda: Lambda; title: string }[] = [{ lambda: root, title: "top level" }];
  const seen = new Set<Lambda>([root]);
  for (let i = 0; i < work.length; i++) {
    const { lambda, title } = work[i] as { lambda: Lambda; title: string };
    lambda.ensureCompiled();
    if (i > 0) lines.push("");
    lines.push(
      `== ${title} == ${lambda.pos > 0 ? describePosition(positions, lambda.pos) : ""}`.trimEnd(),
    );
    lines.push(
      `   ${lambda.localCount} locals, ${lambda.upvalueCount} upvalues, ${lambda.code.length} words`,
    );
    list(lambda, positions, lines);
    if (lambda.fused !== null) {
      const title = `function ${lambda.name ?? ""}`.trimEnd();
      const count = lambda.fused.extraArguments + 1;
      work.push({
        lambda: lambda.fused,
        title: `${title} with ${count} arguments ${work.length} (of ${i})`,
      });
    }
    lambda.lambdas.forEach((child, index) => {
      if (seen.has(child)) return;
      seen.add(child);
      const kind =
        child.kind === LambdaKind.Function ? `function ${child.name ?? ""}`.trimEnd() : "thunk";
      work.push({ lambda: child, title: `${kind} ${work.length} (lambda ${index} of ${i})` });
    });
  }
  return `${lines.join("\n")}\n`;
}

/** Returns the name of the instruction at an offset in the code of a lambda. */
export function instructionName({ code }: Lambda, pc: number): string {
  return OPCODES[code[pc] as number]?.name ?? "?";
}

/** An instruction as listings show it. */
export interface ListedInstruction {
  /** The code offset at which it begins. */
  readonly pc: number;
  readonly name: string;
  /** The operands as text. Inline caches are left out. */
  readonly operands: readonly string[];
  /** The index in `lambdas` of the code that a THUNK or CLOSURE makes something of. */
  readonly made: number | undefined;
  /** {@link NO_POS} if it has none. */
  readonly pos: PosIdx;
}

/** The instructions of a lambda, which must be compiled. */
export function instructionsOf(lambda: Lambda, positions: PositionTable): ListedInstruction[] {
  lambda.ensureDebugInfo();
  const { code, spans } = lambda;
  const instructions: ListedInstruction[] = [];
  let span = 0;
  for (let pc = 0; pc < code.length; ) {
    const start = pc++;
    const row = OPCODES[code[start] as number];
    if (row === undefined) {
      const name = `??? ${code[start]}`;
      instructions.push({ pc: start, name, operands: [], made: undefined, pos: NO_POS });
      break;
    }
    let made: number | undefined;
    const operands = row.operands.map((kind) => {
      const operand = code[pc++] as number;
      if (kind === "lambda") made = operand;
      return showOperand(kind, operand, lambda, positions);
    });
    let pos = NO_POS;
    while (span < spans.length && (spans[span] as number) <= start) {
      if (spans[span] === start && (spans[span + 1] as number) > 0) pos = spans[span + 1] as PosIdx;
      span += 2;
    }
    const shown = operands.filter((part) => part !== "");
    instructions.push({ pc: start, name: row.name, operands: shown, made, pos });
  }
  return instructions;
}

function showOperand(
  kind: string,
  operand: number,
  lambda: Lambda,
  positions: PositionTable,
): string {
  switch (kind) {
    case "constant":
      return showConstant(lambda.constants[operand]);
    case "jump":
      return `-> ${operand}`;
    case "cache":
      return "";
    case "position":
      return operand > 0 ? describePosition(positions, operand as PosIdx) : "";
    case "lambda": {
      const captures = Array.from(lambda.captures[operand] as Int32Array, (source) =>
        (source & 1) === 1 ? `upvalue ${source >> 1}` : `local ${source >> 1}`,
      );
      return `${operand}${captures.length > 0 ? ` [${captures.join(", ")}]` : ""}`;
    }
    default:
      return String(operand);
  }
}

/** Lists the instructions of a lambda. */
export function listCode(lambda: Lambda, positions: PositionTable, lines: string[]): void {
  for (const { pc, name, operands, pos } of instructionsOf(lambda, positions)) {
    const text = `${String(pc).padStart(5)}  ${name} ${operands.join(", ")}`.trimEnd();
    lines.push(pos > 0 ? `${text}  ; ${describePosition(positions, pos)}` : text);
  }
}

function showConstant(constant: unknown): string {
  if (constant instanceof Shape) return `{ ${constant.names.join(" ")} }`;
  if (constant instanceof SelectCache) return "";
  if (
    typeof constant === "object" &&
    constant !== null &&
    "text" in constant &&
    typeof constant.text === "function"
  ) {
    return JSON.stringify((constant.text as () => string)());
  }
  return printForError(constant as Slot);
}
