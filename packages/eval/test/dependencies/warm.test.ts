/** Warm evaluations: what is evaluated again after a change, and what stays. */
import {
  type Attrs,
  EvalError,
  type EvalIo,
  Evaluation,
  memoryIo,
  overrideIo,
  renderError,
  type Slot,
  type Thunk,
} from "@nivis/eval";
import { describe, expect, test } from "vitest";

/** A warm evaluation over files that can be edited. */
function warmWith(files: Record<string, string>, wrap: (io: EvalIo) => EvalIo = (world) => world) {
  const log: string[] = [];
  let io = memoryIo({ files });
  const world = overrideIo(io, {
    readFile: (path) => io.readFile(path),
    fileType: (path) => io.fileType(path),
    readDirectory: (path) => io.readDirectory(path),
    log: ({ text }) => log.push(text),
    environment: (name) => environment[name],
  });
  const environment: Record<string, string> = {};
  const evaluation = new Evaluation({ io: wrap(world), warm: true });
  const edit = (changed: Record<string, string | undefined>): void => {
    for (const [path, text] of Object.entries(changed)) {
      if (text === undefined) delete files[path];
      else files[path] = text;
    }
    io = memoryIo({ files });
  };
  return { evaluation, edit, log, environment };
}

describe("after an edit", () => {
  test("only what depends on the file is evaluated again", () => {
    const { evaluation, edit, log } = warmWith({
      "/a.nix": `builtins.trace "a" 1`,
      "/b.nix": "2",
      "/all.nix": "{ a = import ./a.nix; b = import ./b.nix + 1; c = import ./b.nix; }",
    });
    const root = evaluation.loadText("import /all.nix");
    expect(evaluation.toJson(root)).toBe('{"a":1,"b":3,"c":2}');
    const set = evaluation.force(root) as Attrs;
    edit({ "/b.nix": "5" });
    expect(evaluation.revise()).toMatchObject({ changed: 1 });
    expect(evaluation.toJson(root)).toBe('{"a":1,"b":6,"c":5}');
    // The set itself does not depend on what is in it.
    expect(evaluation.force(root)).toBe(set);
    // What was logged is logged again, as by a new evaluation.
    expect(log).toEqual(["a", "a"]);
  });

  test("files that were not there, listings and variables are inputs", () => {
    const { evaluation, edit, environment } = warmWith({ "/d/x": "" });
    const root = evaluation.loadText(
      `{ has = builtins.pathExists /b.nix; names = builtins.attrNames (builtins.readDir /d); v = builtins.getEnv "V"; }`,
    );
    expect(evaluation.toJson(root)).toBe('{"has":false,"names":["x"],"v":""}');
    edit({ "/b.nix": "1", "/d/y": "" });
    environment["V"] = "v";
    evaluation.revise();
    expect(evaluation.toJson(root)).toBe('{"has":true,"names":["x","y"],"v":"v"}');
  });

  test("a world without open listings gives one answer about a directory", () => {
    const { evaluation, edit } = warmWith({ "/d/x": "", "/a.nix": "1" }, (io) =>
      overrideIo(io, { openListing: () => undefined }),
    );
    const root = evaluation.loadText("builtins.attrNames (builtins.readDir /d) ++ [ { } ]");
    const first = evaluation.force(root);
    edit({ "/a.nix": "2" });
    expect(evaluation.revise()).toMatchObject({ changed: 0 });
    expect(evaluation.force(root)).toBe(first);
  });

  test("failures are tried again", () => {
    const { evaluation, edit } = warmWith({ "/a.nix": "1 +" });
    const root = evaluation.loadText(
      "[ (import /a.nix) (builtins.tryEval (throw (import /a.nix))) ]",
    );
    expect(() => evaluation.toJson(root)).toThrow("syntax error");
    expect(() => evaluation.toJson(root)).toThrow("syntax error");
    edit({ "/a.nix": '"x"' });
    evaluation.revise();
    expect(evaluation.toJson(root)).toBe('["x",{"success":false,"value":false}]');
  });

  test("calls that builtins have suspended are evaluated again", () => {
    const { evaluation, edit } = warmWith({ "/n.nix": "1" });
    const root = evaluation.loadText(
      "let n = import /n.nix; in { m = map (x: x + n) [ 1 2 ]; a = builtins.mapAttrs (k: v: [ k (v + n) ]) { b = 1; }; w = with { inherit n; }; n; }",
    );
    expect(evaluation.toJson(root)).toBe('{"a":{"b":["b",2]},"m":[2,3],"w":1}');
    edit({ "/n.nix": "10" });
    evaluation.revise();
    expect(evaluation.toJson(root)).toBe('{"a":{"b":["b",11]},"m":[11,12],"w":10}');
  });

  test("with paths, only these are looked at", () => {
    const { evaluation, edit } = warmWith({ "/a.nix": "1", "/b.nix": "1" });
    const root = evaluation.loadText("[ (import /a.nix) (import /b.nix) ]");
    expect(evaluation.toJson(root)).toBe("[1,1]");
    edit({ "/a.nix": "2", "/b.nix": "2" });
    expect(evaluation.revise(["/a.nix", "/other"])).toEqual({ changed: 1, unknown: 1 });
    expect(evaluation.toJson(root)).toBe("[2,1]");
    expect(evaluation.revise()).toEqual({ changed: 1, unknown: 0 });
    expect(evaluation.toJson(root)).toBe("[2,2]");
  });

  test("values that saw nothing stay plainly forced", () => {
    const { evaluation } = warmWith({ "/a.nix": "1" });
    const set = evaluation.force(evaluation.loadText("{ a = 1 + 1; b = import /a.nix; }")) as Attrs;
    const [a, b] = ["a", "b"].map((name) => set.get(name) as Thunk);
    for (const thunk of [a, b]) evaluation.force(thunk as Thunk);
    expect(a?.code).toBe(null);
    expect(b?.code).not.toBe(null);
  });
});

