/** What a heap image remembers of calls, and what happens to an image that does not fit. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryBytecodeCache } from "@nivis/eval";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { open } from "./through-image.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nivis-images-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Writes files, evaluates a program and returns a function that evaluates others with its image. */
function warmed(files: Readonly<Record<string, string>>, program: string) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const cache = memoryBytecodeCache();
  const first = open(cache, { keeps: true });
  first.evaluation.force(first.evaluation.loadText(program.replaceAll("DIR", folder)));
  const bytes = first.evaluation.heapImage?.encode() as Uint8Array;
  first.evaluation.saveCompiledFiles();
  return {
    bytes,
    evaluate: (text: string, image = bytes) => {
      const run = open(cache, { bytes: image });
      const { evaluation } = run;
      const slot = evaluation.loadText(text.replaceAll("DIR", folder));
      evaluation.force(slot);
      const shown = evaluation.print(slot);
      return { shown, log: run.log, image: evaluation.heapImage };
    },
  };
}

/** A function that fails when it runs without the file `seen`. */
const TREE = {
  "f.nix":
    '{ a ? 1, b ? { } }@args: builtins.seq (builtins.readFile ./seen) rec { n = import ./g.nix; sum = a + n; inherit args; id = x: x; later = builtins.trace "later" a; }',
  "g.nix": "40 + 1",
  seen: "",
};

describe("remembered calls", () => {
  test("are found by plain arguments", () => {
    const { evaluate } = warmed(TREE, "(import DIR/f.nix { a = 2; }).sum");
    // The function would fail now, so whoever gets its result has it from the image.
    rmSync(join(folder, "seen"));
    expect(evaluate("(import DIR/f.nix { a = 2; }).sum").shown).toBe("43");
    expect(evaluate("(import DIR/f.nix { a = 2; }).later")).toMatchObject({
      shown: "2",
      log: ["trace: later"],
    });
    expect(() => evaluate("(import DIR/f.nix { a = 3; }).sum")).toThrow("seen");
    expect(() => evaluate("(import DIR/f.nix { a = 2; b = { }; }).sum")).toThrow("seen");
  });

  test("are given to one call", () => {
    const { evaluate } = warmed(TREE, "(import DIR/f.nix { }).sum");
    const twice = "let f = import DIR/f.nix; a = f { }; b = f { }; p = a.id; in";
    expect(
      evaluate(`${twice} [ ([ p ] == [ p ]) ([ p ] == [ b.id ]) (a.sum + b.sum) ]`).shown,
    ).toBe("[ true false 84 ]");
  });

  test("are not kept of calls with functions", () => {
    const { bytes, evaluate } = warmed(TREE, "(import DIR/f.nix { b = x: x; }).sum");
    rmSync(join(folder, "seen"));
    expect(bytes.length).toBeGreaterThan(0);
    expect(() => evaluate("(import DIR/f.nix { b = x: x; }).sum")).toThrow("seen");
  });

  test("are found by literals that nothing has evaluated", () => {
    const { evaluate } = warmed(
      TREE,
      "(import DIR/f.nix { b = { c = [ 1 { d = null; } ]; }; }).sum",
    );
    rmSync(join(folder, "seen"));
    const by = (argument: string) => () => evaluate(`(import DIR/f.nix ${argument}).sum`).shown;
    expect(by("{ b = { c = [ 1 { d = null; } ]; }; }")()).toBe("42");
    expect(by("{ b.c = [ 1 { d = null; } ]; }")()).toBe("42");
    expect(by("(let x = { c = [ 1 { d = null; } ]; }; in { b = x; })")()).toBe("42");
    for (const other of ["2 { d = null; }", "1 { d = 0; }", "1 { e = null; }", "1 { d = x: x; }"]) {
      expect(by(`{ b = { c = [ ${other} ]; }; }`), other).toThrow("seen");
    }
    // What must be computed is never evaluated for it.
    const thrown = '{ b = { c = [ 1 (throw "evaluated") ]; }; }';
    expect(by(thrown)).toThrow("seen");
  });

  test("have arguments whose evaluation is not shown", () => {
    const { evaluate } = warmed(TREE, "(import DIR/f.nix { b = { c = { }; }; }).sum");
    const { shown, image } = evaluate(
      'let a = { b = { c = { d = 1; }; }; }; in builtins.seq (import DIR/f.nix a).sum (builtins.trace a "done")',
    );
    expect(shown).toBe('"done"');
    // The product repeats the run.
    expect(image?.mustRepeat).toBe(true);
  });

  test("have attributes at the same places", () => {
    const files = {
      ...TREE,
      "pos.nix": 'args: { at = builtins.unsafeGetAttrPos "x" args; }',
      "x.nix": "{ x = 1; }",
      "y.nix": "{\n  x = 1; }",
    };
    const { evaluate } = warmed(files, "(import DIR/pos.nix (import DIR/x.nix)).at.line");
    expect(evaluate("(import DIR/pos.nix (import DIR/x.nix)).at.line").shown).toBe("1");
    expect(evaluate("(import DIR/pos.nix (import DIR/y.nix)).at.line").shown).toBe("2");
    expect(evaluate("(import DIR/pos.nix { x = 1; }).at").shown).toBe("null");
  });

  test("end up in the next image, too", () => {
    const { bytes } = warmed(TREE, "(import DIR/f.nix { }).sum");
    const cache = memoryBytecodeCache();
    const second = open(cache, { bytes, keeps: true });
    const { evaluation } = second;
    evaluation.force(evaluation.loadText(`(import ${folder}/f.nix { a = 5; }).sum`));
    const merged = evaluation.heapImage?.encode() as Uint8Array;
    evaluation.saveCompiledFiles();
    rmSync(join(folder, "seen"));
    for (const [argument, sum] of [
      ["{ }", "42"],
      ["{ a = 5; }", "46"],
    ]) {
      const third = open(cache, { bytes: merged });
      const text = `(import ${folder}/f.nix ${argument}).sum`;
      expect(third.evaluation.print(third.evaluation.loadText(text))).toBe(sum);
    }
  });
});

