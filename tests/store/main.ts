/**
 * `npm run store [-- EXPRESSION…]`: lets Nivis and the C++ Nix on `PATH` write the derivations of
 * expressions to separate stores and compares the stores. Without expressions, it takes packages
 * of the trees that `NIVIS_NIXPKGS_1909` and `NIVIS_NIXPKGS_2611` name.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "@nivis/testkit";
import { compareStores, removeStores } from "./compare-stores.ts";

const PACKAGES = {
  NIVIS_NIXPKGS_1909:
    "with python3Packages; [ hello git numpy requests flask django scipy firefox ]",
  NIVIS_NIXPKGS_2611: "[ hello git ]",
};

const instantiate = findProgram("nix-instantiate");
const store = findProgram("nix-store");
if (instantiate === undefined || store === undefined) {
  throw new Error("nix-instantiate or nix-store is not on PATH");
}
const given = process.argv.slice(2);
const expressions =
  given.length > 0
    ? given
    : Object.entries(PACKAGES).flatMap(([variable, packages]) => {
        const tree = process.env[variable];
        if (tree === undefined) process.stdout.write(`${variable} names no tree\n`);
        const packageSet = `import ${tree}/pkgs/top-level/impure.nix { system = "x86_64-linux"; }`;
        return tree === undefined ? [] : [`with ${packageSet}; ${packages}`];
      });
const scratch = mkdtempSync(join(tmpdir(), "nivis-store-"));
try {
  for (const expression of expressions) {
    const result = await compareStores({ instantiate, store }, scratch, [], expression);
    const printed = result.nivis.stdout === result.reference.stdout ? "the same" : "DIFFERENT";
    process.stdout.write(
      `${expression}\n  printed: ${printed}; ${result.paths} paths, ${result.derivations} derivations, ${result.differences.length} differences\n`,
    );
    for (const difference of result.differences.slice(0, 20)) {
      process.stdout.write(`  ${difference.slice(0, 500)}\n`);
    }
    if (printed !== "the same" || result.differences.length > 0) process.exitCode = 1;
  }
} finally {
  removeStores(scratch);
}
