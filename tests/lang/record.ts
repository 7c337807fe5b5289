/**
 * `npm run lang:record [-- NAME…]`: rewrites the okay expectations of the golden cases from the
 * answers of a real C++ Nix. Only existing files are written, so an empty file requests its kind.
 *
 * Failing kinds are not recorded: the messages of Debian's C++ Nix (2.8) are not those
 * of 2.36. `UPDATE=1 npm test -- tests/lang` writes them for review.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  findReference,
  goldenRuns,
  mapConcurrently,
  readExpected,
  withoutFolder,
} from "@nivis/testkit";

const suite = fileURLToPath(new URL(".", import.meta.url));
const reference = await findReference();
if (reference === undefined) {
  process.stderr.write("nix-instantiate is not on PATH: nothing can be recorded\n");
  process.exit(1);
}
const filters = process.argv.slice(2);
const runs = goldenRuns(suite).filter(
  ({ name, options }) =>
    options.notInReference === undefined &&
    (filters.length === 0 || filters.some((filter) => name.includes(filter))),
);
let failures = 0;
await mapConcurrently(runs, 2, async ({ name, folder, kind, invocation }) => {
  const outcome = withoutFolder(await reference.run(invocation), folder);
  if (outcome.code !== kind.code) {
    failures++;
    process.stdout.write(
      `${name} ${kind.file}: exit code ${outcome.code}\n${outcome.stdout}${outcome.stderr}\n`,
    );
    return;
  }
  // Nix: 2.8 ends JSON without a newline, 2.36 with one (processExpr in nix-instantiate.cc).
  const end = kind.file.endsWith(".json") && !outcome.stdout.endsWith("\n") ? "\n" : "";
  const answer = outcome[kind.stream] + end;
  if (kind.code === 0 && answer !== readExpected(folder, kind.file)) {
    writeFileSync(join(folder, kind.file), answer, "latin1");
    process.stdout.write(`${name}/${kind.file} written\n`);
  }
});
process.stdout.write(`${runs.length} runs with ${reference.name}, ${failures} failed\n`);
process.exit(failures > 0 ? 1 : 0);
