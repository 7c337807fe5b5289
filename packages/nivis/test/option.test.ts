import { EvalError } from "@nivis/eval";
import { describe, expect, it } from "vitest";
import { renderHelp } from "../src/options/help.ts";
import { flag, type Option, parseArguments, valueFlag } from "../src/options/option.ts";

interface Draft {
  readonly noted: string[];
}
const options: readonly Option<Draft>[] = [
  flag(["--strict"], "Be strict", (draft) => draft.noted.push("strict")),
  flag(["--verbose", "-v"], "Talk more", (draft) => draft.noted.push("verbose")),
  valueFlag(["--include", "-I"], "PATH", "Look there", (draft, path) =>
    draft.noted.push(`include ${path}`),
  ),
  {
    names: ["--arg"],
    values: ["NAME", "EXPR"],
    doc: "Pass an argument",
    apply: (draft, name, text) => draft.noted.push(`arg ${name} ${text}`),
  },
  { ...flag(["--strange-setting"], "", () => {}), hidden: true },
];

function parse(...args: string[]): string[] {
  const draft: Draft = { noted: [] };
  parseArguments(args, options, draft, (state, argument) => state.noted.push(argument));
  return draft.noted;
}
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
  it("applies flags in order and hands on the rest", () => {
    expect(parse("a", "--strict", "--arg", "x", "--strict", "b", "-")).toEqual([
      "a",
      "strict",
      "arg x --strict",
      "b",
      "-",
    ]);
  });

  it("takes letters apart", () => {
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

  it("takes a single value behind an equals sign", () => {
    expect(parse("--include=a=b")).toEqual(["include a=b"]);
  });

  it("takes everything behind two dashes as it is", () => {
    expect(parse("--", "--strict", "--", "-v")).toEqual(["--strict", "--", "-v"]);
  });

  it("says how many values are missing", () => {
    expect(failure("--arg", "x").message).toBe(
      "flag '--arg' requires 2 argument(s), but only 1 were given",
    );
  });

  it("suggests what may be meant, settings only if nothing else is", () => {
    expect(failure("--strcit").message).toBe("unrecognised flag '--strcit'");
    expect(failure("--strcit").suggestions).toEqual(["--strict"]);
    expect(failure("--strange-seting=1").suggestions).toEqual(["--strange-setting"]);
    expect(failure("-x").suggestions).toEqual([]);
  });
});

describe("renderHelp", () => {
  it("lists flags and examples and hides what is hidden", () => {
    const text = renderHelp(
      {
        name: "tool",
        summary: "does things",
        usage: "[FLAG]...",
        examples: [{ does: "Do it", command: "tool --strict" }],
      },
      options,
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
        "",
        "Examples:",
        "  Do it:",
        "    $ tool --strict",
        "",
      ].join("\n"),
    );
  });
});
