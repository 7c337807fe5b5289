/** The linter: order, positions, options, comments and fixes. */
import { Random, scalingFailure, testSeed } from "@nivis/testkit";
import { describe, expect, test } from "vitest";
import {
  applyFixes,
  LINT_PARSE_OPTIONS,
  type LintDiagnostic,
  type LintOptions,
  lint,
  lintRules,
  Resolver,
  type Variable,
} from "../src/index.ts";
import { parseText } from "./check.ts";

function find(text: string, options?: LintOptions): LintDiagnostic[] {
  return lint(parseText(text, LINT_PARSE_OPTIONS), options);
}
function codes(text: string, options?: LintOptions): string[] {
  return find(text, options).map(({ code }) => code);
}

describe("lint", () => {
  test("returns findings in the order of the text", () => {
    const text = "let a = rec { }; in let in with { }; (1)";
    expect(codes(text)).toEqual([
      "unused-binding",
      "redundant-rec",
      "empty-let",
      "useless-with",
      "useless-parentheses",
    ]);
  });

  test("points with byte offsets", () => {
    const [finding] = find('let "\xc3\xa9" = 1; in 2');
    expect(finding?.span).toEqual({ start: 4, end: 8 });
    expect(finding?.message).toBe("variable '\xc3\xa9' is declared, but never used");
  });

  test("says nothing about a text with mistakes", () => {
    expect(codes("let a = 1; in")).toEqual([]);
  });

  test("runs what the options ask for", () => {
    const text = "let a = 1; in x: (2)";
    expect(codes(text)).toEqual(["unused-binding", "useless-parentheses"]);
    expect(codes(text, { strict: true })).toContain("unused-parameter");
    expect(codes(text, { enable: ["unused-parameter"] })).toContain("unused-parameter");
    expect(codes(text, { disable: ["unused-binding"] })).toEqual(["useless-parentheses"]);
    expect(codes("known", { globals: new Set(["known"]) })).toEqual([]);
    expect(codes("x: map", { globals: new Set() })).toEqual(["undefined-variable"]);
  });

  test("works on a tree without comments and parentheses", () => {
    const found = lint(parseText("let inherit; a = 1; in # inherit;\n (2)"));
    expect(found.map(({ code }) => code)).toEqual(["unused-binding"]);
  });
});

describe("comments", () => {
  test("silence their own line", () => {
    expect(codes("(1) # nivis-ignore useless-parentheses")).toEqual([]);
    expect(codes("(1) /* nivis-ignore useless-parentheses */")).toEqual([]);
    expect(codes("(1) # nivis-ignore")).toEqual([]);
    expect(codes("let\n  # deadnix: skip\n  a = 1;\n  b = 2;\nin (1)")).toEqual([
      "unused-binding",
      "useless-parentheses",
    ]);
    expect(codes("[ (1) # nivis-ignore useless-parentheses\n(2) ]")).toHaveLength(1);
  });

  test("silence the next line of code when they stand alone", () => {
    const text = "# nivis-ignore useless-parentheses\n\n# more\n/* and more */\n[ (1)\n(2) ]";
    expect(find(text).map(({ span }) => text.slice(span.start, span.end))).toEqual(["(2)"]);
  });

  test("silence a file", () => {
    expect(codes("[ (1)\n(2) ]\n# nivis-ignore-file useless-parentheses")).toEqual([]);
    expect(codes("# nivis-ignore-file empty-let\n[ (1)\n(2) ]")).toHaveLength(2);
  });

  test("name several codes, and give reasons behind a colon", () => {
    expect(codes("let in (1) # nivis-ignore useless-parentheses, empty-let")).toEqual([]);
    expect(codes("let in (1) # nivis-ignore empty-let: not useless-parentheses")).toEqual([
      "useless-parentheses",
    ]);
  });

  test("are not mistaken for something else", () => {
    expect(codes("[ (1) ] # nivis-ignored")).toHaveLength(1);
    expect(codes('[ (1) "# nivis-ignore" ]')).toHaveLength(1);
  });
});

describe("applyFixes", () => {
  test("applies what does not overlap", () => {
    const text = "let in ((1))";
    const { text: once, fixed } = applyFixes(text, find(text));
    // The outer parentheses touch what the first fix removes, so they wait for the second round.
    expect(once).toBe("(1)");
    expect(fixed.map(({ code }) => code)).toEqual(["empty-let", "useless-parentheses"]);
    expect(applyFixes(once, find(once)).text).toBe("1");
  });

  test("keeps words apart", () => {
    const text = "x: y: if(x)then(y)else(1)";
    expect(applyFixes(text, find(text)).text).toBe("x: y: if x then y else 1");
  });

  test("takes the fixes that touch none before them, wherever they are", () => {
    const random = new Random(testSeed("fixes", 15));
    const text = "0123456789".repeat(4);
    for (let round = 0; round < 300; round += 1) {
      const findings = Array.from({ length: random.below(12) }, () => {
        const start = random.below(text.length + 1);
        const end = Math.min(text.length, start + random.below(5));
        const fix = { title: "", edits: [{ start, end, text: "x" }] };
        return { code: "empty-let", span: { start, end }, fix } as unknown as LintDiagnostic;
      });
      const expected: LintDiagnostic[] = [];
      for (const one of findings) {
        const touches = expected.some(
          ({ span }) => one.span.start <= span.end && span.start <= one.span.end,
        );
        if (!touches) expected.push(one);
      }
      expect(applyFixes(text, findings).fixed).toEqual(expected);
    }
  });

  test("takes linear time", () => {
    const fix = (size: number): void => {
      const text = `[ ${"(1) ".repeat(size)}]`;
      const findings = Array.from({ length: size }, (_, i) => {
        const edits = [
          { start: 4 * i + 2, end: 4 * i + 3, text: "" },
          { start: 4 * i + 4, end: 4 * i + 5, text: "" },
        ];
        return { fix: { title: "", edits } } as unknown as LintDiagnostic;
      });
      expect(applyFixes(text, findings).text).toBe(`[ ${"1 ".repeat(size)}]`);
    };
    expect(scalingFailure(fix, 5000)).toBeUndefined();
  });
});

