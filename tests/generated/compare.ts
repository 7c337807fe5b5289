/**
 * Compares Nivis with the original on many programs, and makes smaller what they disagree about.
 *
 * Programs that Nivis gives a value are asked together. Those that it says fail cost a process each
 * and are asked strictly, and in the other modes now and then.
 */
import { printTerm, shrink, type Term } from "@nivis/testkit";
import { askNivis, MODES, type Mode, type Outcome } from "./modes.ts";
import { askReference } from "./reference-batches.ts";
import { type Disagreement, explain } from "./version-differences.ts";

/** A failure in the modes other than `strict` is asked once in so many programs. */
const FAILURE_SAMPLE = 12;

/** A program and the seed that it comes from. */
export interface SeededProgram {
  readonly seed: number;
  readonly term: Term;
}

/** A disagreement that no known difference explains. */
export interface Finding extends Disagreement {
  readonly seed: number;
  readonly term: Term;
}

/** What came out. */
export interface Comparison {
  programs: number;
  /** Answers compared, over all modes. */
  compared: number;
  values: number;
  failures: number;
  /** Failures of Nivis that were not asked. */
  unasked: number;
  readonly explained: Map<string, number>;
  readonly findings: Finding[];
}

/** A comparison of nothing yet. */
export function emptyComparison(): Comparison {
  return {
    programs: 0,
    compared: 0,
    values: 0,
    failures: 0,
    unasked: 0,
    explained: new Map(),
    findings: [],
  };
}

/** Compares programs and adds what comes out to `total`. */
export function compare(
  reference: string,
  programs: readonly SeededProgram[],
  total: Comparison,
): void {
  const texts = programs.map(({ term }) => printTerm(term));
  const answers = texts.map((text) => askNivis(text, MODES));
  total.programs += programs.length;
  for (const mode of MODES) {
    const together: number[] = [];
    const alone: number[] = [];
    answers.forEach((answer, i) => {
      const outcome = answer.get(mode) as Outcome;
      if (outcome.kind === "value") together.push(i);
      else if (outcome.failure === "outside") total.unasked++;
      else if (outcome.failure === "overflow") note(total, "integer-overflow");
      else if (mode === "strict" || (programs[i] as SeededProgram).seed % FAILURE_SAMPLE === 0)
        alone.push(i);
      else total.unasked++;
    });
    const found = askReference(
      reference,
      together.map((i) => texts[i] as string),
      mode,
    );
    for (const [k, i] of together.entries()) judge(i, mode, found[k] as Outcome);
    for (const i of alone) {
      judge(i, mode, askReference(reference, [texts[i] as string], mode)[0] as Outcome);
    }
  }

  function judge(i: number, mode: Mode, answer: Outcome): void {
    const { seed, term } = programs[i] as SeededProgram;
    const nivis = (answers[i] as Map<Mode, Outcome>).get(mode) as Outcome;
    total.compared++;
    if (nivis.kind === "value") total.values++;
    else total.failures++;
    if (agree(nivis, answer)) return;
    const program = texts[i] as string;
    const quick = explain({ program, mode, nivis, reference: answer });
    if (quick !== undefined) {
      note(total, quick.name);
      return;
    }
    // Programs of one process share an evaluator; only an answer of its own counts.
    const own = askReference(reference, [program], mode)[0] as Outcome;
    const finding: Finding = { seed, term, program, mode, nivis, reference: own };
    if (agree(nivis, own)) return;
    const difference = explain(finding);
    if (difference === undefined) total.findings.push(finding);
    else note(total, difference.name);
  }
}

function note(total: Comparison, name: string): void {
  total.explained.set(name, (total.explained.get(name) ?? 0) + 1);
}

/** Whether two answers say the same. */
export function agree(nivis: Outcome, reference: Outcome): boolean {
  if (nivis.kind === "value") return reference.kind === "value" && nivis.text === reference.text;
  if (reference.kind === "value" || nivis.failure === "crash") return false;
  // What 2.8 has no message of its own for, it may word in any way.
  return (
    nivis.failure === reference.failure ||
    nivis.failure === "other" ||
    reference.failure === "other"
  );
}

/** The smallest program found that shows a disagreement of the same sort. */
export function shrinkFinding(reference: string, finding: Finding, attempts: number): Finding {
  const { mode, seed } = finding;
  let best = finding;
  shrink(
    finding.term,
    (term) => {
      const program = printTerm(term);
      const nivis = askNivis(program, [mode]).get(mode) as Outcome;
      if (nivis.kind !== finding.nivis.kind) return false;
      if (
        nivis.kind === "failure" &&
        (nivis.failure === "outside" || /: syntax error|undefined variable/.test(nivis.message))
      )
        return false;
      const answer = askReference(reference, [program], mode)[0] as Outcome;
      if (answer.kind !== finding.reference.kind || agree(nivis, answer)) return false;
      if (
        answer.kind === "failure" &&
        /error: syntax error|undefined variable/.test(answer.message)
      )
        return false;
      const candidate: Finding = { seed, term, program, mode, nivis, reference: answer };
      if (explain(candidate) !== undefined) return false;
      best = candidate;
      return true;
    },
    attempts,
  );
  return best;
}
