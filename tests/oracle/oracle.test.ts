/**
 * The differential suite: Nivis must give the same answer to each question as C++ Nix.
 *
 * The answers are recorded in `recorded.json`. If the same version of C++ Nix is on `PATH`, the
 * recording itself is checked: all successes and every tenth failure, because failures cost a
 * process each. Otherwise a note says so and the recorded answers are used.
 */
import { findReference, nivisRunners, type Runner, withoutFolder } from "@nivis/testkit";
import { describe, expect, test } from "vitest";
import { askReference } from "./ask-reference.ts";
import { fixture, invocationOf, questions } from "./questions.ts";
import {
  differenceFor,
  readDifferences,
  readRecording,
  recordedAnswer,
} from "./recorded-answers.ts";

const all = questions();
const recording = readRecording();
const differences = readDifferences();
const runner = nivisRunners()[0] as Runner;

describe(`recorded answers of C++ Nix ${recording.version}`, () => {
  test.each(all.map((question) => [question.key, question] as const))(
    "%s",
    async (_key, question) => {
      const difference = differenceFor(differences, question);
      const expected =
        difference === undefined
          ? recordedAnswer(recording, question)
          : { code: difference.stdout === undefined ? 1 : 0, stdout: difference.stdout ?? "" };
      expect(expected, "not recorded: npm run oracle:record").toBeDefined();
      const outcome = withoutFolder(await runner.run(invocationOf(question)), fixture);
      const stdout = outcome.code === 0 ? outcome.stdout : "";
      expect({ code: outcome.code, stdout }, outcome.stderr).toEqual(expected);
    },
  );
});

describe("known differences", () => {
  test.each(differences.map((difference) => [difference.expression, difference] as const))(
    "%s is asked, and the recorded answer is another",
    (_expression, difference) => {
      const concerned = all.filter(
        (question) => differenceFor([difference], question) !== undefined,
      );
      expect(concerned).not.toEqual([]);
      for (const question of concerned) {
        expect(recordedAnswer(recording, question)).not.toEqual({
          code: difference.stdout === undefined ? 1 : 0,
          stdout: difference.stdout ?? "",
        });
      }
    },
  );
});

const reference = await findReference();
const comparable = reference !== undefined && reference.version === recording.version;
if (!comparable) {
  const found = reference === undefined ? "no nix-instantiate on PATH" : `found ${reference.name}`;
  process.stderr.write(
    `tests/oracle: ${found}, so the answers recorded from ${recording.version} are not checked live\n`,
  );
}

describe("live", () => {
  test.skipIf(!comparable)("the recorded answers are those of the original", async () => {
    if (reference === undefined) return;
    const asked = all.filter(
      (question, i) => recordedAnswer(recording, question)?.code === 0 || i % 10 === 0,
    );
    const answers = await askReference(reference, asked, recording);
    for (const { key } of asked) {
      const answer = answers.get(key);
      const live = answer?.code === 0 ? answer.stdout : answer?.code;
      expect({ key, answer: live }).toEqual({ key, answer: recording.answers[key] });
    }
  });
});
