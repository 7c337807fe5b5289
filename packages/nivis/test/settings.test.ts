import { EvalError, memoryIo } from "@nivis/eval";
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
      return nixPathEntries(loadSettings(io, nothing), io);
    };
    expect(entries({})).toEqual(["x=/conf", "y=/more"]);
    expect(entries({ NIX_PATH: "p=/env:/q" })).toEqual(["p=/env", "/q"]);
    expect(entries({ NIX_PATH: "" })).toEqual([]);
  });

  const channels = {
    "/home/u/.nix-defexpr/channels/x": "",
    "/home/u/.local/state/nix/defexpr/channels/x": "",
    "/state/nix/defexpr/channels/x": "",
    "/nix/var/nix/profiles/per-user/root/channels/nixpkgs/default.nix": "1",
    "/vars/profiles/per-user/root/channels/other": "",
    "/a": "nix-path = x=/conf",
    "/r": "restrict-eval = true\nnix-path = x=/conf",
    "/p": "pure-eval = true\nnix-path = x=/conf",
    "/g": "use-xdg-base-directories = true",
  };
  const root = "/nix/var/nix/profiles/per-user/root/channels";
  const user = "/home/u/.nix-defexpr/channels";
  it.each<[string, Record<string, string>, string[]]>([
    ["when nothing is said", {}, [user, `nixpkgs=${root}/nixpkgs`, root]],
    ["after NIX_PATH", { NIX_PATH: "a=/b" }, ["a=/b", user, `nixpkgs=${root}/nixpkgs`, root]],
    ["after an empty NIX_PATH", { NIX_PATH: "" }, [user, `nixpkgs=${root}/nixpkgs`, root]],
    [
      "after nix-path",
      { NIX_USER_CONF_FILES: "/a" },
      ["x=/conf", user, `nixpkgs=${root}/nixpkgs`, root],
    ],
    ["not in restricted evaluation", { NIX_USER_CONF_FILES: "/r" }, ["x=/conf"]],
    ["not in pure evaluation", { NIX_USER_CONF_FILES: "/p" }, []],
    [
      "below NIX_STATE_DIR",
      { NIX_STATE_DIR: "/vars" },
      [user, "/vars/profiles/per-user/root/channels"],
    ],
    ["of nobody", { HOME: "/none" }, [`nixpkgs=${root}/nixpkgs`, root]],
    ["below a HOME with a slash", { HOME: "/home/u/", NIX_STATE_DIR: "/none" }, [user]],
    [
      "in the base directory",
      { NIX_USER_CONF_FILES: "/g", NIX_STATE_DIR: "/none" },
      ["/home/u/.local/state/nix/defexpr/channels"],
    ],
    [
      "in a base directory that is named",
      { NIX_USER_CONF_FILES: "/g", NIX_STATE_DIR: "/none", XDG_STATE_HOME: "/state" },
      ["/state/nix/defexpr/channels"],
    ],
    [
      "in the directory of the state",
      { NIX_USER_CONF_FILES: "/g", NIX_STATE_DIR: "/none", NIX_STATE_HOME: "/state/nix" },
      ["/state/nix/defexpr/channels"],
    ],
  ])("looks for channels %s", (_when, environment, entries) => {
    const io = memoryIo({ files: channels, environment: { HOME: "/home/u", ...environment } });
    expect(nixPathEntries(loadSettings(io, nothing), io)).toEqual(entries);
  });

  it("leaves out channels that are dangling or circular symlinks", () => {
    for (const target of ["/gone", "/home/u/.nix-defexpr/channels"]) {
      const io = memoryIo({
        files: { "/home/u/.nix-defexpr/channels": { target } },
        environment: { HOME: "/home/u" },
      });
      expect(nixPathEntries(loadSettings(io, nothing), io)).toEqual([]);
    }
  });

  it("does without channels of the user where there is no home", () => {
    const io = memoryIo({ files: { [`${root}/x`]: "" } });
    expect(nixPathEntries(loadSettings(io, nothing), io)).toEqual([root]);
  });

  it("lets the last nix-path win over what was added before", () => {
    const files = {
      "/a": "extra-nix-path = y=/more\nnix-path = x=/conf\nextra-nix-path = z=/last",
    };
    const io = memoryIo({ files, environment: { NIX_USER_CONF_FILES: "/a" } });
    expect(nixPathEntries(loadSettings(io, nothing), io)).toEqual(["x=/conf", "z=/last"]);
  });

  it("splits NIX_PATH at blanks, too", () => {
    const io = memoryIo({ environment: { NIX_PATH: "a=/b c:d" } });
    expect(nixPathEntries(loadSettings(io, nothing), io)).toEqual(["a=/b", "c", "d"]);
  });

  it("reads the configuration below the home directory", () => {
    const files = { "/home/u/.config/nix/nix.conf": "max-call-depth = 7" };
    const io = memoryIo({ files, environment: { HOME: "/home/u" } });
    expect(loadSettings(io, nothing).maxCallDepth).toBe(7);
  });
});
