/**
 * Nivis writes the same to a store as C++ Nix: sources of all kinds, filtered or not, and
 * derivations. Skipped with a note on stderr if there is no C++ Nix.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "@nivis/testkit";
import { afterAll, describe, expect, test } from "vitest";
import { compareStores, removeStores, type StorePrograms } from "./compare-stores.ts";
import { makeOddTree } from "./odd-tree.ts";

const LIMIT = 300_000;
const instantiate = findProgram("nix-instantiate");
const store = findProgram("nix-store");
const programs: StorePrograms | undefined =
  instantiate === undefined || store === undefined ? undefined : { instantiate, store };
if (programs === undefined) {
  process.stderr.write("tests/store: skipped because there is no nix-store\n");
}

const scratch = mkdtempSync(join(tmpdir(), "nivis-store-"));
const tree = join(scratch, "tree");
makeOddTree(tree);
afterAll(() => removeStores(scratch));

/** A filter that traces its arguments. */
const tracing = (rule: string): string =>
  `(path: type: builtins.trace "\${type} \${path}" (${rule}))`;

describe.skipIf(programs === undefined)("sources", () => {
  test.each<[string, string]>([
    ["as it is", `"\${${tree}}"`],
    ["under another name", `builtins.path { path = ${tree}; name = "other"; }`],
    ["a file", `builtins.path { path = ${tree}/run; }`],
    ["a file by its contents only", `builtins.path { path = ${tree}/run; recursive = false; }`],
    ["a large file", `builtins.path { path = ${tree}/large; recursive = false; }`],
    ["a link", `"\${${tree}/dangling}"`],
    ["through a link", `"\${${tree}/to-folder/deep}"`],
    ["a filter that accepts everything", `builtins.filterSource ${tracing("true")} ${tree}`],
    ["a filter that rejects everything", `builtins.filterSource ${tracing("false")} ${tree}`],
    [
      "only folders and links",
      `builtins.path { path = ${tree}; name = "some"; filter = ${tracing('type == "directory" || type == "symlink"')}; }`,
    ],
    [
      "by name",
      `builtins.filterSource ${tracing('builtins.match ".*[a-m]" (baseNameOf path) == null')} ${tree}`,
    ],
    ["a filter that is not called", `builtins.filterSource ${tracing("false")} ${tree}/run`],
    [
      "one by one",
      `map (name: builtins.path { path = ${tree} + "/\${name}"; name = "one"; }) (builtins.attrNames (removeAttrs (builtins.readDir ${tree}) [ "dangling" "loop-a" "loop-b" "itself" "up" "outside" "odd" "long" "to-folder" "to-program" ]))`,
    ],
  ])(
    "%s",
    async (_, expression) => {
      const flags = ["--eval", "--strict", "--read-write-mode"];
      const result = await compareStores(programs as StorePrograms, scratch, flags, expression);
      expect(result.nivis).toEqual(result.reference);
      expect(result.nivis.code).toBe(0);
      expect(result.paths).toBeGreaterThan(0);
      expect(result.differences).toEqual([]);
    },
    LIMIT,
  );
});

const derivations = `
  let
    make = name: more: derivation ({
      inherit name;
      system = "x86_64-linux";
      builder = "/bin/sh";
    } // more);
    text = builtins.toFile "text" "see \${builtins.toFile "inner" "x"}";
    plain = make "plain" { args = [ "-c" text ]; source = ${tree}/folder; };
    several = make "several" { outputs = [ "out" "dev" "doc" ]; needs = [ plain text ]; };
    fixed = make "fixed" {
      outputHashMode = "recursive";
      outputHash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    };
    flat = make "flat" {
      outputHashAlgo = "sha1";
      outputHash = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
      impureEnvVars = [ "A" "B" ];
    };
    structured = make "structured" {
      __structuredAttrs = true;
      nested = { list = [ 1 2.5 null true ]; path = several.dev; };
      unicode = "\\u00e9 gr\xc3\xb6\xc3\x9fe";
    };
    odd = make "odd" {
      "an odd name" = "a\\n\\"\\\\\\t\\r";
      empty = "";
      yes = true;
      no = false;
      none = null;
      number = 3;
      __ignoreNulls = true;
    };
    deep = make "deep" {
      whole = plain.drvPath;
      only = builtins.unsafeDiscardOutputDependency plain.drvPath;
      output = several.doc;
    };
  in
  [ plain several fixed flat structured odd deep (make "all" { inherit several fixed flat structured odd deep; }) ]`;

test.skipIf(programs === undefined)(
  "derivations",
  async () => {
    const result = await compareStores(programs as StorePrograms, scratch, [], derivations);
    expect(result.nivis.stdout).toBe(result.reference.stdout);
    expect(result.nivis.code).toBe(0);
    expect(result.derivations).toBe(8);
    expect(result.differences).toEqual([]);
  },
  LIMIT,
);
