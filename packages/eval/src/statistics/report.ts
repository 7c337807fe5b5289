/**
 * Statistics as C++ Nix prints them for `NIX_SHOW_STATS`: the same keys in the same order and
 * structure, plus those specific to this machine under "nivis". docs/statistics.md defines each
 * number.
 */

import { OPCODES } from "../bytecode/opcode.ts";
import type { CounterTree } from "../counters.ts";
import type { PosIdx, PositionTable } from "../position.ts";
import { HEADER_SIZE } from "../vm/frame.ts";
import type { CountingObserver } from "./counting-observer.ts";

/** The host's data about the process. Seconds and bytes. */
export interface ProcessStatistics {
  readonly cpuTime: number;
  /** The time of the garbage collector, of all threads. */
  readonly gcTime: number;
  readonly gcCycles: number;
  readonly heapSize: number;
  /** The bytes ever allocated on the heap. */
  readonly allocated: number;
  /** Further data about the process, for the key "nivis". */
  readonly more: CounterTree;
}

/** A JSON value of ordinary numbers, strings and objects. */
export type StatisticsTree =
  | string
  | number
  | null
  | readonly StatisticsTree[]
  | { readonly [name: string]: StatisticsTree };

/**
 * Sizes of objects in V8 on 64-bit machines: a header of three words, then a word for each field;
 * an array has four words and two for its store. These are estimates, since the engine does not
 * tell.
 */
const WORD = 8;
const SIZES = {
  Env: HEADER_SIZE * WORD,
  Value: 7 * WORD,
  Bindings: 13 * WORD,
  Attr: WORD,
} as const;

/** Returns the counts; without an observer only those that need none. */
export function statisticsReport(
  observer: CountingObserver | undefined,
  process: ProcessStatistics,
  parts: Readonly<Record<string, CounterTree>>,
  positions: PositionTable,
): StatisticsTree {
  const { cpuTime, gcTime, gcCycles, heapSize, allocated } = process;
  const own: Record<string, StatisticsTree> = { process: process.more, ...parts };
  const report: Record<string, StatisticsTree> = {
    cpuTime,
    time: { cpu: cpuTime, gc: gcTime, gcFraction: cpuTime === 0 ? 0 : gcTime / cpuTime },
    gc: { heapSize, totalBytes: allocated, cycles: gcCycles },
    nivis: own,
  };
  if (observer === undefined) return report;
  const counts = observer;
  const values = counts.thunks + counts.closures + counts.lists + counts.sets;
  own["machine"] = {
    instructions: counts.instructions,
    deepestCall: counts.deepest,
    closures: counts.closures,
    lists: counts.lists,
    ...(counts.everyCall ? { opcodes: opcodeCounts(counts.opcodes) } : {}),
  };
  Object.assign(report, {
    envs: {
      number: counts.frames,
      elements: counts.locals,
      bytes: counts.frames * SIZES.Env + counts.locals * WORD,
    },
    nrExprs: counts.expressions,
    list: {
      elements: counts.listElements,
      bytes: counts.listElements * WORD,
      concats: counts.concats,
    },
    values: { number: values, bytes: values * SIZES.Value },
    symbols: {
      number: counts.names.size,
      bytes: Array.from(counts.names).reduce((sum, name) => sum + name.length, 0),
    },
    sets: {
      number: counts.sets,
      bytes: counts.sets * SIZES.Bindings + counts.setElements * SIZES.Attr,
      elements: counts.setElements,
    },
    sizes: SIZES,
    nrOpUpdates: counts.updates,
    nrOpUpdateValuesCopied: counts.slotsCopied,
    nrThunks: counts.thunks,
    nrAvoided: Math.max(0, counts.places - counts.thunks),
    nrLookups: counts.lookups,
    nrPrimOpCalls: counts.builtinCalls,
    nrFunctionCalls: counts.functionCalls,
  });
  if (counts.everyCall) Object.assign(report, callCounts(counts, positions));
  return report;
}

/** Formats a report: two blanks per level, names in order, as C++ Nix's JSON library prints. */
export function renderStatistics(report: StatisticsTree): string {
  return JSON.stringify(inOrder(report), null, 2);
}

function inOrder(tree: StatisticsTree): StatisticsTree {
  if (Array.isArray(tree)) return tree.map(inOrder);
  if (typeof tree !== "object" || tree === null) return tree;
  const entries = Object.entries(tree as Record<string, StatisticsTree>);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, inOrder(value)]),
  );
}

/** Returns the counts of `NIX_COUNT_CALLS`, the most frequent first. */
function callCounts(counts: CountingObserver, positions: PositionTable): StatisticsTree {
  return {
    primops: Object.fromEntries(counts.builtins),
    functions: byCount(counts.calls).map(([lambda, count]) => ({
      name: lambda.name ?? null,
      ...place(positions, lambda.pos),
      count,
    })),
    attributes: byCount(counts.selections).map(([pos, count]) => ({
      ...place(positions, pos),
      count,
    })),
  };
}

function byCount<Key>(counts: ReadonlyMap<Key, number>): [Key, number][] {
  return Array.from(counts).sort(([, a], [, b]) => b - a);
}

function place(positions: PositionTable, pos: PosIdx): Record<string, StatisticsTree> {
  const found = positions.resolve(pos);
  if (found === undefined) return {};
  const { source, offset } = found;
  const { line, column } = source.lineColumn(offset);
  const { origin } = source;
  return { ...(origin.kind === "file" ? { file: origin.path } : {}), line, column };
}

function opcodeCounts(opcodes: readonly number[]): StatisticsTree {
  return Object.fromEntries(
    OPCODES.flatMap(({ name }, op) => (opcodes[op] === 0 ? [] : [[name, opcodes[op] as number]])),
  );
}
