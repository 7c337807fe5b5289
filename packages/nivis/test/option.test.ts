/** Parsing command lines: flags, values and the rules of C++ Nix. */
import { EvalError } from "@nivis/eval";
import { describe, expect, test } from "vitest";
import { renderHelp } from "../src/options/help.ts";
import {
  flag,
  type Option,
  type ParseStyle,
  parseArguments,
  valueFlag,
} from "../src/options/option.ts";

interface Flags {
  readonly noted: string[];
}
const options: readonly Option<Flags>[] = [
  flag(["--strict"], "Be strict", (flags) => flags.noted.push("strict")),
  flag(["--verbose", "-v"], "Talk more", (flags) => flags.noted.push("verbose")),
  valueFlag(["--include", "-I"], "PATH", "Look there", (flags, path) =>
    flags.noted.push(`include ${path}`),
  ),
  {
    names: ["--arg"],
    values: ["NAME", "EXPR"],
    doc: "Pass an argument",
    apply: (flags, name, text) => flags.noted.push(`arg ${name} ${text}`),
  },
];
const shared: readonly Option<Flags>[] = [
  { ...flag(["--strange-setting"], "", () => {}), hidden: true },
  valueFlag(["--jobs", "-j"], "N", "Do more at once", (flags, count) =>
    flags.noted.push(`jobs ${count}`),
  ),
];

function parseAs(style: ParseStyle, args: readonly string[]): string[] {
  const flags: Flags = { noted: [] };
  const positional = (state: Flags, argument: string): void => void state.noted.push(argument);
  parseArguments(args, { own: options, shared, style, positional }, flags);
  return flags.noted;
}
const parse = (...args: string[]): string[] => parseAs("modern", args);
const legacy = (...args: string[]): string[] => parseAs("legacy", args);
function failure(...args: string[]): EvalError {
  try {
    parse(...args);
  } catch (error) {
    if (error instanceof EvalError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("parseArguments", () => {
  test("applies flags in order and hands on the rest", () => {
    expect(parse("a", "--strict", "--arg", "x", "--strict", "b", "-")).toEqual([
      "a",
      "strict",
      "arg x --strict",
      "b",
      "-",
    ]);
  });

  test("takes letters apart", () => {
    expect(parse("-vv", "-I.", "-vI/x")).toEqual([
      "verbose",
      "verbose",
      "include .",
      "verbose",
      "include /x",
    ]);
    expect(parse("-Inixpkgs=/x")).toEqual(["include nixpkgs=/x"]);
    expect(() => parse("-vx")).toThrow("unrecognised flag '-vx'");
  });

  test("takes a single value behind an equals sign", () => {
    expect(parse("--include=a=b")).toEqual(["include a=b"]);
  });

  test("takes everything behind two dashes as it is", () => {
    expect(parse("--", "--strict", "--", "-v")).toEqual(["--strict", "--", "-v"]);
  });

  test("takes letters apart as C++ Nix does where it reads the old way", () => {
    expect(legacy("-vv", "-I.", "-vI/x")).toEqual([
      "verbose",
      "verbose",
      "include .",
      "verbose",
      "include /x",
    ]);
    expect(legacy("-j3")).toEqual(["jobs 3"]);
    expect(legacy("-I", "-vv")).toEqual(["include -vv"]);
    expect(() => legacy("-Inixpkgs=/x")).toThrow("unrecognised flag '-i'");
    expect(() => legacy("-vx")).toThrow("unrecognised flag '-x'");
    expect(() => legacy("-1")).toThrow("unrecognised flag '-1'");
    expect(() => legacy("--include=a")).toThrow("unrecognised flag '--include=a'");
  });

  test("goes on with flags of the command behind two dashes where it reads the old way", () => {
    expect(legacy("--", "--strict", "-", "-v", "x")).toEqual(["strict", "-", "verbose", "x"]);
    expect(() => legacy("--", "-I", "x")).toThrow("'-I' requires an argument");
    expect(() => legacy("--", "-j", "3")).toThrow("unexpected argument '-j'");
    expect(() => legacy("--", "-1")).toThrow("unexpected argument '-1'");
    expect(() => legacy("-I")).toThrow("'-I' requires an argument");
    expect(() => legacy("-j")).toThrow("flag '-j' requires 1 argument(s), but only 0 were given");
  });

  test("says how many values are missing", () => {
    expect(failure("--arg", "x").message).toBe(
      "flag '--arg' requires 2 argument(s), but only 1 were given",
    );
  });

  test("suggests what may be meant, settings only if nothing else is", () => {
    expect(failure("--strcit").message).toBe("unrecognised flag '--strcit'");
    expect(failure("--strcit").suggestions).toEqual(["--strict"]);
    expect(failure("--strange-seting=1").suggestions).toEqual(["--strange-setting"]);
    expect(failure("-x").suggestions).toEqual([]);
  });
});

describe("renderHelp", () => {
  test("lists flags and examples and hides what is hidden", () => {
    const text = renderHelp(
      {
        name: "tool",
        summary: "does things",
        usage: "[FLAG]...",
        examples: [{ does: "Do it", command: "tool --strict" }],
      },
      [...options, ...shared],
    );
    expect(text).toBe(
      [
        "tool - does things",
        "",
        "Usage: tool [FLAG]...",
        "",
        "Options:",
        "  --strict                    Be strict",
        "  --verbose, -v               Talk more",
        "  --include, -I PATH          Look there",
        "  --arg NAME EXPR             Pass an argument",
        "  --jobs, -j N                Do more at once",
        "",
        "Examples:",
        "  Do it:",
        "    $ tool --strict",
        "",
      ].join("\n"),
    );
  });
});
