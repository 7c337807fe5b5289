/**
 * Runs a chunk of attributes to its end, with as many processes as that takes.
 *
 * Answers come in the order of the names, so the first name without one is to blame when a process
 * ends, or says that it goes on with the next. An error of the program is believed at once. A process that died or said nothing for too
 * long may have been the victim of the attributes before: then the attribute is tried once more,
 * alone.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type Answer, parseAnswer } from "./answers.ts";
import { ANSWER_PREFIX, type Command, END_OF_ATTRIBUTE } from "./evaluators.ts";
import { CostMeter, type ProcessCost } from "./process-cost.ts";

/** What a run needs to know and whom it tells. */
export interface ChunkRun {
  command(names: readonly string[]): Command;
  readonly environment: NodeJS.ProcessEnv;
  /** Seconds without an answer. */
  readonly timeout: number;
  answered(name: string, answer: Answer): void;
  ended(cost: ProcessCost): void;
}

/** Answers for every name, one way or the other. */
export async function runChunk(run: ChunkRun, names: readonly string[]): Promise<void> {
  let rest = names;
  /** The name that is tried alone, because a process died over it. */
  let suspect: string | undefined;
  while (rest.length > 0) {
    const asked = suspect === undefined ? rest : [suspect];
    const { answered, ending } = await runOnce(run, asked);
    const culprit = asked[answered];
    rest = rest.slice(answered);
    const alone = answered === 0;
    if (culprit === undefined) {
      suspect = undefined;
    } else if (ending.aborted !== undefined) {
      run.answered(culprit, ending);
      rest = rest.slice(1);
      suspect = undefined;
    } else if (alone && (suspect !== undefined || asked.length === 1)) {
      run.answered(culprit, { crashed: ending.crashed ?? "ended without an answer" });
      rest = rest.slice(1);
      suspect = undefined;
    } else if (ending.crashed !== undefined || alone) {
      suspect = culprit;
    }
  }
}

const OUT_OF_MEMORY = /out of memory|bad_alloc/;

interface Ending {
  /** How many names have an answer. */
  readonly answered: number;
  readonly ending: Pick<Answer, "aborted" | "crashed">;
}

function runOnce(run: ChunkRun, names: readonly string[]): Promise<Ending> {
  const { program, args, stdin } = run.command(names);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: "/",
      env: run.environment,
      stdio: ["pipe", "ignore", "pipe"],
    });
    child.on("error", reject);
    if (child.pid === undefined) return;
    const meter = new CostMeter(child.pid);
    let answered = 0;
    let ends = 0;
    let timedOut = false;
    let message: string | undefined;
    const tail: string[] = [];
    const giveUp = (): void => {
      timedOut = true;
      child.kill("SIGKILL");
    };
    let timer = setTimeout(giveUp, run.timeout * 1000);
    const proceed = (name: string, answer: Answer): void => {
      answered++;
      message = undefined;
      run.answered(name, answer);
      clearTimeout(timer);
      timer = setTimeout(giveUp, run.timeout * 1000);
    };
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (line === END_OF_ATTRIBUTE) {
        ends++;
        const name = names[ends - 1] as string;
        if (answered >= ends) return;
        if (message === undefined || OUT_OF_MEMORY.test(message)) {
          child.kill("SIGKILL");
          return;
        }
        proceed(name, { aborted: message });
        return;
      }
      const entry = line.startsWith(ANSWER_PREFIX)
        ? parseAnswer(line.slice(ANSWER_PREFIX.length))
        : undefined;
      if (entry === undefined) {
        // Old versions show the error first and traces after it, new ones the other way round.
        message = /^\s*error: (.+)/.exec(line)?.[1] ?? message;
        if (tail.push(line) > 20) tail.shift();
        return;
      }
      if (entry.name !== names[answered]) {
        child.kill("SIGKILL");
        reject(new Error(`an answer for '${entry.name}' instead of '${names[answered]}'`));
        return;
      }
      proceed(entry.name, entry.answer);
    });
    child.stdin.on("error", () => {});
    child.stdin.end(stdin);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      run.ended(meter.finish());
      const outOfMemory = message !== undefined && OUT_OF_MEMORY.test(message);
      if (timedOut) {
        resolve({ answered, ending: { crashed: `no answer in ${run.timeout} s` } });
      } else if (code === 0) {
        resolve({ answered, ending: {} });
      } else if (code === 1 && message !== undefined && !outOfMemory) {
        resolve({ answered, ending: { aborted: message } });
      } else {
        const why = signal ?? `exit code ${code}`;
        resolve({ answered, ending: { crashed: `${why}: ${message ?? tail.at(-1) ?? ""}` } });
      }
    });
  });
}
