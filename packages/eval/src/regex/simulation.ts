/**
 * Runs a program over a subject in time linear in the subject, with libstdc++'s choices.
 *
 * libstdc++ searches depth first: a loop takes one more turn if that leads to any match at all, an
 * alternative takes the branch that leads to the longer match (the left one of equals), and in a
 * match of the whole subject all matches are equally long. So the outcome below a node at a
 * position depends only on the two, and is one number, the *reach*: the end of the match, or -1.
 * The reaches at one position, a
 * *column*, follow from those at the next, so columns are computed from the subject's end to its beginning,
 * and captures are then read by walking forward.
 *
 *     reach(repeat)      = reach(again) >= 0 ? reach(again) : reach(on)
 *     reach(alternative) = max(reach(left), reach(right))
 *     reach(byte)        = the byte is in the set ? reach at the next position : -1
 *
 * For long subjects only every k-th column is kept, and the columns between are computed again when
 * the forward walk arrives there: twice the time, and memory for the square root of the subject.
 */
import { END_OF_SUBJECT } from "./byte-set.ts";
import { NodeKind, type Program } from "./closure.ts";
import type { RegexMatch } from "./regex.ts";
import { RegexError } from "./regex-error.ts";
import { MATCH_WORK, type OnWork } from "./work.ts";

/** All columns are kept while they have no more numbers than this (16 MB). */
const KEPT_REACHES = 4_000_000;

/** The maximum number of steps, some ten seconds; only patterns of thousands of states reach it. */
const STEP_LIMIT = 4_000_000_000;

/** The number of reaches in one piece of work. */
const REACHES_PER_PIECE = 4;

/** Evaluates one program. Holds no state between calls. */
export class Simulation {
  readonly #program: Program;
  /** The program without its marks: the contents of a column. */
  readonly #kinds: Uint8Array;
  readonly #first: Int32Array;
  readonly #second: Int32Array;
  readonly #argument: Int32Array;
  /** For each node of the program its index in a column. */
  readonly #slotOf: Int32Array;

