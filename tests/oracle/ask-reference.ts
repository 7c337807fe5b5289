/**
 * Asks a real C++ Nix many questions in few processes: those whose recorded answer is a success run
 * in batches of fifty, because each prints one line (JSON and XML do not). A failure ends a
 * process, so expected failures and incomplete batches run one by one.
 */
import { mapConcurrently, type Reference, withoutFolder } from "@nivis/testkit";
import {
  type Answer,
  batchInvocation,
  fixture,
  invocationOf,
  type Question,
  type QuestionMode,
} from "./questions.ts";
import { type Recording, recordedAnswer } from "./recorded-answers.ts";

const BATCH_SIZE = 50;

/** The answers of the reference by the keys of the questions. */
export async function askReference(
  reference: Reference,
  questions: readonly Question[],
  recording: Recording | undefined,
): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>();
  const alone: Question[] = [];
  const batches: Question[][] = [];
  for (const mode of ["strict", "lazy"] satisfies QuestionMode[]) {
    const together = questions.filter(
      (question) =>
        question.mode === mode &&
        recording !== undefined &&
        recordedAnswer(recording, question)?.code === 0,
    );
    for (let i = 0; i < together.length; i += BATCH_SIZE) {
      batches.push(together.slice(i, i + BATCH_SIZE));
    }
  }
  const batched = new Set(batches.flat());
  alone.push(...questions.filter((question) => !batched.has(question)));
  await mapConcurrently(batches, 2, async (batch) => {
    const mode = (batch[0] as Question).mode;
    const expressions = batch.map((question) => question.expression);
    const outcome = withoutFolder(await reference.run(batchInvocation(mode, expressions)), fixture);
    const lines = outcome.stdout.split("\n");
    if (outcome.code !== 0 || lines.length !== batch.length + 1) {
      alone.push(...batch);
      return;
    }
    batch.forEach((question, i) => {
      answers.set(question.key, { code: 0, stdout: `${lines[i]}\n` });
    });
  });
  await mapConcurrently(alone, 2, async (question) => {
    const answer = await reference.run(invocationOf(question));
    const { code, stdout } = withoutFolder(answer, fixture);
    answers.set(question.key, code === 0 ? { code, stdout } : { code, stdout: "" });
  });
  return answers;
}
