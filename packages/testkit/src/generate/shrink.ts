/**
 * Shrinking: makes a program smaller while it still shows the failure of interest.
 *
 * There are three moves: replace a term by one inside it, replace a term by a simple literal, and
 * remove an item of a group. The result need not make sense otherwise: a
 * program that is no longer well-formed does not show the failure and is not taken.
 */
import { type Group, type Hole, Level, type Part, type Term, term, termSize } from "./term.ts";

const SIMPLEST: readonly Term[] = [
  term(Level.Literal, "1"),
  term(Level.Simple, "null"),
  term(Level.Simple, '"a"'),
  term(Level.Simple, "[ ]"),
  term(Level.Simple, "{ }"),
  term(Level.Expression, "x: x"),
];

/** The smallest term found that `shows` accepts; it is called at most `attempts` times. */
export function shrink(root: Term, shows: (candidate: Term) => boolean, attempts = 2000): Term {
  let best = root;
  let left = attempts;
  for (let improved = true; improved; ) {
    improved = false;
    for (const candidate of smaller(best)) {
      if (left-- <= 0) return best;
      if (shows(candidate)) {
        best = candidate;
        improved = true;
        break;
      }
    }
  }
  return best;
}

/** All terms that are one move smaller, the largest moves first. */
export function* smaller(root: Term): Generator<Term> {
  const size = termSize(root);
  for (const { at, put } of places(root)) {
    for (const inner of descendants(at)) yield put(inner);
  }
  for (const { at, put } of places(root)) {
    for (const leaf of SIMPLEST) {
      if (termSize(at) > 1 || rank(at) > rank(leaf)) yield put(leaf);
    }
  }
  if (size > 0) yield* withoutItems(root);
}

function rank(leaf: Term): number {
  const text = leaf.parts.join("");
  const index = SIMPLEST.findIndex((simple) => simple.parts.join("") === text);
  return index < 0 ? SIMPLEST.length : index;
}

interface Place {
  readonly at: Term;
  readonly put: (replacement: Term) => Term;
}

/** Every term inside a term with a function that replaces it, outermost first. */
function* places(root: Term): Generator<Place> {
  const queue: Place[] = [{ at: root, put: (replacement) => replacement }];
  for (let place = queue.shift(); place !== undefined; place = queue.shift()) {
    yield place;
    const { at, put } = place;
    for (const { at: inner, put: putInner } of holes(at.parts)) {
      queue.push({ at: inner, put: (other) => put({ ...at, parts: putInner(other) }) });
    }
  }
}

interface HoleIn {
  readonly at: Term;
  readonly put: (replacement: Term) => readonly Part[];
}

function* holes(parts: readonly Part[]): Generator<HoleIn> {
  for (const [i, part] of parts.entries()) {
    if (typeof part === "string") continue;
    const replace = (other: Part): readonly Part[] => parts.with(i, other);
    if (part.kind === "hole") {
      yield { at: part.term, put: (other) => replace({ ...part, term: other } satisfies Hole) };
      continue;
    }
    for (const [j, item] of part.items.entries()) {
      for (const { at, put } of holes(item)) {
        yield {
          at,
          put: (other) => replace({ ...part, items: part.items.with(j, put(other)) }),
        };
      }
    }
  }
}

function* descendants(root: Term): Generator<Term> {
  const children = [...holes(root.parts)].map(({ at }) => at);
  yield* children;
  for (const child of children) yield* descendants(child);
}

function* withoutItems(root: Term): Generator<Term> {
  for (const { at, put } of places(root)) {
    for (const parts of shorter(at.parts)) yield put({ ...at, parts });
  }
}

function* shorter(parts: readonly Part[]): Generator<readonly Part[]> {
  for (const [i, part] of parts.entries()) {
    if (typeof part === "string" || part.kind === "hole") continue;
    const { items } = part;
    if (items.length > 2) {
      const half = items.length >> 1;
      yield parts.with(i, { ...part, items: items.slice(0, half) } satisfies Group);
      yield parts.with(i, { ...part, items: items.slice(half) } satisfies Group);
    }
    for (const j of items.keys()) {
      yield parts.with(i, { ...part, items: items.filter((_, k) => k !== j) } satisfies Group);
    }
    for (const [j, item] of items.entries()) {
      for (const inner of shorter(item)) {
        yield parts.with(i, { ...part, items: items.with(j, inner) } satisfies Group);
      }
    }
  }
}