  constructor(program: Program) {
    this.#program = program;
    const size = program.kinds.length;
    this.#slotOf = new Int32Array(size);
    const nodes: number[] = [];
    for (let node = 0; node < size; node++) {
      if (program.unmarked[node] === node) this.#slotOf[node] = nodes.push(node) - 1;
      else this.#slotOf[node] = this.#slotOf[program.unmarked[node] as number] as number;
    }
    const slotOf = (node: number): number => (node < 0 ? -1 : (this.#slotOf[node] as number));
    this.#kinds = Uint8Array.from(nodes, (node) => program.kinds[node] as number);
    this.#first = Int32Array.from(nodes, (node) => slotOf(program.first[node] as number));
    this.#second = Int32Array.from(nodes, (node) => slotOf(program.second[node] as number));
    this.#argument = Int32Array.from(nodes, (node) => program.argument[node] as number);
  }

  /** Matches the whole subject; null if it does not match. */
  match(subject: string, onWork: OnWork | undefined): RegexMatch | null {
    const columns = new Columns(this, subject, true, onWork);
    return columns.reach(0) < 0 ? null : this.#walk(columns, 0, undefined);
  }

  /** Finds all matches from left to right as libstdc++'s `regex_iterator` does. */
  search(subject: string, onWork: OnWork | undefined): RegexMatch[] {
    const columns = new Columns(this, subject, false, onWork);
    const matches: RegexMatch[] = [];
    let at = 0;
    for (;;) {
      while (at <= subject.length && columns.reach(at) < 0) at++;
      if (at > subject.length) return matches;
      let match = this.#walk(columns, at, undefined);
      matches.push(match);
      onWork?.(MATCH_WORK);
      // After an empty match, one that is not empty may begin at the same position.
      while (match.start === match.end) {
        at = match.end;
        if (at === subject.length) return matches;
        const column = columns.columnOfNonEmpty(at);
        if ((column[this.startSlot] as number) < 0) break;
        match = this.#walk(columns, at, column);
        matches.push(match);
      }
      at = match.start === match.end ? at + 1 : match.end;
    }
  }

  /** The size of a column. */
  get width(): number {
    return this.#kinds.length;
  }

  /** The index of the start in a column. */
  get startSlot(): number {
    return this.#slotOf[this.#program.start] as number;
  }

  /**
   * Computes the column of `position`: `column[offset ...]` from `behind[behindOffset ...]`, the
   * column of the next position. `accept` is the reach of the end of the pattern. Returns whether
   * any reach is not -1.
   */
  fillColumn(
    subject: string,
    position: number,
    accept: number,
    column: Int32Array,
    offset: number,
    behind: Int32Array,
    behindOffset: number,
  ): boolean {
    const kinds = this.#kinds;
    const first = this.#first;
    const second = this.#second;
    const argument = this.#argument;
    const sets = this.#program.sets;
    const size = kinds.length;
    const byte = position < subject.length ? subject.charCodeAt(position) : END_OF_SUBJECT;
    let highest = -1;
    for (let slot = 0; slot < size; slot++) {
      let reach = -1;
      switch (kinds[slot] as NodeKind) {
        case NodeKind.Byte:
          if (sets[(argument[slot] as number) + byte] === 1)
            reach = behind[behindOffset + (first[slot] as number)] as number;
          break;
        case NodeKind.Repeat:
          reach = column[offset + (first[slot] as number)] as number;
          if (reach < 0) reach = column[offset + (second[slot] as number)] as number;
          break;
        case NodeKind.Alternative: {
          reach = column[offset + (first[slot] as number)] as number;
          const right = column[offset + (second[slot] as number)] as number;
          if (right > reach) reach = right;
          break;
        }
        case NodeKind.Bol:
          if (position === 0) reach = column[offset + (first[slot] as number)] as number;
          break;
        case NodeKind.Eol:
          if (position === subject.length)
            reach = column[offset + (first[slot] as number)] as number;
          break;
        case NodeKind.Accept:
          reach = accept;
          break;
        default:
          break;
      }
      column[offset + slot] = reach;
      if (reach > highest) highest = reach;
    }
    return highest >= 0;
  }

  /** Follows the choices from `start`; `startColumn` replaces the column of that position. */
  #walk(columns: Columns, start: number, startColumn: Int32Array | undefined): RegexMatch {
    const { kinds, first, second, argument, groupCount } = this.#program;
    const slotOf = this.#slotOf;
    const marks = new Int32Array(2 * (groupCount + 1)).fill(-1);
    let position = start;
    let column = startColumn ?? columns.load(position);
    let offset = startColumn === undefined ? columns.offsetOf(position) : 0;
    let node = this.#program.start;
    for (;;) {
      switch (kinds[node] as NodeKind) {
        case NodeKind.Mark:
          marks[argument[node] as number] = position;
          node = first[node] as number;
          break;
        case NodeKind.Repeat: {
          const again = first[node] as number;
          node =
            (column[offset + (slotOf[again] as number)] as number) >= 0
              ? again
              : (second[node] as number);
          break;
        }
        case NodeKind.Alternative: {
          const left = first[node] as number;
          const right = second[node] as number;
          const leftReach = column[offset + (slotOf[left] as number)] as number;
          node = leftReach >= (column[offset + (slotOf[right] as number)] as number) ? left : right;
          break;
        }
        case NodeKind.Byte:
          node = first[node] as number;
          position++;
          column = columns.load(position);
          offset = columns.offsetOf(position);
          break;
        case NodeKind.Accept:
          return matchOf(columns.subject, marks, start, position);
        default:
          node = first[node] as number;
      }
    }
  }
}

function matchOf(subject: string, marks: Int32Array, start: number, end: number): RegexMatch {
  const groups: (string | null)[] = [];
  for (let mark = 2; mark < marks.length; mark += 2) {
    const groupEnd = marks[mark + 1] as number;
    groups.push(groupEnd < 0 ? null : subject.slice(marks[mark] as number, groupEnd));
  }
  return { start, end, groups };
}

/** The columns of one subject, of which one block is loaded. */
class Columns {
  readonly subject: string;
  readonly #simulation: Simulation;
  readonly #isWhole: boolean;
  readonly #onWork: OnWork | undefined;
  readonly #width: number;
  readonly #blockLength: number;
  /** The first columns of all blocks, if there is more than one. */
  readonly #kept: Int32Array;
  /** The columns of the loaded block. */
  readonly #block: Int32Array;
  #blockNumber = -1;
  /**
   * Whether some column is known to reach nothing, so that no match of the whole subject exists.
   */
  #isDead = false;

