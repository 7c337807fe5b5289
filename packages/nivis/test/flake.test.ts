/** `nivis flake`, `nivis registry` and `nivis prefetch` on flakes and repositories of this disk. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hostSystem } from "../../node/src/node-io.ts";
import { folderWith, nivisLater } from "./terminal-double.ts";

const SYSTEM = hostSystem();

const folder = folderWith({
  "top/flake.nix": `{
    description = "a flake";
    inputs.dep.url = "path:DEP";
    inputs.same.follows = "dep";
    outputs = _: { };
  }`,
  "dep/flake.nix": "{ outputs = _: { }; }",
  "other/flake.nix": "{ outputs = _: { }; }",
  "outputs/flake.nix": `{
    nixConfig.max-call-depth = 12345;
    outputs = { self }: {
      packages.SYSTEM = rec {
        default = hello;
        hello = PACKAGE "hello-1.2" // { meta.description = "A greeting"; };
      };
      packages.other-system.default = throw "not evaluated";
      checks.SYSTEM.test = PACKAGE "test";
      legacyPackages.SYSTEM.empty = { };
      lib.answer = 42;
      lib.text = "plain";
      lib.work = builtins.foldl' (sum: n: sum + n) 0 (builtins.genList (n: n * n) 100000);
      lib.source = self.sourceInfo ? narHash;
      templates.default = { path = ./template; description = "A beginning"; };
      overlays.default = final: prev: { };
      surprise = 1;
    };
  }`
    .replaceAll("SYSTEM", SYSTEM)
    .replace(
      /PACKAGE ("[^"]*")/g,
      `derivation { name = $1; system = "${SYSTEM}"; builder = "/bin/sh"; }`,
    ),
  "outputs/template/new.nix": "{ }",
  "outputs/template/sub/other.txt": "text",
  "bad/flake.nix": "{ outputs = _: { packages = 3; overlays.x = 1; }; }",
  "untracked/flake.nix":
    "{ outputs = _: { here = import ./here.nix; gone = import ./gone.nix; added = builtins.path { path = ./here.nix; }; }; }",
  "untracked/here.nix": "1",
  "unknown/flake.nix": "{ nixConfig.unknown-thing = 1; outputs = _: { x = 1; }; }",
  "broken/flake.nix": '{ description = "a" + "b"; outputs = _: { }; }',
});
const at = (name: string): string => join(folder.path, name);
const flakeFile = at("top/flake.nix");
writeFileSync(flakeFile, readFileSync(flakeFile, "utf8").replace("DEP", at("dep")));
afterAll(folder.remove);
beforeEach(() => rmSync(at("top/flake.lock"), { force: true }));

const given = {
  environment: {
    HOME: folder.path,
    PATH: process.env["PATH"] ?? "",
    XDG_CONFIG_HOME: at("config"),
    NIX_CONFIG: "flake-registry =",
  },
};

const run = (...args: string[]) => nivisLater(args, given);

/** Evaluation without a store, so that no thread for one is started. */
const outputs = (): string => `path:${at("outputs")}`;
const NO_STORE = ["--store", "dummy://"];

async function lock(): Promise<string> {
  const { code, err } = await run("flake", "lock", `path:${at("top")}`);
  expect(code, err).toBe(0);
  return readFileSync(at("top/flake.lock"), "utf8");
}

