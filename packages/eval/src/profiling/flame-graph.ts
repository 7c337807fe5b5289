/**
 * FlameGraph: what C++ Nix writes for `--eval-profiler flamegraph`, one line for each stack of calls
 * that was sampled, outermost call first, with the number of samples: `A;B;C 12`.
 *
 * As there, samples are taken only when a call begins, thunks are no part of a stack, and everything
 * gathered is written and forgotten every two seconds, so that one stack may have several lines.
 * Source: eval-profiler.cc of 2.36. Lines of one flush come in the order in which stacks were first
 * seen; C++ Nix orders them by addresses.
 */
import { describePosition } from "../errors/position-text.ts";
import type { PositionTable } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { FAILED, Thunk } from "../value/thunk.ts";
import type { Slot } from "../value/value.ts";
import type { CallListener, TrackedCall } from "./call-tracker.ts";

/** The settings of a {@link FlameGraph}. */
export interface FlameGraphOptions {
  /** Samples a second; with 0, each call is a sample. */
  readonly frequency: number;
  /** Returns a monotonic time in milliseconds. */
  readonly milliseconds: () => number;
  /** Receives lines, each with its newline; bytes. */
  readonly write: (lines: string) => void;
}

/** Milliseconds between two writes. */
const FLUSH_INTERVAL = 2000;

/** A stack of calls, as a node of the tree of all stacks. */
class StackNode {
  count = 0;
  readonly children = new Map<TrackedCall | string, StackNode>();

  constructor(
    readonly text: string,
    readonly parent: StackNode | undefined,
  ) {}
}

/** A call of `derivationStrict` whose name is not known yet. */
interface NamelessDerivation {
  readonly argument: Slot;
  readonly call: TrackedCall;
}

/** One call on the stack. */
interface Entry {
  readonly call: TrackedCall;
  /** The text, if the call has one of its own. */
  text: string | undefined;
  /** The stack up to here; found when it is sampled. */
  node: StackNode | undefined;
  /** Nix: the name is forced before the call counts as begun. */
  nameless: NamelessDerivation | undefined;
}

/** Samples the stack of calls. */
export class FlameGraph implements CallListener {
  /** Resolves the positions of calls; set once there is an evaluation. */
  positions: PositionTable | undefined;
  readonly #options: FlameGraphOptions;
  readonly #period: number;
  readonly #stack: Entry[] = [];
  #root = new StackNode("", undefined);
  #lastSample: number;
  #lastFlush: number;
  readonly #texts = new Map<TrackedCall, string>();

  constructor(options: FlameGraphOptions) {
    this.#options = options;
    this.#period = options.frequency === 0 ? 0 : 1000 / options.frequency;
    this.#lastSample = this.#lastFlush = options.milliseconds();
  }

  enter(call: TrackedCall, argument: Slot): void {
    this.#settle();
    const { called } = call;
    const isDerivation = called.kind === "builtin" && called.name === "derivationStrict";
    const nameless = isDerivation ? { argument, call } : undefined;
    this.#stack.push({ call, text: undefined, node: undefined, nameless });
    if (isDerivation) this.#settle();
    else this.#sample();
  }

  leave(): void {
    this.#settle(true);
    this.#stack.pop();
  }

  /** Writes what was sampled since the last time; to be called at the end, too. */
  flush(): void {
    const lines: string[] = [];
    const work = [...this.#root.children.values()].reverse();
    for (let node = work.pop(); node !== undefined; node = work.pop()) {
      if (node.count > 0) lines.push(`${lineOf(node)} ${node.count}\n`);
      work.push(...[...node.children.values()].reverse());
    }
    this.#root = new StackNode("", undefined);
    for (const entry of this.#stack) entry.node = undefined;
    if (lines.length > 0) this.#options.write(lines.join(""));
  }

  /** Lets a call of `derivationStrict` begin once the name is known, at the latest when it ends. */
  #settle(atEnd = false): void {
    const entry = this.#stack.at(-1);
    const nameless = entry?.nameless;
    if (entry === undefined || nameless === undefined) return;
    const name = derivationName(nameless.argument);
    if (name === undefined && !atEnd) return;
    entry.nameless = undefined;
    if (typeof name === "string") entry.text = `${this.#textOf(entry.call)}:${name}`;
    this.#sample();
  }

  #sample(): void {
    const now = this.#options.milliseconds();
    // With each call as a sample, the clock may stand still between two of them.
    if (this.#period === 0 || now - this.#lastSample > this.#period) {
      this.#node().count++;
      this.#lastSample = now;
    }
    if (now - this.#lastFlush >= FLUSH_INTERVAL) {
      this.flush();
      this.#lastFlush = this.#options.milliseconds();
    }
  }

  /** The node of the present stack. */
  #node(): StackNode {
    const stack = this.#stack;
    let from = stack.length;
    while (from > 0 && stack[from - 1]?.node === undefined) from--;
    let node = stack[from - 1]?.node ?? this.#root;
    for (; from < stack.length; from++) {
      const entry = stack[from] as Entry;
      if (entry.nameless !== undefined) continue;
      const key = entry.text ?? entry.call;
      let child = node.children.get(key);
      if (child === undefined) {
        child = new StackNode(entry.text ?? this.#textOf(entry.call), node);
        node.children.set(key, child);
      }
      node = entry.node = child;
    }
    return node;
  }

  #textOf(call: TrackedCall): string {
    let text = this.#texts.get(call);
    if (text === undefined) {
      text = this.#describe(call);
      this.#texts.set(call, text);
    }
    return text;
  }

  #describe({ called, pos }: TrackedCall): string {
    const positions = this.positions as PositionTable;
    const isKnown = positions.resolve(pos) !== undefined;
    const place = describePosition(positions, pos);
    switch (called.kind) {
      case "lambda": {
        const { lambda } = called;
        const at = isKnown ? place : describePosition(positions, lambda.pos);
        return lambda.name === undefined ? at : `${at}:${lambda.name}`;
      }
      case "builtin":
        return isKnown ? `${place}:primop ${called.name}` : `primop ${called.name}`;
      case "functor":
        return `${isKnown ? place : describePosition(positions, called.pos)}:functor`;
      case "other":
        return place;
    }
  }
}

function lineOf(node: StackNode): string {
  const texts: string[] = [];
  for (let at: StackNode | undefined = node; at?.parent !== undefined; at = at.parent) {
    texts.push(at.text);
  }
  return texts.reverse().join(";");
}

/**
 * The name that a derivation gets by the argument of `derivationStrict`: `null` if it has none, and
 * `undefined` while that is not known.
 */
function derivationName(argument: Slot): string | null | undefined {
  const set = settledValue(argument);
  if (!(set instanceof Attrs)) return set === undefined ? undefined : null;
  const slot = set.get("name");
  if (slot === undefined) return null;
  const name = settledValue(slot);
  if (name === undefined) return undefined;
  return typeof name === "string" ? name : null;
}

/** The value of a slot; `null` if it has failed, and `undefined` if it is not evaluated. */
function settledValue(slot: Slot): unknown {
  if (!(slot instanceof Thunk)) return slot;
  if (slot.code === null) return slot.a;
  return slot.code === FAILED ? null : undefined;
}
