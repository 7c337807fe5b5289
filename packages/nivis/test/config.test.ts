/** `nivis config show`, and commands of C++ Nix that do not exist here. */
import { SETTINGS } from "@nivis/node";
import { describe, expect, test } from "vitest";
import { SETTING_VALUES } from "../src/commands/config.ts";
import { nivis } from "./terminal-double.ts";

const show = (args: readonly string[], config = "") =>
  nivis(["config", "show", ...args], { environment: { NIX_CONFIG: config } });

describe("nivis config show", () => {
  test("has a value for each setting", () => {
    expect(Object.keys(SETTING_VALUES).sort()).toEqual(SETTINGS.map(({ name }) => name).sort());
  });

  // As `nix config show` of C++ Nix 2.36 prints them.
  const DEFAULTS = `abort-on-warn = false
allow-import-from-derivation = true
allowed-uris = 
eval-cache = true
eval-profile-file = nix.profile
eval-profiler = disabled
eval-profiler-frequency = 99
eval-system = 
lint-absolute-path-literals = ignore
lint-short-path-literals = ignore
lint-url-literals = ignore
nix-path = 
restrict-eval = false
show-trace = false
store = auto
trace-function-calls = false
trace-import-from-derivation = false
trace-verbose = false
trust-tarballs-from-git-forges = true
use-xdg-base-directories = false
warn-short-path-literals = false
`;

  test("prints all settings in order", () => {
    const { code, out } = show([]);
    expect(code).toBe(0);
    const lines = out.split("\n");
    expect(lines).toEqual(expect.arrayContaining(DEFAULTS.split("\n")));
    expect([...lines.slice(0, -1)].sort()).toEqual(lines.slice(0, -1));
  });

  test.each([
    ["experimental-features", "fetch-tree flakes nix-command pipe-operators\n"],
    ["max-call-depth", "77\n"],
    ["cores", "3\n"],
    ["max-steps", "\n"],
  ])("prints %s", (name, expected) => {
    const features = "experimental-features = nix-command flakes pipe-operators";
    const config = `${features}\nmax-call-depth = 77\ncores = 3`;
    expect(show([name], config)).toMatchObject({ code: 0, out: expected });
  });

  test("takes flags into account", () => {
    expect(show(["pure-eval", "--pure-eval"]).out).toBe("true\n");
  });

  test("prints JSON with what the settings mean", () => {
    const { "max-call-depth": depth, "allowed-uris": uris } = JSON.parse(
      show(["--json"], "allowed-uris = a b").out,
    );
    expect(depth).toEqual({
      aliases: [],
      description: "How deeply calls may be nested",
      experimentalFeature: null,
      value: 12_000_000,
    });
    expect(uris.value).toEqual(["a", "b"]);
  });

  test.each([
    [["show", "nope"], /could not find setting 'nope'/],
    [["show", "a", "b"], /give one setting/],
    [["show", "--json", "cores"], /'--json' is not supported when specifying a setting name/],
    [["check"], /'check' is not something to do with the settings: show/],
    [[], /'nivis config' needs something to do/],
  ])("refuses %j", (args, message) => {
    const { code, err } = nivis(["config", ...args]);
    expect(code).toBe(1);
    expect(err).toMatch(message);
  });
});

test.each([
  [["bundle"], /'bundle' of C\+\+ Nix does not exist here; .*'nivis build'/],
  [["env", "shell"], /use 'nivis shell'/],
  [["profile", "install", "nixpkgs#hello"], /use 'nix profile install'/],
  [["edit", "nixpkgs#hello"], /nivis eval nixpkgs#hello\.meta\.position/],
  [["trace", "--debugger", "--expr", "1"], /the debugger is that of nivis eval --debugger/],
])("%j says what to use instead", (args, message) => {
  const { code, err } = nivis(args);
  expect(code).toBe(1);
  expect(err).toMatch(message);
});
