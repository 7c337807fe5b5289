/** Builtins that depend on settings, files or the log. */
import { describe, expect, test } from "vitest";
import { errorOf, evaluate, evaluationFor } from "./evaluate.ts";

const withFeatures = (...names: string[]) => ({ experimentalFeatures: new Set(names) });

describe("trace and warn", () => {
  test("prints values without forcing them", () => {
    const log: string[] = [];
    expect(evaluate('builtins.trace { a = 1 + 1; b = "x"; } 5', { log })).toBe("5");
    expect(evaluate('builtins.trace "a\\nb" 5', { log })).toBe("5");
    expect(log).toEqual(['trace: { a = \xc2\xabthunk\xc2\xbb; b = "x"; }', "trace: a\nb"]);
  });
  test("prints a failing thunk's trace once", () => {
    const log: string[] = [];
    const text =
      'let x = builtins.trace "once" (throw "x"); in [ (builtins.tryEval x) (builtins.tryEval x) ]';
    expect(evaluate(text, { log })).toContain("success = false");
    expect(log).toEqual(["trace: once"]);
  });
  test("obeys trace-verbose", () => {
    const log: string[] = [];
    expect(evaluate('builtins.traceVerbose (throw "x") 1', { log })).toBe("1");
    evaluate('builtins.traceVerbose "v" 1', { log, settings: { traceVerbose: true } });
    expect(log).toEqual(["trace: v"]);
  });
  test("warns, and aborts if asked to", () => {
    const log: string[] = [];
    expect(evaluate('builtins.warn "one\\ntwo" 1', { log })).toBe("1");
    expect(log).toEqual(["evaluation warning: one\n                    two"]);
    expect(
      errorOf('builtins.tryEval (builtins.warn "w" 1)', { settings: { abortOnWarn: true } }).at(-1),
    ).toBe("aborting to reveal stack trace of warning, as abort-on-warn is set");
  });
});

describe("environment", () => {
  test("hides the world from pure evaluation", () => {
    const settings = { pureEval: true };
    expect(evaluate('builtins.getEnv "HOME"')).toBe('"/home/u"');
    expect(evaluate('builtins.getEnv "HOME"', { settings })).toBe('""');
    expect(evaluate("builtins ? currentTime || builtins ? currentSystem", { settings })).toBe(
      "false",
    );
    expect(errorOf("__currentTime", { settings })).toEqual(["undefined variable '__currentTime'"]);
  });
  test("tells time, system, versions and search path", () => {
    expect(evaluate("[ builtins.currentTime builtins.currentSystem builtins.nixVersion ]")).toBe(
      '[ 1234567890 "x86_64-linux" "2.36.0" ]',
    );
    expect(evaluate("__currentSystem", { settings: { evalSystem: "riscv64-linux" } })).toBe(
      '"riscv64-linux"',
    );
    expect(evaluate("builtins.nixPath")).toBe('[ { path = "/nixpkgs"; prefix = "nixpkgs"; } ]');
  });
});

describe("scopedImport", () => {
  test("puts names into the scope of a file", () => {
    const files = { "/dir/f.nix": "x + builtins.length [ 1 ]" };
    expect(evaluate("scopedImport { x = 41; } ./f.nix", { files })).toBe("42");
  });
});

