/**
 * `npm run functional [-- --update] [NAME…]`: runs C++ Nix's functional scripts with Nivis as
 * `nix-instantiate`, `nix-build` and `nix`, and with C++ Nix for the store side.
 *
 * `NIVIS_CONFORMANCE_NIX` names the checkout of C++ Nix with the scripts; `NIVIS_FUNCTIONAL_NIX`
 * names the folder with its programs (default: those on PATH). `--update` writes the scoreboard.
 */
import { execFileSync } from "node:child_process";
import { existsSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Outcome, runScript, type Suite } from "./run-script.ts";

/** The scripts that concern Nivis: those that instantiate, build, or read stores. */
const SCRIPTS = [
  "simple",
  "dependencies",
  "multiple-outputs",
  "fixed",
  "export-graph",
  "gc",
  "derivation-advanced-attributes",
  "store-print-env",
  "nix-build",
  "filter-source",
  "check",
  "check-refs",
  "check-reqs",
  "pass-as-file",
  "placeholders",
  "output-normalization",
  "structured-attrs",
  "readfile-context",
  "import-from-derivation",
  "timeout",
  "build",
  "build-dry",
  "build-delete",
  "symlinks",
  "logging",
  "eval-store",
  "why-depends",
  "path-info",
  "derivation-json",
  "path-from-hash-part",
  "store-info",
  "shell",
  "toString-path",
  "hash-path",
  "nar-access",
  "referrers",
  "signing",
  "binary-cache",
  "add",
  "eval",
  "fetchGit",
  "fetchGitRefs",
  "fetchGitShallow",
  "fetchGitSubmodules",
  "fetchGitVerification",
  "fetchMercurial",
  "fetchPath",
  "fetchTree-file",
  "fetchurl",
  "fetchClosure",
  "tarball",
  "pure-eval",
  "restricted",
  "nix_path",
];

function suiteOfEnvironment(): Suite {
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

const filters = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const suite = suiteOfEnvironment();
const names = filters.length > 0 ? filters : SCRIPTS;
const outcomes = new Map<string, Outcome>();
const waiting = names.filter((name) => existsSync(join(suite.folder, `${name}.sh`)));
for (const name of waiting) outcomes.set(name, { status: "skipped", reason: "" });

async function work(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const outcome = await runScript(suite, `${name}.sh`);
    outcomes.set(name, outcome);
    process.stdout.write(`${outcome.status.padEnd(8)}${name}  ${outcome.reason}\n`);
  }
}

await Promise.all([work(), work(), work()]);
if (process.argv.includes("--update")) {
  const file = fileURLToPath(new URL("scoreboard.md", import.meta.url));
  writeFileSync(file, scoreboard(suite, outcomes));
}
