/** Trees of files other than the host's: what a path in them means, and where their files look for others. */

import { describe, expect, test } from "vitest";
import { memoryBytecodeCache } from "../../src/cache/bytecode-cache.ts";
import { EvalError } from "../../src/errors/eval-error.ts";
import { renderError } from "../../src/errors/render.ts";
import { Evaluation } from "../../src/evaluation.ts";
import { MemoryAccessor } from "../../src/memory-accessor.ts";
import { memoryIo } from "../../src/memory-io.ts";
import { printAmbiguous } from "../../src/print/print.ts";
import { NixPath, type Slot } from "../../src/value/value.ts";

const tree = new MemoryAccessor(
  {
    "/default.nix": `{
      sibling = ./lib; absolute = /lib; home = ~/x; parent = ./..; joined = ./lib + "/a.nix"; built = ./l\${"ib"};
      imported = import ./lib; scoped = builtins.scopedImport { extra = 7; } ./scoped.nix;
      text = builtins.readFile ./lib/a.nix; link = builtins.readFile ./lib/link;
      listed = builtins.readDir ./lib; copied = "\${./lib/a.nix}"; place = __curPos.file;
      outside = import (/. + "outside.nix");
      at = (builtins.unsafeGetAttrPos "sibling" (import ./.)).file;
    }`,
    "/scoped.nix": "[ extra ./here ]",
    "/fails.nix": "{ a = 1 + { }; }.a",
    "/broken.nix": "1 +",
    "/lib/default.nix": "[ ./a.nix ../scoped.nix (import ./a.nix) ]",
    "/lib/a.nix": '"text of a"',
    "/lib/link": { target: "../lib/a.nix" },
    "/lib/absolute": { target: "/lib/a.nix" },
    "/lib/run": { contents: "#!", executable: true },
  },
  { prefix: "\xc2\xabtree\xc2\xbb" },
);
const shown = "\xc2\xabtree\xc2\xbb";

function evaluation(): Evaluation {
  const files = { "/outside.nix": '"outside"', "/lib": "a file" };
  return new Evaluation({ io: memoryIo({ files, environment: { HOME: "/home/u" } }) });
}

/** What an expression gives in which `tree` and `root` are the root of the tree and its default.nix. */
function value(text: string, machine = evaluation()): string {
  const lambda = machine.evaluate(`root: tree: ${text}`);
  const root = new NixPath("/", tree);
  const result: Slot = machine.call(lambda, machine.evaluateFile(root), root);
  return printAmbiguous(machine.deepForce(result), 1000);
}

function failure(text: string): string {
  const machine = evaluation();
  try {
    value(text, machine);
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return renderError(error, machine.positions, { showTrace: true, color: false });
  }
  throw new Error("did not fail");
}

