/**
 * Matching by walking the automaton depth first, as libstdc++ does, for patterns that are not used
 * often enough to justify a program or a RegExp: creating either takes ten times as long as
 * matching a short subject this way.
 *
 * The walk may take exponentially many steps, so it gives up after a fixed number of them. It does
 * not support loops that turn without progress.
 */
import { type Automaton, StateKind } from "./automaton.ts";

/** The number of steps after which a match is left to the other engines; some 10 µs. */
const MAX_STEPS = 1_000;

/**
 * Returns the groups if `automaton`, which has no empty loop, matches the whole of `subject`; null
 * if it does not, undefined if that takes too many steps.
 */
export function tryBacktracking(
  automaton: Automaton,
  subject: string,
): (string | null)[] | null | undefined {
  const { kinds, next, other, argument, sets, groupCount } = automaton;
  const { length } = subject;
  // The begin and end of each group, the whole match being group 0; -1 for groups that took no
  // part.
  const marks = new Array<number>(2 * groupCount + 2).fill(-1);
  // The choices to return to when the walk fails: a state, an offset, and the length of `undo`.
  const choices: number[] = [];
  // Overwritten marks and their previous values.
  const undo: number[] = [];
  let state = automaton.start;
  let at = 0;
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    let fits = true;
    switch (kinds[state] as StateKind) {
      case StateKind.Jump:
        break;
      case StateKind.Byte: {
        const set = sets[argument[state] as number] as (typeof sets)[number];
        const byte = at < length ? subject.charCodeAt(at++) : -1;
        fits = typeof set === "number" ? byte === set : set[byte] === 1;
        break;
      }
      case StateKind.Alternative:
      case StateKind.Repeat:
        choices.push(next[state] as number, at, undo.length);
        state = other[state] as number;
        continue;
      case StateKind.GroupBegin:
      case StateKind.GroupEnd: {
        const end = (kinds[state] as StateKind) === StateKind.GroupEnd ? 1 : 0;
        const mark = 2 * (argument[state] as number) + end;
        undo.push(mark, marks[mark] as number);
        marks[mark] = at;
        break;
      }
      case StateKind.Bol:
        fits = at === 0;
        break;
      case StateKind.Eol:
        fits = at === length;
        break;
      case StateKind.Accept:
        if (at === length) return groupsAt(marks, subject);
        fits = false;
        break;
    }
    if (fits) {
      state = next[state] as number;
      continue;
    }
    if (choices.length === 0) return null;
    const kept = choices.pop() as number;
    at = choices.pop() as number;
    state = choices.pop() as number;
    while (undo.length > kept) {
      const before = undo.pop() as number;
      marks[undo.pop() as number] = before;
    }
  }
  return undefined;
}

function groupsAt(marks: readonly number[], subject: string): (string | null)[] {
  const groups: (string | null)[] = [];
  for (let i = 2; i < marks.length; i += 2) {
    const end = marks[i + 1] as number;
    groups.push(end < 0 ? null : subject.slice(marks[i] as number, end));
  }
  return groups;
}
