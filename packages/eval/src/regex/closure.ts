/**
 * The decision program of an automaton: the possible transitions between two bytes, without cycles.
 *
 * From the start, and after each byte, the automaton branches through alternatives, loops, group
 * marks and anchors until it reaches the next byte or the end. libstdc++ walks these branches depth
 * first, and stops a loop that turns without progress at its third turn in one place. This module
 * unfolds the branches once, with the turns of such loops counted in the key of a node; the result
 * is a graph without cycles whose nodes are numbered from the leaves up, so one sweep over the
 * numbers evaluates it (`simulation.ts`).
 *
 * A loop's count matters only as long as the loop can be reached again without a byte: the key
 * contains the counts of the loops of the node's own component only. Nested empty loops still
 * multiply. Beyond `COUNTED_NODE_LIMIT` nodes (where libstdc++ would take exponential time),
 * branches that lead back to their origin are cut instead: the same subjects match, but the choice
 * among several matches, and thus the groups, may differ from libstdc++'s.
 */
import { type Automaton, StateKind } from "./automaton.ts";
import { BYTE_SET_SIZE } from "./byte-set.ts";
import { type Components, findComponents } from "./components.ts";
import { RegexError } from "./regex-error.ts";

/** The kinds of nodes of a program; `Mark` is the begin or end of a group. */
export const enum NodeKind {
  Byte,
  Alternative,
  Repeat,
  Bol,
  Eol,
  Accept,
  Mark,
  /** Matches nothing. */
  Fail,
}

/** A program in parallel arrays, indexed by node; children have smaller numbers than parents. */
export interface Program {
  readonly kinds: Uint8Array;
  /**
   * The first child: the preferred branch, or the continuation of a mark or an anchor. For Byte it
   * is the node at the next position, which may have any number.
   */
  readonly first: Int32Array;
  /** The second branch of Alternative and Repeat. */
  readonly second: Int32Array;
  /**
   * For Byte the offset of its set in `sets`; for Mark twice the group's number, plus one for its
   * end.
   */
  readonly argument: Int32Array;
  /** The byte sets, one after the other. */
  readonly sets: Uint8Array;
  /** The node that a match starts with. */
  readonly start: number;
  /** For each node the nearest node below it that is not a mark; both have the same value. */
  readonly unmarked: Int32Array;
  readonly groupCount: number;
}

/** The maximum number of nodes: an automaton of `STATE_LIMIT` states, and unfolded loops. */
const NODE_LIMIT = 250_000;

/** The maximum number of nodes whose keys contain counts. */
const COUNTED_NODE_LIMIT = 60_000;

/** The maximum number of counts in one key. */
const COUNTS_LIMIT = 64;

/** The number of turns that libstdc++ allows a loop in one place. */
const EMPTY_TURNS = 2;

/** Whether {@link buildProgram} may throw. */
export function mayBeTooLarge({ kinds, hasEmptyLoop }: Automaton): boolean {
  // Without empty loops, a state becomes at most one node.
  return hasEmptyLoop || kinds.length > NODE_LIMIT;
}

/**
 * Unfolds `automaton`; throws {@link RegexError} ("space") if even the cut program is too large.
 */
export function buildProgram(automaton: Automaton): Program {
  const program =
    new Unfolding(automaton, true).tryBuild() ?? new Unfolding(automaton, false).tryBuild();
  if (program === undefined) throw new RegexError("space");
  return program;
}

interface Visit {
  readonly state: number;
  readonly counts: string;
  /** The number of children that have been requested. */
  asked: number;
}

class Unfolding {
  readonly #automaton: Automaton;
  /** Whether turns are counted; otherwise loops are cut. */
  readonly #isExact: boolean;
  readonly #components: Components | undefined;
  /** For a loop in a cyclic component its index in the counts, else -1. */
  readonly #loopIndex: Int32Array;
  /** For each cyclic component with loops the number of its loops. */
  readonly #loopsOf = new Map<number, number>();
  /** When loops are cut, the keys of the nodes being visited. */
  readonly #visiting = new Set<string>();
  /** For each jump its destination, once known. */
  readonly #landings: Int32Array;
  readonly #plainNodes: Int32Array;
  readonly #countedNodes = new Map<string, number>();
  readonly #kinds: number[] = [];
  readonly #first: number[] = [];
  readonly #second: number[] = [];
  readonly #argument: number[] = [];

