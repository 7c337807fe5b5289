/**
 * Checks the layers of the architecture: which package, and inside `eval` which folder, may import
 * which. ARCHITECTURE.md draws the picture; the table in workspace.mjs and the one below are
 * enforced.
 *
 * Parses the sources with TypeScript (without types, which is quick) and
 * prints each offending import with the rule that it breaks. Also reports what would need a lint
 * plugin: `export *`, default exports, module-level `let`, and import cycles.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import ts from "typescript";
import { PACKAGES, packageNamed, root } from "./workspace.mjs";

/**
 * The folders of `packages/eval/src` that each folder may import values from. `import type` is
 * allowed everywhere inside the package, except from {@link EVAL_STRICT_FOLDERS}, because types leave
 * no code behind. `ground` is the files directly in `src`: settings, positions, paths, the interface
 * to the world.
 */
const EVAL_FLOORS: Record<string, readonly string[]> = {
  ground: ["errors", "value"],
  errors: ["ground"],
  value: ["ground", "errors"],
  limits: ["ground", "errors"],
  print: ["ground", "value", "errors"],
  regex: ["ground", "errors"],
  bytecode: ["ground", "print", "value", "errors"],
  compiler: ["ground", "bytecode", "value", "errors", "print"],
  // Stores compiled files between evaluations: writes and reads the compiler's output.
  cache: ["ground", "compiler", "bytecode", "value", "errors"],
  // Code that runs Nix code by requests, outside of the machine: coercion, comparison, copying
  // to the store. Interpolating a path copies it, and copying may interpolate: one floor.
  operations: ["ground", "store", "print", "value", "errors"],
  store: ["ground", "operations", "print", "value", "errors"],
  // What fetchers are to evaluation, and the trees that they return.
  fetching: ["ground", "operations", "store", "value", "errors"],
  vm: ["ground", "limits", "bytecode", "operations", "store", "print", "value", "errors"],
  // What values of a warm evaluation depend on; attached to the machine by its types alone.
  dependencies: ["ground", "vm", "bytecode", "value", "errors"],
  // Writes and reads heaps, which may hold whatever the machine has.
  image: ["ground", "vm", "bytecode", "operations", "builtins", "value", "errors"],
  // From paths to code: reads, compiles and remembers files, for the evaluation above.
  programs: ["ground", "cache", "compiler", "vm", "bytecode", "value", "errors"],
  // Counts the events of the machine; knows its instructions.
  statistics: ["ground", "vm", "bytecode", "print", "value", "errors"],
  // Finds the calls among the instructions of the machine, for profilers.
  profiling: ["ground", "vm", "bytecode", "value", "errors"],
  tier: ["ground", "vm", "bytecode", "operations", "value", "errors"],
  // Explains errors: parses the texts again, does not know how they ran.
  diagnostics: ["ground", "errors", "value", "builtins"],
  builtins: [
    "ground",
    "limits",
    "operations",
    "store",
    "fetching",
    "regex",
    "print",
    "value",
    "errors",
  ],
};

/** Folders whose types, too, only those folders may import that may import their values. */
const EVAL_STRICT_FOLDERS = new Set(["compiler"]);

/** Files that are lower than their folder: the shared vocabulary of the layers. */
const EVAL_VOCABULARY = new Set([
  "vm/pending.ts",
  "vm/requests.ts",
  // Carries out a few instructions on data, without the machine; `filter` asks it.
  "vm/any-name.ts",
  // What `any-name.ts` says of the elements of lists; builtins that unite sets ask it.
  "vm/union-of-entries.ts",
  "builtins/definition.ts",
  "operations/nesting.ts",
  "builtins/call-flake-source.ts",
  "builtins/derivation-sources.ts",
  "builtins/fetchurl-source.ts",
  "warm-up/program.ts",
]);

/** Files that are above all folders. */
const EVAL_SUMMIT = new Set(["index.ts", "evaluation.ts", "warm-up/warm-up.ts"]);

interface ImportStatement {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

const problems: string[] = [];
const packageImports = new Map<string, Set<string>>();
const fileImports = new Map<string, Set<string>>();

for (const { name } of PACKAGES) {
  const folder = join(root, "packages", name, "src");
  for (const file of sourceFiles(folder)) checkFile(name, file);
}
checkCycles();

if (problems.length > 0) {
  process.stdout.write(`${problems.join("\n")}\n`);
  process.stdout.write(`${problems.length} broken layer rules (scripts/check-layers.ts)\n`);
  process.exit(1);
}

function checkFile(packageName: string, file: string): void {
  const tree = ts.createSourceFile(
    file,
    readFileSync(file, "utf8"),
    ts.ScriptTarget.ES2023,
    /* setParentNodes */ false,
  );
  for (const found of importsOf(tree)) checkImport(packageName, file, found);
  for (const statement of tree.statements) checkStatement(tree, statement);
}

function checkStatement(tree: ts.SourceFile, statement: ts.Statement): void {
  const at = (rule: string): void => report(tree.fileName, lineOf(tree, statement), rule);
  if (ts.isExportDeclaration(statement) && statement.exportClause === undefined) {
    at("`export *` hides what is public: list the names");
  }
  if (ts.isExportAssignment(statement) || hasDefaultModifier(statement)) {
    at("no default exports: a thing has one name everywhere");
  }
  if (
    ts.isVariableStatement(statement) &&
    (statement.declarationList.flags & ts.NodeFlags.Const) === 0
  ) {
    at("no module-level `let` or `var`: two evaluations may live in one process");
  }
}

function hasDefaultModifier(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some((one) => one.kind === ts.SyntaxKind.DefaultKeyword)
  );
}

