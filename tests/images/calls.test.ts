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
    /** Evaluates a program with an image; `changed` are the names of files. */
    evaluate: (text: string, image = bytes, changed: readonly string[] = []) => {
      const paths = changed.map((name) => join(folder, name));
      const run = open(cache, { bytes: image, changed: paths });
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

/** A text as the bytes of its encoding. */
function bytes(text: string): string {
  return Buffer.from(text).toString("latin1");
}

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

  test("serve all calls of a run that keeps its heap", () => {
    const twice =
      "let f = import DIR/f.nix; a = f { }; b = f { }; in builtins.deepSeq [ a.a or 1 b.n ] 1";
    const { evaluate } = warmed(
      { ...TREE, "g.nix": "builtins.seq (builtins.readFile ./more) 41", more: "" },
      twice,
    );
    rmSync(join(folder, "more"));
    expect(evaluate("(import DIR/f.nix { }).n").shown).toBe("41");
    // What a program could tell apart is not kept.
    const told =
      "let f = import DIR/f.nix; a = f { }; b = f { }; in builtins.seq ([ a.id ] == [ b.id ]) (f { b.f = x: [ a.id ] == [ b.id ]; }).n";
    const told2 = warmed({ ...TREE, more: "" }, told);
    rmSync(join(folder, "seen"));
    expect(() => told2.evaluate(told)).toThrow("seen");
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

describe("remembered calls with functions", () => {
  const FILES = {
    ...TREE,
    // What it makes of its argument is only found in the image once `seen` is gone.
    "o.nix": `{ o ? [ ], c ? { }, ... }@args: builtins.seq (builtins.readFile ./seen) rec {
      inherit args o c;
      base = { n = 1; m = base.n; };
      fixed = builtins.foldl' (super: f: super // f fixed super) base o;
      n = fixed.n;
      allowed = c.allowed or (x: false) "y";
      made = fixed.made or null;
    }`,
    "overlay.nix": "self: super: { n = super.n + 1; made = x: self.n; }",
    "overlays.nix": "[ (import ./overlay.nix) ]",
  };
  const BOTH = "{ o = [ (self: super: { n = super.n + 40; made = x: [ x self.n ]; }) ]; }";
  const N = `(import DIR/o.nix ${BOTH}).n`;
  const gone = (): void => rmSync(join(folder, "seen"));

  test.each([
    ["the same program", N, N, "41"],
    ["another attribute", N, `(import DIR/o.nix ${BOTH}).made 7`, "[ 7 41 ]"],
    ["another place", N, `  [ 1 2 ((import DIR/o.nix ${BOTH}).n) ]`, "[ 1 2 41 ]"],
    [
      "other white space and comments",
      N,
      "(import DIR/o.nix { o = [ (self:   super: /* more */ {\n  n = super.n + 40; made = x: [ x self.n ]; }) ]; }).n",
      "41",
    ],
    [
      "bindings of a let",
      "let p = self: super: { n = super.n + k; }; k = 4; in (import DIR/o.nix { o = [ p ]; }).n",
      "let k = 4; p = self: super: { n = super.n + k; }; in { v = (import DIR/o.nix { o = [ p ]; }).n; }.v",
      "5",
    ],
    [
      "inherited attributes",
      "let o = [ (self: super: { n = 8; }) ]; in (import DIR/o.nix { inherit o; }).n",
      "let o = [ (self: super: { n = 8; }) ]; in (import DIR/o.nix { inherit o; }).fixed.m",
      "1",
    ],
    [
      "functions of files",
      "(import DIR/o.nix { o = [ (import DIR/overlay.nix) ]; }).n",
      "(import DIR/o.nix { o = [ (import DIR/overlay.nix) ]; }).made 0",
      "2",
    ],
    [
      "values of files",
      "(import DIR/o.nix { o = import DIR/overlays.nix; }).n",
      "(import DIR/o.nix { o = import DIR/overlays.nix; }).fixed.n",
      "2",
    ],
    [
      "values of files that were evaluated before",
      "let f = import DIR/overlay.nix; in builtins.seq f (import DIR/o.nix { o = [ f ]; }).n",
      "let f = import DIR/overlay.nix; in builtins.seq f (import DIR/o.nix { o = [ f ]; }).fixed.n",
      "2",
    ],
    [
      "a configuration",
      '(import DIR/o.nix { c = { allowed = p: p == "x"; }; }).c.allowed "x"',
      '(import DIR/o.nix { c = { allowed = p: p == "x"; }; }).allowed',
      "false",
    ],
    [
      "suspended calls",
      "let o = map (n: self: super: { inherit n; }) [ 3 4 ]; in builtins.seq o (import DIR/o.nix { inherit o; }).n",
      "let o = map (n: self: super: { inherit n; }) [ 3 4 ]; in builtins.seq o (import DIR/o.nix { inherit o; }).fixed.n",
      "4",
    ],
    [
      "scopes of with",
      "with { k = 5; }; (import DIR/o.nix { o = [ (self: super: { n = k; }) ]; }).n",
      "with { k = 5; }; (import DIR/o.nix { o = [ (self: super: { n = k; }) ]; }).fixed.n",
      "5",
    ],
    [
      "builtins with some arguments",
      "let f = builtins.add 1; in (import DIR/o.nix { c.allowed = f; }).n",
      "let f = builtins.add 1; in (import DIR/o.nix { c.allowed = f; }).c.allowed 3",
      "4",
    ],
  ])("are found: %s", (_, first, second, expected) => {
    const { evaluate } = warmed(FILES, first);
    gone();
    const { shown, image } = evaluate(second);
    expect(shown).toBe(expected);
    expect(image?.mustRepeat).toBe(false);
  });

  test.each([
    ["one character", N, N.replace("40", "41")],
    ["order", N, N.replace("(self: super", "(super: self")],
    ["the attributes", N, N.replace("{ o =", "{ c = { }; o =")],
    [
      "order of attributes",
      "(import DIR/o.nix { c.a = x: x; o = [ ]; }).n",
      "(import DIR/o.nix { o = [ ]; c.a = x: x; }).n",
    ],
    [
      "a captured value",
      "let k = 4; in (import DIR/o.nix { o = [ (self: super: { n = k + 0; }) ]; }).n",
      "let k = 5; in (import DIR/o.nix { o = [ (self: super: { n = k + 0; }) ]; }).n",
    ],
    [
      "a captured function",
      "let f = x: x; in (import DIR/o.nix { o = [ (self: super: { n = f 1; }) ]; }).n",
      "let f = x: x + 1; in (import DIR/o.nix { o = [ (self: super: { n = f 1; }) ]; }).n",
    ],
    [
      "what is shared",
      "let f = x: x; in (import DIR/o.nix { c = { a = [ f ]; b = [ f ]; }; }).n",
      "let f = x: x; g = x: x; in (import DIR/o.nix { c = { a = [ f ]; b = [ g ]; }; }).n",
    ],
    [
      "what is evaluated",
      "let f = (x: y: x) 1; in (import DIR/o.nix { c.a = f; }).n",
      "let f = (x: y: x) 1; in builtins.seq f (import DIR/o.nix { c.a = f; }).n",
    ],
    [
      "the name of a function",
      "let f = x: x; in (import DIR/o.nix { c = [ f ]; }).n",
      "let g = x: x; in (import DIR/o.nix { c = [ g ]; }).n",
    ],
    [
      "a scope of with",
      "with { k = 5; }; (import DIR/o.nix { o = [ (self: super: { n = k; }) ]; }).n",
      "let k = 5; in (import DIR/o.nix { o = [ (self: super: { n = k; }) ]; }).n",
    ],
  ])("are not found if this differs: %s", (_, first, second) => {
    const { evaluate } = warmed(FILES, first);
    gone();
    expect(() => evaluate(second)).toThrow("seen");
  });

  test("never force their argument", () => {
    const strict =
      '(import DIR/o.nix { c = throw "evaluated"; o = [ (self: super: { n = 3; }) ]; }).n';
    const { evaluate } = warmed(FILES, strict);
    gone();
    expect(evaluate(strict).shown).toBe("3");
  });

  test("keep the identity of what the program has", () => {
    const bound = `let f = self: super: { n = 2; }; a = { o = [ f ]; }; p = import DIR/o.nix a; in`;
    const { evaluate } = warmed(FILES, `${bound} builtins.deepSeq [ p.o p.fixed ] p.n`);
    gone();
    const { shown } = evaluate(
      `${bound} builtins.seq p.n [ (p.o == [ f ]) (a == { inherit (p) o; }) (p.args == a) ([ f ] == [ (self: super: { n = 2; }) ]) (p.args.o == a.o) ]`,
    );
    expect(shown).toBe("[ true true true false true ]");
  });

  test("show the positions of the present program", () => {
    const { evaluate } = warmed(FILES, `builtins.seq (import DIR/o.nix ${BOTH}).made 1`);
    gone();
    const program =
      "/* elsewhere */ (import DIR/o.nix {\n o = [ (self: super: { n = super.n + 40; made = x: [ x self.n ]; }) ]; }).made";
    const place = program.replaceAll("DIR", folder).split("\n")[1]?.indexOf("x: [") as number;
    expect(evaluate(program).shown).toBe(bytes(`«lambda made @ «string»:2:${place + 1}»`));
  });

  test("have formals and places in files as without an image", () => {
    const args = "{ c.allowed = { n ? 1, ... }: n; o = [ (self: super: { n = 5; }) ]; }";
    const { evaluate } = warmed(FILES, `builtins.seq (import DIR/o.nix ${args}).c.allowed 1`);
    gone();
    const shown = evaluate(
      `let p = import DIR/o.nix ${args}; in [ (builtins.functionArgs p.c.allowed) (builtins.unsafeGetAttrPos "n" p.fixed) (builtins.unsafeGetAttrPos "n" (builtins.functionArgs p.c.allowed)) ]`,
    ).shown;
    expect(shown).toBe("[ { n = true; } null null ]");
  });

  test("end up in the next image, with the objects of the present program", () => {
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
    const cache = memoryBytecodeCache();
    let image: Uint8Array | undefined;
    const step = (program: string): string => {
      const run = open(cache, { keeps: true, ...(image === undefined ? {} : { bytes: image }) });
      const { evaluation } = run;
      const slot = evaluation.loadText(program.replaceAll("DIR", folder));
      evaluation.force(slot);
      image = evaluation.heapImage?.encode() as Uint8Array;
      const shown = evaluation.print(slot);
      evaluation.saveCompiledFiles();
      return shown;
    };
    step(N);
    step(` (import DIR/o.nix ${BOTH}).made`);
    step("(import DIR/o.nix { o = [ (self: super: { n = 9; }) ]; }).n");
    gone();
    const run = open(cache, { bytes: image as Uint8Array });
    const look = (program: string): string => {
      const { evaluation } = run;
      return evaluation.print(evaluation.loadText(program.replaceAll("DIR", folder)));
    };
    expect(look(`   (import DIR/o.nix ${BOTH}).made 1`)).toBe("[ 1 41 ]");
    expect(look("(import DIR/o.nix { o = [ (self: super: { n = 9; }) ]; }).n")).toBe("9");
    const { evaluation } = open(cache, { bytes: image as Uint8Array });
    const made = `\n\n(import ${folder}/o.nix ${BOTH}).made`;
    expect(evaluation.print(evaluation.loadText(made))).toContain(bytes("«string»:3:"));
    // An image does not grow without end.
    for (let n = 10; n < 20; n++) {
      writeFileSync(join(folder, "seen"), "");
      step(`(import DIR/o.nix { o = [ (self: super: { n = ${n}; }) ]; }).n`);
    }
    expect((image as Uint8Array).length).toBeLessThan(20_000);
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
    ).toThrow("no");
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

describe("after edits", () => {
  const PARTS = {
    "all.nix":
      "rec { a = import ./a.nix; b = import ./b.nix; sum = a + b; twice = x: [ x b ]; names = builtins.readDir ./d; }",
    "a.nix": "builtins.seq (builtins.readFile ./seen) 1",
    "b.nix": "let v = 10; in v",
    "call.nix": "{ n ? 0, ... }: rec { all = import ./all.nix; m = all.a + n; k = all.b; }",
    seen: "",
  };
  const START =
    "let p = import DIR/all.nix; c = import DIR/call.nix { n = 5; }; in [ p.sum c.m c.k ] == [ 11 6 10 ]";
  const edit = (name: string, text: string): void => writeFileSync(join(folder, name), text);

  test("what does not depend on the edited file is used", () => {
    const { bytes, evaluate } = warmed(PARTS, START);
    edit("b.nix", "let v = 20; in v");
    // The file `a.nix` would give another value now.
    edit("seen", "");
    edit("a.nix", "7");
    const shown = (text: string) => evaluate(text, bytes, ["b.nix"]).shown;
    expect(shown("(import DIR/all.nix).a")).toBe("1");
    expect(shown("(import DIR/all.nix).b")).toBe("20");
    expect(shown("(import DIR/all.nix).sum")).toBe("21");
    expect(shown("(import DIR/all.nix).twice 0")).toBe("[ 0 20 ]");
    expect(shown("import DIR/b.nix")).toBe("20");
    expect(shown("import DIR/a.nix")).toBe("1");
    expect(shown("(import DIR/call.nix { n = 5; }).m")).toBe("6");
    expect(shown("(import DIR/call.nix { n = 5; }).k")).toBe("20");
    // Without the edit, everything is.
    expect(evaluate("(import DIR/all.nix).b").shown).toBe("10");
  });

  test("nothing is used if an edited file is not known", () => {
    const { bytes, evaluate } = warmed(PARTS, START);
    const { image } = evaluate("(import DIR/all.nix).a", bytes, ["b.nix", "unknown"]);
    expect(image?.isOpen).toBe(false);
    expect(image?.isUsed).toBe(false);
  });

  test("what depends on a file below a changed directory is evaluated again", () => {
    const { bytes, evaluate } = warmed(PARTS, START);
    edit("a.nix", "7");
    edit("b.nix", "8");
    const { shown, image } = evaluate("(import DIR/all.nix).sum", bytes, [""]);
    expect(shown).toBe("15");
    expect(image?.isOpen).toBe(true);
  });

  test("an image on top of one keeps what holds, and what depends on what", () => {
    const { bytes, evaluate } = warmed(PARTS, START);
    edit("b.nix", "30");
    edit("a.nix", "7");
    const cache = memoryBytecodeCache();
    const next = open(cache, { bytes, keeps: true, changed: [join(folder, "b.nix")] });
    const program = `(import ${folder}/all.nix).sum`;
    expect(next.evaluation.print(next.evaluation.loadText(program))).toBe("31");
    const merged = next.evaluation.heapImage?.encode() as Uint8Array;
    next.evaluation.saveCompiledFiles();
    edit("b.nix", "40");
    expect(evaluate("(import DIR/all.nix).sum", merged).shown).toBe("31");
    expect(evaluate("(import DIR/all.nix).sum", merged, ["b.nix"]).shown).toBe("41");
    expect(evaluate("(import DIR/all.nix).sum", merged, ["a.nix"]).shown).toBe("37");
    expect(evaluate("(import DIR/all.nix).sum", merged, ["a.nix", "b.nix"]).shown).toBe("47");
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