describe("a file in a tree", () => {
  test.each([
    ["root.sibling", `${shown}/lib`],
    ["root.parent", `${shown}/`],
    ["root.absolute", "/lib"],
    ["root.home", "/home/u/x"],
    // Nix: what is joined is always a path of the host.
    ["root.joined", "/lib/a.nix"],
    ["root.built", "/lib"],
    ["root.imported", `[ ${shown}/lib/a.nix ${shown}/scoped.nix "text of a" ]`],
    ["root.scoped", `[ 7 ${shown}/here ]`],
    ["root.text", '"\\"text of a\\""'],
    ["root.link", '"\\"text of a\\""'],
    [
      "root.listed",
      '{ "a.nix" = "regular"; absolute = "symlink"; "default.nix" = "regular"; link = "symlink"; run = "regular"; }',
    ],
    ["root.outside", '"outside"'],
    ["root.place", '"/default.nix"'],
    ["root.at", '"/default.nix"'],
  ])("%s", (text, expected) => {
    expect(value(text)).toBe(expected);
  });

  test("is copied with the name that it has there", () => {
    expect(value('builtins.match ".*-a.nix" root.copied != null')).toBe("true");
  });

  test("is another than the host's of the same path", () => {
    expect(value("[ (root.sibling == /lib) (root.sibling == root.sibling) ]")).toBe(
      "[ false true ]",
    );
    expect(value('"${root.sibling}" == "${/lib}"')).toBe("false");
    expect(value('builtins.path { path = root.sibling; } == "${root.sibling}"')).toBe("true");
    expect(value("import root.sibling == import tree")).toBe("false");
  });

  test("is copied with links and executable bits, as from the host", () => {
    const files = { "/t/run": { contents: "#!", executable: true }, "/t/l": { target: "run" } };
    const inTree = new MemoryAccessor(files, { prefix: "T" });
    const plain = new MemoryAccessor({ "/t/run": "#!", "/t/l": "#!" }, { prefix: "P" });
    const machine = new Evaluation({ io: memoryIo({ files }) });
    const copy = machine.evaluate("p: builtins.path { path = p; }");
    const [host, same, other] = [undefined, inTree, plain].map((accessor) =>
      printAmbiguous(machine.call(copy, new NixPath("/t", accessor)), 1000),
    );
    expect(same).toBe(host);
    expect(other).not.toBe(host);
  });

  test("is named by its tree in errors", () => {
    const machine = evaluation();
    const open = (path: string): string => {
      try {
        machine.force(machine.loadFile(new NixPath(path, tree)));
      } catch (error) {
        if (!(error instanceof EvalError)) throw error;
        return renderError(error, machine.positions, { showTrace: true, color: false });
      }
      throw new Error("did not fail");
    };
    expect(open("/fails.nix")).toContain(`at ${shown}/fails.nix:1:`);
    expect(open("/broken.nix")).toContain(`at ${shown}/broken.nix:1:`);
    expect(open("/nope.nix")).toContain(`path '${shown}/nope.nix' does not exist`);
    expect(
      failure(
        "builtins.readDir (dirOf root.sibling) // builtins.readDir (builtins.head root.imported)",
      ),
    ).toContain(`file '${shown}/lib/a.nix' is not a directory`);
  });

  test("is found in the cache of compiled files only in a tree", () => {
    const bytecodeCache = memoryBytecodeCache();
    const text = "[ ./x /y ]";
    const files = { "/f.nix": text };
    const other = new MemoryAccessor(files, { prefix: "T" });
    const run = (path: NixPath): [string, number] => {
      const machine = new Evaluation({ io: memoryIo({ files }), bytecodeCache });
      const result = printAmbiguous(machine.evaluateFile(path), 1000);
      machine.saveCompiledFiles();
      return [result, machine.cacheUse.hits];
    };
    expect(run(new NixPath("/f.nix"))).toEqual(["[ /x /y ]", 0]);
    expect(run(new NixPath("/f.nix", other))).toEqual(["[ T/x /y ]", 0]);
    expect(run(new NixPath("/f.nix", other))).toEqual(["[ T/x /y ]", 1]);
    expect(run(new NixPath("/f.nix"))).toEqual(["[ /x /y ]", 1]);
  });
});

describe("MemoryAccessor", () => {
  test.each([
    [() => tree.readFile("/lib"), `file '${shown}/lib' is not a regular file`],
    [() => tree.readFile("/lib/link"), `file '${shown}/lib/link' is a symlink`],
    [() => tree.readFile("/lib/a.nix/x"), `file '${shown}/lib/a.nix/x' does not exist`],
    [() => tree.readDirectory("/nope"), `file '${shown}/nope' does not exist`],
    [() => tree.readDirectory("/lib/link"), `file '${shown}/lib/link' is a symlink`],
    [() => tree.readLink("/lib/a.nix"), `file '${shown}/lib/a.nix' is not a symbolic link`],
    [() => tree.isExecutable("/nope"), `file '${shown}/nope' does not exist`],
  ])("fails as C++ Nix does: %s", (act, message) => {
    expect(act).toThrow(message);
  });

  test("knows types and bits", () => {
    expect(["/", "/lib", "/lib/link", "/lib/run", "/x"].map((path) => tree.fileType(path))).toEqual(
      ["directory", "directory", "symlink", "regular", undefined],
    );
    expect(tree.isExecutable("/lib/run")).toBe(true);
    expect(tree.isExecutable("/lib/a.nix")).toBe(false);
    expect(tree.physicalPath()).toBeUndefined();
  });

  test("refuses what cannot be a tree", () => {
    const make = (files: Record<string, string>) => () => new MemoryAccessor(files, { prefix: "" });
    expect(make({ "/a": "", "/a/b": "" })).toThrow("'/a/b'");
    expect(make({ "/a/b": "", "/a": "" })).toThrow("'/a'");
  });
});
