/**
 * Rounds of random edits: after each, a command runs with the evaluation of its last run, as by
 * `nivis watch`, and by itself. Both must print the same, errors included.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "@nivis/testkit";
import { evalCommand } from "../../packages/nivis/src/commands/eval.ts";
import { instantiateCommand } from "../../packages/nivis/src/commands/instantiate.ts";
import { runProgram } from "../../packages/nivis/src/program.ts";
import type { Terminal } from "../../packages/nivis/src/terminal.ts";
import { WatchedCommand } from "../../packages/nivis/src/warm/watched-command.ts";
import { describeTree, RandomTree } from "../results/random-trees.ts";

/** Rounds with one command. */
const ROUNDS_PER_COMMAND = 25;

/** What happened in some rounds. */
export interface Tally {
  rounds: number;
  /** Rounds that ended with the exit code 0. */
  successes: number;
}

/** Runs rounds; throws an error that describes the first difference. */
export function runWatchedRounds(rounds: number, seed: number): Tally {
  const tally: Tally = { rounds: 0, successes: 0 };
  const here = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), "nivis-watched-"));
  try {
    for (let number = 0; tally.rounds < rounds; number++) {
      const random = new Random(seed + number * 7919);
      const tree = new RandomTree(join(folder, String(number), "tree"), random);
      mkdirSync(join(folder, String(number), "home"));
      process.chdir(tree.root);
      runTree(tree, join(folder, String(number)), `seed ${seed}, tree ${number}`, tally);
      process.chdir(here);
      remove(join(folder, String(number)));
    }
    return tally;
  } finally {
    process.chdir(here);
    remove(folder);
  }
}

function runTree(tree: RandomTree, folder: string, name: string, tally: Tally): void {
  const { random } = tree;
  const isEval = random.chance(0.6);
  const args = argumentsOf(tree, isEval);
  const start = (store: string, terminal: Terminal): number => {
    const given = ["--store", `local?root=${join(folder, store)}`, ...args];
    return isEval
      ? runProgram(evalCommand, given, terminal)
      : runProgram(instantiateCommand, given, terminal);
  };
  const terminalFor = (pieces: string[]): Terminal => ({
    writeOut: (bytes) => pieces.push(`1:${bytes}`),
    writeLine: (bytes) => pieces.push(`2:${bytes}\n`),
    readInput: () => "",
    color: false,
    environment: {
      NIX_CONF_DIR: join(tree.root, "conf"),
      HOME: join(folder, "home"),
      NIX_STATE_DIR: "/var/empty",
      NIVIS_NO_CACHE: "1",
      ...tree.environment,
    },
  });
  const printed: string[] = [];
  const watched = new WatchedCommand(terminalFor(printed), (terminal) => start("warm", terminal));
  const named = (pieces: readonly string[], store: string): string =>
    pieces.join("").replaceAll(join(folder, store), "STORE");
  try {
    for (let round = 0; round < ROUNDS_PER_COMMAND; round++) {
      const edits: string[] = [];
      if (round > 0) {
        for (let n = random.below(3); n > 0; n--) edits.push(tree.fileEdit());
        watched.look();
      }
      printed.length = 0;
      const code = watched.run();
      const fresh: string[] = [];
      const expected = start("fresh", terminalFor(fresh));
      tally.rounds++;
      if (expected === 0) tally.successes++;
      if (code === expected && named(printed, "warm") === named(fresh, "fresh")) continue;
      throw new Error(
        [
          `${name}, round ${round}: ${args.join(" ")}`,
          `edits: ${edits.join("; ")}`,
          `watched: ${code} ${JSON.stringify(named(printed, "warm"))}`,
          `fresh:   ${expected} ${JSON.stringify(named(fresh, "fresh"))}`,
          describeTree(tree.root),
        ].join("\n"),
      );
    }
  } finally {
    watched.close();
  }
}

/** The arguments of a random command on a tree, without its word. */
export function argumentsOf(tree: RandomTree, isEval: boolean): string[] {
  const { random } = tree;
  const flags = random.pick([[], ["--show-trace"], ["-I", "p=a"], ["--arg", "v", "import ./x"]]);
  const expression = tree.expression(random.below(3));
  const derivation = (text: string): string =>
    `derivation { name = "n"; system = "s"; builder = ./x; e = builtins.toJSON (${text}); }`;
  const body = isEval ? expression : derivation(expression);
  const form = isEval ? random.pick([[], ["--strict"], ["--json"], ["--xml"]]) : [];
  const wrapped = random.weighted<() => readonly string[]>([
    [3, () => [body]],
    [1, () => [`{ v ? 1 }: [ v (${body}) ]`]],
    [1, () => [`{ a.b = ${body}; c = ${tree.expression(0)}; }`, "-A", "a.b"]],
    [1, () => [`{ a = { v ? import ./x }: { b = ${body}; }; }`, "-A", "a.b", "-A", "a"]],
  ])();
  return [...flags, ...form, "--expr", ...wrapped];
}

/** Removes a tree, some of whose directories the user may not enter. */
function remove(place: string): void {
  spawnSync("chmod", ["-R", "u+rwx", place], { stdio: "ignore" });
  rmSync(place, { recursive: true, force: true });
}
