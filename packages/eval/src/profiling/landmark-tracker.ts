/**
 * LandmarkTracker: in the evaluation of which attributes, derivations and options each frame runs, for
 * observers of instructions. A frame inherits from the one that it was entered from, so each costs a
 * few look-ups, however deep the stack is.
 *
 * Limit: frames that code outside of the machine has started inherit from the last frame before.
 */
import type { Lambda } from "../bytecode/lambda.ts";
import type { Attrs } from "../value/attrs.ts";
import {
  ENTRY_LAMBDA,
  HEADER_SIZE,
  NATIVE_LAMBDA,
  NATIVE_POS,
  type NativeFrame,
  SEGMENT_LAMBDA,
  type SegmentLink,
} from "../vm/frame.ts";
import { type Landmark, Landmarks } from "./landmarks.ts";

/** Landmarks inside of each other, as a node of the tree of all that were met. */
export class LandmarkPath {
  readonly children = new Map<Landmark, LandmarkPath>();

  constructor(
    /** The innermost landmark; absent at the root. */
    readonly landmark: Landmark | undefined,
    readonly outer: LandmarkPath | undefined,
  ) {}

  /** The path with one more landmark. A recursion is one round of it. */
  inside(landmark: Landmark): LandmarkPath {
    if (landmark === this.landmark) return this;
    let path = this.children.get(landmark);
    if (path === undefined) {
      path = new LandmarkPath(landmark, this);
      this.children.set(landmark, path);
    }
    return path;
  }
}

/** Follows the frames of an evaluation. */
export class LandmarkTracker {
  readonly root = new LandmarkPath(undefined, undefined);
  readonly #landmarks = new Landmarks();
  /** The paths of the frames on each segment of a stack, by their bases. */
  readonly #paths = new WeakMap<readonly unknown[], LandmarkPath[]>();
  #last = this.root;

  /** Gives the values of a set their names. */
  nameAttributes(set: Attrs): void {
    this.#landmarks.nameAttributes(set);
  }

  /** Notes that the frame at `base` begins, and returns where it runs. */
  enter(stack: readonly unknown[], base: number): LandmarkPath {
    const landmarks: Landmark[] = [];
    let [segment, at] = [stack, base];
    let path: LandmarkPath | undefined;
    // Outwards to a frame whose path is known.
    for (;;) {
      const named = this.#landmarks.ofMark(segment[at - 1]);
      if (named !== undefined) landmarks.push(named);
      const header = at - HEADER_SIZE;
      let lambda = segment[header];
      let self = segment[header + 1];
      at = segment[header + 3] as number;
      while (lambda === SEGMENT_LAMBDA)
        ({ stack: segment, lambda, self, base: at } = self as SegmentLink);
      if (lambda === ENTRY_LAMBDA) path = this.#last;
      else if (lambda !== NATIVE_LAMBDA) path = this.#paths.get(segment)?.[at] ?? this.#last;
      else {
        const landmark = this.#landmarks.ofBuiltin(self as NativeFrame);
        if (landmark !== undefined) landmarks.push(landmark);
      }
      if (path !== undefined) break;
    }
    for (let i = landmarks.length - 1; i >= 0; i--) path = path.inside(landmarks[i] as Landmark);
    let paths = this.#paths.get(stack);
    if (paths === undefined) {
      paths = [];
      this.#paths.set(stack, paths);
    }
    paths[base] = path;
    this.#last = path;
    return path;
  }

  /** Whether code is that of a program, and not what the machine runs around builtins. */
  isProgram(lambda: Lambda): boolean {
    return lambda.pos !== NATIVE_POS;
  }

  /** Where the frame at `base` runs. */
  at(stack: readonly unknown[], base: number): LandmarkPath {
    return this.#paths.get(stack)?.[base] ?? this.root;
  }
}
