/** Settings: configuration files, flags and values. */
import { EvalError, memoryIo } from "@nivis/eval";
import { describe, expect, test } from "vitest";
import { clientOptionsOf } from "../src/settings/client-options.ts";
import { FOREIGN_SETTINGS } from "../src/settings/foreign-settings.ts";
import { parseNixConf } from "../src/settings/nix-conf.ts";
import { nixPathEntries, readSettings } from "../src/settings/read-settings.ts";
import {
  applySetting,
  defaultSettings,
  SETTINGS,
  settingFlag,
  settingFlags,
  warnUnknownSettings,
} from "../src/settings/setting-table.ts";

const nothing = (): undefined => undefined;

describe("parseNixConf", () => {
  test("reads names and words and skips comments", () => {
    const text = "# all\n\na = b  c # d\n\te-f=\n";
    expect(() => parseNixConf(text, "/nix.conf", nothing)).toThrow(
      "syntax error in configuration line '\te-f=' in \"/nix.conf\"",
    );
    expect(parseNixConf("# all\n\na = b  c # d\n e = \n", "/nix.conf", nothing)).toEqual([
      { name: "a", value: "b c" },
      { name: "e", value: "" },
    ]);
  });

  test("includes files beside it, and minds missing ones only without the mark", () => {
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

  test("ends when a file includes itself", () => {
    const read = (path: string): string | undefined => (path === "/a" ? "include b" : "include a");
    expect(() => parseNixConf("include b", "/a", read)).toThrow("includes itself");
  });
});

describe("applySetting", () => {
  const gather = (...lines: [name: string, value: string][]) => {
    const settings = defaultSettings();
    const warnings: string[] = [];
    const warn = (warning: string): void => void warnings.push(warning);
    for (const [name, value] of lines) applySetting(settings, name, value, warn);
    warnUnknownSettings(settings, warn);
    return { settings, warnings };
  };
  const failure = (name: string, value: string): string => {
    try {
      gather([name, value]);
    } catch (error) {
      if (error instanceof EvalError) return `${error.kind}: ${error.message}`;
      throw error;
    }
    throw new Error("nothing was thrown");
  };

  test("knows switches, words and values", () => {
    const { settings, warnings } = gather(
      ["pure-eval", "true"],
      ["experimental-features", "pipe-operators flakes"],
      ["extra-experimental-features", "nix-command"],
      ["max-call-depth", "17"],
      ["lint-url-literals", "fatal"],
      ["cores", "3"],
      ["build-cores", "3"],
      ["extra-substituters", "x"],
    );
    expect(settings.pureEval).toBe(true);
    expect([...settings.experimentalFeatures].sort()).toEqual([
      "fetch-tree",
      "flakes",
      "nix-command",
      "pipe-operators",
    ]);
    expect(settings.maxCallDepth).toBe(17);
    expect(settings.lintUrlLiterals).toBe("fatal");
    expect(warnings).toEqual([]);
  });

  test("adds words to defaults, which stores must not lose", () => {
    const { building } = gather(
      ["extra-substituters", "https://a.example"],
      ["extra-substituters", "https://b.example"],
      ["extra-trusted-public-keys", "a.example-1:AAAA"],
      ["extra-system-features", "kvm"],
      ["extra-system-features", "big"],
      ["extra-sandbox-paths", "/x"],
      ["sandbox-paths", "/y"],
      ["hashed-mirrors", "https://m.example"],
      ["extra-hashed-mirrors", "https://n.example"],
      ["extra-access-tokens", "github.com=x"],
    ).settings;
    expect(Object.fromEntries(building)).toEqual({
      substituters: "https://cache.nixos.org/ https://a.example https://b.example",
      "trusted-public-keys":
        "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY= a.example-1:AAAA",
      "extra-system-features": "kvm big",
      "sandbox-paths": "/y",
      "hashed-mirrors": "https://m.example https://n.example",
      "extra-access-tokens": "github.com=x",
    });
    const { overrides } = clientOptionsOf(gather(["extra-access-tokens", "a=b"]).settings, 3);
    expect([...overrides]).toEqual([]);
  });

  test("reads numbers with units", () => {
    const depth = (text: string): number => gather(["max-call-depth", text]).settings.maxCallDepth;
    expect(depth("2K")).toBe(2048);
    expect(depth("+7")).toBe(7);
    // Nix: what does not fit wraps around.
    expect(depth("4G")).toBe(0);
  });

  test("warns about names that nobody knows, each once and in order", () => {
    const lines: [string, string][] = [
      ["nonsense", "1"],
      ["extra-cores", "1"],
      ["nonsense", "2"],
      ["experimental-features", "wrong bogus wrong no-url-literals"],
    ];
    expect(gather(...lines).warnings).toEqual([
      "unknown experimental feature 'bogus'",
      "experimental feature 'no-url-literals' has been stabilized and renamed; use 'lint-url-literals = fatal' setting instead",
      "unknown experimental feature 'wrong'",
      "unknown setting 'extra-cores'",
      "unknown setting 'nonsense'",
    ]);
  });

  test("minds the features that settings belong to", () => {
    const flakes = ["accept-flake-config", "true"] as [string, string];
    expect(gather(flakes).warnings).toEqual([
      "Ignoring setting 'accept-flake-config' because experimental feature 'flakes' is not enabled",
    ]);
    expect(gather(["experimental-features", "flakes"], flakes).warnings).toEqual([]);
  });

  test("lets the name that replaces another win over it", () => {
    const { settings, warnings } = gather(
      ["lint-short-path-literals", "fatal"],
      ["warn-short-path-literals", "true"],
    );
    expect(settings.lintShortPathLiterals).toBe("fatal");
    expect(warnings).toEqual([
      "'warn-short-path-literals' is deprecated, use 'lint-short-path-literals = warn' instead",
    ]);
  });

  test.each([
    ["pure-eval", "maybe", "usage: Boolean setting 'pure-eval' has invalid value 'maybe'"],
    ["http2", "", "usage: Boolean setting 'http2' has invalid value ''"],
    ["max-call-depth", "-1", "usage: setting 'max-call-depth' has invalid value '-1'"],
    [
      "max-call-depth",
      "4294967296",
      "usage: setting 'max-call-depth' has invalid value '4294967296'",
    ],
    ["log-lines", "1X", "usage: setting 'log-lines' has invalid value '1X'"],
    [
      "lint-url-literals",
      "loud",
      "usage: option 'lint-url-literals' has invalid value 'loud' (expected 'ignore', 'warn', or 'fatal')",
    ],
    ["sandbox", "yes", "usage: option 'sandbox' has invalid value 'yes'"],
    ["eval-profiler", "x", "usage: option 'eval-profiler' has invalid value 'x'"],
    ["max-jobs", "x", "usage: configuration setting 'max-jobs' should be 'auto' or an integer"],
    ["netrc-file", "", "usage: setting 'netrc-file' is a path and paths cannot be empty"],
    ["netrc-file", "a", 'value: not an absolute path: "a"'],
    ["diff-hook", "a", 'value: not an absolute path: "a"'],
  ])("refuses %s = %s", (name, value, message) => {
    expect(failure(name, value)).toBe(message);
  });

  test("has no setting twice", () => {
    const names = [...SETTINGS, ...FOREIGN_SETTINGS].flatMap((row) => [row.name, ...row.aliases]);
    expect(new Set(names).size).toBe(names.length);
  });
});

test("settingFlag finds each of the flags by its name, and no other", () => {
  for (const flag of settingFlags()) expect(settingFlag(flag.name)).toEqual(flag);
  for (const name of ["", "no-", "cores-", "no-cores", "extra-cores", "relaxed-pure-eval"]) {
    expect(settingFlag(name), name).toBeUndefined();
  }
});

describe("settingFlags", () => {
  const flagsOf = (setting: string): string[] =>
    settingFlags()
      .filter((flag) => flag.setting === setting || flag.setting === `extra-${setting}`)
      .map((flag) =>
        flag.value === undefined ? `${flag.name} VALUE` : `${flag.name} = ${flag.value}`,
      );

  test("has switches for what is on or off, and flags with a value for the rest", () => {
    expect(flagsOf("pure-eval")).toEqual(["pure-eval = true", "no-pure-eval = false"]);
    expect(flagsOf("substitute")).toEqual([
      "substitute = true",
      "no-substitute = false",
      "build-use-substitutes = false",
    ]);
    expect(flagsOf("sandbox").slice(0, 3)).toEqual([
      "sandbox = true",
      "no-sandbox = false",
      "relaxed-sandbox = relaxed",
    ]);
    expect(flagsOf("cores")).toEqual(["cores VALUE", "build-cores VALUE"]);
    expect(flagsOf("nix-path")).toEqual(["nix-path VALUE", "extra-nix-path VALUE"]);
  });
});

describe("readSettings", () => {
  const load = (files: Record<string, string>, environment: Record<string, string>) =>
    readSettings(memoryIo({ files, environment }), nothing);

  test("lets the user's files win over the system's and NIX_CONFIG over both", () => {
    const files = {
      "/sys/nix.conf": "eval-system = sys\nmax-call-depth = 1\nshow-trace = true",
      "/home/u/.config/nix/nix.conf": "eval-system = user\nmax-call-depth = 2",
      "/etc/xdg/nix/nix.conf": "eval-system = xdg",
    };
    const environment = { NIX_CONF_DIR: "/sys", HOME: "/home/u", NIX_CONFIG: "max-call-depth = 3" };
    const settings = load(files, environment);
    expect(settings.evalSystem).toBe("user");
    expect(settings.maxCallDepth).toBe(3);
    expect(settings.showTrace).toBe(true);
  });

  test("reads the files that NIX_USER_CONF_FILES lists instead, the first one last", () => {
    const files = { "/a": "eval-system = a", "/b": "eval-system = b\nmax-call-depth = 5" };
    const settings = load(files, { NIX_USER_CONF_FILES: "/a:/b:/c", HOME: "/home/u" });
    expect(settings.evalSystem).toBe("a");
    expect(settings.maxCallDepth).toBe(5);
  });

  test("looks at the features of a file first", () => {
    const files = { "/a": "accept-flake-config = true\nexperimental-features = flakes" };
    const warnings: string[] = [];
    const io = memoryIo({ files, environment: { NIX_USER_CONF_FILES: "/a" } });
    readSettings(io, (warning) => warnings.push(warning));
    expect(warnings).toEqual([]);
  });

  test("takes the search path from NIX_PATH before files", () => {
    const files = { "/a": "nix-path = x=/conf\nextra-nix-path = y=/more" };
    const entries = (environment: Record<string, string>): string[] => {
      const io = memoryIo({ files, environment: { NIX_USER_CONF_FILES: "/a", ...environment } });
      return nixPathEntries(readSettings(io, nothing), io);
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
  test.each<[string, Record<string, string>, string[]]>([
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
    expect(nixPathEntries(readSettings(io, nothing), io)).toEqual(entries);
  });

  test("leaves out channels that are dangling or circular symlinks", () => {
    for (const target of ["/gone", "/home/u/.nix-defexpr/channels"]) {
      const io = memoryIo({
        files: { "/home/u/.nix-defexpr/channels": { target } },
        environment: { HOME: "/home/u" },
      });
      expect(nixPathEntries(readSettings(io, nothing), io)).toEqual([]);
    }
  });

  test("does without channels of the user where there is no home", () => {
    const io = memoryIo({ files: { [`${root}/x`]: "" } });
    expect(nixPathEntries(readSettings(io, nothing), io)).toEqual([root]);
  });

  test("lets the last nix-path win over what was added before", () => {
    const files = {
      "/a": "extra-nix-path = y=/more\nnix-path = x=/conf\nextra-nix-path = z=/last",
    };
    const io = memoryIo({ files, environment: { NIX_USER_CONF_FILES: "/a" } });
    expect(nixPathEntries(readSettings(io, nothing), io)).toEqual(["x=/conf", "z=/last"]);
  });

  test("splits NIX_PATH at blanks, too", () => {
    const io = memoryIo({ environment: { NIX_PATH: "a=/b c:d" } });
    expect(nixPathEntries(readSettings(io, nothing), io)).toEqual(["a=/b", "c", "d"]);
  });

  test("reads the configuration below the home directory", () => {
    const files = { "/home/u/.config/nix/nix.conf": "max-call-depth = 7" };
    const io = memoryIo({ files, environment: { HOME: "/home/u" } });
    expect(readSettings(io, nothing).maxCallDepth).toBe(7);
  });
});
