/**
 * `npm run functional [-- --update] [NAME…]`: runs C++ Nix's functional scripts with Nivis as
 * `nix-instantiate`, `nix-build` and `nix`, and with C++ Nix for the store side.
 *
 * `NIVIS_CONFORMANCE_NIX` names the checkout of C++ Nix with the scripts; `NIVIS_FUNCTIONAL_NIX`
 * names the folder with its programs (default: those on PATH). `--update` writes the scoreboard.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Outcome, runScript, type Suite } from "./run-script.ts";
import { SCRIPTS } from "./scripts.ts";

/** The options of the command line. */
interface Options {
  readonly update: boolean;
  /** Runs C++ Nix alone: what fails then fails because of this environment. */
  readonly reference: boolean;
  /** The folder that receives the whole output of each script. */
  readonly logs: string | undefined;
  readonly filters: readonly string[];
}

function suiteOfEnvironment(reference: boolean): Suite {
  const checkout = process.env["NIVIS_CONFORMANCE_NIX"];
  if (checkout === undefined || !existsSync(join(checkout, "tests/functional/simple.sh"))) {
    process.stderr.write("set NIVIS_CONFORMANCE_NIX to a checkout of C++ Nix\n");
    process.exit(2);
  }
  const wanted = process.env["NIVIS_FUNCTIONAL_NIX"];
  const programs =
    wanted ??
    dirname(execFileSync("sh", ["-c", "command -v nix-store"], { encoding: "utf8" }).trim());
  const version = execFileSync(join(programs, "nix-store"), ["--version"], { encoding: "utf8" });
  return {
    folder: realpathSync(join(checkout, "tests/functional")),
    programs,
    version: /[\d.]+/.exec(version)?.[0] ?? "",
    reference,
  };
}

function scoreboard(suite: Suite, outcomes: ReadonlyMap<string, Outcome>): string {
  const count = (status: Outcome["status"]): number =>
    [...outcomes.values()].filter((outcome) => outcome.status === status).length;
  const rows = [...outcomes].map(
    ([name, { status, reason }]) =>
      `| ${name} | ${status} | ${reason.replaceAll("|", "\\|").replaceAll("`", "'")} |`,
  );
  return [
    "# Functional scripts of C++ Nix",
    "",
    "Written by `npm run functional -- --update`: Nivis for `nix-instantiate`, `nix-build` and the",
    `commands of \`nix\` that it has, C++ Nix ${suite.version} for the store side.`,
    "",
    `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped.`,
    "",
    "| script | outcome | the first command that differs, and what it printed |",
    "| --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function optionsOf(args: readonly string[]): Options {
  const logs = args.find((argument) => argument.startsWith("--logs="))?.slice("--logs=".length);
  if (logs !== undefined) mkdirSync(logs, { recursive: true });
  return {
    update: args.includes("--update"),
    reference: args.includes("--reference"),
    logs,
    filters: args.filter((argument) => !argument.startsWith("--")),
  };
}

/** Runs scripts, a few at a time, and prints each outcome. */
async function runAll(
  suite: Suite,
  names: readonly string[],
  logs: string | undefined,
): Promise<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map<string, Outcome>(
    names.map((name) => [name, { status: "skipped", reason: "" }]),
  );
  const waiting = [...names];
  const work = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const log = logs === undefined ? undefined : join(logs, `${name.replaceAll("/", "-")}.log`);
      const outcome = await runScript(suite, name, log);
      outcomes.set(name, outcome);
      process.stdout.write(`${outcome.status.padEnd(8)}${name}  ${outcome.reason}\n`);
    }
  };
  await Promise.all([work(), work(), work()]);
  return outcomes;
}

const options = optionsOf(process.argv.slice(2));
const suite = suiteOfEnvironment(options.reference);
const all = Object.entries(SCRIPTS).flatMap(([folder, names]) =>
  names.map((name) => (folder === "" ? name : `${folder}/${name}`)),
);
const wanted = options.filters.length > 0 ? options.filters : all;
const names = wanted.filter((name) => existsSync(join(suite.folder, `${name}.sh`)));
const outcomes = await runAll(suite, names, options.logs);
if (options.update) {
  const file = fileURLToPath(new URL("scoreboard.md", import.meta.url));
  writeFileSync(file, scoreboard(suite, outcomes));
}