test("what host code evaluates inside of an evaluation counts for that", () => {
  let inner: () => string = () => "";
  const { evaluation, edit } = warmWith({ "/n.nix": "1" }, (io) =>
    overrideIo(io, { environment: () => inner() }),
  );
  const slot = evaluation.loadText("toString (import /n.nix)");
  inner = () => evaluation.force(slot) as string;
  const outer = evaluation.loadText('builtins.getEnv "N"');
  expect(evaluation.force(outer)).toBe("1");
  edit({ "/n.nix": "4" });
  evaluation.revise();
  expect(evaluation.force(outer)).toBe("4");
});

test.each([
  ['builtins.trace "s" (builtins.trace 1 2)', false],
  ["builtins.trace [ 1 ] 2", true],
  ["{ a = 1; } 1", true],
  ["1 + true", false],
  ['(builtins.tryEval (throw "s")).success', false],
])("%s shows evaluation states: %s", (text, isShown) => {
  const { evaluation } = warmWith({});
  try {
    evaluation.force(evaluation.loadText(text));
  } catch {
    // What it shows is asked of errors, too.
  }
  evaluation.print(evaluation.loadText(text));
  expect(evaluation.showedEvaluationState).toBe(isShown);
  evaluation.revise();
  expect(evaluation.showedEvaluationState).toBe(false);
});

test("asynchronous evaluations are warm, too", async () => {
  const { evaluation, edit } = warmWith({ "/a.nix": "1", "/b.nix": "2" });
  const roots = ["import /a.nix", "import /b.nix"].map((text) => evaluation.loadText(text));
  const run = (): Promise<unknown[]> =>
    Promise.all(roots.map((root) => evaluation.forceAsync(root)));
  expect(await run()).toEqual([1, 2]);
  edit({ "/b.nix": "7" });
  evaluation.revise();
  expect(await run()).toEqual([1, 7]);
});

test("an evaluation that is not warm cannot be revised", () => {
  const evaluation = new Evaluation({ io: memoryIo() });
  expect(() => evaluation.revise()).toThrow(TypeError);
});

