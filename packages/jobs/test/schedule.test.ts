/** Which attribute a worker takes next. */
import { type AttrPath, compareAttrPaths, type Lane, Schedule } from "@nivis/jobs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

function take(schedule: Schedule, lane: Lane): string {
  return schedule.take(lane)?.join(".") ?? "nothing";
}

describe("one lane", () => {
  test("walks depth first in the order of names", () => {
    const schedule = new Schedule();
    const lane = schedule.openLane();
    schedule.add([["b"], ["a"], ["c"]]);
    expect(take(schedule, lane)).toBe("a");
    schedule.add([
      ["a", "y"],
      ["a", "x"],
    ]);
    schedule.finish(["a"]);
    expect([1, 2, 3, 4].map(() => take(schedule, lane))).toEqual(["a.x", "a.y", "b", "c"]);
    expect(take(schedule, lane)).toBe("nothing");
  });

  test("gets back what was given back", () => {
    const schedule = new Schedule();
    const lane = schedule.openLane();
    schedule.add([["a"], ["b"]]);
    const path = schedule.take(lane) as AttrPath;
    schedule.giveBack(path);
    expect([1, 2].map(() => take(schedule, lane)).sort()).toEqual(["a", "b"]);
    expect(schedule.open).toBe(2);
  });
});

test("two lanes keep to regions of their own until one is finished", () => {
  const schedule = new Schedule();
  const [one, two] = [schedule.openLane(), schedule.openLane()];
  schedule.add(["a", "b", "c", "d", "e", "f", "g", "h"].map((name) => [name]));
  expect(take(schedule, one)).toBe("a");
  expect(take(schedule, two)).toBe("e");
  expect(["b", "f", "c", "g"]).toEqual([one, two, one, two].map((lane) => take(schedule, lane)));
  expect(take(schedule, two)).toBe("h");
  // The region of the second lane is finished; it takes over from the first.
  expect(take(schedule, two)).toBe("d");
  expect(take(schedule, one)).toBe("nothing");
});

test("those who wait are told of new paths and of the end", async () => {
  const schedule = new Schedule();
  const lane = schedule.openLane();
  schedule.add([[]]);
  schedule.take(lane);
  const waiting = schedule.changed();
  schedule.add([["a"]]);
  await waiting;
  const end = schedule.changed();
  schedule.finish([]);
  await end;
});

test("whatever the lanes do, each path is taken once", () => {
  const names = fc.constantFrom("a", "b", "c", "d", "e", "f");
  const paths = fc.uniqueArray(fc.array(names, { minLength: 1, maxLength: 3 }), {
    maxLength: 40,
    comparator: (a, b) => compareAttrPaths(a, b) === 0,
  });
  const choices = fc.array(fc.nat(3), { minLength: 200, maxLength: 200 });
  fc.assert(
    fc.property(fc.array(paths, { minLength: 1, maxLength: 4 }), choices, (batches, order) => {
      const schedule = new Schedule();
      const lanes = Array.from({ length: 4 }, () => schedule.openLane());
      const known = new Set<string>();
      const taken: string[] = [];
      const waiting = batches.map((batch) =>
        batch.filter((path) => {
          const isNew = !known.has(path.join("."));
          known.add(path.join("."));
          return isNew;
        }),
      );
      order.forEach((choice, i) => {
        if (i % 7 === 0) schedule.add(waiting.pop() ?? []);
        const path = schedule.take(lanes[choice] as Lane);
        if (path === undefined) return;
        taken.push(path.join("."));
        schedule.finish(path);
      });
      expect(taken.sort()).toEqual([...known].sort());
      expect(schedule.open).toBe(0);
    }),
  );
});
