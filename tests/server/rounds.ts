/**
 * Rounds of random edits: after each, some commands run by a server, at once, and each in a process of its
 * own. Both must print the same on both streams, and end with the same exit code.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "@nivis/testkit";
import { describeTree, RandomTree } from "../results/random-trees.ts";
import { argumentsOf } from "../warm/watched-rounds.ts";
import { type Ran, RunningServer } from "./running-server.ts";

const ROUNDS_PER_TREE = 15;
const COMMANDS_PER_TREE = 4;
const MAX_AT_ONCE = 3;

/** What happened in some rounds. */
export interface Tally {
  /** Runs that were compared. */
  runs: number;
  /** Runs that ended with the exit code 0. */
  successes: number;
  /** Runs for which the server used a kept evaluation. */
  warmRuns: number;
}

/** A command. */
interface Command {
  readonly program: "nivis" | "nivis-instantiate";
  readonly args: readonly string[];
}

/** Runs rounds; rejects with an error that describes the first difference. */
export async function runServedRounds(rounds: number, seed: number): Promise<Tally> {
  const tally: Tally = { runs: 0, successes: 0, warmRuns: 0 };
  const folder = mkdtempSync(join(tmpdir(), "nivis-served-"));
  const server = new RunningServer(folder);
  const started = server.control("start", "--workers", "3");
  if (started.code !== 0) throw new Error(started.err);
  try {
    for (let number = 0, done = 0; done < rounds; number++) {
      const random = new Random(seed + number * 7919);
      const tree = new RandomTree(join(folder, `tree${number}`), random);
      const commands = Array.from({ length: COMMANDS_PER_TREE }, () => randomCommand(tree));
      for (let round = 0; round < ROUNDS_PER_TREE && done < rounds; round++, done++) {
        const edits: string[] = [];
        if (round > 0) for (let n = random.below(3); n > 0; n--) edits.push(tree.edit());
        const chosen = Array.from({ length: 1 + random.below(MAX_AT_ONCE) }, () =>
          random.pick(commands),
        );
        const results = await Promise.all(
          chosen.map((command) => compare(server, tree, command, folder)),
        );
        for (const { command, served, alone } of results) {
          tally.runs++;
          if (alone.code === 0) tally.successes++;
          if (JSON.stringify(served) === JSON.stringify(alone)) continue;
          throw new Error(
            [
              `seed ${seed}, tree ${number}, round ${round}: ${command.program} ${command.args.join(" ")}`,
              `edits: ${edits.join("; ")}`,
              `served: ${JSON.stringify(served)}`,
              `alone:  ${JSON.stringify(alone)}`,
              `environment: ${JSON.stringify(tree.environment)}`,
              describeTree(tree.root),
            ].join("\n"),
          );
        }
      }
      remove(tree.root);
    }
    tally.warmRuns = server.status().warmRuns;
    return tally;
  } finally {
    server.control("stop");
    remove(folder);
  }
}

async function compare(
  server: RunningServer,
  tree: RandomTree,
  command: Command,
  folder: string,
): Promise<{ readonly command: Command; readonly served: Ran; readonly alone: Ran }> {
  const { program } = command;
  const environment = {
    ...tree.environment,
    NIX_CONF_DIR: join(tree.root, "conf"),
    // Otherwise the programs of stores warn of a missing group when they start, which a worker may do earlier.
    NIX_CONFIG: "build-users-group =",
  };
  const run = async (kind: "served" | "alone"): Promise<Ran> => {
    const store = join(folder, `store-${kind}`);
    mkdirSync(store, { recursive: true });
    const args = command.args.map((argument) => argument.replace("STORE", store));
    const ran = await server[kind](args, { program, environment, cwd: tree.root });
    const named = (text: string): string => text.replaceAll(store, "STORE");
    return { ...ran, out: named(ran.out), err: named(ran.err) };
  };
  const [served, alone] = await Promise.all([run("served"), run("alone")]);
  return { command, served, alone };
}

function randomCommand(tree: RandomTree): Command {
  const { random } = tree;
  const isEval = random.chance(0.6);
  const args = argumentsOf(tree, isEval);
  const store = ["--store", "local?root=STORE"];
  if (!args.includes("--json") && !args.includes("--xml") && random.chance(0.4)) {
    const [form, expression] = [args.slice(0, -1), args.at(-1) as string];
    const mode = isEval ? [random.pick(["--eval", "--parse"])] : [];
    return { program: "nivis-instantiate", args: [...mode, ...store, ...form, expression] };
  }
  return { program: "nivis", args: [isEval ? "eval" : "instantiate", ...store, ...args] };
}

/** Removes a tree, some of whose directories the user may not enter. */
function remove(place: string): void {
  spawnSync("chmod", ["-R", "u+rwx", place], { stdio: "ignore" });
  rmSync(place, { recursive: true, force: true, maxRetries: 5 });
}