describe("an error that was caught in an earlier revision", () => {
  /** The error of a slot with all traces. */
  function errorOf(evaluation: Evaluation, slot: Slot): string {
    try {
      return evaluation.toJson(slot);
    } catch (error) {
      if (!(error instanceof EvalError)) throw error;
      return renderError(error, evaluation.positions, { showTrace: true, color: false });
    }
  }

  const LIBRARY =
    'let t = throw "t"; in { inherit t; caught = builtins.tryEval (builtins.seq t 1); }';

  test.each([true, false])(
    "tells that traces are missing (copies of arguments: %s)",
    (isolates) => {
      const { evaluation, edit } = warmWith({ "/lib.nix": LIBRARY, "/a.nix": "false" });
      const { dependencies } = evaluation.context;
      if (dependencies !== undefined) dependencies.isolates = isolates;
      const text =
        "let l = import /lib.nix; in builtins.seq l.caught (if import /a.nix then l.t else 1)";
      const root = evaluation.loadText(text);
      expect(evaluation.toJson(root)).toBe("1");
      edit({ "/a.nix": "true" });
      const fresh = warmWith({ "/lib.nix": LIBRARY, "/a.nix": "true" }).evaluation;
      const expected = errorOf(fresh, fresh.loadText(text));
      expect(expected.match(/'seq'/g)).toHaveLength(2);
      expect(fresh.showedEvaluationState).toBe(false);
      for (let revision = 1; revision < 4; revision++) {
        evaluation.revise();
        expect(errorOf(evaluation, root)).not.toBe(expected);
        expect(evaluation.showedEvaluationState).toBe(true);
      }
      // What was not shown does not count.
      edit({ "/a.nix": "false" });
      evaluation.revise();
      expect(evaluation.toJson(root)).toBe("1");
      expect(evaluation.showedEvaluationState).toBe(false);
    },
  );

  test("counts only if it is shown", () => {
    const { evaluation, edit } = warmWith({ "/lib.nix": LIBRARY, "/a.nix": "1" });
    const root = evaluation.loadText(
      "let l = import /lib.nix; in [ l.caught (import /a.nix) (builtins.tryEval l.t) ]",
    );
    const failing = evaluation.loadText('builtins.seq (import /lib.nix).caught (throw "other")');
    const text = evaluation.toJson(root);
    for (const value of ["2", "3"]) {
      edit({ "/a.nix": value });
      evaluation.revise();
      expect(evaluation.toJson(root)).toBe(text.replace("1,", `${value},`));
      expect(() => evaluation.force(failing)).toThrow("other");
      expect(evaluation.showedEvaluationState).toBe(false);
    }
  });

  test("has the traces of the frames around it if it is caught nowhere", () => {
    const { evaluation, edit } = warmWith({ "/lib.nix": LIBRARY, "/a.nix": "1" });
    const text = "let l = import /lib.nix; in builtins.seq (import /a.nix) l.t";
    const root = evaluation.loadText(text);
    for (const value of ["1", "2", "3"]) {
      edit({ "/a.nix": value });
      evaluation.revise();
      const fresh = warmWith({ "/lib.nix": LIBRARY, "/a.nix": value }).evaluation;
      expect(errorOf(evaluation, root)).toBe(errorOf(fresh, fresh.loadText(text)));
      expect(evaluation.showedEvaluationState).toBe(false);
    }
  });

  test("is not repeated with the traces of who reads it through a copy", () => {
    const files = (value: string): Record<string, string> => ({
      "/f.nix":
        "{ a, ... }: builtins.seq (builtins.tryEval (builtins.seq a.t 1)) (builtins.seq (builtins.tryEval (builtins.add 1 a.t)) a.t)",
      "/a.nix": value,
    });
    const text =
      'let t = throw "t"; in builtins.seq (builtins.tryEval (builtins.add t 1)) (builtins.seq (import /a.nix) (import /f.nix { a = { inherit t; }; }))';
    const { evaluation, edit } = warmWith(files("1"));
    const { dependencies } = evaluation.context;
    if (dependencies !== undefined) dependencies.isolatesAll = true;
    const root = evaluation.loadText(text);
    for (const value of ["1", "2"]) {
      edit({ "/a.nix": value });
      evaluation.revise();
      const fresh = warmWith(files(value)).evaluation;
      expect(errorOf(evaluation, root)).toBe(errorOf(fresh, fresh.loadText(text)));
    }
  });
});