describe("deep and long texts", () => {
  const DEPTH = 30_000;

  test.each([
    ["parentheses", (n: number) => `${"(".repeat(n)}1${")".repeat(n)}`],
    ["let", (n: number) => `${"let a = 1; in ".repeat(n)}a`],
    ["let in values", (n: number) => `${"let a = ".repeat(n)}1${"; in a".repeat(n)}`],
    ["functions", (n: number) => `${"x: ".repeat(n)}x`],
    ["with", (n: number) => `x: ${"with x; ".repeat(n)}y`],
    ["sets", (n: number) => `${"rec { a = ".repeat(n)}1${"; }".repeat(n)}`],
    ["lists", (n: number) => `${"[".repeat(n)}${"]".repeat(n)}`],
    ["operators", (n: number) => `x: ${"!x && ".repeat(n)}x`],
    ["names of one let", (n: number) => `let ${chain(n)} in a0`],
    ["comments that silence", (n: number) => "# nivis-ignore x\n".repeat(n / 30).concat("(1)")],
  ])("%s", (_name, make) => {
    // It ends, on the native stack that there is.
    expect(Array.isArray(find(make(DEPTH), { strict: true }))).toBe(true);
  });

  function chain(length: number): string {
    let text = "";
    for (let i = 0; i < length; i += 1) text += `a${i} = a${i + 1}; `;
    return `${text}a${length} = 1;`;
  }
});

describe("the table of rules", () => {
  test("has each code once, in words", () => {
    const all = lintRules.map(({ code }) => code);
    expect(new Set(all).size).toBe(all.length);
    for (const code of all) expect(code).toMatch(/^[a-z]+(-[a-z]+)+$/);
  });

  test.each(lintRules.map((rule) => [rule.code, rule] as const))(
    "%s explains itself",
    (_, rule) => {
      expect(rule.summary).toMatch(/^[A-Z].*[^.]$/s);
      expect(rule.explanation).toMatch(/\.$/);
    },
  );
});

describe("Resolver", () => {
  function usesOf(text: string): Record<string, boolean> {
    const used: Record<string, boolean> = {};
    const note = (variable: Variable): void => {
      used[variable.name] = variable.used;
    };
    const resolver = new Resolver({ leaveScope: ({ variables }) => variables.forEach(note) });
    resolver.walk(parseText(text).expr);
    return used;
  }

  test("puts lexical names before globals, and both before with", () => {
    let withUsed: boolean | undefined;
    const resolver = new Resolver({
      leaveWith: (scope) => {
        withUsed = scope.used;
      },
    });
    resolver.walk(parseText("a: with a; [ a map ]").expr);
    expect(withUsed).toBe(false);
    expect(resolver.lookup("a")).toBeUndefined();
    expect(resolver.isGlobal("map")).toBe(true);
  });

  test("takes inherit from outside", () => {
    expect(usesOf("x: let y = x; in rec { inherit y; z = y; }")).toMatchObject({
      x: true,
      y: true,
    });
    // The outer x is what the inherit means, so the inner one is not used.
    expect(usesOf("let inherit (z) x; z = 1; in x")).toEqual({ x: true, z: true });
  });

  test("follows use through bindings", () => {
    expect(usesOf("let a = b; b = c; c = 1; in b")).toEqual({ a: false, b: true, c: true });
    expect(usesOf("let o = let i = d; in i; d = 1; in 2")).toEqual({ i: true, o: false, d: false });
    expect(usesOf("let o = let i = d; in 1; d = 1; in o")).toEqual({ i: false, o: true, d: false });
    expect(usesOf("let o = let i = d; in i; d = 1; in o")).toEqual({ i: true, o: true, d: true });
  });

  test("knows the names that operators stand for", () => {
    expect(usesOf("let __sub = 1; __mul = 1; in -1")).toEqual({ __sub: true, __mul: true });
    expect(usesOf("rec { __sub = 1; __div = 1; a = 1 - 2; }")).toEqual({
      __sub: true,
      __div: false,
      a: false,
    });
  });
});
