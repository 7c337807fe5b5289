/**
 * The language suite of Lix (`tests/functional2/lang` of a checkout): one folder per group,
 * `in*.nix` are the programs, and the names of the expectation files or a `test.toml` say what to
 * run.
 *
 *     eval-okay    --eval --strict FLAGS in.nix                exit 0   stdout = .out.exp
 *     eval-fail    --eval --strict --show-trace FLAGS in.nix   exit 1   stderr = .err.exp
 *     parse-okay   --parse FLAGS in.nix                        exit 0
 *     parse-fail   --parse FLAGS in.nix                        exit 1   stderr = .err.exp
 *
 * Each case gets its own folder with the program as `in.nix`, `lib.nix` and the files that the case
 * requires. Lix prints a parsed program as JSON of its own tree, so only the exit code of
 * parse-okay counts. The features that Lix deprecates are always enabled in C++ Nix and Nivis, so
 * the flags that enable them are dropped, and cases that expect errors for them are expected to
 * fail. Groups that are Python programs are not run.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseToml, type TomlValue } from "@nivis/formats";
import { withoutFolder } from "@nivis/testkit";
import type { ConformanceCase, ConformanceSuite } from "./suite.ts";

/** An entry of a `test.toml`, or its equivalent from the names of the expectation files. */
interface Declaration {
  readonly runner: string;
  readonly name: string;
  /** The program; the variable part of its name is appended to the name of the case. */
  readonly input: string;
  readonly flags: readonly string[];
  readonly files: readonly string[];
  /** Files from the folder of shared assets. */
  readonly assets: readonly string[];
}

export const lixSuite: ConformanceSuite = {
  name: "lix",
  variable: "NIVIS_CONFORMANCE_LIX",
  cases: (checkout) => {
    const lang = join(checkout, "tests", "functional2", "lang");
    const scratch = mkdtempSync(join(tmpdir(), "nivis-lix-"));
    process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
    writeFileSync(join(scratch, "nix.conf"), "experimental-features = nix-command flakes\n");
    return readdirSync(lang, { withFileTypes: true })
      .filter(
        (entry) => entry.isDirectory() && entry.name !== "assets" && !entry.name.startsWith("_"),
      )
      .map((entry) => entry.name)
      .filter((group) => !readdirSync(join(lang, group)).some((file) => file.endsWith(".py")))
      .sort()
      .flatMap((group) =>
        declarations(join(lang, group)).map((one) => toCase(lang, group, one, scratch)),
      );
  },
};

function declarations(folder: string): Declaration[] {
  const inputs = readdirSync(folder)
    .filter((file) => /^in(-[\w-]+)?\.nix$/.test(file))
    .sort();
  const declared = join(folder, "test.toml");
  if (!existsSync(declared)) return declarationsByName(folder);
  const table = parseToml(readFileSync(declared, "latin1"));
  const entries = plainOf(table.get("test") ?? { kind: "array", items: [] });
  return (entries as Record<string, unknown>[]).flatMap((entry) => {
    const given = entry["in"] as string | string[] | undefined;
    const single = typeof given === "string" ? [given] : ["in.nix"];
    const chosen = entry["matrix"] === true ? ((given as string[] | undefined) ?? inputs) : single;
    return chosen.map((input) => ({
      runner: entry["runner"] as string,
      name: `${(entry["name"] ?? entry["runner"]) as string}${suffixOf(input)}`,
      input,
      flags: (entry["flags"] ?? []) as string[],
      files: (entry["extra-files"] ?? []) as string[],
      assets: (entry["global-assets"] ?? []) as string[],
    }));
  });
}

/** A TOML value as a JavaScript value. */
function plainOf(value: TomlValue): unknown {
  switch (value.kind) {
    case "table":
      return Object.fromEntries([...value.entries].map(([key, inner]) => [key, plainOf(inner)]));
    case "array":
      return value.items.map(plainOf);
    case "datetime":
      return value.text;
    default:
      return value.value;
  }
}

/** Without a `test.toml`: `RUNNER[-suffix].{out,err}.exp` belongs to `in[-suffix].nix`. */
function declarationsByName(folder: string): Declaration[] {
  const names = readdirSync(folder).flatMap((file) => {
    const found = /^((?:parse|eval)-(?:okay|fail))(-[\w-]+)?\.(?:out|err)\.exp$/.exec(file);
    return found === null ? [] : [`${found[1]} ${found[2] ?? ""}`];
  });
  return [...new Set(names)].sort().map((both) => {
    const [runner, suffix] = both.split(" ") as [string, string];
    return {
      runner,
      name: runner + suffix,
      input: `in${suffix}.nix`,
      flags: [],
      files: [],
      assets: [],
    };
  });
}

function suffixOf(input: string): string {
  return input.slice("in".length, -".nix".length);
}

function toCase(lang: string, group: string, one: Declaration, scratch: string): ConformanceCase {
  const folder = join(scratch, group, one.name);
  mkdirSync(folder, { recursive: true });
  cpSync(join(lang, group, one.input), join(folder, "in.nix"));
  cpSync(join(lang, "lib.nix"), join(folder, "lib.nix"));
  for (const file of one.files) {
    cpSync(join(lang, group, file), join(folder, file), { recursive: true });
  }
  for (const asset of one.assets) {
    cpSync(join(lang, "..", "testlib", "global_assets", `${asset}.template`), join(folder, asset));
  }
  const read = (ending: string): string => {
    const path = join(lang, group, `${one.name}.${ending}.exp`);
    return existsSync(path) ? readFileSync(path, "latin1") : "";
  };
  const action = {
    "eval-okay": ["--eval", "--strict"],
    "eval-fail": ["--eval", "--strict", "--show-trace"],
  }[one.runner] ?? ["--parse"];
  return {
    kind: one.runner,
    name: `${group}:${one.name}`,
    code: one.runner.endsWith("okay") ? 0 : 1,
    invocation: {
      args: [...action, ...withoutDeprecated(one.flags), join(folder, "in.nix")],
      cwd: folder,
      env: { NIX_CONF_DIR: scratch, HOME: folder },
    },
    ...(one.runner === "parse-okay" ? {} : { stdout: read("out") }),
    stderr: read("err"),
    normalise: (outcome) => withoutFolder(outcome, folder),
  };
}

function withoutDeprecated(flags: readonly string[]): string[] {
  return flags.filter(
    (flag, index) =>
      flag !== "--extra-deprecated-features" && flags[index - 1] !== "--extra-deprecated-features",
  );
}