describe("remembered calls", () => {
  const files = (): Record<string, string> => ({
    "/tree.nix": `{ system, extra ? [ ], ... }: builtins.trace "tree \${system}" { a = import /a.nix; b = builtins.trace "b" { inherit extra; }; }`,
    "/a.nix": "1",
  });

  /** What is logged when `program` is evaluated again after an edit of `/a.nix`. */
  function loggedAfterEdit(program: string): readonly string[] {
    const { evaluation, edit, log } = warmWith(files());
    const root = evaluation.loadText(program);
    const first = evaluation.toJson(root);
    log.length = 0;
    edit({ "/a.nix": "2" });
    evaluation.revise();
    expect(evaluation.toJson(root)).toBe(first.replace("1", "2"));
    return log;
  }

  test("a call with the same argument is not evaluated again", () => {
    const { evaluation, edit } = warmWith({
      "/tree.nix": "{ system, ... }: { a = import /a.nix; b = { inherit system; }; }",
      "/a.nix": "1",
    });
    const root = evaluation.loadText(
      `let t = import /tree.nix { system = "s"; }; in if t.a > 0 then t.b else 0`,
    );
    const first = evaluation.force(root);
    edit({ "/a.nix": "2" });
    evaluation.revise();
    expect(evaluation.force(root)).toBe(first);
  });

  test("nor is one in a file that was edited", () => {
    const text = (v: number): string => `let t = import /tree.nix { }; in { v = ${v}; w = t.b; }`;
    const { evaluation, edit } = warmWith({
      "/tree.nix": "{ ... }: { b = { c = 1; }; }",
      "/shell.nix": text(1),
    });
    const root = evaluation.loadText("(import /shell.nix).w");
    const first = evaluation.force(root);
    edit({ "/shell.nix": text(2) });
    expect(evaluation.revise()).toMatchObject({ changed: 1 });
    expect(evaluation.force(root)).toBe(first);
  });

  test("what was logged is logged again", () => {
    expect(loggedAfterEdit(`with import /tree.nix { system = "s"; }; [ a b ]`)).toEqual([
      "tree s",
      "b",
    ]);
  });

  test("an argument that depends on an edit makes a new call", () => {
    const { evaluation, edit } = warmWith({ "/tree.nix": "{ v, ... }: [ v ]", "/a.nix": "1" });
    const root = evaluation.loadText("builtins.head (import /tree.nix { v = import /a.nix; })");
    expect(evaluation.toJson(root)).toBe("1");
    edit({ "/a.nix": "2" });
    evaluation.revise();
    expect(evaluation.toJson(root)).toBe("2");
  });

  test("two equal calls stay two", () => {
    const { evaluation, edit } = warmWith({ "/f.nix": "{ ... }: { f = x: x; }", "/a.nix": "1" });
    const root = evaluation.loadText(
      "let f = import /f.nix; in [ (f { } == f { }) (import /a.nix) (let x = f { }; in x == x) ]",
    );
    const shared = evaluation.loadText(
      "let f = import /f.nix; g = import /a.nix; in builtins.seq g (f { } == f { })",
    );
    for (const value of ["1", "2", "3"]) {
      edit({ "/a.nix": value });
      evaluation.revise();
      expect(evaluation.toJson(root)).toBe(`[false,${value},true]`);
      expect(evaluation.toJson(shared)).toBe("false");
    }
  });

  test("the argument and what the call made of it stay identical", () => {
    const { evaluation, edit } = warmWith({
      "/f.nix": "{ l, ... }: { inherit l; }",
      "/a.nix": "1",
    });
    const root = evaluation.loadText(
      "let a = { l = [ (x: x) ]; }; r = import /f.nix { inherit (a) l; }; in builtins.seq (import /a.nix) (builtins.seq (builtins.head r.l) (r.l == a.l))",
    );
    for (const value of ["1", "2", "3"]) {
      edit({ "/a.nix": value });
      evaluation.revise();
      expect(evaluation.toJson(root)).toBe("true");
    }
  });

  test("a call that fails is made again", () => {
    const { evaluation, edit } = warmWith({
      "/f.nix": "{ ... }: throw (import /a.nix)",
      "/a.nix": '"x"',
    });
    const root = evaluation.loadText("import /f.nix { }");
    expect(() => evaluation.force(root)).toThrow("x");
    edit({ "/a.nix": "1", "/f.nix": "{ ... }: import /a.nix" });
    evaluation.revise();
    expect(evaluation.toJson(root)).toBe("1");
  });
});

