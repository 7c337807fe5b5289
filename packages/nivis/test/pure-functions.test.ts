/** The functions on subpaths that need no evaluator. */
import { evaluate } from "nivis";
import {
  derivationHash,
  derivationPath,
  formatDerivation,
  parseDerivation,
} from "nivis/derivations";
import { formatFlakeRef, parseFlakeRef } from "nivis/flake-refs";
import { formatHash, hashOf, parseHash } from "nivis/hashes";
import { narHash, packNar, unpackNar } from "nivis/nar";
import { fixedOutputPath, isStorePath, parseStorePath, textPath } from "nivis/store-paths";
import { check, EditableNix, fix, lint, print } from "nivis/syntax";
import { compareVersions, parseDrvName, splitVersion } from "nivis/versions";
import { expect, test } from "vitest";

test("versions", () => {
  expect(compareVersions("1.2", "1.10")).toBe(-1);
  expect(parseDrvName("hällo-2.12")).toEqual({ name: "hällo", version: "2.12" });
  expect(splitVersion("1.2pre3")).toEqual(["1", "2", "pre", "3"]);
});

test("hashes", () => {
  const hash = hashOf("sha256", "é");
  const text = formatHash(hash);
  expect(text).toBe(
    evaluate(
      'builtins.convertHash { hash = "sha256:${builtins.hashString "sha256" "é"}"; toHashFormat = "sri"; }',
    ),
  );
  expect(formatHash(parseHash(text), "nix32", { prefix: true })).toMatch(/^sha256:[0-9a-z]{52}$/);
});

test("store paths", () => {
  const path = textPath("ä".replace("ä", "a"), "é");
  expect(path).toBe(evaluate('builtins.toFile "a" "é"'));
  expect(parseStorePath(path)).toEqual({
    storeDir: "/nix/store",
    digest: path.slice(11, 43),
    name: "a",
  });
  expect([isStorePath(path), isStorePath("/nix/store/a")]).toEqual([true, false]);
  const tree = { entries: { "a.nix": "1" } };
  expect(fixedOutputPath("src", "nar", narHash(tree))).toBe(
    evaluate('"${builtins.path { name = "src"; path = /src; }}"', { files: { "/src/a.nix": "1" } }),
  );
});

test("derivations", () => {
  const args = '{ name = "a"; system = "s"; builder = "/b"; x = "é"; }';
  const drvPath = evaluate(`(derivation ${args}).drvPath`) as string;
  const outPath = evaluate(`(derivation ${args}).outPath`) as string;
  const contents = `Derive([("out","${outPath}","","")],[],[],"s","/b",[],[("builder","/b"),("name","a"),("out","${outPath}"),("system","s"),("x","é")])`;
  const drv = parseDerivation(contents, "a");
  expect([drv.system, drv.env["x"]]).toEqual(["s", "é"]);
  expect(formatDerivation(drv)).toBe(contents);
  expect(derivationPath(drv)).toBe(drvPath);
  expect(derivationHash(drv, () => "")).toMatch(/^[0-9a-f]{64}$/);
});

test("archives", () => {
  const tree = {
    entries: {
      "ä.txt": { contents: new Uint8Array([1, 2]), executable: true },
      link: { target: "ä.txt" },
    },
  };
  expect(unpackNar(packNar(tree))).toEqual(tree);
});

test("flake references", () => {
  const ref = parseFlakeRef("github:NixOS/nixpkgs/nixos-26.11?dir=lib#a%20b");
  expect(ref).toEqual({
    attrs: { type: "github", owner: "NixOS", repo: "nixpkgs", ref: "nixos-26.11", dir: "lib" },
    fragment: "a b",
  });
  expect(formatFlakeRef(ref.attrs)).toBe("github:NixOS/nixpkgs/nixos-26.11?dir=lib");
});

test("texts, with ranges of JavaScript", () => {
  expect(print("a: a + 1")).toBe("(a: (a + 1))");
  expect(() => print("{")).toThrow(SyntaxError);
  const text = '{ s = "😀é"; x = ; }';
  const [mistake] = check(text);
  expect(mistake).toMatchObject({ severity: "error", range: { start: text.indexOf(";", 12) } });
  const unused = '# 😀\nlet x = 1; in "é"';
  const [finding] = lint(unused);
  expect(unused.slice(finding?.range.start, finding?.range.end)).toBe("x");
  expect(fix(unused)).toBe('# 😀\nlet in "é"');
});

test("editing a flake without evaluating it", () => {
  const text = `{
  # 😀 url = "no";
  inputs.nixpkgs = { url = "github:NixOS/nixpkgs/nixos-26.05"; }; # stable
  outputs = { self, nixpkgs }: { };
}
`;
  const flake = new EditableNix(text);
  expect(flake.flakeInputs).toEqual([
    { name: "nixpkgs", url: "github:NixOS/nixpkgs/nixos-26.05", follows: undefined },
  ]);
  flake.setInputRef("nixpkgs", "nixos-26.11");
  expect(flake.toString()).toBe(text.replace("nixos-26.05", "nixos-26.11"));
  let applied = text;
  for (const { start, end, text: replacement } of [...flake.edits].reverse()) {
    applied = applied.slice(0, start) + replacement + applied.slice(end);
  }
  expect(applied).toBe(flake.toString());
  expect(new EditableNix(text).addInput("x", "path:/x").toString()).toContain("nixpkgs, x");
});
