/** Selecting from a value: attribute paths and automatic calls. */
import {
  Attrs,
  autoCall,
  EvalError,
  Evaluation,
  memoryIo,
  parseAttrPath,
  printAmbiguous,
  type Slot,
  select,
} from "@nivis/eval";
import { describe, expect, test } from "vitest";
import { describePackage, findDerivations, type Package } from "../src/selection/packages.ts";

const evaluation = new Evaluation({ io: memoryIo() });
const value = (text: string): Slot => evaluation.evaluate(text);
const noArgs = Attrs.fromMap(new Map());
const args = (text: string): Attrs => value(text) as Attrs;

function failure(run: () => unknown): EvalError {
  try {
    run();
  } catch (error) {
    if (error instanceof EvalError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("parseAttrPath", () => {
  test("splits at dots outside of quotes", () => {
    expect(parseAttrPath("")).toEqual([]);
    expect(parseAttrPath('a."b.c".d"e"')).toEqual(["a", "b.c", "de"]);
    expect(parseAttrPath("a..b.")).toEqual(["a", "", "b"]);
    expect(() => parseAttrPath('a."b')).toThrow("missing closing quote in selection path 'a.\"b'");
  });
});

describe("select", () => {
  const check = (path: string, root: string, expected: string, given = noArgs): void => {
    const slot = evaluation.run(select(evaluation.context, path, given, value(root)));
    expect(printAmbiguous(evaluation.deepForce(slot))).toBe(expected);
  };
  const message = (path: string, root: string): string =>
    failure(() => evaluation.run(select(evaluation.context, path, noArgs, value(root)))).message;

  test("selects from sets and lists and calls functions on the way", () => {
    check("a.1.b", "{ a = [ 0 { b = 7; } ]; }", "7");
    check(
      "a.b",
      "{ x ? 1 }: { a = { y, z ? x }: { b = y + z; }; }",
      "5",
      args("{ x = 2; y = 3; }"),
    );
    check("", "{ }", "{ }");
  });

  test("says what is wrong", () => {
    expect(message("a.b", "{ a = 1; }")).toBe(
      "the expression selected by the selection path 'a.b' should be a set but is an integer",
    );
    expect(message("a.0", "{ a = { }; }")).toBe(
      "the expression selected by the selection path 'a.0' should be a list but is a set",
    );
    expect(message("2", "[ 1 2 ]")).toBe("list index 2 in selection path '2' is out of range");
    expect(message("a..b", "{ a = { }; }")).toBe("empty attribute name in selection path 'a..b'");
    const missing = failure(() =>
      evaluation.run(select(evaluation.context, "fooo", noArgs, value("{ foo = 1; }"))),
    );
    expect(missing.message).toBe("attribute 'fooo' in selection path 'fooo' not found");
    expect(missing.suggestions).toEqual(["foo"]);
  });
});

describe("autoCall", () => {
  const call = (text: string, given: Attrs): string =>
    printAmbiguous(
      evaluation.deepForce(evaluation.run(autoCall(evaluation.context, given, value(text)))),
    );

  test("calls functions with formals only, with what they ask for", () => {
    expect(call("x: x", noArgs)).toBe("<LAMBDA>");
    expect(call("{ x }: x", args("{ x = 1; y = 2; }"))).toBe("1");
    expect(call("{ x, ... }@all: all", args("{ x = 1; y = 2; }"))).toBe("{ x = 1; y = 2; }");
    expect(call("{ __functor = self: { x }: self.n + x; n = 1; }", args("{ x = 1; }"))).toBe("2");
  });

  test("leaves to defaults what is not given, and calls nothing else", () => {
    expect(call("{ x, y ? 10 }: x + y", args("{ x = 5; }"))).toBe("15");
    expect(call("{ x ? 7 }: x", noArgs)).toBe("7");
    expect(call("{ x }: x + 1", args("{ x = (n: n) 4; }"))).toBe("5");
    expect(call("42", args("{ x = 1; }"))).toBe("42");
  });

  test("names the argument that is missing", () => {
    const error = failure(() =>
      evaluation.run(autoCall(evaluation.context, noArgs, value("{ x, y ? 1 }: x"))),
    );
    expect(error.message.split("\n")[0]).toBe(
      "cannot evaluate a function that has an argument without a value ('x')",
    );
  });
});

describe("findDerivations", () => {
  const drv = (name: string): string =>
    `(derivation { name = "${name}"; system = "s"; builder = "b"; outputs = [ "out" "dev" ]; })`;
  const find = (text: string): string[] =>
    evaluation.run(findDerivations(evaluation.context, value(text), noArgs)).map((set) => {
      const found = evaluation.run(describePackage(evaluation.context, set)) as Package;
      return `${found.drvPath.replace(/.*-/, "")} ${found.outputName}`;
    });

  test("searches sets that want it, and lists", () => {
    expect(find(drv("a"))).toEqual(["a.drv out"]);
    expect(find(`${drv("a")}.dev`)).toEqual(["a.drv dev"]);
    expect(find(`[ ${drv("b")} [ ${drv("a")} ] ]`)).toEqual(["b.drv out", "a.drv out"]);
    expect(
      find(`{
        z = ${drv("z")};
        "not a name" = throw "no";
        closed = { x = throw "no"; };
        open = { recurseForDerivations = true; x = ${drv("x")}; };
      }`),
    ).toEqual(["x.drv out", "z.drv out"]);
  });

  test("counts what it meets twice once", () => {
    expect(find(`let d = ${drv("d")}; in { a = d; b = d; }`)).toEqual(["d.drv out"]);
  });

  test("minds what is no derivation only at the top", () => {
    expect(find("{ a = 1; }")).toEqual([]);
    expect(() => find("1")).toThrow("expression does not evaluate to a derivation");
    expect(() => find('{ type = "derivation"; }')).toThrow("derivation name missing");
  });
});

describe("values that contain themselves", () => {
  const named = new Evaluation({ io: memoryIo() });
  const limited = new Evaluation({ io: memoryIo(), settings: { maxCallDepth: 10_000 } });
  const search = (machine: Evaluation, text: string): EvalError =>
    failure(() => {
      const root = machine.evaluate(text);
      machine.run(findDerivations(machine.context, root, noArgs));
    });
  const call = (machine: Evaluation, text: string): EvalError =>
    failure(() => {
      const root = machine.evaluate(text);
      machine.run(autoCall(machine.context, noArgs, root));
    });
  const list = "let l = [ l ]; in l";
  const set = "let s = { recurseForDerivations = true; a = s; }; in s";
  const long =
    "let s = { recurseForDerivations = true; a.recurseForDerivations = true; a.b = [ [ s ] ]; }; in [ s ]";
  const combined = "let s = { _combineChannels = [ ]; a = s; }; in s";
  const overflow = "stack overflow; max-call-depth exceeded";

  test("are named where they are searched for derivations", () => {
    const lists = "cannot search a list that contains itself for derivations";
    const sets = "cannot search a set that contains itself for derivations";
    expect(search(named, list).message).toBe(lists);
    expect(search(named, set).message).toBe(sets);
    expect(search(named, combined).message).toBe(sets);
    expect(search(named, set).traces[0]?.message).toBe("while evaluating the attribute 'a'");
    const lower = "let l = [ [ 1 ] [ [ l ] ] ]; in [ l ]";
    expect(search(named, lower).message).toContain("expression does not evaluate to a derivation");
    expect(search(named, "let l = [ [ ] [ [ l ] ] ]; in [ l ]").message).toBe(lists);
  });

  test("are too deep where C++ Nix's limit holds", () => {
    for (const text of [list, set, combined]) expect(search(limited, text).message).toBe(overflow);
    // Nix: a level for each call of the search.
    expect(search(limited, set).traces).toHaveLength(10_001);
  });

  test("are no trouble where the search does not come to them", () => {
    const root = evaluation.evaluate(long);
    expect(evaluation.run(findDerivations(evaluation.context, root, noArgs))).toEqual([]);
  });

  test("are too deep in the end if no cycle closes", () => {
    const lists = "let f = n: [ (f (n + 1)) ]; in f 0";
    expect(search(limited, lists).message).toBe(overflow);
    const sets = "let f = n: { recurseForDerivations = true; a = f (n + 1); }; in f 0";
    expect(search(limited, sets).message).toBe(overflow);
  });

  test("are found among functors", () => {
    const cycle = "let s = { __functor = self: s; }; in s";
    expect(call(named, cycle).message).toBe(
      "cannot call a set whose `__functor` leads back to the set itself",
    );
    const longer =
      'let s = n: { __functor = self: t.${toString n}; }; t = { a = s "b"; b = s "a"; }; in s "a"';
    expect(call(named, longer).message).toContain("leads back to the set itself");
    expect(call(limited, cycle).message).toBe(overflow);
    const endless = "let f = n: { __functor = self: f (n + 1); }; in f 0";
    expect(call(limited, endless).message).toBe(overflow);
    const deep =
      "let f = n: if n == 0 then { x ? 7 }: x else { __functor = self: f (n - 1); }; in f 5000";
    const root = limited.evaluate(deep);
    expect(limited.run(autoCall(limited.context, noArgs, root))).toBe(7);
  });
});
