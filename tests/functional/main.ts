/**
 * `npm run functional [-- --update] [NAME…]`: runs C++ Nix's functional scripts with Nivis as
 * `nix-instantiate`, `nix-build` and `nix`, and with C++ Nix for the store side.
 *
 * `NIVIS_CONFORMANCE_NIX` names the checkout of C++ Nix with the scripts; `NIVIS_FUNCTIONAL_NIX`
 * names the folder with its programs (default: those on PATH). `--update` writes the scoreboard.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Outcome, runScript, type Suite } from "./run-script.ts";
import { REASONS, SCRIPTS } from "./scripts.ts";

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

/** What the scoreboard says of a script. */
interface Row {
  /** Outcomes by the version of C++ Nix for the store side, such as `2.36`. */
  readonly outcomes: Map<string, string>;
  reason: string;
}

/** The version whose reasons are shown: the one that Nivis follows. */
const REFERENCE = "2.36";

/** The rows of the scoreboard as it is, so that runs against other versions keep theirs. */
function knownRows(text: string): Map<string, Row> {
  const lines = text.split("\n").filter((line) => line.startsWith("| "));
  const [head = [], , ...rows] = lines.map((line) => line.slice(2, -2).split(/ \| ?/));
  const versions = head.slice(1, -1);
  return new Map(
    rows.map(([name = "", ...cells]) => [
      name,
      {
        outcomes: new Map(versions.map((version, i) => [version, (cells[i] ?? "").trim()])),
        reason: cells.slice(versions.length).join(" | ").trim(),
      },
    ]),
  );
}

function scoreboard(rows: ReadonlyMap<string, Row>): string {
  const versions = [...new Set([...rows.values()].flatMap(({ outcomes }) => [...outcomes.keys()]))]
    .filter((version) => version !== "")
    .sort((a, b) => Number(b.slice(2)) - Number(a.slice(2)));
  const count = (version: string, outcome: string): number =>
    [...rows.values()].filter(({ outcomes }) => outcomes.get(version) === outcome).length;
  const totals = versions.map(
    (version) =>
      `${version}: ${count(version, "passed")} passed, ${count(version, "failed")} failed, ${count(version, "skipped")} skipped.`,
  );
  const lines = [...rows].map(
    ([name, { outcomes, reason }]) =>
      `| ${[name, ...versions.map((version) => outcomes.get(version) ?? ""), reason].join(" | ")} |`,
  );
  return [
    "# Functional scripts of C++ Nix",
    "",
    "Written by `npm run functional -- --update`: Nivis for `nix-instantiate`, `nix-build` and the",
    "commands of `nix` that it has, C++ Nix for the store side, in the versions that the columns name.",
    "The scripts are those of 2.36; many of them use commands or messages that older versions lack.",
    "",
    ...totals.flatMap((total) => [total, ""]),
    `| ${["script", ...versions, `with ${REFERENCE}: why, and the first command that differs with what it printed`].join(" | ")} |`,
    `| ${["---", ...versions.map(() => "---"), "---"].join(" | ")} |`,
    ...lines,
    "",
  ].join("\n");
}

/** The scoreboard with the outcomes of a run. */
function updated(
  text: string,
  suite: Suite,
  all: readonly string[],
  outcomes: ReadonlyMap<string, Outcome>,
): string {
  const version = /^\d+\.\d+/.exec(suite.version)?.[0] ?? suite.version;
  const known = knownRows(text);
  const rows = new Map<string, Row>();
  for (const name of all) {
    const row = known.get(name) ?? { outcomes: new Map<string, string>(), reason: "" };
    const outcome = outcomes.get(name);
    if (outcome !== undefined) {
      row.outcomes.set(version, outcome.status);
      if (version === REFERENCE) row.reason = reasonFor(name, outcome);
    }
    rows.set(name, row);
  }
  return scoreboard(rows);
}

function reasonFor(name: string, { status, reason }: Outcome): string {
  const why = status === "failed" ? REASONS[name] : undefined;
  return [why, reason]
    .filter((part) => part !== undefined && part !== "")
    .join(" — ")
    .replaceAll("|", "\\|")
    .replaceAll("`", "'");
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
  writeFileSync(file, updated(readFileSync(file, "utf8"), suite, all, outcomes));
}
