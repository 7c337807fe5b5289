/** `nivis diff`: why derivations differ, its forms and its exit codes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { folderWith, nivis } from "./terminal-double.ts";

const folder = folderWith({
  "set.nix": `{ version ? "1", flag ? "-O1", builder ? "/bin/sh" }:
let
  drv = name: attrs: derivation ({ inherit name builder; system = "s"; } // attrs);
in rec {
  deep = drv "deep" { script = "line one\\nline two\\nflag \${flag}\\nline four\\n"; };
  library = drv "library-\${version}" { inherit deep; };
  same = drv "same" { };
  program = drv "program" { inputs = [ library same deep ]; };
  source = drv "source" {
    outputHashAlgo = "sha256";
    outputHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    outputHashMode = "flat";
    inherit flag;
  };
}`,
});
afterAll(folder.remove);
const FILE = join(folder.path, "set.nix");
const diff = (first: string, second: string, ...flags: string[]) =>
  nivis([
    "diff",
    ...flags,
    "--expr",
    `(import ${FILE} { ${first} })`,
    "--expr",
    `(import ${FILE} { ${second} })`,
  ]);

describe("nivis diff", () => {
  test("says that nothing differs", () => {
    const { code, out } = diff("", "", "-A", "program");
    expect(code).toBe(0);
    expect(out).toMatch(/^both are \/nix\/store\/\w{32}-program\.drv\n$/);
  });

  test("follows the inputs to the reason, and leaves out consequences", () => {
    const { code, out } = diff("", 'flag = "-O2";', "-A", "program");
    expect(code).toBe(1);
    const shown = out.replace(/\/nix\/store\/\w{32}-/g, "/STORE/");
    expect(shown).toBe(`program
- /STORE/program.drv
+ /STORE/program.drv
  deep
  - /STORE/deep.drv
  + /STORE/deep.drv
    script
      @@ line 1, line 1 @@
        line one
        line two
      - flag -O1
      + flag -O2
        line four

1 more inputs differ only because of what is shown; --json has them.

The first difference is in deep:
  program → deep
  differs: script
`);
  });

  test("pairs what has another version", () => {
    const { out } = diff("", 'version = "2";', "-A", "program");
    expect(out).toContain("library-1 → library-2\n");
    // A path with the new name is a consequence.
    expect(out).not.toContain("\n  inputs\n");
    expect(out).toContain("The first difference is in library-1:\n  program → library-1\n");
    expect(out).not.toContain("deep.drv");
  });

  test("pairs what has another name by the variable that holds it", () => {
    const set = (tool: string, compiler: string, extra: string): string => `
      let drv = name: attrs: derivation ({ inherit name; system = "s"; builder = "/bin/sh"; } // attrs);
      in rec {
        tool = drv "${tool}" { };
        compiler = drv "${compiler}" { v = "${compiler}"; outputs = [ "out" "dev" ]; };
        one = drv "one" { i = tool; };
        both = drv "both" { deps = "\${tool} \${compiler.dev}"; cc = compiler; };
        unclear = drv "unclear" { deps = [ tool compiler ]; };
        structured = drv "structured" { __structuredAttrs = true; i = [ tool ]; };
        torn = drv "torn" { i = tool; j = ${extra}; };
      }`;
    const pair = (attribute: string): string => {
      const { code, out } = nivis([
        ...["diff", "-A", attribute],
        ...["--expr", set("tool", "gcc-12.1", "tool")],
        ...["--expr", set("utensil", "clang-15", "compiler")],
      ]);
      expect(code).toBe(1);
      return out.replace(/\/nix\/store\/\w{32}-/g, "/STORE/");
    };
    expect(pair("one")).toBe(`one
- /STORE/one.drv
+ /STORE/one.drv
  tool → utensil
  - /STORE/tool.drv
  + /STORE/utensil.drv
    name
      - tool
      + utensil

The first difference is in tool:
  one → tool
  name: tool → utensil
  differs: name
`);
    // Once the compilers are a pair, one input is left in the other variable.
    expect(pair("both")).toContain("  gcc-12.1 → clang-15\n");
    expect(pair("both")).toContain("  tool → utensil\n");
    expect(pair("both")).not.toContain("input derivations");
    expect(pair("structured")).toContain("  tool → utensil\n");
    expect(pair("unclear")).toContain("  input derivations\n    - /STORE/gcc-12.1.drv\n");
    // The variables say that the tool becomes two.
    expect(pair("torn")).toContain("  input derivations\n    - /STORE/tool.drv\n");
  });

  test("knows outputs that stay the same, and adds no depth that was not asked for", () => {
    expect(diff("", 'flag = "x";', "-A", "source").out).toContain("the outputs are the same");
    const { out } = diff("", 'flag = "x";', "-A", "program", "--depth", "0");
    expect(out).toContain("not compared: --depth ends here");
    expect(out).not.toContain("flag");
  });

  test("prints JSON", () => {
    const { code, out } = diff("", 'builder = "/bin/bash";', "-A", "same", "--json");
    expect(code).toBe(1);
    const { before, after, difference } = JSON.parse(out);
    expect(before).not.toBe(after);
    const change = { name: "builder", before: "/bin/sh", after: "/bin/bash" };
    // The variable of that name only repeats the builder.
    expect(difference.changes).toEqual([change]);
    expect(difference.inputs).toEqual([]);
    expect(JSON.parse(diff("", "", "-A", "same", "--json").out).difference).toBeNull();
  });

  test("compares attributes of files, and .drv files", () => {
    const { code, out } = nivis(["diff", `${FILE}#same`, `${FILE}#deep`]);
    expect(code).toBe(1);
    expect(out).toContain("same → deep\n");
    const drv = (env: string): string =>
      `Derive([("out","","","")],[],[],"s","/bin/sh",[],[("name","x"),("v","${env}")])`;
    const [a, b] = ["a", "b"].map((name) => {
      const path = join(folder.path, `${name}.drv`);
      writeFileSync(path, drv(name));
      return path;
    }) as [string, string];
    const files = nivis(["diff", a, b]);
    expect(files.code).toBe(1);
    expect(files.out).toContain("  v\n    - a\n    + b\n");
  });

  test("ends with 2 in trouble, and says what it is", () => {
    const trouble = (args: string[]): string => {
      const { code, err, out } = nivis(["diff", ...args]);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      return err;
    };
    expect(trouble([FILE])).toContain("'nivis diff' takes two derivations, not 1");
    expect(trouble(["--expr", "1", "--expr", "2"])).toContain("the expression is not a derivation");
    expect(trouble([FILE, FILE])).toContain("name an attribute with '#ATTRIBUTE' or '--attr'");
    expect(trouble([`${FILE}#same`, `${FILE}#missing`])).toContain("missing");
    const broken = join(folder.path, "broken.drv");
    writeFileSync(broken, "Derive(");
    expect(trouble([broken, join(folder.path, "a.drv")])).toContain("is not a derivation");
    expect(trouble([join(folder.path, "none.drv"), broken])).toContain("none.drv");
  });
});
