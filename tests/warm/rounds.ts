/**
 * Rounds of random edits: after each, programs are evaluated by an evaluation that lives as long as
 * the tree, and by a new one. Both must give the same.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EvalError, Evaluation, printAmbiguous, renderError, type Slot } from "@nivis/eval";
import { encodeUtf8 } from "@nivis/formats";
import { nodeHashes, nodeIo } from "@nivis/node";
import { Random } from "@nivis/testkit";
import { describeTree, RandomTree } from "../results/random-trees.ts";
import { RandomCalls } from "./random-calls.ts";

/** Rounds in one tree. */
const ROUNDS_PER_TREE = 150;
const PROGRAMS = 12;
/** How often an edit comes after a time in which nothing has changed, so that stamps are trusted. */
const REST_CHANCE = 0.04;
/** This time, in milliseconds. */
const REST = 120;
const SEARCH_PATH = ["p=a", "q=b", "p=b", "nixpkgs=link"].map((text) => {
  const [prefix = "", path = ""] = text.split("=");
  return { prefix, path };
});

/** What happened in some rounds. */
export interface Tally {
  rounds: number;
  /** Trees of files. */
  trees: number;
  /** Values that were the same. */
  values: number;
  /** Of these, values after an input had changed. */
  afterChanges: number;
  /** Evaluations that failed, or that showed which values were evaluated. */
  incomparable: number;
}

/** What an evaluation gave. */
interface Outcome {
  readonly value: string | undefined;
  readonly error: string;
  readonly log: readonly string[];
}

/** One evaluation and its programs. */
class Subject {
  readonly evaluation: Evaluation;
  readonly #log: string[] = [];
  readonly #programs = new Map<string, Slot>();

  constructor(tree: RandomTree | RandomCalls, isWarm: boolean, isolatesAll: boolean) {
    this.evaluation = new Evaluation({
      io: nodeIo({
        environment: tree.environment,
        log: ({ severity, text }) => this.#log.push(`${severity}: ${text}`),
      }),
      hashes: nodeHashes,
      warm: isWarm,
      tier: "vm",
      searchPath: SEARCH_PATH,
      settings: { readOnlyMode: true, showTrace: true },
    });
    const { dependencies } = this.evaluation.context;
    if (dependencies !== undefined) dependencies.isolatesAll = isolatesAll;
  }

  run(program: string, form: number): Outcome {
    const { evaluation } = this;
    this.#log.length = 0;
    try {
      let slot = this.#programs.get(program);
      if (slot === undefined) {
        slot = evaluation.loadText(encodeUtf8(program));
        this.#programs.set(program, slot);
      }
      return { value: this.#shown(slot, form), error: "", log: [...this.#log] };
    } catch (error) {
      if (!(error instanceof EvalError)) throw error;
      const text = renderError(error, evaluation.positions, { showTrace: true, color: false });
      return { value: undefined, error: text, log: [...this.#log] };
    }
  }

  #shown(slot: Slot, form: number): string {
    const { evaluation } = this;
    if (form === 0) return evaluation.toXml(slot);
    if (form === 1) return printAmbiguous(evaluation.deepForce(slot), 1000);
    return evaluation.print(slot);
  }
}

/** Runs rounds; throws an error that describes the first difference. */
export function runRounds(rounds: number, seed: number): Tally {
  const tally: Tally = { rounds: 0, trees: 0, values: 0, afterChanges: 0, incomparable: 0 };
  const here = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), "nivis-warm-"));
  try {
    for (let number = 0; tally.rounds < rounds; number++) {
      const place = join(folder, String(number));
      const random = new Random(seed + number * 7919);
      const tree =
        number % 4 === 3 ? new RandomTree(place, random) : new RandomCalls(place, random);
      process.chdir(tree.root);
      const name = `seed ${seed}, tree ${number}`;
      runTree(tree, Math.min(ROUNDS_PER_TREE, rounds - tally.rounds), name, tally);
      process.chdir(here);
      remove(place);
    }
    return tally;
  } finally {
    process.chdir(here);
    remove(folder);
  }
}

function runTree(tree: RandomTree | RandomCalls, rounds: number, name: string, tally: Tally): void {
  const { random } = tree;
  const programs = Array.from({ length: PROGRAMS }, () => tree.expression(random.below(3)));
  // In every other tree, all calls that are remembered get copies of their arguments.
  const warm = new Subject(tree, true, tally.trees++ % 4 < 3);
  for (let round = 0; round < rounds; round++) {
    if (random.chance(REST_CHANCE)) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REST);
      warm.evaluation.revise();
    }
    const edits: string[] = [];
    for (let n = random.below(4); n > 0; n--) edits.push(tree.edit());
    const { changed } = warm.evaluation.revise();
    const chosen = random.below(PROGRAMS);
    const program = programs[chosen] as string;
    const form = random.below(3);
    const given = warm.run(program, form);
    const fresh = new Subject(tree, false, false).run(program, form);
    tally.rounds++;
    const isComparable = round === 0 || !warm.evaluation.showedEvaluationState;
    if (isComparable) tally.values++;
    else tally.incomparable++;
    if (isComparable && changed > 0) tally.afterChanges++;
    const isSame = isComparable
      ? JSON.stringify(given) === JSON.stringify(fresh)
      : (given.value === undefined) === (fresh.value === undefined);
    if (given.value === undefined) programs[chosen] = tree.expression(random.below(3));
    if (isSame) continue;
    throw new Error(
      [
        `${name}, round ${round}: ${program}`,
        `edits: ${edits.join("; ")}; changed inputs: ${changed}`,
        `warm:  ${JSON.stringify(given)}`,
        `fresh: ${JSON.stringify(fresh)}`,
        `environment: ${JSON.stringify(tree.environment)}`,
        describeTree(tree.root),
      ].join("\n"),
    );
  }
}

/** Removes a tree, some of whose directories the user may not enter. */
function remove(place: string): void {
  spawnSync("chmod", ["-R", "u+rwx", place], { stdio: "ignore" });
  rmSync(place, { recursive: true, force: true });
}
