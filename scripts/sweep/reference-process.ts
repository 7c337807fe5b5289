/**
 * Evaluates attributes with the reference: one process per attempt, which prints on standard error
 * one line per attribute, or that it continues with the next.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type Answer, parseAnswer } from "./answers.ts";
import { ANSWER_PREFIX, type Command, END_OF_ATTRIBUTE } from "./evaluators.ts";
import { CostMeter, type ProcessCost } from "./process-cost.ts";
import type { Attempt, Runner } from "./run-chunk.ts";

/** Options of {@link referenceRunner}. */
export interface ReferenceRuns {
  command(names: readonly string[]): Command;
  readonly environment: NodeJS.ProcessEnv;
  /** The time in seconds without an answer after which a process is killed. */
  readonly timeout: number;
  ended(cost: ProcessCost): void;
}

/** A {@link Runner} whose attempts are processes. */
export function referenceRunner(runs: ReferenceRuns): Runner {
  return { attempt: (names, _alone, answered) => runProcess(runs, names, answered) };
}

const OUT_OF_MEMORY = /out of memory|bad_alloc/;

function runProcess(
  runs: ReferenceRuns,
  names: readonly string[],
  tell: (name: string, answer: Answer) => void,
): Promise<Attempt> {
  const { program, args, stdin } = runs.command(names);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: "/",
      env: runs.environment,
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
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, runs.timeout * 1000);
    const proceed = (name: string, answer: Answer): void => {
      answered++;
      message = undefined;
      tell(name, answer);
      timer.refresh();
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
        // Old versions print the error before the traces, new ones after them.
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
      meter.stop();
      runs.ended(meter.lap());
      if (timedOut) {
        resolve({ answered, ending: { crashed: `no answer in ${runs.timeout} s` } });
      } else if (code === 0) {
        resolve({ answered, ending: {} });
      } else if (message !== undefined && OUT_OF_MEMORY.test(message)) {
        resolve({ answered, ending: { outOfMemory: message } });
      } else if (code === 1 && message !== undefined) {
        resolve({ answered, ending: { aborted: message } });
      } else {
        const why = signal ?? `exit code ${code}`;
        resolve({ answered, ending: { crashed: `${why}: ${message ?? tail.at(-1) ?? ""}` } });
      }
    });
  });
}
