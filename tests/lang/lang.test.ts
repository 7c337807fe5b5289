/**
 * The golden language cases, each in every mode of evaluation; `golden.ts` of the testkit describes
 * cases. `UPDATE=1` writes the answers of Nivis into the expectation files of failing kinds instead
 * of comparing: review the diff before you commit it. Okay kinds are recorded from C++ Nix (`npm
 * run lang:record`); with `UPDATE_OKAY=1` they are overwritten, too, for features that 2.8 lacks.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { goldenRuns, nivisRunners, readExpected, withoutFolder } from "@nivis/testkit";
import { describe, expect, test } from "vitest";

const suite = fileURLToPath(new URL(".", import.meta.url));
const runs = goldenRuns(suite);
const update = process.env["UPDATE"] === "1";
const updateOkay = process.env["UPDATE_OKAY"] === "1";

for (const runner of nivisRunners()) {
  describe(runner.name, () => {
    test.each(runs.map((run) => [`${run.name} ${run.kind.file}`, run] as const))(
      "%s",
      async (_title, { folder, kind, invocation }) => {
        const outcome = withoutFolder(await runner.run(invocation), folder);
        expect(outcome.code, outcome.stderr).toBe(kind.code);
        if (update && (kind.code !== 0 || updateOkay)) {
          writeFileSync(join(folder, kind.file), outcome[kind.stream], "latin1");
          return;
        }
        expect(outcome[kind.stream]).toBe(readExpected(folder, kind.file));
        if (kind.code === 1) expect(outcome.stdout).toBe("");
        else if (kind.file.startsWith("eval-okay")) {
          expect(outcome.stderr).toBe(readExpected(folder, "eval-okay.err"));
        }
      },
    );
  });
}
