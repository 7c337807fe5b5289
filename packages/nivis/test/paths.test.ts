/** Where the commands look for files: through symlinks, in the search path, at home. */
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { folderWith, type Given, instantiate, nivis } from "./terminal-double.ts";

const folder = folderWith({
  "plain/default.nix": "{ n = baseNameOf ./.; at = baseNameOf (dirOf __curPos.file); }",
  "home/x.nix": '"at home"',
});
mkdirSync(join(folder.path, "linked"));
symlinkSync("../plain/default.nix", join(folder.path, "linked/default.nix"));
symlinkSync("linked", join(folder.path, "way"));
symlinkSync("plain/default.nix", join(folder.path, "file.nix"));
mkdirSync(join(folder.path, "home/.nix-defexpr"));
symlinkSync("/nowhere", join(folder.path, "home/.nix-defexpr/channels"));
afterAll(folder.remove);
const at = (name: string): string => join(folder.path, name);

function check(args: readonly string[], out: string, err = "", given: Given = {}): void {
  expect(instantiate(args, given)).toEqual({ code: 0, out, err });
}

describe("the file that an argument names", () => {
  test.each([
    ["linked", "linked"],
    ["way", "linked"],
    ["plain", "plain"],
    ["file.nix", "plain"],
  ])("of %s is found in %s", (name, found) => {
    const out = `{ at = "${found}"; n = "${found}"; }\n`;
    check(["--eval", "--strict", at(name)], out);
    check(["--eval", "--strict", "<p>", "-I", `p=${at(name)}`], out);
    expect(nivis(["eval", "--strict", "--file", at(name)]).out).toBe(out);
    expect(nivis(["eval", at(name), "n"]).out).toBe(`"${found}"\n`);
  });
});

describe("files that come with the evaluator", () => {
  test("can be arguments", () => {
    check(["--eval", "<nix/fetchurl.nix>"], "<LAMBDA>\n");
    check(["--eval", "--json", "-E", "toString <nix/fetchurl.nix>"], '"/fetchurl.nix"\n');
    const { code, err } = instantiate(["--eval", "<nix/nope>"]);
    expect({ code, err }).toEqual({ code: 1, err: "error: path '<nix/nope>' does not exist\n" });
  });

  test("are nowhere on disk", () => {
    for (const name of ["fetchurl.nix", "nope"]) {
      expect(instantiate(["--find-file", `nix/${name}`])).toEqual({
        code: 1,
        out: "",
        err: `error: '<nix/${name}>' has no physical path\n`,
      });
    }
  });

  test("are there in pure evaluation", () => {
    check(["--pure-eval", "--eval", "-E", "<nix/fetchurl.nix>"], "<nix/fetchurl.nix>\n");
    check(["--pure-eval", "--eval", "-E", "import <nix/fetchurl.nix>"], "<LAMBDA>\n");
    const directory = "builtins.readDir (dirOf <nix/fetchurl.nix>)";
    check(["--restrict-eval", "--eval", "-E", directory], '{ "fetchurl.nix" = "regular"; }\n');
  });
});

describe("the search path", () => {
  test("leaves out channels that lead nowhere, without a word", () => {
    const { path } = folder;
    const given = { environment: { HOME: `${path}/home`, NIX_STATE_DIR: `${path}/state` } };
    check(["--eval", "-E", "builtins.nixPath"], "[ ]\n", "", given);
    check(["--eval", "-E", "(builtins.tryEval <x>).success"], "false\n", "", given);
  });

  test("is looked at beforehand in restricted evaluation", () => {
    check(
      ["--restrict-eval", "--eval", "-E", "1", "-I", "a=/nope", "-I", `b=${at("plain")}`],
      "1\n",
      "warning: Nix search path entry '/nope' does not exist, ignoring\n",
    );
    check(["--restrict-eval", "--find-file", "b", "-I", `b=${at("plain")}`], `${at("plain")}\n`);
    check(["--eval", "-E", "1", "-I", "a=/nope"], "1\n");
  });
});

describe("the home directory", () => {
  test("is that of HOME", () => {
    const given = { environment: { HOME: at("home") } };
    check(["--eval", "-E", "import ~/x.nix"], '"at home"\n', "", given);
    check(["--eval", "-E", "~/x"], "/x\n", "", { environment: { HOME: "" } });
  });

  test("is nothing in pure evaluation", () => {
    const { code, err } = instantiate(["--pure-eval", "--eval", "-E", "~/x"]);
    expect(code).toBe(1);
    expect(err).toContain("the path '~/x' can not be resolved in pure mode");
  });
});
