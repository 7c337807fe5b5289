/**
 * The programs to measure: the files of `bench/`, and expressions over real code if variables name
 * nixpkgs trees. C++ Nix takes between a few tenths of a second and some seconds for each, so that
 * process start is only part of the time.
 */
import { readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { root } from "../workspace.mjs";

/** A program; both evaluators print its value strictly and must print the same. */
export interface BenchProgram {
  readonly name: string;
  readonly group: "bench" | "nixpkgs" | "own";
  /** The arguments of `nix-instantiate --eval --strict` that select the expression. */
  readonly args: readonly string[];
}

/** The programs that match the filters, and those that lack a nixpkgs tree. */
export interface Selection {
  readonly programs: readonly BenchProgram[];
  readonly missing: readonly string[];
}

type TreeVariable = "NIVIS_BENCH_NIXPKGS" | "NIVIS_BENCH_NIXPKGS_OLD";

interface RealProgram {
  readonly name: string;
  readonly variable: TreeVariable;
  expression(tree: string): string;
}

const BENCH = join(root, "bench");

/** The packages of a tree; `impure.nix` is the entry point after the check of Nix's version. */
function packagesOf(tree: string): string {
  return `import ${tree}/pkgs/top-level/impure.nix { system = "x86_64-linux"; config = { }; overlays = [ ]; }`;
}

function drvPath(variable: TreeVariable, attribute: string): RealProgram {
  return {
    name: `${releaseOf(variable)}-${attribute}`,
    variable,
    expression: (tree) => `(${packagesOf(tree)}).${attribute}.drvPath`,
  };
}

function releaseOf(variable: TreeVariable): string {
  return variable === "NIVIS_BENCH_NIXPKGS" ? "26.11" : "19.09";
}

function wholeTree(variable: TreeVariable): RealProgram[] {
  const packages = join(BENCH, "nixpkgs", "packages.nix");
  const names = join(BENCH, "nixpkgs", "packages.json");
  return [
    {
      name: `${releaseOf(variable)}-names`,
      variable,
      expression: (tree) => `builtins.length (builtins.attrNames (${packagesOf(tree)}))`,
    },
    {
      name: `${releaseOf(variable)}-500-packages`,
      variable,
      expression: (tree) => `import ${packages} { pkgs = ${packagesOf(tree)}; names = ${names}; }`,
    },
  ];
}

const REAL_PROGRAMS: readonly RealProgram[] = [
  ...["hello", "git", "nodejs"].map((name) => drvPath("NIVIS_BENCH_NIXPKGS", name)),
  ...wholeTree("NIVIS_BENCH_NIXPKGS"),
  ...["hello", "firefox"].map((name) => drvPath("NIVIS_BENCH_NIXPKGS_OLD", name)),
  ...wholeTree("NIVIS_BENCH_NIXPKGS_OLD"),
  {
    name: "19.09-nixos",
    variable: "NIVIS_BENCH_NIXPKGS_OLD",
    expression: (tree) =>
      `(import ${tree}/nixos { system = "x86_64-linux"; configuration = ${join(BENCH, "nixpkgs", "configuration.nix")}; }).system.drvPath`,
  },
];

/** The programs whose names contain a filter (all, without filters), and the user's own. */
export function selectPrograms(
  filters: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Selection {
  const own = filters.filter((filter) => filter.endsWith(".nix"));
  const parts = filters.filter((filter) => !filter.endsWith(".nix"));
  const wanted = (name: string): boolean =>
    filters.length === 0 || parts.some((part) => name.includes(part));
  const programs: BenchProgram[] = [];
  const missing: string[] = [];
  for (const file of readdirSync(BENCH).sort()) {
    if (!file.endsWith(".nix")) continue;
    const name = basename(file, ".nix");
    if (wanted(name)) programs.push({ name, group: "bench", args: [join(BENCH, file)] });
  }
  for (const { name, variable, expression } of REAL_PROGRAMS) {
    if (!wanted(name)) continue;
    const tree = environment[variable];
    if (tree === undefined) missing.push(`${name}: ${variable} names no tree`);
    else programs.push({ name, group: "nixpkgs", args: ["--expr", expression(resolve(tree))] });
  }
  for (const file of own) {
    programs.push({ name: basename(file, ".nix"), group: "own", args: [resolve(file)] });
  }
  return { programs, missing };
}
