/**
 * Addresses of instructions, and disassembly for the Debug Adapter Protocol. The code of each lambda gets a
 * range of addresses of its own when it is first shown; an address is the start of the range plus a code
 * offset.
 */
import { OPCODES, type Op, type PositionTable } from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { UnitCode } from "../code-map.ts";

/** Ranges begin at multiples of this. */
const ALIGNMENT = 0x1000;
/** Shown where there is no code. */
const NO_INSTRUCTION = "-";

/** An instruction. */
export interface Place {
  readonly code: UnitCode;
  readonly pc: number;
}

/** The addresses of all code that was shown. */
export class AddressSpace {
  readonly #ranges: { readonly start: number; readonly code: UnitCode }[] = [];
  readonly #startOf = new Map<UnitCode, number>();
  #next = ALIGNMENT;

  /** The address of an instruction, as clients write it. */
  reference({ code, pc }: Place): string {
    return hexadecimal(this.#start(code) + pc);
  }

  /** The instruction at an address; `undefined` if no code is there. */
  place(reference: string, offset = 0): Place | undefined {
    const address = Number(reference) + offset;
    const range = this.#ranges.find(
      ({ start, code }) => start <= address && address < start + code.original.length,
    );
    return range && { code: range.code, pc: address - range.start };
  }

  /** Exactly `count` instructions, of which the first is `skip` behind the one at a place. */
  disassemble(
    { code, pc }: Place,
    skip: number,
    count: number,
    positions: PositionTable,
    sourceOf: (code: UnitCode) => DebugProtocol.Source | undefined,
  ): DebugProtocol.DisassembledInstruction[] {
    const offsets = instructionOffsets(code);
    const at = offsets.findLastIndex((offset) => offset <= pc);
    const start = this.#start(code);
    const source = sourceOf(code);
    return Array.from({ length: count }, (_, i) => {
      const index = at + skip + i;
      const offset = offsets[index];
      if (offset === undefined) {
        // Outside of the code, addresses go on so that they stay different.
        const address = index < 0 ? start + index : start + code.original.length + index;
        return {
          address: hexadecimal(Math.max(0, address)),
          instruction: NO_INSTRUCTION,
          presentationHint: "invalid" as const,
        };
      }
      const expr = code.regionAt(offset)?.expr;
      const place = expr && code.file.source.lineColumn(expr.start);
      return {
        address: hexadecimal(start + offset),
        instruction: instructionText(code, offset, positions),
        ...(place === undefined || source === undefined
          ? {}
          : { location: source, line: place.line, column: place.column }),
        ...(offset === 0 ? { symbol: symbolOf(code) } : {}),
      };
    });
  }

  #start(code: UnitCode): number {
    const known = this.#startOf.get(code);
    if (known !== undefined) return known;
    const start = this.#next;
    this.#startOf.set(code, start);
    this.#ranges.push({ start, code });
    this.#next += Math.ceil((code.original.length + 1) / ALIGNMENT) * ALIGNMENT;
    return start;
  }
}

/** Where the instructions of some code begin. */
export function instructionOffsets({ original }: UnitCode): number[] {
  const offsets: number[] = [];
  for (let pc = 0; pc < original.length; ) {
    offsets.push(pc);
    pc += 1 + (OPCODES[original[pc] as Op]?.operands.length ?? 0);
  }
  return offsets;
}

function instructionText(code: UnitCode, pc: number, _: PositionTable): string {
  const { original, lambda } = code;
  const row = OPCODES[original[pc] as Op];
  if (row === undefined) return `??? ${original[pc]}`;
  const operands = row.operands.flatMap((kind, i) => {
    const operand = original[pc + 1 + i] as number;
    if (kind === "cache" || kind === "position") return [];
    if (kind === "constant") {
      const constant = lambda.constants[operand];
      return typeof constant === "string" || typeof constant === "number"
        ? [JSON.stringify(constant)]
        : [`#${operand}`];
    }
    return [kind === "jump" ? `-> ${operand}` : String(operand)];
  });
  return decodeUtf8(`${row.name} ${operands.join(", ")}`.trimEnd());
}

function symbolOf({ unit, file, lambda }: UnitCode): string {
  return decodeUtf8(lambda.name ?? file.nameOf(unit.expr) ?? "thunk");
}

function hexadecimal(address: number): string {
  return `0x${address.toString(16).padStart(8, "0")}`;
}
