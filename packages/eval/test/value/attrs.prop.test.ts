/** Attribute sets against a model that keeps no shapes: what shapes remember must never show. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_POS, type PosIdx } from "../../src/position.ts";
import { Attrs, updateAttrs } from "../../src/value/attrs.ts";
import { Shape } from "../../src/value/shape.ts";
import { ShapeTable } from "../../src/value/shape-table.ts";

interface Entry {
  readonly value: number;
  readonly pos: PosIdx;
}
type Model = ReadonlyMap<string, Entry>;

/** Numbers as positions. */
function positionsOf(numbers: readonly number[]): readonly PosIdx[] {
  return numbers as readonly PosIdx[];
}

const NAMES = ["__proto__", "constructor", ...Array.from({ length: 28 }, (_, i) => `n${i}`)];
const name = fc.constantFrom(...NAMES);
const names = fc.uniqueArray(name, { maxLength: 24 });

/** The names of a literal with where they are defined, if that is known. */
const literal = fc.record({ names, positioned: fc.boolean(), line: fc.nat(2) });

const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ op: fc.constant("literal" as const), which: fc.nat() }) },
  {
    weight: 6,
    arbitrary: fc.record({ op: fc.constant("update" as const), left: fc.nat(), right: fc.nat() }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("remove" as const), of: fc.nat(), names }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("map" as const), of: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("list" as const), of: fc.nat() }) },
);

function byName([a]: [string, Entry], [b]: [string, Entry]): number {
  return a < b ? -1 : 1;
}

/** Looks at everything that can be seen without listing the names, which changes the representation. */
function expectSame(set: Attrs, model: Model): void {
  for (const each of NAMES) {
    expect(set.get(each)).toBe(model.get(each)?.value);
    expect(set.positionOf(each)).toBe(model.get(each)?.pos ?? NO_POS);
  }
}

function expectSameListing(set: Attrs, model: Model): void {
  const sorted = Array.from(model).sort(byName);
  expect(set.size()).toBe(model.size);
  expect(set.sortedNames()).toEqual(sorted.map(([key]) => key));
  expect(set.sortedSlots()).toEqual(sorted.map(([, { value }]) => value));
  const slots = set.slots();
  expect(new Map(set.names().map((each, i) => [each, slots[i]]))).toEqual(
    new Map(Array.from(model, ([each, { value }]) => [each, value])),
  );
  expectSame(set, model);
}

test("updates, removals and mappings are those of a plain map, however often", () => {
  fc.assert(
    fc.property(
      fc.array(literal, { minLength: 1, maxLength: 4 }),
      fc.array(command, { maxLength: 40 }),
      (literals, commands) => {
        const shapes = literals.map(
          (each) =>
            new Shape(
              each.names,
              each.positioned
                ? positionsOf(each.names.map((_, i) => 100 * (each.line + 1) + i))
                : null,
            ),
        );
        let next = 0;
        // The second time everything has been seen before.
        for (let round = 0; round < 2; round++) {
          const sets: Attrs[] = [new Attrs(new Shape([], null), [])];
          const models: Model[] = [new Map()];
          const at = (which: number) => which % sets.length;
          for (const each of commands) {
            let set: Attrs;
            let model: Model;
            if (each.op === "literal") {
              const shape = shapes[each.which % shapes.length] as Shape;
              const values = shape.names.map(() => next++);
              set = new Attrs(shape, values);
              model = new Map(
                shape.names.map((key, i) => [
                  key,
                  { value: values[i] as number, pos: shape.positions?.[i] ?? NO_POS },
                ]),
              );
            } else if (each.op === "update") {
              set = updateAttrs(sets[at(each.left)] as Attrs, sets[at(each.right)] as Attrs);
              model = new Map([
                ...(models[at(each.left)] as Model),
                ...(models[at(each.right)] as Model),
              ]);
            } else if (each.op === "remove") {
              set = (sets[at(each.of)] as Attrs).without(each.names);
              model = new Map(
                Array.from(models[at(each.of)] as Model).filter(
                  ([key]) => !each.names.includes(key),
                ),
              );
            } else if (each.op === "map") {
              const of = sets[at(each.of)] as Attrs;
              const slots = of.slots().map((value) => (value as number) + 1);
              set = new Attrs(of.shape.withoutPositions(), slots);
              model = new Map(
                Array.from(models[at(each.of)] as Model, ([key, { value }]) => [
                  key,
                  { value: value + 1, pos: NO_POS },
                ]),
              );
            } else {
              expectSameListing(sets[at(each.of)] as Attrs, models[at(each.of)] as Model);
              continue;
            }
            expectSame(set, model);
            sets.push(set);
            models.push(model);
          }
          for (let i = 0; i < sets.length; i++)
            expectSameListing(sets[i] as Attrs, models[i] as Model);
        }
      },
    ),
  );
});