describe("an image that is written on top of one", () => {
  /** Evaluates programs, each with the image of those before it, and returns what the last one shows. */
  function chain(files: Readonly<Record<string, string>>, ...programs: readonly string[]): string {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const cache = memoryBytecodeCache();
    let bytes: Uint8Array | undefined;
    let shown = "";
    for (const program of programs) {
      const { evaluation } = open(cache, {
        keeps: true,
        ...(bytes === undefined ? {} : { bytes }),
      });
      const slot = evaluation.loadText(program.replaceAll("DIR", folder));
      evaluation.force(slot);
      shown = evaluation.print(slot);
      bytes = evaluation.heapImage?.encode();
      evaluation.saveCompiledFiles();
    }
    return shown;
  }

  const LACKING = {
    "bad.nix":
      'rec { bad = throw "no"; all = [ bad (x: x) { inherit bad; } ]; caught = builtins.tryEval (builtins.elemAt all 0); good = 1 + 1; }',
  };

  test("lacks what that lacks", () => {
    const good = "(import DIR/bad.nix).good";
    expect(chain(LACKING, "(import DIR/bad.nix).caught", good, good, good)).toBe("2");
    expect(() =>
      chain(LACKING, "(import DIR/bad.nix).caught", good, "(import DIR/bad.nix).caught.value"),
    ).not.toThrow();
    expect(() =>
      chain(LACKING, "(import DIR/bad.nix).caught", good, "(import DIR/bad.nix).bad"),
    ).toThrow("heap image cannot be used");
  });

  test("has complete objects around what is lacking", () => {
    const size = "builtins.length (import DIR/bad.nix).all";
    expect(chain(LACKING, "(import DIR/bad.nix).caught", size, size, size)).toBe("3");
    // An image holds no code of files with a scope of their own.
    const files = {
      "own.nix": "{ h = map (x: x + q); }",
      "uses.nix":
        "rec { v = builtins.scopedImport { q = 1; } ./own.nix; w = v.h; d = builtins.deepSeq [ v w ] 8; }",
    };
    const uses = "(import DIR/uses.nix)";
    expect(chain(files, `${uses}.d`, `${uses}.d`, `${uses}.d`)).toBe("8");
    for (const program of ["v.h [ 1 ]", "w [ 1 ]"]) {
      expect(() =>
        chain(files, `${uses}.d`, `${uses}.d`, `${uses}.d`, `${uses}.${program}`),
      ).toThrow("heap image cannot be used");
    }
  });

  test("has each call once", () => {
    const one = "(import DIR/f.nix { }).sum";
    const twice = "let f = import DIR/f.nix; a = f { }; b = f { }; in";
    const program = `${twice} [ ([ a.id ] == [ b.id ]) (a.sum + b.sum) ]`;
    expect(chain(TREE, one, one, program, one, program)).toBe("[ false 84 ]");
  });
});

describe("an image that does not fit", () => {
  test("ends the run if code is needed of a file that has changed", () => {
    const { evaluate } = warmed(TREE, "(import DIR/f.nix { }).sum");
    writeFileSync(join(folder, "f.nix"), "{ }: { later = 3; }");
    expect(() => evaluate("(import DIR/f.nix { }).later")).toThrow("heap image cannot be used");
  });

  test("is not used, or ends the run, if a byte of it is wrong", () => {
    const { bytes, evaluate } = warmed(TREE, "(import DIR/f.nix { }).sum");
    let unused = 0;
    for (let at = 0; at < bytes.length; at += 7) {
      const wrong = bytes.slice();
      wrong[at] = (wrong[at] as number) ^ 1;
      let run: ReturnType<typeof evaluate>;
      try {
        run = evaluate("(import DIR/f.nix { }).sum", wrong);
      } catch (error) {
        expect(String(error), `byte ${at}`).toContain("a part of it is damaged");
        continue;
      }
      expect(run.shown).toBe("42");
      expect(run.image?.isUsed, `byte ${at}`).toBe(false);
      unused++;
    }
    expect(unused).toBeGreaterThan(10);
    expect(unused).toBeLessThan(bytes.length / 7 - 10);
    for (let length = 0; length < bytes.length; length += 13) {
      const { shown } = evaluate("(import DIR/f.nix { }).sum", bytes.slice(0, length));
      expect(shown).toBe("42");
    }
  });
});
