/**
 * Checks our golden cases with a real C++ Nix if the recorded version is on `PATH`, so that no
 * wrong expectation gets in. Cases with `notInReference` follow the sources of a later version.
 */
import { fileURLToPath } from "node:url";
import {
  findReference,
  goldenRuns,
  mapConcurrently,
  readExpected,
  withoutFolder,
} from "@nivis/testkit";
import { expect, test } from "vitest";
import { readRecording } from "./recorded-answers.ts";

const reference = await findReference();
const comparable = reference !== undefined && reference.version === readRecording().version;
if (!comparable) {
  process.stderr.write("tests/oracle: the golden cases are not put to the original\n");
}

test.skipIf(!comparable)("the original agrees with the golden cases", async () => {
  if (reference === undefined) return;
  const runs = goldenRuns(fileURLToPath(new URL("../lang", import.meta.url))).filter(
    ({ options }) => options.notInReference === undefined,
  );
  const wrong: string[] = [];
  await mapConcurrently(runs, 2, async ({ name, folder, kind, invocation }) => {
    const outcome = withoutFolder(await reference.run(invocation), folder);
    // Nix: 2.8 ends JSON without a newline, 2.36 with one (processExpr in nix-instantiate.cc).
    const end = kind.file.endsWith(".json") && !outcome.stdout.endsWith("\n") ? "\n" : "";
    const agrees =
      outcome.code === kind.code &&
      // Messages are those of 2.36, which Debian's version does not have.
      (kind.code === 1 || outcome.stdout + end === readExpected(folder, kind.file));
    if (!agrees) wrong.push(`${name} ${kind.file}`);
  });
  expect(wrong).toEqual([]);
});