describe("experimental builtins", () => {
  test("exist only with their feature", () => {
    const names = "[ (builtins ? fetchTree) (builtins ? fetchClosure) (builtins ? outputOf) ]";
    expect(evaluate(names)).toBe("[ false false false ]");
    const settings = withFeatures("fetch-tree", "fetch-closure", "dynamic-derivations");
    expect(evaluate(names, { settings })).toBe("[ true true true ]");
    expect(errorOf("fetchTree { }", { settings })).toEqual([
      "while calling the 'fetchTree' builtin",
      "argument 'type' is missing in call to 'fetchTree'",
    ]);
  });
  test("of flakes exist without their feature, which most calls need", () => {
    const names = ["getFlake", "parseFlakeRef", "flakeRefToString"];
    expect(evaluate(names.map((name) => `builtins ? ${name}`).join(" && "))).toBe("true");
    expect(errorOf('__getFlake "path:/x"').at(-1)).toMatch(/^experimental Nix feature 'flakes'/);
  });
  test("inputs that name no place are not looked up in pure evaluation", () => {
    const settings = { ...withFeatures("fetch-tree", "flakes"), pureEval: true };
    const narHash = `sha256-${"A".repeat(43)}=`;
    const last = (attrs: string) => errorOf(`builtins.fetchTree { ${attrs} }`, { settings }).at(-1);
    expect(last(`type = "indirect"; id = "x"; narHash = "${narHash}";`)).toBe(
      "'flake:x' is an indirect flake reference, but registry lookups are not allowed",
    );
    expect(last('type = "bogus"; url = "x"; narHash = "x";')).toBe("hash 'x' is not SRI");
  });
  test.each(["fetchurl", "fetchTarball", "fetchGit", "fetchMercurial", "fetchTree"])(
    "%s says that there is no fetcher",
    (name) => {
      const settings = withFeatures("fetch-tree", "flakes");
      const error = errorOf(`builtins.tryEval (builtins.${name} "https://h/x")`, { settings });
      expect(error.at(-1)).toBe(`${name} needs fetchers, and this evaluation has none`);
    },
  );
  test("fetch in pure evaluation only what is locked, or warn of what only has a hash", () => {
    const settings = { ...withFeatures("fetch-tree", "flakes"), pureEval: true };
    const last = (attrs: string, more = {}, log: string[] = []): string | undefined =>
      errorOf(`fetchTree { ${attrs} }`, { settings: { ...settings, ...more }, log }).at(-1);
    const unsupported = "fetchTree needs fetchers, and this evaluation has none";
    const rev = 'rev = "0123456789abcdef0123456789abcdef01234567";';
    const narHash = 'narHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";';
    const git = 'type = "git"; url = "https://h.example/r";';
    const forge = 'type = "github"; owner = "me"; repo = "tools";';
    expect(last(git)).toBe(
      "in pure evaluation mode, 'fetchTree' doesn't fetch unlocked input 'git+https://h.example/r?shallow=1'",
    );
    expect(last(git + rev)).toBe(unsupported);
    const log: string[] = [];
    expect(last(git + narHash, {}, log)).toBe(unsupported);
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(
      /^warning: Input 'git\+https:\/\/h\.example\/r.*' is unlocked \(e\.g\. lacks a Git revision\) but is checked by NAR hash\. This is not reproducible and will break after garbage collection or when shared\.$/,
    );
    expect(last(forge + rev)).toBe(unsupported);
    expect(last(forge + rev, { trustTarballsFromGitForges: false })).toContain("unlocked input");
  });
  test("turn flake references into sets and back", () => {
    const settings = withFeatures("flakes");
    const text = 'builtins.flakeRefToString (builtins.parseFlakeRef "github:me/tools?dir=d")';
    expect(evaluate(text, { settings })).toBe('"github:me/tools?dir=d"');
    expect(errorOf("builtins.flakeRefToString { n = -1; }", { settings }).at(-1)).toBe(
      "negative value given for flake ref attr n: -1",
    );
  });
  test("reads timestamps of TOML with their feature", () => {
    const settings = withFeatures("parse-toml-timestamps");
    expect(evaluate('builtins.fromTOML "x = 2020-01-02 03:04:05Z"', { settings })).toBe(
      '{ x = { _type = "timestamp"; value = "2020-01-02T03:04:05Z"; }; }',
    );
  });
});

describe("unsafeGetAttrPos", () => {
  const at = (text: string): string => {
    const evaluation = evaluationFor({ files: { "/dir/f.nix": text } });
    const value = evaluation.deepForce(evaluation.evaluateFile("/dir/f.nix"));
    return JSON.stringify(
      evaluation.call(evaluation.context.builtins.get("toJSON") ?? null, value),
    );
  };

  test("tells file, line and column", () => {
    expect(at('builtins.unsafeGetAttrPos "b" {\n  a = 1;\n  b = 2;\n}')).toBe(
      JSON.stringify('{"column":3,"file":"/dir/f.nix","line":3}'),
    );
  });
  test("follows attributes through sets that keep positions", () => {
    const shown = JSON.stringify('{"column":5,"file":"/dir/f.nix","line":2}');
    for (const body of [
      "s // { z = 1; }",
      'removeAttrs s [ "y" ]',
      "builtins.intersectAttrs { x = 1; } s",
      "{ x = 1; } // s",
    ]) {
      expect(
        at(`let s = {\n    x = 1; y = 2;\n}; in builtins.unsafeGetAttrPos "x" (${body})`),
      ).toBe(shown);
    }
  });
  test("points at the value of a pair of listToAttrs and at formals", () => {
    expect(
      at('builtins.unsafeGetAttrPos "x" (builtins.listToAttrs [ {\n  name = "x"; value = 1; } ])'),
    ).toBe(JSON.stringify('{"column":15,"file":"/dir/f.nix","line":2}'));
    expect(at('builtins.unsafeGetAttrPos "x" (builtins.functionArgs ({ x }: x))')).toBe(
      JSON.stringify('{"column":57,"file":"/dir/f.nix","line":1}'),
    );
  });
  test("knows nothing of mapped, missing and unfiled attributes", () => {
    expect(at('builtins.unsafeGetAttrPos "x" (builtins.mapAttrs (n: v: v) { x = 1; })')).toBe(
      '"null"',
    );
    expect(at('builtins.unsafeGetAttrPos "y" { x = 1; }')).toBe('"null"');
    expect(evaluate('builtins.unsafeGetAttrPos "x" { x = 1; }')).toBe("null");
  });
});