test("a set that is updated the same way again has the same shape", () => {
  const left = new Shape(["a", "b", "c"], positionsOf([1, 2, 3]));
  const right = new Shape(["b", "d"], positionsOf([4, 5]));
  const update = (set: Attrs) => updateAttrs(set, new Attrs(right, [6, 7]));
  const once = update(new Attrs(left, [1, 2, 3]));
  expect(update(new Attrs(left, [8, 9, 10])).shape).toBe(once.shape);
  // Nothing new: not even where the names are defined.
  expect(update(once).shape).toBe(once.shape);
  expect(new Attrs(left, [1, 2, 3]).without(["c"]).shape).toBe(
    new Attrs(left, [1, 2, 3]).without(["c"]).shape,
  );
});

/** What a shape remembers, which nothing but this test may look at. */
function inside(shape: Shape): { readonly union: { readonly shape: Shape } | null } {
  return shape as unknown as ReturnType<typeof inside>;
}

test("updates without end do not keep all that led to them", async () => {
  const start = new Attrs(new Shape(["a"], positionsOf([1])), [0]);
  let set = start;
  const shapes: WeakRef<Shape>[] = [];
  for (let i = 0; i < 4000; i++) {
    // A shape of its own each time, at another place: the union is never one that is known.
    set = updateAttrs(set, new Attrs(new Shape(["a"], positionsOf([i + 2])), [i]));
    shapes.push(new WeakRef(set.shape));
  }
  // References made in this turn are kept until its end.
  await new Promise((resolve) => setTimeout(resolve, 0));
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  expect(start.get("a")).toBe(0);
  expect(set.get("a")).toBe(3999);
  expect(shapes.filter((shape) => shape.deref() !== undefined).length).toBeLessThan(1000);
  // The same without the collector: the unions that can be reached from the first shape.
  let reachable = 0;
  for (let { union } = inside(start.shape); union !== null; { union } = inside(union.shape)) {
    reachable++;
  }
  expect(reachable).toBeLessThan(1000);
});

test("a table shares shapes with the same names at the same places", () => {
  const table = new ShapeTable();
  const shape = table.share(["a", "b"], positionsOf([1, 2]));
  expect(table.beginningWith("a")).toBe(shape);
  expect(table.beginningWith("b")).toBeUndefined();
  expect(table.share(["a", "b"], positionsOf([1, 2]))).toBe(shape);
  for (const other of [
    table.share(["a", "b"], positionsOf([1, 3])),
    table.share(["a", "b"], null),
    table.share(["a", "c"], positionsOf([1, 2])),
    table.share(["a"], positionsOf([1])),
  ]) {
    expect(other).not.toBe(shape);
  }
});

test("large sets with small layers over them are those of a plain map", () => {
  const layer = fc.record({
    first: fc.nat(900),
    size: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(70, 300, 700)),
    positioned: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(layer, { minLength: 2, maxLength: 7 }), (layers) => {
      const shapes = layers.map(({ first, size, positioned }, k) => {
        const own = Array.from({ length: size }, (_, i) => `n${first + i}`);
        return new Shape(own, positioned ? positionsOf(own.map((_, i) => 1000 * k + i + 1)) : null);
      });
      // All layers, all but one that is small, and all again: shapes remember what they were united to.
      for (const left of [-1, shapes.length - 1, -1, 1, -1]) {
        let set = new Attrs(new Shape([], null), []);
        const model = new Map<string, Entry>();
        shapes.forEach((shape, k) => {
          if (k === left) return;
          const values = shape.names.map((_, i) => 1000 * k + i);
          set = updateAttrs(set, new Attrs(shape, values));
          shape.names.forEach((each, i) => {
            model.set(each, { value: values[i] as number, pos: shape.positions?.[i] ?? NO_POS });
          });
        });
        expectSameListing(set, model);
        // From the first definition on, a name keeps its place.
        expect(set.names()).toEqual([...model.keys()]);
        for (const [each, { value, pos }] of model) {
          if (set.get(each) !== value || set.positionOf(each) !== pos) expect.fail(each);
        }
        expect(set.has("n2000")).toBe(false);
      }
    }),
    { numRuns: 60 },
  );
});
