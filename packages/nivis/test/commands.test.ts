/** The commands: output, standard error and exit codes. */
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { commands } from "../src/commands/index.ts";
import { Invocation } from "../src/invocation.ts";
import { VERSION } from "../src/version.ts";
import { folderWith, type Given, instantiate, nivis, nivisLater } from "./terminal-double.ts";

const folder = folderWith({
  "default.nix":
    '{ n ? "w" }: rec { name = n; list = [ 1 { two = 2; } ]; drv = derivation { name = n; system = "s"; builder = "b"; }; }',
  "bad.nix": "{ a = 1; b = }",
  "fails.nix": 'throw "t"',
  "lib/x.nix": '"x"',
  "text.txt": "from a file",
});
afterAll(folder.remove);
const file = join(folder.path, "default.nix");

function check(args: readonly string[], out: string, given: Given = {}): void {
  expect(nivis(args, given)).toEqual({ code: 0, out, err: "" });
}
function fails(args: readonly string[], ...parts: string[]): void {
  const { code, out, err } = nivis(args);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  for (const part of parts) expect(err).toContain(part);
}

describe("nivis eval", () => {
  test("prints as nix eval does", () => {
    check(
      ["eval", "-E", '{ a = [ 1 "x" ]; b = throw "no"; f = x: x; }'],
      '{ a = [ 1 "x" ]; b = «error: no»; f = «lambda f @ «string»:1:38»; }\n',
    );
    check(["eval", file, "drv"], expect.stringMatching(/^«derivation .*-w\.drv»\n$/) as string);
  });

  test("takes files, attribute paths and arguments", () => {
    check(["eval", "--file", file, "list.1.two"], "2\n");
    check(["eval", file, "name", "--argstr", "n", "other"], '"other"\n');
    check(["eval", file, "-A", "name", "list.0"], '"w"\n1\n');
    check(["eval", folder.path, "name"], '"w"\n');
    check(["eval", "-", "a"], "1\n", { input: "{ a = 1; }" });
    check(["eval", "-I", `l=${folder.path}/lib`, "-E", "import <l/x.nix>"], '"x"\n');
    check(["eval", "-E", "{ x }: x * 2", "--arg", "x", "20 + 1"], "42\n");
    check(
      ["eval", "-E", "{ x }: x", "--arg-from-file", "x", `${folder.path}/text.txt`],
      '"from a file"\n',
    );
    check(["eval", "-E", "{ x }: x", "--arg-from-stdin", "x"], '"typed"\n', { input: "typed" });
  });

  test("prints other forms", () => {
    check(["eval", "--json", "-E", "{ b = 1.5; a = null; }"], '{"a":null,"b":1.5}\n');
    check(["eval", "--raw", "-E", '"a\n"'], "a\n");
    check(["eval", "--strict", "-E", "{ a = 1 + 1; }"], "{ a = 2; }\n");
    check(["eval", "--apply", "builtins.length", "-E", "[ 1 2 ]"], "2\n");
    expect(nivis(["eval", "--xml", "-E", "1"]).out).toContain('<int value="1" />');
    fails(["eval", "--raw", "--json", "-E", "1"], "--raw and --json are mutually exclusive");
    fails(["eval", "--json", "--raw", "-E", "1"], "--raw and --json are mutually exclusive");
  });

  test("prints text as UTF-8", () => {
    check(["eval", "--raw", "-E", '"é" + "\u{1f984}"'], "é\u{1f984}");
    check(["eval", "-E", 'builtins.stringLength "é"'], "2\n");
  });

  test("forbids what depends on the machine when asked to", () => {
    const given = { environment: { SECRET: "s" } };
    check(["eval", "-E", 'builtins.getEnv "SECRET"'], '"s"\n', given);
    check(["eval", "--pure", "-E", 'builtins.getEnv "SECRET"'], '""\n', given);
    check(["eval", "--pure", "--impure", "-E", 'builtins.getEnv "SECRET"'], '"s"\n', given);
    fails(["eval", "--pure", file], "is forbidden in pure evaluation mode");
  });

  test("explains mistakes", () => {
    fails(["eval", "-E", "{ foo = 1; }", "fo"], "attribute 'fo'", "Did you mean foo?");
    fails(["eval", "--file", join(folder.path, "bad.nix")], "syntax error", "bad.nix:1:14:", "^");
    fails(
      ["eval", "--file", join(folder.path, "fails.nix"), "a"],
      `… while evaluating the file '${folder.path}/fails.nix':`,
    );
    fails(["eval", "1 + 1"], "nivis eval --expr '1 + 1'", "Try 'nivis eval --help'");
    fails(["eval", "./nothing.nix"], "file './nothing.nix' does not exist");
    fails(["parse", ".#hello"], "looks like a flake reference");
    fails(
      ["eval", "--strcit", "-E", "1"],
      "unrecognised flag '--strcit'",
      "Did you mean --strict?",
    );
    fails(["eval", "-E", "1", "-f", file], "'--file' and '--expr' are exclusive");
    fails(["eval", "--store", "nothing", "-E", "1"], "Cannot parse Nix store 'nothing'");
  });
});

