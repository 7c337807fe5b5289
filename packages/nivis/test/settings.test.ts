import { EvalError, memoryIo, splitNixPath } from "@nivis/eval";
import { describe, expect, it } from "vitest";
import { IGNORED_SETTINGS } from "../src/settings/ignored-settings.ts";
import { loadSettings, nixPathEntries } from "../src/settings/load-settings.ts";
import { parseNixConf } from "../src/settings/nix-conf.ts";
import { applySetting, defaultDraft, SETTINGS } from "../src/settings/setting-table.ts";

const nothing = (): undefined => undefined;

describe("parseNixConf", () => {
  it("reads names and words and skips comments", () => {
    const text = "# all\n\na = b  c # d\n\te-f=\n";
    expect(() => parseNixConf(text, "/nix.conf", nothing)).toThrow(
      "syntax error in configuration line '\te-f=' in \"/nix.conf\"",
    );
    expect(parseNixConf("# all\n\na = b  c # d\n e = \n", "/nix.conf", nothing)).toEqual([
      { name: "a", value: "b c" },
      { name: "e", value: "" },
    ]);
  });

  it("includes files beside it, and minds missing ones only without the mark", () => {
    const files: Record<string, string> = { "/etc/b": "b = 1", "/c": "include b2", "/b2": "d = 1" };
    const read = (path: string): string | undefined => files[path];
    expect(parseNixConf("include b\n!include nothing\ninclude /c", "/etc/a", read)).toEqual([
      { name: "b", value: "1" },
      { name: "d", value: "1" },
    ]);
    expect(() => parseNixConf("include nothing", "/etc/a", read)).toThrow(
      'file "/etc/nothing" included from "/etc/a" not found',
    );
  });

  it("ends when a file includes itself", () => {
    const read = (path: string): string | undefined => (path === "/a" ? "include b" : "include a");
    expect(() => parseNixConf("include b", "/a", read)).toThrow("includes itself");
  });
});

describe("applySetting", () => {
  it("knows switches, words and values", () => {
    const draft = defaultDraft();
    const warnings: string[] = [];
    const set = (name: string, value: string): void =>
      applySetting(draft, name, value, (warning) => warnings.push(warning));
    set("pure-eval", "true");
    set("experimental-features", "a b");
    set("extra-experimental-features", "c");
    set("max-call-depth", "17");
    set("lint-url-literals", "fatal");
    set("cores", "3");
    set("extra-substituters", "x");
    set("nonsense", "1");
    expect(draft.pureEval).toBe(true);
    expect([...draft.experimentalFeatures]).toEqual(["a", "b", "c"]);
    expect(draft.maxCallDepth).toBe(17);
    expect(draft.lintUrlLiterals).toBe("fatal");
    expect(warnings).toEqual(["unknown setting 'nonsense'"]);
  });

  it("refuses values that make no sense", () => {
    const set = (name: string, value: string) => (): void =>
      applySetting(defaultDraft(), name, value, nothing);
    expect(set("pure-eval", "maybe")).toThrow(EvalError);
    expect(set("max-call-depth", "-1")).toThrow(EvalError);
    expect(set("lint-url-literals", "loud")).toThrow(EvalError);
  });

  it("has no setting twice", () => {
    for (const { name } of SETTINGS) expect(IGNORED_SETTINGS.has(name)).toBe(false);
    expect(new Set(SETTINGS.map((row) => row.name)).size).toBe(SETTINGS.length);
  });
});

describe("loadSettings", () => {
  const load = (files: Record<string, string>, environment: Record<string, string>) =>
    loadSettings(memoryIo({ files, environment }), nothing);

  it("lets the user's files win over the system's and NIX_CONFIG over both", () => {
    const files = {
      "/sys/nix.conf": "eval-system = sys\nmax-call-depth = 1\nshow-trace = true",
      "/home/u/.config/nix/nix.conf": "eval-system = user\nmax-call-depth = 2",
      "/etc/xdg/nix/nix.conf": "eval-system = xdg",
    };
    const environment = { NIX_CONF_DIR: "/sys", HOME: "/home/u", NIX_CONFIG: "max-call-depth = 3" };
    const draft = load(files, environment);
    expect(draft.evalSystem).toBe("user");
    expect(draft.maxCallDepth).toBe(3);
    expect(draft.showTrace).toBe(true);
  });

  it("reads the files that NIX_USER_CONF_FILES lists instead, the first one last", () => {
    const files = { "/a": "eval-system = a", "/b": "eval-system = b\nmax-call-depth = 5" };
    const draft = load(files, { NIX_USER_CONF_FILES: "/a:/b:/c", HOME: "/home/u" });
    expect(draft.evalSystem).toBe("a");
    expect(draft.maxCallDepth).toBe(5);
  });

  it("takes the search path from NIX_PATH before files", () => {
    const files = { "/a": "nix-path = x=/conf\nextra-nix-path = y=/more" };
    const entries = (environment: Record<string, string>): string[] => {
      const io = memoryIo({ files, environment: { NIX_USER_CONF_FILES: "/a", ...environment } });
      return nixPathEntries(loadSettings(io, nothing), io, splitNixPath);
    };
    expect(entries({})).toEqual(["x=/conf", "y=/more"]);
    expect(entries({ NIX_PATH: "p=/env:/q" })).toEqual(["p=/env", "/q"]);
    expect(entries({ NIX_PATH: "" })).toEqual([]);
  });

  it("looks for channels when nothing is said", () => {
    const io = memoryIo({
      files: { "/home/u/.nix-defexpr/channels/x": "" },
      environment: { HOME: "/home/u" },
    });
    expect(nixPathEntries(loadSettings(io, nothing), io, splitNixPath)).toEqual([
      "/home/u/.nix-defexpr/channels",
    ]);
  });
});
