/** The walk through the heap, what holds what, sizes, code, and the bounds of every answer. */
import { HeapExplorer, HeapSnapshot, NoSuchThing, OBJECT_KINDS } from "@nivis/debugger";
import { type Attrs, Evaluation, type Lambda, memoryIo, Thunk } from "@nivis/eval";
import { describe, expect, test } from "vitest";

interface Explored {
  readonly explorer: HeapExplorer;
  readonly evaluation: Evaluation;
}

/** Evaluates a text, and explores what it has left. */
function explore(text: string, milliseconds?: number): Explored {
  const texts = new Set<Lambda>();
  const evaluation = new Evaluation({
    io: memoryIo({ files: { "/main.nix": text } }),
    observer: { parsed: (_, lambda) => texts.add(lambda) },
  });
  const value = evaluation.force(evaluation.loadFile("/main.nix"));
  const snapshot = done(HeapSnapshot.take([{ name: "result", value }]));
  let now = 0;
  const explorer = new HeapExplorer({
    snapshot,
    positions: evaluation.positions,
    code: texts,
    globals: evaluation.globalNames,
    keepsScopes: false,
    clock: () => now++,
    milliseconds,
  });
  return { explorer, evaluation };
}

function done<Result>(work: Generator<unknown, Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** The labels of what an object refers to. */
const labels = (explorer: HeapExplorer, number: number): string[] =>
  explorer.references(number).rows.map(({ label }) => label);

/** The object to which a label leads. */
function follow(explorer: HeapExplorer, number: number, label: string): number {
  const row = explorer.references(number).rows.find((one) => one.label === label);
  if (row?.number === undefined) throw new Error(`no ${label} in #${number}`);
  return row.number;
}

describe("a known heap", () => {
  const text = `let
    shared = builtins.genList (i: i) 3;
    f = a: b: { inherit a; sum = a + b; };
  in builtins.seq shared { left = shared; right = [ shared ]; call = f 1; never = f 2 shared; plain = 5; }`;
  const { explorer } = explore(text);

  test("is numbered from its roots", () => {
    expect(explorer.row(1)).toMatchObject({ kind: "set", text: "{ left right call never plain }" });
    expect(labels(explorer, 1)).toEqual([".left", ".right", ".call", ".never", ".plain"]);
    expect(explorer.references(1).rows.at(-1)).toEqual({
      label: ".plain",
      number: undefined,
      text: "5",
    });
    const overview = explorer.overview();
    expect(overview.kinds.reduce((sum, { count }) => sum + count, 0)).toBe(overview.objects);
    expect(overview.objects).toBe(explorer.snapshot.size);
  });

  test("shows what holds an object, and the way from a root", () => {
    const left = follow(explorer, 1, ".left");
    const list = explorer.row(left).kind === "list" ? left : follow(explorer, left, "value");
    expect(explorer.row(list)).toMatchObject({ kind: "list", text: "[ 3 items ]" });
    const path = explorer.path(list);
    expect(path[0]).toMatchObject({ label: "result", number: 1 });
    expect(path.at(-1)?.number).toBe(list);
    for (const { rows } of [explorer.holders(list), explorer.holders(left)]) {
      for (const { number, label } of rows) {
        expect(labels(explorer, number as number)).toContain(label);
      }
    }
    expect(explorer.holders(1).rows).toEqual([{ label: "result", number: 0, text: "a root" }]);
  });

  test("names what a thunk has captured", () => {
    const never = follow(explorer, 1, ".never");
    expect(explorer.row(never).kind).toBe("thunk: not evaluated");
    expect(labels(explorer, never).sort()).toEqual(["captured f", "captured shared"]);
  });

  test("leads from the text to the code, its instructions and its thunks", () => {
    const unit = explorer.unit(explorer.unitAt("/main.nix", 3).number);
    expect(unit).toMatchObject({ kind: "function", title: "f", place: "/main.nix:3:9" });
    expect(unit.text).toContain("f = a: b:");
    expect(unit.instructions.map(({ name }) => name)).toContain("CLOSURE");
    const inner = unit.instructions.find((one) => one.unit !== undefined)?.unit as number;
    expect(explorer.unit(inner).captures).toEqual(["a"]);
    const [never] = explorer.units("/main.nix", "never").rows;
    expect(explorer.objects({ unit: never?.number }).rows).toMatchObject([
      { number: follow(explorer, 1, ".never") },
    ]);
    expect(explorer.units("main.nix", "sum").rows.map(({ title }) => title)).toEqual(["sum"]);
    expect(() => explorer.units("other.nix")).toThrow(NoSuchThing);
  });

  test("knows code that was never entered", () => {
    const rows = explorer.units("/main.nix").rows;
    expect(rows.find(({ title }) => title === "never")).toMatchObject({ isUsed: false, live: 1 });
    expect(explorer.files().rows).toMatchObject([{ name: "/main.nix" }]);
  });
});

test("layers of `//` are shown and stay layers", () => {
  const { explorer } = explore(`
    let big = builtins.listToAttrs (builtins.genList (i: { name = "n\${toString i}"; value = i; }) 50);
    in big // { extra = [ ]; }`);
  const set = explorer.snapshot.objects[1] as Attrs;
  expect(set.depth).toBe(1);
  expect(explorer.row(1).text).toBe("{ extra } // 1 more");
  expect(labels(explorer, 1)).toEqual([".extra", "under //"]);
  done(explorer.object(1));
  expect(set.depth).toBe(1);
});

describe("retained sizes", () => {
  test("count what lives only because of an object", () => {
    const { explorer } = explore(`
      let shared = [ [ ] [ ] ]; own = [ [ [ ] ] ];
      in builtins.deepSeq [ shared own ] { a = shared; b = { c = shared; d = own; }; }`);
    const b = follow(explorer, 1, ".b");
    const all = done(explorer.object(1));
    let total = 0;
    for (const { bytes } of explorer.overview().kinds) total += bytes;
    expect(all.retained).toBe(total);
    expect(all.dominator).toBe(0);
    const inside = done(explorer.object(b));
    // `shared` is held by `a` as well.
    expect(inside.retained).toBeLessThan(total / 2);
    const [largest] = done(explorer.largest("retained")).rows;
    expect(largest?.number).toBe(1);
  });

  test("agree with their definition on random graphs", () => {
    for (let seed = 1; seed <= 40; seed++) {
      let state = seed;
      const random = (below: number): number => {
        state = (state * 1103515245 + 12345) % 2 ** 31;
        return Math.floor((state / 2 ** 31) * below);
      };
      const count = 3 + random(12);
      const nodes = Array.from({ length: count }, () => new Thunk(null, 0, undefined, null));
      for (const node of nodes) {
        node.a = Array.from({ length: random(4) }, () => nodes[random(count)] as Thunk);
      }
      const roots = [{ name: "root", value: nodes[0] }];
      const snapshot = done(HeapSnapshot.take(roots));
      const retained = done(snapshot.retainedSizes());
      for (let number = 1; number <= snapshot.size; number++) {
        // What can no longer be reached without the object.
        const seen = new Set<unknown>([snapshot.objects[number]]);
        const work: unknown[] = [nodes[0]].filter((one) => !seen.has(one));
        for (let at = work.pop(); at !== undefined; at = work.pop()) {
          if (seen.has(at)) continue;
          seen.add(at);
          if (at instanceof Thunk) work.push(at.a);
          else if (Array.isArray(at)) work.push(...at);
        }
        let size = snapshot.sizes[number] as number;
        for (let other = 1; other <= snapshot.size; other++) {
          if (!seen.has(snapshot.objects[other])) size += snapshot.sizes[other] as number;
        }
        expect([seed, number, retained[number]]).toEqual([seed, number, size]);
      }
    }
  });
});

describe("bounds", () => {
  test("a walk ends at its limit and says so", () => {
    const { evaluation } = explore("1");
    const value = evaluation.evaluate("builtins.genList (i: [ i ]) 100");
    const snapshot = done(HeapSnapshot.take([{ name: "x", value }], 10));
    expect(snapshot.size).toBe(10);
    expect(snapshot.isCut).toBe(true);
  });

  test("lists have parts, and parts continue", () => {
    const { explorer } = explore(
      "let l = builtins.genList (i: [ i ]) 100; in builtins.deepSeq l l",
    );
    const seen = new Set<number>();
    for (let from: number | undefined = 0; from !== undefined; ) {
      const page = explorer.objects({ kind: "list" }, { from, limit: 7 });
      expect(page.rows.length).toBeLessThanOrEqual(7);
      for (const { number } of page.rows) seen.add(number);
      from = page.next;
    }
    expect(seen.size).toBe(101);
    expect(explorer.references(1, { from: 95 }).rows.map(({ label }) => label)).toEqual([
      "[95]",
      "[96]",
      "[97]",
      "[98]",
      "[99]",
    ]);
    expect(explorer.objects({}, { limit: 1e9 }).rows.length).toBeLessThanOrEqual(1000);
  });

  test("a search stops when its time is over, and continues from there", () => {
    const { explorer } = explore(
      'let l = builtins.genList (i: [ "x${toString i}" ]) 3000; in builtins.deepSeq l l',
      1,
    );
    let answers = 0;
    const found: string[] = [];
    for (let from: number | undefined = 0; from !== undefined; answers++) {
      const page = explorer.objects({ text: "x2999" }, { from });
      found.push(...page.rows.map(({ text }) => text));
      from = page.next;
    }
    expect(found).toEqual(['"x2999"']);
    expect(answers).toBeGreaterThan(3);
  });

  test("a deep chain does not overflow the stack", () => {
    const { explorer } = explore(
      "builtins.foldl' (inner: _: { inherit inner; }) { } (builtins.genList (i: i) 50000)",
    );
    expect(explorer.snapshot.size).toBeGreaterThan(50000);
    expect(done(explorer.object(1)).retained).toBeGreaterThan(50000 * 50);
    expect(explorer.path(explorer.snapshot.size).length).toBeGreaterThan(50000);
  });

  test("what does not exist is an error with the range", () => {
    const { explorer } = explore("{ }");
    expect(() => explorer.row(99)).toThrow("there is no object 99; they go from 1 to 1");
    expect(() => explorer.unit(99)).toThrow(NoSuchThing);
    expect(OBJECT_KINDS).toContain(explorer.row(1).kind);
  });
});

test("many objects answer in parts", { timeout: 60_000 }, () => {
  const { explorer } = explore(
    "let l = builtins.genList (i: { a = [ i ]; }) 80000; in builtins.deepSeq l l",
  );
  expect(explorer.snapshot.size).toBeGreaterThan(240_000);
  const page = explorer.objects({ text: "nothing is called so" });
  expect(page.rows).toEqual([]);
  expect(page.next).toBeGreaterThan(0);
  const [first] = done(explorer.largest("retained")).rows;
  expect(first?.number).toBe(1);
});