describe("--tier", () => {
  test("says how code is run", () => {
    for (const tier of ["vm", "js", "auto"]) {
      check(["eval", "--tier", tier, "-E", "let f = n: n + 1; in f 1"], "2\n");
    }
    const failed = nivis(["eval", "--tier", "c", "-E", "1"]);
    expect(failed.code).toBe(1);
    expect(failed.err).toContain("'c' is not a tier: vm, js or auto");
  });
});

describe("the other commands", () => {
  test("instantiate, parse, disassemble and trace", () => {
    const { code, out } = nivis(["instantiate", file, "drv", "--argstr", "n", "p"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^\/nix\/store\/[a-z0-9]{32}-p\.drv\n$/);
    check(["parse", "-E", "x: x + 1"], "(x: (x + 1))\n");
    expect(nivis(["disassemble", "-E", "x: x + 1"]).out).toMatch(/ADD/);
    expect(nivis(["disassemble", "--js", "-E", "x: x + 1"]).out).toContain("return function");
    const traced = nivis(["trace", "-E", "let f = x: x + 1; in f 1"]);
    expect(traced.out).toBe("2\n");
    expect(traced.err).toContain("→ f «string»:1:9");
    expect(traced.err).toContain("← 2");
  });
});

describe("nivis", () => {
  test("shows help and version", async () => {
    expect(nivis(["--version"]).out).toContain(VERSION);
    const { version } = JSON.parse(
      readFileSync(new URL("../package.json", import.meta.url), "utf8"),
    ) as { version: string };
    expect(VERSION).toBe(version);
    const overview = nivis(["--help"]).out;
    for (const { word, summary } of commands) {
      expect(overview).toContain(summary);
      const help = await nivisLater([word, "--help"]);
      expect(help.code).toBe(0);
      expect(help.out).toContain(`nivis ${word} - ${summary}`);
      expect(help.out).toContain("Examples:");
      expect((await nivisLater(["help", word])).out).toBe(help.out);
      for (const line of help.out.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    }
    expect(nivis([])).toEqual({ code: 1, out: "", err: overview });
  });

  test("helps with unknown commands", () => {
    fails(["evall"], "'evall' is not a recognised command", "Did you mean eval?");
    fails(["./x.nix"], "nivis eval ./x.nix");
  });

  test("names what contains itself instead of writing it out without end", () => {
    const list = "let l = [ 1 l ]; in l";
    const set = "let s = { a.b = s; }; in s";
    for (const [args, message] of [
      [["eval", "--json", "-E", list], "cannot convert a list that contains itself to JSON"],
      [["eval", "--json", "-E", set], "cannot convert a set that contains itself to JSON"],
      [["eval", "--xml", "-E", list], "cannot convert a list that contains itself to XML"],
      [["eval", "--xml", "-E", set], "cannot convert a set that contains itself to XML"],
      [["eval", "-E", `builtins.toJSON (${list})`], "that contains itself to JSON"],
      [["eval", "-E", `builtins.toXML (${set})`], "that contains itself to XML"],
      [
        ["eval", "-E", `toString (${list})`],
        "cannot coerce a list that contains itself to a string",
      ],
      [
        ["eval", "-E", "let s = { outPath = [ s ]; }; in toString s"],
        "a list that contains itself",
      ],
      [
        [
          "eval",
          "-E",
          `(derivation { name = "n"; system = "s"; builder = "b"; x = ${list}; }).drvPath`,
        ],
        "cannot coerce a list that contains itself to a string",
      ],
      [["instantiate", "-E", "let l = [ l ]; in l"], "cannot search a list that contains itself"],
      [["trace", "--json", "-E", list], "cannot convert a list that contains itself to JSON"],
    ] as const) {
      fails(args, message);
    }
    check(["eval", "-E", list], "[ 1 [ 1 «repeated» ] ]\n");
    // What is met twice but not inside itself is not a cycle.
    const twice = "let l = [ 1 ]; m = { a = l; b = [ l l ]; }; in [ m [ m ] ]";
    check(["eval", "--json", "-E", twice], '[{"a":[1],"b":[[1],[1]]},[{"a":[1],"b":[[1],[1]]}]]\n');
    check(
      ["eval", "-E", `toString (${twice})`.replace("m = { a = l; b = [ l l ]; }", "m = [ l l ]")],
      '"1 1 1 1"\n',
    );
    for (const form of ["--json", "--xml"]) {
      const { err } = instantiate(["--eval", "--strict", form, "-E", list]);
      expect(err).toContain("stack overflow; max-call-depth exceeded");
    }
  });

  test("says of a text that is not UTF-8 what C++ Nix says", () => {
    const words = "[json.exception.type_error.316] invalid UTF-8 byte at index 1: 0xFF";
    const { path, remove } = folderWith({});
    try {
      writeFileSync(`${path}/bad`, Buffer.from([0x61, 0xff, 0x62]));
      const text = `builtins.readFile ${path}/bad`;
      // Nix: `nix eval --json` has the words of the JSON library alone.
      expect(nivis(["eval", "--json", "-E", text]).err).toBe(`error: ${words}\n`);
      const { err } = instantiate(["--eval", "--json", "-E", text]);
      expect(err).toBe(`error: JSON serialization error: ${words}\n`);
      fails(["eval", "-E", `builtins.toJSON (${text})`], `JSON serialization error: ${words}`);
    } finally {
      remove();
    }
  });

  test("runs the examples of its help that need no nixpkgs", () => {
    for (const { examples } of commands) {
      for (const { command } of examples) {
        const words = /--expr '([^']*)'$/.exec(command);
        if (words === null) continue;
        const [, word] = command.split(" ");
        expect(nivis([word as string, "--expr", words[1] as string]).code).toBe(0);
      }
    }
  });

  test("colours errors and warnings for a terminal only", () => {
    const colored = nivis(["eval", "-E", 'throw "x"'], { color: true }).err;
    expect(colored).toContain("\x1b[31;1merror:\x1b[0m x");
    expect(nivis(["eval", "-E", 'throw "x"']).err).not.toContain("\x1b");
    const warned = nivis(["eval", "--option", "nonsense", "1", "-E", "1"], { color: true });
    expect(warned).toEqual({
      code: 0,
      out: "1\n",
      err: "\x1b[35;1mwarning:\x1b[0m unknown setting 'nonsense'\n",
    });
  });

  test("shows all traces when a setting says so", () => {
    const nested = 'builtins.foldl\' (a: b: a + b) 0 [ (builtins.head [ (throw "x") ]) ]';
    const hint = "(stack trace truncated";
    const shown = (...flags: string[]): string => nivis(["eval", ...flags, "-E", nested]).err;
    const config = { environment: { NIX_CONFIG: "show-trace = true" } };
    expect(nivis(["eval", "-E", nested], config).err).toBe(shown("--show-trace"));
    expect(nivis(["eval", "--no-show-trace", "-E", nested], config).err).toBe(shown());
    expect(shown("--show-trace")).not.toContain(hint);
  });
});

