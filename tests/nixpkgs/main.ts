/**
 * `npm run nixpkgs [-- NAME…]`: compares the `.drv` paths of real packages in Nivis (the built
 * command) and the C++ Nix on `PATH` byte for byte.
 *
 * `--nivis` runs only Nivis and prints its answers.
 */
import { builtCommand, findReference, type Invocation, processRunner } from "@nivis/testkit";
import { checks } from "./checks.ts";

const onlyNivis = process.argv.includes("--nivis");
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const nivis = processRunner("Nivis", process.execPath, [builtCommand()], { timeout: 1_200_000 });
const reference = await findReference();
let equal = 0;
let different = 0;
let unanswered = 0;

for (const check of checks) {
  if (filters.length > 0 && !filters.some((filter) => check.name.includes(filter))) continue;
  const tree = process.env[check.variable];
  if (tree === undefined) {
    unanswered++;
    process.stdout.write(`?  ${check.name}: ${check.variable} names no tree\n`);
    continue;
  }
  const invocation: Invocation = {
    args: ["--eval", "--strict", "-E", check.expression(tree)],
    cwd: "/",
    env: { NIX_PATH: `nixpkgs=${tree}` },
  };
  const started = performance.now();
  const ours = await nivis.run(invocation);
  const ourTime = performance.now() - started;
  let expected = check.expected;
  let theirTime = 0;
  if (expected === undefined && !onlyNivis && reference !== undefined) {
    const begun = performance.now();
    const theirs = await reference.run(invocation);
    theirTime = performance.now() - begun;
    if (theirs.code === 0) expected = theirs.stdout;
    else process.stdout.write(`${reference.name} fails:\n${theirs.stderr}\n`);
  }
  const time = theirTime > 0 ? `, ${(ourTime / theirTime).toFixed(1)} times the original` : "";
  if (ours.code === 0 && ours.stdout === expected) {
    equal++;
    process.stdout.write(`=  ${check.name}: ${ours.stdout.trim()} (${seconds(ourTime)}${time})\n`);
  } else if (ours.code === 0 && expected === undefined) {
    unanswered++;
    process.stdout.write(`?  ${check.name}: ${ours.stdout.trim()} (${seconds(ourTime)})\n`);
  } else {
    different++;
    process.stdout.write(
      `!  ${check.name} (${seconds(ourTime)}${time})\n   Nivis:    ${ours.stdout.trim() || ours.stderr.slice(-4000)}\n   expected: ${expected?.trim()}\n`,
    );
  }
}
process.stdout.write(`${equal} equal, ${different} different, ${unanswered} without comparison\n`);
process.exitCode = different > 0 ? 1 : 0;

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