  constructor(automaton: Automaton, isExact: boolean) {
    this.#automaton = automaton;
    this.#isExact = isExact;
    this.#landings = new Int32Array(automaton.kinds.length).fill(-1);
    this.#plainNodes = new Int32Array(automaton.kinds.length).fill(-1);
    this.#loopIndex = new Int32Array(automaton.kinds.length).fill(-1);
    this.#components = automaton.hasEmptyLoop ? this.#numberLoops() : undefined;
  }

  #numberLoops(): Components {
    const { kinds, next, other } = this.#automaton;
    const components = findComponents(kinds.length, (state, i) => {
      const kind = kinds[state] as StateKind;
      if (kind === StateKind.Byte || kind === StateKind.Accept) return -1;
      const branches = kind === StateKind.Alternative || kind === StateKind.Repeat;
      return i === 0
        ? (next[state] as number)
        : i === 1 && branches
          ? (other[state] as number)
          : -1;
    });
    for (let state = 0; state < kinds.length; state++) {
      const component = components.componentOf[state] as number;
      if (kinds[state] !== StateKind.Repeat || components.isCyclic[component] !== true) continue;
      const index = this.#loopsOf.get(component) ?? 0;
      this.#loopsOf.set(component, index + 1);
      this.#loopIndex[state] = index;
    }
    return components;
  }

  tryBuild(): Program | undefined {
    for (const loops of this.#loopsOf.values())
      if (this.#isExact && loops > COUNTS_LIMIT) return undefined;
    const automaton = this.#automaton;
    const entries = [automaton.start];
    for (let state = 0; state < automaton.kinds.length; state++) {
      if (automaton.kinds[state] === StateKind.Byte) entries.push(automaton.next[state] as number);
    }
    for (const entry of entries) if (!this.#visit(entry)) return undefined;
    const size = this.#kinds.length;
    // The node after the byte may not have existed yet when a Byte node was created.
    for (let node = 0; node < size; node++) {
      if (this.#kinds[node] === NodeKind.Byte)
        this.#first[node] = this.#entryNode(this.#first[node] as number);
    }
    const first = Int32Array.from(this.#first);
    const unmarked = new Int32Array(size);
    for (let node = 0; node < size; node++) {
      unmarked[node] =
        this.#kinds[node] === NodeKind.Mark ? (unmarked[first[node] as number] as number) : node;
    }
    const sets = new Uint8Array(automaton.sets.length * BYTE_SET_SIZE);
    for (const [i, set] of automaton.sets.entries()) {
      if (typeof set === "number") sets[i * BYTE_SET_SIZE + set] = 1;
      else sets.set(set, i * BYTE_SET_SIZE);
    }
    return {
      kinds: Uint8Array.from(this.#kinds),
      first,
      second: Int32Array.from(this.#second),
      argument: Int32Array.from(this.#argument),
      sets,
      start: this.#entryNode(automaton.start),
      unmarked,
      groupCount: automaton.groupCount,
    };
  }

  #entryNode(state: number): number {
    const landing = this.#landing(state);
    return this.#node(landing, this.#countsOnEntering(landing)) as number;
  }

  /** Returns the state that `state` leads to: the first one that is not a jump. */
  #landing(state: number): number {
    const { kinds, next } = this.#automaton;
    const landings = this.#landings;
    let landing = state;
    while (kinds[landing] === StateKind.Jump) {
      const known = landings[landing] as number;
      landing = known >= 0 ? known : (next[landing] as number);
    }
    // Long alternations end in long chains of jumps, which are walked once.
    for (let jump = state; kinds[jump] === StateKind.Jump && landings[jump] !== landing; ) {
      landings[jump] = landing;
      jump = next[jump] as number;
    }
    return landing;
  }

  #countsOnEntering(state: number): string {
    const components = this.#components;
    if (components === undefined) return "";
    const loops = this.#loopsOf.get(components.componentOf[state] as number);
    if (loops === undefined) return "";
    // Cut loops are unfolded again for each state through which the component is entered.
    return this.#isExact ? "0".repeat(loops) : `e${state}`;
  }

  #node(state: number, counts: string): number | undefined {
    if (counts !== "") return this.#countedNodes.get(`${state}:${counts}`);
    const node = this.#plainNodes[state] as number;
    return node < 0 ? undefined : node;
  }

  /**
   * Creates the nodes below the state `entry`, leaves first; returns false if there are too many.
   */
  #visit(entry: number): boolean {
    const landing = this.#landing(entry);
    const counts = this.#countsOnEntering(landing);
    if (this.#node(landing, counts) !== undefined) return true;
    const root: Visit = { state: landing, counts, asked: 0 };
    this.#enter(root);
    const stack = [root];
    for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) {
      const child = this.#child(visit.state, visit.counts, visit.asked);
      if (child !== undefined) {
        visit.asked++;
        if (this.#node(child.state, child.counts) === undefined && this.#enter(child))
          stack.push(child);
        continue;
      }
      stack.pop();
      this.#make(visit.state, visit.counts);
      if (!this.#isExact) this.#visiting.delete(`${visit.state}:${visit.counts}`);
      if (this.#kinds.length > NODE_LIMIT) return false;
      if (this.#isExact && this.#countedNodes.size > COUNTED_NODE_LIMIT) return false;
    }
    return true;
  }

  /** Records that the children of `visit` are being visited; returns false if they already are. */
  #enter(visit: Visit): boolean {
    if (this.#isExact) return true;
    const key = `${visit.state}:${visit.counts}`;
    if (this.#visiting.has(key)) return false;
    this.#visiting.add(key);
    return true;
  }

  /** Returns the `i`-th of the states tried after `state`, in the order in which they are tried. */
  #child(state: number, counts: string, i: number): Visit | undefined {
    const { kinds, next, other } = this.#automaton;
    switch (kinds[state] as StateKind) {
      case StateKind.Byte:
      case StateKind.Accept:
        return undefined;
      case StateKind.Alternative:
        if (i > 1) return undefined;
        return this.#below(state, (i === 0 ? other : next)[state] as number, counts);
      case StateKind.Repeat: {
        const loop = this.#loopIndex[state] as number;
        const isCounted = loop >= 0 && this.#isExact;
        const turns = isCounted ? Number(counts[loop]) : 0;
        const mayTurn = turns < EMPTY_TURNS;
        if (i === 0 && mayTurn) {
          const counted = isCounted
            ? counts.slice(0, loop) + (turns + 1) + counts.slice(loop + 1)
            : counts;
          return this.#below(state, other[state] as number, counted);
        }
        if (i === (mayTurn ? 1 : 0)) return this.#below(state, next[state] as number, counts);
        return undefined;
      }
      default:
        return i === 0 ? this.#below(state, next[state] as number, counts) : undefined;
    }
  }

  #below(from: number, to: number, counts: string): Visit {
    const state = this.#landing(to);
    const components = this.#components;
    // Jumps belong to the component of the loop around them, so the landing states are compared.
    const isInside =
      components !== undefined && components.componentOf[state] === components.componentOf[from];
    return { state, counts: isInside ? counts : this.#countsOnEntering(state), asked: 0 };
  }

  #make(state: number, counts: string): void {
    const { kinds, next, argument } = this.#automaton;
    const children: number[] = [];
    for (let i = 0; ; i++) {
      const child = this.#child(state, counts, i);
      if (child === undefined) break;
      // A child that does not exist yet is being visited: a cut.
      const node = this.#node(child.state, child.counts);
      if (node !== undefined) children.push(node);
    }
    const [first = -1, second = -1] = children;
    const value = argument[state] as number;
    const kind = kinds[state] as StateKind;
    let node: number;
    if (first < 0 && kind !== StateKind.Byte && kind !== StateKind.Accept) {
      node = this.#push(NodeKind.Fail, -1, -1, -1);
    } else
      switch (kind) {
        case StateKind.Byte:
          node = this.#push(NodeKind.Byte, next[state] as number, -1, value * BYTE_SET_SIZE);
          break;
        case StateKind.Alternative:
          node = second < 0 ? first : this.#push(NodeKind.Alternative, first, second, -1);
          break;
        case StateKind.Repeat:
          node = second < 0 ? first : this.#push(NodeKind.Repeat, first, second, -1);
          break;
        case StateKind.GroupBegin:
          node = this.#push(NodeKind.Mark, first, -1, 2 * value);
          break;
        case StateKind.GroupEnd:
          node = this.#push(NodeKind.Mark, first, -1, 2 * value + 1);
          break;
        case StateKind.Bol:
          node = this.#push(NodeKind.Bol, first, -1, -1);
          break;
        case StateKind.Eol:
          node = this.#push(NodeKind.Eol, first, -1, -1);
          break;
        default:
          node = this.#push(NodeKind.Accept, -1, -1, -1);
      }
    if (counts === "") this.#plainNodes[state] = node;
    else this.#countedNodes.set(`${state}:${counts}`, node);
  }

  #push(kind: NodeKind, first: number, second: number, argument: number): number {
    this.#kinds.push(kind);
    this.#first.push(first);
    this.#second.push(second);
    this.#argument.push(argument);
    return this.#kinds.length - 1;
  }
}