describe("a bug of ours", () => {
  test("is never the user's fault", () => {
    const lines: string[] = [];
    const terminal = {
      writeOut: () => {},
      writeLine: (line: string) => lines.push(line),
      readInput: () => "",
      color: false,
      environment: {},
    };
    new Invocation(terminal, "nivis").report(new TypeError("oops"));
    expect(lines[0]).toContain("error: this is a bug in Nivis, not in your expression");
    expect(lines[0]).toContain(`nivis ${VERSION}`);
    expect(lines[0]).toContain("TypeError: oops");
  });
});

describe("nivis-instantiate", () => {
  const checkInstantiate = (args: readonly string[], out: string, given: Given = {}): void => {
    expect(instantiate(args, given)).toEqual({ code: 0, out, err: "" });
  };

  test("evaluates lazily unless told otherwise", () => {
    checkInstantiate(["--eval", "-E", "[ (1 + 1) ]"], "[ <CODE> ]\n");
    checkInstantiate(["--eval", "--strict", "-E", "[ (1 + 1) ]"], "[ 2 ]\n");
    checkInstantiate(["--eval", "-E", "1", "2"], "1\n2\n");
    checkInstantiate(["--eval", "--raw", "-E", '"x"'], "x");
    checkInstantiate(["--eval", "-"], "3\n", { input: "1 + 2" });
  });

  test("calls a function only if arguments are given", () => {
    checkInstantiate(["--eval", "-E", "{ x ? 1 }: x"], "<LAMBDA>\n");
    checkInstantiate(["--eval", "-E", "{ x ? 1 }: x", "--arg", "x", "2"], "2\n");
  });

  test("prints derivations and their outputs", () => {
    const out = instantiate([file, "-A", "drv"]).out;
    expect(out).toMatch(/^\/nix\/store\/.*-w\.drv\n$/);
    checkInstantiate(["--eval", file, "-A", "drv.drvPath"], `"${out.trim()}"\n`);
  });

  test("finds files in the search path", () => {
    const given = { environment: { NIX_PATH: `l=${folder.path}/lib` } };
    checkInstantiate(["--find-file", "l/x.nix"], `${folder.path}/lib/x.nix\n`, given);
    checkInstantiate(["--eval", "<l/x.nix>"], '"x"\n', given);
    expect(instantiate(["--find-file", "nope"], given).code).toBe(1);
  });

  test("parses without evaluating", () => {
    checkInstantiate(["--parse", "-E", 'throw "x"'], '(throw "x")\n');
    expect(instantiate(["--parse", "-E", "1 +"]).code).toBe(1);
  });

  test("makes roots in a store that has them", () => {
    const { path, remove } = folderWith({});
    const drv = 'derivation { name = "n"; system = "s"; builder = "b"; }';
    const make = (...flags: string[]) => instantiate(["--store", path, ...flags, "-E", drv, drv]);
    try {
      const plain = make("--no-gc-warning");
      expect(plain.err).toBe("");
      const [drvPath] = plain.out.split("\n") as [string];
      expect(make().err).toBe(
        "warning: you did not specify '--add-root'; the result might be removed by the garbage collector\n",
      );
      const root = `${path}/roots/r`;
      expect(make("--add-root", root)).toEqual({ code: 0, out: `${root}\n${root}-2\n`, err: "" });
      expect(readlinkSync(`${root}-2`)).toBe(drvPath);
      const registered = `${path}/nix/var/nix/gcroots/auto`;
      const links = readdirSync(registered).map((name) => readlinkSync(`${registered}/${name}`));
      expect(links.sort()).toEqual([root, `${root}-2`]);
      // A link into the store is replaced, anything else is left alone.
      expect(make("--add-root", root).code).toBe(0);
      writeFileSync(`${path}/file`, "");
      expect(make("--add-root", `${path}/file`).err).toBe(
        `error: cannot create symlink "${path}/file"; already exists\n`,
      );
      expect(make("--add-root", "/nix/store/x").err).toContain("in the Nix store is forbidden");
    } finally {
      remove();
    }
  });
});