describe("nivis flake", () => {
  test("lock writes the lock file and says what is in it", async () => {
    const { code, out, err } = await run("flake", "lock", `path:${at("top")}`);
    expect({ code, out }).toEqual({ code: 0, out: "" });
    expect(err).toContain(
      `warning: creating lock file "${at("top/flake.lock")}": \n• Added input 'dep':\n    'path:`,
    );
    expect(err).toContain("• Added input 'same':\n    follows 'dep'\n");
    expect(JSON.parse(readFileSync(at("top/flake.lock"), "utf8")).nodes.root.inputs).toEqual({
      dep: "dep",
      same: ["dep"],
    });
  });

  test("update changes what is named", async () => {
    const before = await lock();
    expect(await run("flake", "update", "--flake", `path:${at("top")}`)).toEqual({
      code: 0,
      out: "",
      err: "",
    });
    expect(readFileSync(at("top/flake.lock"), "utf8")).toBe(before);
    const missing = await run("flake", "update", "nothing", "--flake", `path:${at("top")}`);
    expect(missing.err).toContain("warning: 'nothing' does not match any input of this flake");
  });

  test("lock takes another reference for an input", async () => {
    const args = [
      "flake",
      "lock",
      `path:${at("top")}`,
      "--override-input",
      "dep",
      `path:${at("other")}`,
    ];
    expect((await run(...args)).code).toBe(0);
    const { dep } = JSON.parse(readFileSync(at("top/flake.lock"), "utf8")).nodes;
    expect([dep.locked.path, dep.original.path]).toEqual([at("other"), at("dep")]);
  });

  test("metadata takes a lock file to begin with unless nothing may be dirty", async () => {
    const file = at("top/flake.lock");
    writeFileSync(at("reference.lock"), await lock());
    rmSync(file);
    const args = ["flake", "metadata", `path:${at("top")}`];
    const reference = ["--reference-lock-file", at("reference.lock")];
    expect((await run(...args, ...reference)).code).toBe(0);
    const refused = await run(...args, ...reference, "--no-allow-dirty");
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(
      "reference lock file was provided, but the `allow-dirty` setting is set to false",
    );
    expect((await run(...args, "--no-allow-dirty")).code).toBe(0);
  });

  test("metadata shows the facts, and as JSON", async () => {
    await lock();
    const shown = await run("flake", "metadata", `path:${at("top")}`);
    expect(shown.out).toContain("Description:\x1b[0m   a flake\n");
    expect(shown.out).toMatch(/├───.*dep.*: path:.*\n└───.*same.* follows input 'dep'\n$/);
    const { out } = await run("flake", "metadata", "--json", `path:${at("top")}`);
    expect(JSON.parse(out)).toMatchObject({
      description: "a flake",
      originalUrl: `path:${at("top")}`,
      path: expect.stringMatching(/^\/nix\/store\/[0-9a-z]{32}-source$/),
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test("metadata keeps changes to itself if it is asked to", async () => {
    const { code, err } = await run(
      "flake",
      "metadata",
      "--no-write-lock-file",
      `path:${at("top")}`,
    );
    expect(code).toBe(0);
    expect(err).toContain(`warning: not writing modified lock file of flake 'path:${at("top")}':`);
    expect(existsSync(at("top/flake.lock"))).toBe(false);
  });

  test("finds the repository around a directory, and the mistakes in it", async () => {
    execFileSync("git", ["-C", at("broken"), "init", "--quiet"]);
    const untracked = await run("flake", "metadata", at("broken"));
    expect(untracked.code).toBe(1);
    expect(untracked.err).toContain("Path 'flake.nix' in the repository");
    execFileSync("git", ["-C", at("broken"), "add", "flake.nix"]);
    const { err } = await run("flake", "metadata", at("broken"));
    expect(err).toContain("error: expected a string but got a thunk at ");
  });

  test("says how to add a file to git that an expression reads", async () => {
    const untracked = at("untracked");
    execFileSync("git", ["-C", untracked, "init", "--quiet"]);
    execFileSync("git", ["-C", untracked, "add", "flake.nix"]);
    const evaluated = (name: string) => run("eval", ...NO_STORE, `${untracked}#${name}`);
    expect((await evaluated("here")).err).toContain(
      `error: Path 'here.nix' in the repository "${untracked}" is not tracked by Git.`,
    );
    expect((await evaluated("added")).err).toContain(`… while adding path '${untracked}/here.nix'`);
    expect((await evaluated("gone")).err).toContain(
      `error: Path 'gone.nix' does not exist in Git repository "${untracked}".`,
    );
  });

  test("shows a mistake in a flake of the scheme path below its store path", async () => {
    const { code, err } = await run("flake", "metadata", `path:${at("broken")}`);
    expect(code).toBe(1);
    expect(err).toMatch(
      /^error: expected a string but got a thunk at \/nix\/store\/[0-9a-z]{32}-source\/flake\.nix:1:3$/m,
    );
  });

  test("show prints the outputs as a tree, and as JSON", async () => {
    const text = await run("flake", "show", ...NO_STORE, outputs());
    const lines = text.out.replace(/\x1b\[[0-9;]*m/g, "").split("\n");
    expect(text.code, text.err).toBe(0);
    expect(lines).toContain("│       ├───default: package 'hello-1.2'");
    expect(lines).toContain("│   │   └───default omitted (use '--all-systems' to show)");
    expect(lines).toContain("├───surprise: unknown");
    const json = await run("flake", "show", ...NO_STORE, "--json", outputs());
    expect(JSON.parse(json.out)).toMatchObject({
      packages: {
        [SYSTEM]: {
          hello: { type: "derivation", name: "hello-1.2", description: "A greeting" },
        },
        "other-system": { default: {} },
      },
      templates: { default: { type: "template", description: "A beginning" } },
      overlays: { default: { type: "nixpkgs-overlay" } },
      surprise: { type: "unknown" },
    });
  });

  test("check evaluates what it knows, and says what it leaves out", async () => {
    const { code, err } = await run("flake", "check", ...NO_STORE, "--no-build", outputs());
    expect(code, err).toBe(0);
    expect(err).toContain(`checking derivation checks.${SYSTEM}.test...\n`);
    expect(err).toContain("warning: unknown flake output 'surprise'\n");
    expect(err).toContain("all checks passed!\n");
    expect(err).toContain("The check omitted these incompatible systems: other-system\n");
    expect(err).toContain("ignoring untrusted flake configuration setting 'max-call-depth'");
  });

  test("check shows each mistake if it is asked to go on", async () => {
    const bad = `path:${at("bad")}`;
    const all = await run("flake", "check", ...NO_STORE, "--no-build", "--keep-going", bad);
    expect(all.code).toBe(1);
    expect(all.err).toContain("error: expected a set but found an integer: 3");
    expect(all.err).toContain("error: overlay is not a function, but an integer instead");
    expect(all.err).toContain("error: some errors were encountered during the evaluation");
    const first = await run("flake", "check", ...NO_STORE, "--no-build", bad);
    expect(first.err).toContain("expected a set but found an integer: 3");
    expect(first.err).not.toContain("overlay is not a function");
  });

  test("init and new copy a template and leave what is there", async () => {
    const template = `${outputs()}#default`;
    const made = await run("flake", "new", ...NO_STORE, "-t", template, at("made"));
    expect(made.code, made.err).toBe(0);
    expect(made.err).toContain(`wrote: "${at("made/sub/other.txt")}"`);
    writeFileSync(at("made/new.nix"), "{ changed = true; }");
    const again = await run("flake", "new", ...NO_STORE, "-t", template, at("made"));
    expect(again.code).toBe(1);
    expect(again.err).toContain(`refusing to overwrite existing file "${at("made/new.nix")}"`);
    expect(again.err).toContain("skipping identical file: ");
    expect(again.err).toContain("error: encountered 1 conflicts - see above");
    expect(readFileSync(at("made/new.nix"), "utf8")).toBe("{ changed = true; }");
  });

  test("clone copies what is no repository", async () => {
    const { code, err } = await run("flake", "clone", outputs(), "--dest", at("cloned"));
    expect(code, err).toBe(0);
    expect(readFileSync(at("cloned/template/new.nix"), "utf8")).toBe("{ }");
    const again = await run("flake", "clone", outputs(), "--dest", at("cloned"));
    expect(again.err).toContain(`cannot clone into existing path "${at("cloned")}"`);
  });

  test("archive says where everything would be", async () => {
    await lock();
    const args = ["flake", "archive", "--dry-run", "--json", `path:${at("top")}`];
    const { out } = await run(...args, ...NO_STORE);
    const path = expect.stringMatching(/^\/nix\/store\/[0-9a-z]{32}-source$/);
    expect(JSON.parse(out)).toEqual({ path, inputs: { dep: { path, inputs: {} } } });
  });

  describe("what is printed about files", () => {
    const own = folderWith({
      "flake.nix":
        "{ outputs = { self }: { root = ./.; list = [ ./a.nix ]; text = toString ./a.nix; a = import ./a.nix; }; }",
      "a.nix": "{ answer = 42; }",
    });
    beforeAll(() => {
      execFileSync("git", ["-C", own.path, "init", "--quiet"]);
      execFileSync("git", ["-C", own.path, "add", "--all"]);
    });
    afterAll(own.remove);
    const evaluate = (attribute: string, ...flags: string[]) =>
      run(
        "eval",
        `git+file://${own.path}#${attribute}`,
        "--option",
        "warn-dirty",
        "false",
        ...flags,
        ...NO_STORE,
      );

    test("paths in a tree show where it came from, texts where it is", async () => {
      expect((await evaluate("root")).out).toBe(`${own.path}\n`);
      expect((await evaluate("list")).out).toBe(`[ ${own.path}/a.nix ]\n`);
      expect((await evaluate("list", "--xml")).out).toContain(`<path value="${own.path}/a.nix" />`);
      expect((await evaluate("text")).out).toMatch(/^"\/nix\/store\/[a-z0-9]+-source\/a.nix"\n$/);
      expect((await evaluate("root", "--impure")).out).toMatch(
        /^\/nix\/store\/[a-z0-9]+-source\n$/,
      );
    });

    test("--raw copies a path, so that the root of a tree gets another name", async () => {
      const { out } = await evaluate("root", "--raw");
      expect(out).toMatch(/^\/nix\/store\/[a-z0-9]+-[a-z0-9]+-source$/);
    });

    test("-v says which files are evaluated, each once, in the order of C++ Nix", async () => {
      const { err } = await evaluate("a.answer", "-v");
      expect(err.split("\n")).toEqual([
        "evaluating file '«nix-internal»/derivation-internal.nix'",
        `evaluating file '${own.path}/flake.nix'`,
        `evaluating file '${own.path}/flake.nix'`,
        "evaluating file '«flakes-internal»/call-flake.nix'",
        `evaluating file '${own.path}/a.nix'`,
        "",
      ]);
      expect((await evaluate("a.answer")).err).toBe("");
    });
  });

  describe("remembered outputs", () => {
    const told = folderWith({
      "flake.nix": `{ outputs = _: builtins.trace "called" {
        packages.${SYSTEM}.a = builtins.trace "forced" { type = "derivation"; name = "a-1"; };
        templates.default = throw "wrong";
      }; }`,
    });
    afterAll(told.remove);
    const environment = {
      ...given.environment,
      NIVIS_NO_CACHE: "",
      XDG_CACHE_HOME: join(told.path, "../", `cache-of-${told.path.slice(-6)}`),
    };
    afterAll(() => rmSync(environment.XDG_CACHE_HOME, { recursive: true, force: true }));
    const ask = (build: string, ...args: string[]) =>
      nivisLater(args, { environment, build }).then(({ err, out }) => ({
        out,
        traces: err.split("\n").filter((line) => line.startsWith("trace: ")),
        error: /error: (?!\n).*/.exec(err)?.[0],
      }));
    const flake = `path:${told.path}`;
    const search = ["search", flake, "a", ...NO_STORE];

    test("are not evaluated again while flake, build and settings are the same", async () => {
      const cold = await ask("one", ...search);
      expect(cold.out).toContain("(1)");
      expect(cold.traces).toEqual(["trace: called", "trace: forced"]);
      expect(await ask("one", ...search)).toEqual({ ...cold, traces: [] });
      expect((await ask("two", ...search)).traces).toEqual(cold.traces);
      expect((await ask("one", ...search, "--no-eval-cache")).traces).toEqual(cold.traces);
      expect((await ask("one", ...search, "--impure")).traces).toEqual(cold.traces);
    });

    test("do not contain errors", async () => {
      const show = ["flake", "show", flake, ...NO_STORE];
      const first = await ask("one", ...show);
      expect(first.error).toBe("error: wrong");
      const again = await ask("one", ...show);
      expect(again).toEqual({ ...first, traces: ["trace: called"] });
    });

    test("end with the sources that they are of", async () => {
      const text = readFileSync(join(told.path, "flake.nix"), "utf8");
      writeFileSync(join(told.path, "flake.nix"), text.replace("a-1", "a-2"));
      const { out, traces } = await ask("one", ...search);
      expect(out).toContain("(2)");
      expect(traces).toEqual(["trace: called", "trace: forced"]);
    });
  });

  describe("attributes of a flake", () => {
    const evaluate = (...args: string[]) => run("eval", ...NO_STORE, ...args);

    test("are found behind the prefixes of packages, or as they are", async () => {
      expect((await evaluate("--raw", `${outputs()}#hello.name`)).out).toBe("hello-1.2");
      expect((await evaluate(`${outputs()}#lib.answer`)).out).toBe("42\n");
      expect((await evaluate(`${outputs()}#.lib.source`)).out).toBe("true\n");
      expect((await evaluate("--json", outputs(), "--apply", "p: p.name")).out).toBe(
        '"hello-1.2"\n',
      );
    });

    test("that are missing are an error with suggestions", async () => {
      const { code, err } = await evaluate(`${outputs()}#helo`);
      expect(code).toBe(1);
      expect(err).toContain(
        `error: flake '${outputs()}' does not provide attribute 'packages.${SYSTEM}.helo', 'legacyPackages.${SYSTEM}.helo' or 'helo'\n       Did you mean hello?`,
      );
    });

    test("are evaluated purely unless a flag says otherwise", async () => {
      const now = ["--apply", "_: builtins ? currentTime", `${outputs()}#lib`];
      expect((await evaluate(...now)).out).toBe("false\n");
      expect((await evaluate("--impure", ...now)).out).toBe("true\n");
    });

    test("of flakes with unknown settings are evaluated without a warning", async () => {
      const args = ["--accept-flake-config", `path:${at("unknown")}#x`];
      expect(await evaluate(...args)).toEqual({ code: 0, out: "1\n", err: "" });
    });

    test("can be written to files", async () => {
      const target = at("written");
      const args = ["--expr", '{ a = "x"; b.c = "y"; }', "--write-to", target];
      expect(await evaluate(...args)).toMatchObject({ code: 0, out: "" });
      expect(readFileSync(join(target, "b/c"), "utf8")).toBe("y");
      expect((await evaluate(...args)).err).toContain(`error: path '${target}' already exists`);
      const wrong = await evaluate("--expr", "{ a = 1; }", "--write-to", at("wrong"));
      expect(wrong.err).toContain("is not a string or an attribute set");
    });

    test("come without arguments for functions", async () => {
      const { err } = await evaluate(`${outputs()}#lib`, "--argstr", "x", "y");
      expect(err).toContain("'--arg' and '--argstr' are incompatible with flakes");
    });
  });

  test("search finds packages by path, name and description", async () => {
    const text = await run("search", ...NO_STORE, outputs(), "GREET", "hel");
    expect(text.code, text.err).toBe(0);
    expect(text.out).toContain("\x1b[32;1mhel\x1b[0;1mlo\x1b[0m (1.2)\n");
    const args = ["search", ...NO_STORE, "--json", outputs(), "^"];
    expect(Object.keys(JSON.parse((await run(...args)).out))).toEqual([
      `packages.${SYSTEM}.default`,
      `packages.${SYSTEM}.hello`,
    ]);
    expect((await run(...args, "--exclude", "greeting")).out).toBe("{}\n");
    const none = await run("search", ...NO_STORE, outputs(), "nothing");
    expect(none.code).toBe(1);
    expect(none.err).toContain("error: no results for the given search term(s)!\n");
  });

  test("prefetch shows what it has found", async () => {
    const { out } = await run("flake", "prefetch", ...NO_STORE, "--json", `path:${at("dep")}`);
    expect(JSON.parse(out)).toMatchObject({ locked: { type: "path", path: at("dep") } });
  });

  test.each([
    [["flake"], "Usage: nivis flake"],
    [
      ["flake", "lok"],
      "'lok' is not a recognised command of 'nivis flake'\n       Did you mean lock",
    ],
    [["flake", "lock", "a", "b"], "unexpected argument 'b'"],
    [
      ["flake", "update", "--override-input", "", "x"],
      "--override-input was passed a zero-length input path",
    ],
    [["flake", "update", "a b"], "invalid flake input attribute path element 'a b'"],
    [["flake", "metadata", "nowhere"], "cannot find flake 'flake:nowhere' in the flake registries"],
    [
      ["flake", "metadata", "--option", "tarball-ttl", "soon", "x"],
      "setting 'tarball-ttl' has invalid value 'soon'",
    ],
    [["prefetch"], "this command needs a URL"],
    [["registry", "add", "x"], "this command takes 2 references, but 1 were given"],
  ])("%j is refused", async (args, message) => {
    const { code, err } = await run(...args);
    expect(code).toBe(1);
    expect(err).toContain(message);
  });
});

describe("attributes of flakes in commands that look at values", () => {
  test("nivis diff compares them with each other and with files", async () => {
    const other = at("other.nix");
    writeFileSync(
      other,
      `{ tool = derivation { name = "hello-1.3"; system = "${SYSTEM}"; builder = "/bin/sh"; }; }`,
    );
    const same = await run("diff", outputs(), `${outputs()}#hello`);
    expect(same.code).toBe(0);
    expect(same.out).toMatch(/^both are .*-hello-1\.2\.drv\n$/);
    const { code, out } = await run("diff", "--impure", `${outputs()}#hello`, `${other}#tool`);
    expect(code).toBe(1);
    expect(out).toMatch(/^hello-1\.2 → hello-1\.3\n/);
    const wrong = await run("diff", outputs(), `${outputs()}#lib`);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain("error: 'lib' is not a derivation; name an attribute");
  });

  test("nivis explain names the places in the flake", async () => {
    const { code, out } = await run("explain", `${outputs()}#lib.answer`, `${outputs()}#hello`);
    expect(code).toBe(0);
    expect(out).toMatch(/^lib\.answer = 42\n {2}lib: \S+\/flake\.nix:\d+:7\n/);
    expect(out).toMatch(/\nhello = a derivation 'hello-1\.2'\n {2}hello: \S+\/flake\.nix:6:9\n/);
  });

  test("nivis profile measures them, and shows what it has if one is missing", async () => {
    const args = ["profile", "--frequency", "5000", "--tier", "vm", "--json", "--counts"];
    const { code, out } = await run(...args, `${outputs()}#lib.work`);
    expect(code).toBe(0);
    const { tables } = JSON.parse(out);
    const [file] = tables.file;
    expect(file.name).toMatch(/-source\/flake\.nix$/);
    expect(file.calls).toBeGreaterThan(100_000);
    const missing = await run(...args, `${outputs()}#helo`);
    expect(missing.code).toBe(1);
    expect(missing.out).toContain('"samples"');
    expect(missing.err).toContain("Did you mean hello?");
  });

  test("nivis build names the attribute whose text refers to nothing", async () => {
    const { err } = await run("build", "--no-link", ...NO_STORE, `${outputs()}#lib.text`);
    expect(err).toContain(`error:
       … while evaluating the flake output attribute 'lib.text'

       error: string 'plain' has 0 entries in its context. It should only have exactly one entry
`);
  });

  test("a file is not a flake", async () => {
    const { err } = await run("eval", ...NO_STORE, `file+file://${at("broken/flake.nix")}#x`);
    expect(err).toMatch(/^error: path '«file:.*»\/flake\.nix' does not exist\n$/);
  });
});

test("nivis registry names, pins, resolves and forgets", async () => {
  expect(await run("registry", "add", "mine", `path:${at("dep")}`)).toEqual({
    code: 0,
    out: "",
    err: "",
  });
  expect((await run("registry", "list")).out).toBe(`user   flake:mine path:${at("dep")}\n`);
  expect((await run("registry", "resolve", "mine")).out).toBe(`path:${at("dep")}\n`);
  expect((await run("registry", "pin", "mine")).err).toContain("is not locked");
  const { flakes } = JSON.parse(readFileSync(at("config/nix/registry.json"), "utf8"));
  expect(flakes[0].to).toMatchObject({
    __final: true,
    type: "path",
    lastModified: expect.any(Number),
  });
  expect(await run("registry", "remove", "mine")).toEqual({ code: 0, out: "", err: "" });
  expect((await run("registry", "list")).out).toBe("");
});

describe("nivis prefetch", () => {
  const url = `file://${at("dep/flake.nix")}`;

  test("prints the hash of a file", async () => {
    const { out } = await run("prefetch", url);
    expect(out).toMatch(/^[0-9a-z]{52}\n$/);
    expect((await run("prefetch", url, out.trim())).code).toBe(0);
    expect((await run("prefetch", "--sri", url)).out).toMatch(/^sha256-.{44}\n$/);
    expect((await run("prefetch", "--type", "sha1", url)).out).toMatch(/^[0-9a-z]{32}\n$/);
  });

  test("fails with 102 if it is another one", async () => {
    const { code, err } = await run("prefetch", url, "0".repeat(52));
    expect(code).toBe(102);
    expect(err).toContain(`hash mismatch for '${url}':`);
  });

  test("prints that of a tree", async () => {
    execFileSync("tar", ["-czf", at("dep.tar.gz"), "-C", folder.path, "dep"]);
    const unpacked = await run("prefetch", "--unpack", "--sri", `file://${at("dep.tar.gz")}`);
    const tree = await run("prefetch", "--sri", `path:${at("dep")}`);
    expect(unpacked.out).toBe(tree.out);
  });

  test("unpacks an archive on this disk once, until it changes", async () => {
    const archive = at("kept.tar.gz");
    const keeping = {
      environment: { ...given.environment, NIVIS_NO_CACHE: "", XDG_CACHE_HOME: at("cache") },
    };
    const pack = (name: string, modified: number): void => {
      execFileSync("tar", ["-czf", archive, "-C", folder.path, name]);
      utimesSync(archive, modified, modified);
    };
    const prefetch = async (...flags: string[]) => {
      const { code, err } = await nivisLater(
        ["flake", "metadata", ...flags, `tarball+file://${archive}`],
        keeping,
      );
      expect(code).toBe(0);
      return err.includes("unpacking");
    };
    pack("dep", 1_000_000);
    expect([await prefetch(), await prefetch(), await prefetch("--refresh")]).toEqual([
      true,
      false,
      true,
    ]);
    pack("other", 1_000_001);
    expect([await prefetch(), await prefetch()]).toEqual([true, false]);
    // What was just written may be written again without another time.
    pack("dep", Date.now() / 1000);
    expect([await prefetch(), await prefetch()]).toEqual([true, true]);
  });
});