  constructor(
    simulation: Simulation,
    subject: string,
    isWhole: boolean,
    onWork: OnWork | undefined,
  ) {
    this.#simulation = simulation;
    this.#onWork = onWork;
    this.subject = subject;
    this.#isWhole = isWhole;
    this.#width = simulation.width;
    const positions = subject.length + 1;
    const steps = positions * this.#width;
    if (steps > STEP_LIMIT) throw new RegexError("space");
    this.#blockLength = steps <= KEPT_REACHES ? positions : Math.ceil(Math.sqrt(positions));
    const blocks = Math.ceil(positions / this.#blockLength);
    this.#kept = new Int32Array(blocks > 1 ? blocks * this.#width : 0);
    this.#block = new Int32Array(this.#blockLength * this.#width);
    for (let block = blocks - 1; block >= 0 && !this.#isDead; block--)
      this.#compute(block, blocks > 1);
  }

  /** Returns the end of the match that begins at `position`, or -1. */
  reach(position: number): number {
    if (this.#isDead) return -1;
    const column = this.load(position);
    return column[this.offsetOf(position) + this.#simulation.startSlot] as number;
  }

  /** Ensures that the column of `position` is loaded, and returns the array that holds it. */
  load(position: number): Int32Array {
    const block = Math.floor(position / this.#blockLength);
    if (block !== this.#blockNumber) this.#compute(block, false);
    return this.#block;
  }

  /** Returns the offset of the column of `position` when it is loaded. */
  offsetOf(position: number): number {
    return (position % this.#blockLength) * this.#width;
  }

  /** Returns the column of `position` for a match that may not end there. */
  columnOfNonEmpty(position: number): Int32Array {
    const column = new Int32Array(this.#width);
    const behind = this.load(position + 1);
    this.#simulation.fillColumn(
      this.subject,
      position,
      -1,
      column,
      0,
      behind,
      this.offsetOf(position + 1),
    );
    return column;
  }

  #compute(block: number, keep: boolean): void {
    const length = this.subject.length;
    const first = block * this.#blockLength;
    const last = Math.min(first + this.#blockLength - 1, length);
    this.#onWork?.(Math.ceil(((last - first + 1) * this.#width) / REACHES_PER_PIECE));
    let behind = this.#kept;
    // At the subject's end nothing is read from the column after it.
    let behindOffset = last === length ? 0 : (block + 1) * this.#width;
    for (let position = last; position >= first; position--) {
      const accept = !this.#isWhole || position === length ? position : -1;
      const offset = (position - first) * this.#width;
      const lives = this.#simulation.fillColumn(
        this.subject,
        position,
        accept,
        this.#block,
        offset,
        behind,
        behindOffset,
      );
      if (!lives && this.#isWhole) {
        this.#isDead = true;
        return;
      }
      behind = this.#block;
      behindOffset = offset;
    }
    this.#blockNumber = block;
    if (keep) this.#kept.set(this.#block.subarray(0, this.#width), block * this.#width);
  }
}