describe("copies of arguments", () => {
  const files = {
    "/pkgs.nix":
      "{ config, lib ? 1, ... }@args: { a = { v = config.x; }; f = config.f; inherit config args; }",
    "/config.nix": '{ x = 1; y = 2; z = throw "z"; }',
    "/main.nix": `
      let
        user = import ./config.nix;
        config = { inherit (user) x y z; f = v: [ v user.x ]; g = v: v; };
        pkgs = assert user.y > 0; import ./pkgs.nix { inherit config; };
      in {
        inherit pkgs;
        inherit (user) y;
        same = [ (pkgs.f == config.f) (removeAttrs pkgs.config [ "z" ] == removeAttrs config [ "z" ]) ];
        called = pkgs.f 5;
      }`,
  };

  function evaluated(evaluation: Evaluation, root: Thunk, path: readonly string[]): unknown {
    let value: unknown = evaluation.force(root);
    for (const name of path) value = evaluation.force((value as Attrs).get(name) as Thunk);
    return value;
  }

  test("a call keeps its result if what it has looked at is the same", () => {
    const { evaluation, edit } = warmWith({ ...files });
    const { dependencies } = evaluation.context;
    if (dependencies !== undefined) dependencies.isolatesAll = true;
    const root = evaluation.loadText("import /main.nix") as Thunk;
    const before = evaluated(evaluation, root, ["pkgs", "a"]);
    expect(evaluated(evaluation, root, ["pkgs", "a", "v"])).toBe(1);
    edit({ "/config.nix": '{ x = 1; y = 3; z = throw "z"; }' });
    evaluation.revise();
    expect(evaluated(evaluation, root, ["y"])).toBe(3);
    expect(evaluated(evaluation, root, ["pkgs", "a"])).toBe(before);
    expect(evaluated(evaluation, root, ["pkgs", "config", "y"])).toBe(3);
    expect(evaluation.toJson((evaluation.force(root) as Attrs).get("called") as Thunk)).toBe(
      "[5,1]",
    );
    edit({ "/config.nix": '{ x = 7; y = 3; z = throw "z"; }' });
    evaluation.revise();
    expect(evaluated(evaluation, root, ["pkgs", "a"])).not.toBe(before);
    expect(evaluated(evaluation, root, ["pkgs", "a", "v"])).toBe(7);
    expect(evaluation.toJson((evaluation.force(root) as Attrs).get("called") as Thunk)).toBe(
      "[5,7]",
    );
  });

  test("a copy and its original are the same to programs", () => {
    const { evaluation } = warmWith({ ...files });
    const { dependencies } = evaluation.context;
    if (dependencies !== undefined) dependencies.isolatesAll = true;
    const root = evaluation.loadText("import /main.nix");
    const fresh = warmWith({ ...files }).evaluation;
    expect(evaluation.print(root)).toContain("same = [ false true ];");
    expect(evaluation.print(root)).toBe(fresh.print(fresh.loadText("import /main.nix")));
  });

  test("a part that fails where nobody looks at it any more does no harm", () => {
    const { evaluation, edit } = warmWith({ ...files });
    const { dependencies } = evaluation.context;
    if (dependencies !== undefined) dependencies.isolatesAll = true;
    const root = evaluation.loadText("import /main.nix") as Thunk;
    expect(evaluated(evaluation, root, ["pkgs", "a", "v"])).toBe(1);
    edit({ "/config.nix": '{ x = throw "x"; y = 4; z = 1; }' });
    evaluation.revise();
    expect(evaluated(evaluation, root, ["y"])).toBe(4);
    expect(evaluated(evaluation, root, ["pkgs", "config", "z"])).toBe(1);
    expect(() => evaluated(evaluation, root, ["pkgs", "a", "v"])).toThrow("x");
  });

  test("a function of a tree keeps its result if a file beside the tree is edited", () => {
    const tree: Record<string, string> = {};
    for (let i = 0; i < 100; i++) tree[`/tree/${i}.nix`] = String(i);
    tree["/tree/default.nix"] = "{ config }: { v = { inherit (config) x; }; }";
    tree["/config.nix"] = "{ x = 1; y = 2; }";
    tree["/main.nix"] = `
      let
        user = import ./config.nix;
        numbers = map (n: import (./tree + "/\${toString n}.nix")) (builtins.genList (n: n) 100);
        called = assert builtins.length (builtins.filter (n: n < user.y) numbers) < 50;
          import ./tree { config = { inherit (user) x y; }; };
      in { inherit called; }`;
    const { evaluation, edit } = warmWith(tree);
    const root = evaluation.loadText("import /main.nix") as Thunk;
    const before = evaluated(evaluation, root, ["called", "v"]);
    expect(evaluated(evaluation, root, ["called", "v", "x"])).toBe(1);
    edit({ "/config.nix": "{ x = 1; y = 3; }" });
    evaluation.revise();
    expect(evaluated(evaluation, root, ["called", "v"])).toBe(before);
  });
});