function checkImport(packageName: string, file: string, found: ImportStatement): void {
  const { specifier, line } = found;
  const at = (rule: string): void => report(file, line, `imports ${specifier}: ${rule}`);
  if (specifier.startsWith("node:")) {
    if (packageNamed(packageName).isNeutral) at("a neutral package may not use Node's modules");
    return;
  }
  if (specifier.startsWith(".")) {
    checkRelative(packageName, file, found, at);
    return;
  }
  const ours =
    /^@nivis\/([a-z-]+)(?:\/|$)/.exec(specifier)?.[1] ??
    (/^nivis(?:\/|$)/.test(specifier) ? "nivis" : "");
  if (ours !== "") {
    imported(packageName).add(ours);
    const allowed = packageNamed(packageName).imports;
    if (!allowed.includes(ours)) {
      at(`\`${packageName}\` may import only ${list(allowed)} (a layer never imports upward)`);
    }
    return;
  }
  const allowed = packageNamed(packageName).thirdParty;
  if (!allowed.some((one) => specifier === one || specifier.startsWith(`${one}/`))) {
    at(`\`${packageName}\` may depend only on ${list(allowed)}`);
  }
}

function checkRelative(
  packageName: string,
  file: string,
  found: ImportStatement,
  at: (rule: string) => void,
): void {
  const source = join(root, "packages", packageName, "src");
  const target = resolve(dirname(file), found.specifier);
  // The testkit runs the commands themselves, which are not part of any public interface.
  if (packageName === "testkit" && target.startsWith(join(root, "packages", "nivis", "src")))
    return;
  if (!target.startsWith(source + sep)) {
    at("relative imports stay inside the package; another package is imported by its name");
    return;
  }
  if (!/\.(ts|mjs|json)$/.test(target)) at("relative imports carry the ending `.ts`");
  const from = folderIn(source, file);
  const to = folderIn(source, target);
  if (found.typeOnly && !(packageName === "eval" && EVAL_STRICT_FOLDERS.has(to))) return;
  if (!found.typeOnly) importedFiles(file).add(target);
  if (packageName !== "eval") return;
  if (EVAL_SUMMIT.has(relative(source, file)) || from === to) return;
  const name = relative(source, target);
  if (EVAL_VOCABULARY.has(name)) return;
  if (EVAL_SUMMIT.has(name)) {
    at(`\`eval/src/${from}\` is below ${name}`);
    return;
  }
  const allowed = EVAL_FLOORS[from];
  if (allowed === undefined) at(`\`eval/src/${from}\` is not in the table of floors: add it`);
  else if (!allowed.includes(to)) {
    const types = EVAL_STRICT_FOLDERS.has(to) ? "its types, too" : "types from anywhere";
    at(`\`eval/src/${from}\` may import only ${list(allowed)} (${types})`);
  }
}

/** The first folder below `source` on the path to `file`; `ground` for a file directly in it. */
function folderIn(source: string, file: string): string {
  const parts = relative(source, file).split(sep);
  return parts.length > 1 ? (parts[0] as string) : "ground";
}

function importsOf(tree: ts.SourceFile): ImportStatement[] {
  const found: ImportStatement[] = [];
  const add = (node: ts.Node, specifier: ts.Expression, typeOnly: boolean): void => {
    if (ts.isStringLiteral(specifier)) {
      found.push({ specifier: specifier.text, typeOnly, line: lineOf(tree, node) });
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node, node.moduleSpecifier, isTypeOnly(node.importClause));
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      add(node, node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node, node.argument.literal as ts.Expression, true);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments;
      if (specifier !== undefined) add(node, specifier, false);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  const bindings = clause.namedBindings;
  return (
    clause.name === undefined &&
    bindings !== undefined &&
    ts.isNamedImports(bindings) &&
    bindings.elements.length > 0 &&
    bindings.elements.every((element) => element.isTypeOnly)
  );
}

/** Reports packages, and files of one package, that import each other. */
function checkCycles(): void {
  for (const cycle of cyclesOf(packageImports)) {
    problems.push(`packages import each other: ${cycle.join(" -> ")}`);
  }
  for (const cycle of cyclesOf(fileImports)) {
    const names = cycle.map((file) => relative(root, file));
    problems.push(`files import each other: ${names.join(" -> ")}`);
  }
}

/** One cycle for each back edge of a depth-first search. */
function cyclesOf(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    const seenAt = path.indexOf(name);
    if (seenAt >= 0) {
      cycles.push([...path.slice(seenAt), name]);
      return;
    }
    if (done.has(name)) return;
    for (const next of graph.get(name) ?? []) visit(next, [...path, name]);
    done.add(name);
  };
  for (const name of graph.keys()) visit(name, []);
  return cycles;
}

function imported(name: string): Set<string> {
  return entryOf(packageImports, name);
}

function importedFiles(file: string): Set<string> {
  return entryOf(fileImports, file);
}

function entryOf(graph: Map<string, Set<string>>, name: string): Set<string> {
  const names = graph.get(name) ?? new Set();
  graph.set(name, names);
  return names;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((entry) => {
    const path = join(folder, entry);
    if (statSync(path).isDirectory()) return sourceFiles(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}

function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

function report(file: string, line: number, rule: string): void {
  problems.push(`${relative(root, file)}:${line}: ${rule}`);
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "nothing" : names.join(", ");
}
