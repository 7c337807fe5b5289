/**
 * `npm run lang:record [-- NAME…]`: writes the okay expectations of the golden cases anew from the
 * answers of a real C++ Nix. Only files that exist are written, so an empty file asks for its kind.
 *
 * Failing kinds are not recorded: the messages of the reference that Debian has (2.8) are not those
 * of 2.36. They are written by `UPDATE=1 npm test -- tests/lang` and read by a human.
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
