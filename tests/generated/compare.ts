/**
 * Compares Nivis with the original on many programs, and shrinks those on which they disagree.
 *
 * Programs to which Nivis gives a value are run together. Those that fail in Nivis are run
 * strictly, and occasionally in the other modes, where each costs a process.
 */
import { isDeepStrictEqual } from "node:util";
import { printTerm, shrink, type Term } from "@nivis/testkit";
import { askNivis, MODES, type Mode, newEvaluation, type Outcome } from "./modes.ts";
import { printedDifferences } from "./printed-differences.ts";
import { askReference, askReferenceFailures } from "./reference-batches.ts";
import { agree, type Disagreement, explain } from "./version-differences.ts";

/** One in this many failing programs is run in modes other than `strict`. */
const FAILURE_SAMPLE = 50;

/** The number of programs per evaluation. */
const SHARED = 25;

/** One in this many programs is run as XML without locations, which XML with locations covers. */
const PLAIN_XML_SAMPLE = 5;

function modesOf(seed: number): readonly Mode[] {
  return seed % PLAIN_XML_SAMPLE === 0 ? MODES : MODES.filter((mode) => mode !== "xml");
}

/** A program and its seed. */
export interface SeededProgram {
  readonly seed: number;
  readonly term: Term;
}

/** A disagreement without a known explanation. */
export interface Finding extends Disagreement {
  readonly seed: number;
}

/** The occurrences of a known difference. */
export interface Explained {
  answers: number;
  /** The seeds of the programs. */
  readonly programs: Set<number>;
}

/** The result of comparing programs. */
export interface Comparison {
  programs: number;
  /** The number of compared answers, over all modes. */
  compared: number;
  values: number;
  failures: number;
  /** The number of failures in Nivis that were not compared. */
  unasked: number;
  readonly explained: Map<string, Explained>;
  readonly findings: Finding[];
}

/** An empty comparison. */
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

/** Compares programs and adds the results to `total`. */
export function compare(
  reference: string,
  programs: readonly SeededProgram[],
  total: Comparison,
): void {
  const texts = programs.map(({ term }) => printTerm(term));
  // Programs share an evaluator, as in a process of the original.
  let evaluation = newEvaluation();
  const answers = texts.map((text, i) => {
    if (i % SHARED === 0) evaluation = newEvaluation();
    return askNivis(text, modesOf((programs[i] as SeededProgram).seed), evaluation);
  });
  total.programs += programs.length;
  for (const mode of MODES) {
    const together: number[] = [];
    const alone: number[] = [];
    answers.forEach((answer, i) => {
      const outcome = answer.get(mode);
      if (outcome === undefined) return;
      if (outcome.kind === "value") together.push(i);
      else if (outcome.failure === "outside") total.unasked++;
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
    const failing = alone.map((i) => texts[i] as string);
    const failed =
      mode === "strict"
        ? askReferenceFailures(reference, failing)
        : failing.map((text) => askReference(reference, [text], mode)[0] as Outcome);
    for (const [k, i] of alone.entries()) judge(i, mode, failed[k] as Outcome);
  }

  function judge(i: number, mode: Mode, answer: Outcome): void {
    const { seed, term } = programs[i] as SeededProgram;
    const nivis = (answers[i] as Map<Mode, Outcome>).get(mode) as Outcome;
    const program = texts[i] as string;
    total.compared++;
    if (nivis.kind === "value") total.values++;
    else total.failures++;
    if (settle(nivis, answer)) return;
    // Only separate runs count: the answer of Nivis must not depend on earlier programs.
    const own = askReference(reference, [program], mode)[0] as Outcome;
    if (settle(nivis, own)) return;
    const ownNivis = askNivis(program, [mode]).get(mode) as Outcome;
    const finding: Finding = { seed, term, program, mode, nivis: ownNivis, reference: own };
    // The value of an imported file is shared, and earlier programs may have evaluated more of it.
    if (!isDeepStrictEqual(nivis, ownNivis) && !/import/i.test(program)) {
      total.findings.push({ ...finding, nivis });
      return;
    }
    if (settle(ownNivis, own)) return;
    const names = explain(finding, reference);
    if (names.length === 0) total.findings.push(finding);
    else note(names);

    function settle(ours: Outcome, theirs: Outcome): boolean {
      if (ours.kind === "failure" || theirs.kind === "failure") {
        return agree(ours, theirs, mode, program);
      }
      const rules = printedDifferences(ours.text, theirs.text, mode, program);
      note([...(rules ?? [])]);
      return rules !== undefined;
    }

    function note(names: readonly string[]): void {
      for (const name of names) {
        const row = total.explained.get(name) ?? { answers: 0, programs: new Set() };
        row.answers++;
        row.programs.add(seed);
        total.explained.set(name, row);
      }
    }
  }
}

/** The smallest program found that shows a disagreement of the same kind. */
export function shrinkFinding(reference: string, finding: Finding, attempts: number): Finding {
  const { mode, seed } = finding;
  let best = finding;
  shrink(
    finding.term,
    (term) => {
      const program = printTerm(term);
      const nivis = askNivis(program, [mode]).get(mode) as Outcome;
      if (nivis.kind !== finding.nivis.kind || isMalformed(nivis)) return false;
      const answer = askReference(reference, [program], mode)[0] as Outcome;
      if (answer.kind !== finding.reference.kind || isMalformed(answer)) return false;
      if (agree(nivis, answer, mode, program)) return false;
      const candidate: Finding = { seed, term, program, mode, nivis, reference: answer };
      if (explain(candidate, reference).length > 0) return false;
      best = candidate;
      return true;
    },
    attempts,
  );
  return best;
}

/** Whether an answer says that the program does not parse. */
function isMalformed(outcome: Outcome): boolean {
  return (
    outcome.kind === "failure" &&
    (outcome.failure === "outside" || /^(?:syntax error|undefined variable)/.test(outcome.gist))
  );
}
