/** Profiles: what is sampled, how it is summed up, and the formats that other programs read. */
import { Attrs, Evaluation, memoryIo, TimeSampler } from "@nivis/eval";
import { describe, expect, test } from "vitest";
import {
  EntryCounter,
  flamePage,
  foldedStacks,
  type Profile,
  pprofFile,
  profileOf,
  rank,
  speedscopeFile,
  traceEvents,
} from "../src/index.ts";

/** Burns some thousand frames, so that there are samples in it. */
const FILES = {
  "/work.nix": `rec {
  burn = n: if n == 0 then 0 else 1 + burn (n - 1);
  cheap = burn 3000;
  dear = burn 30000 + cheap;
  named = derivation { name = "thing"; system = "s"; builder = toString (burn 20000); };
  option = builtins.addErrorContext "while evaluating the option \`a.b':" (burn 10000);
}`,
};

/** A profile of the deep value of a program, with a clock that advances with each sample. */
function profile(program: string): Profile {
  let time = 0;
  let reads = 0;
  let bytes = 0;
  const sampler = new TimeSampler({
    frequency: 1_000_000,
    milliseconds: () => {
      // The end of a sample is read, too, and takes no time here.
      if (reads++ % 2 === 0) {
        time += 1;
        bytes += 1000;
      }
      return time;
    },
    heap: { used: () => bytes, allocated: () => bytes },
  });
  const evaluation = new Evaluation({ io: memoryIo({ files: FILES }), sampler, tier: "vm" });
  const value = evaluation.evaluate(program);
  if (value instanceof Attrs) {
    sampler.nameAttributes(value);
    for (const slot of value.slots()) {
      const forced = evaluation.force(slot);
      if (forced instanceof Attrs) evaluation.force(forced.get("drvPath") ?? null);
    }
  }
  sampler.finish();
  return profileOf(sampler, evaluation, "program");
}

const whole = profile('builtins.removeAttrs (import /work.nix) [ "burn" ]');
const sumOf = (values: Iterable<number>): number => [...values].reduce((sum, one) => sum + one, 0);

describe("what is measured", () => {
  test("belongs to exactly one stack", () => {
    expect(sumOf(whole.nodes.map(({ milliseconds }) => milliseconds))).toBeLessThanOrEqual(
      whole.milliseconds,
    );
    expect(sumOf(whole.samples.map(({ milliseconds }) => milliseconds))).toBeCloseTo(
      whole.milliseconds,
    );
    expect(whole.samples.length).toBeGreaterThan(50);
    whole.nodes.forEach(({ parent }, i) => {
      expect(parent).toBeLessThan(i);
    });
  });

  test("is summed up by attribute and derivation", () => {
    const rows = rank(whole, "package");
    const own = new Map(rows.map(({ name, own }) => [name, own.milliseconds]));
    // The definition of the derivation's arguments; there may be no sample in it.
    own.delete("named");
    expect([...own.keys()].sort()).toEqual(["cheap", "dear", "option", "thing"]);
    // As many calls as the program makes; what `dear` needs of `cheap` is not its own.
    const share = (name: string): number => (own.get(name) as number) / (own.get("dear") as number);
    expect(share("cheap")).toBeGreaterThan(0.05);
    expect(share("cheap")).toBeLessThan(0.2);
    expect(share("thing")).toBeGreaterThan(0.55);
    expect(share("thing")).toBeLessThan(0.8);
  });

  test("is summed up by option", () => {
    const [row, ...others] = rank(whole, "option");
    expect(row?.name).toBe("a.b");
    expect(others).toEqual([]);
    expect(row?.own.samples).toBeGreaterThan(5);
  });

  test("is summed up by function and file, recursion counting once", () => {
    const rows = rank(whole, "function");
    // A round of the recursion enters the function and evaluates `n - 1`.
    const own = new Map(rows.map((row) => [row.place, row.own.milliseconds]));
    const [burn = 0, argument = 0] = [own.get("/work.nix:2:10"), own.get("/work.nix:2:47")];
    expect(burn + argument).toBeGreaterThan(0.9 * whole.milliseconds);
    expect(burn / (burn + argument)).toBeGreaterThan(0.35);
    expect(burn / (burn + argument)).toBeLessThan(0.65);
    expect(rows.find(({ name }) => name === "burn")?.total.milliseconds).toBeLessThanOrEqual(
      whole.milliseconds,
    );
    const files = rank(whole, "file");
    expect(files[0]?.name).toBe("/work.nix");
    expect(sumOf(files.map(({ own }) => own.milliseconds))).toBeLessThanOrEqual(whole.milliseconds);
  });
});

describe("formats", () => {
  const joined = (pieces: Iterable<string>): string => [...pieces].join("");

  test("folded stacks add up", () => {
    const lines = joined(foldedStacks(whole)).trimEnd().split("\n");
    const time = sumOf(lines.map((line) => Number(line.slice(line.lastIndexOf(" ") + 1))));
    const nodes = sumOf(whole.nodes.map(({ milliseconds }) => milliseconds));
    expect(time).toBeCloseTo(nodes * 1000, -1);
    expect(lines.every((line) => /^[^;]+(?:;[^;]+)* \d+$/.test(line))).toBe(true);
  });

  test("speedscope gets frames by index and a weight for each sample", () => {
    const file = JSON.parse(joined(speedscopeFile(whole, "nivis")));
    const [time, memory] = file.profiles;
    expect(time).toMatchObject({ type: "sampled", unit: "milliseconds" });
    expect(time.samples.length).toBe(time.weights.length);
    expect(sumOf(time.weights)).toBeCloseTo(time.endValue);
    expect(Math.max(...time.samples.flat())).toBe(file.shared.frames.length - 1);
    expect(sumOf(memory.weights)).toBe(memory.endValue);
    expect(memory.endValue).toBeGreaterThan(50_000);
    expect(file.shared.frames).toContainEqual({
      name: "burn",
      file: "/work.nix",
      line: 2,
      col: 10,
    });
  });

  test("trace events nest and never go back in time", () => {
    const { traceEvents: events } = JSON.parse(joined(traceEvents(whole)));
    let depth = 0;
    let last = 0;
    for (const { ph, ts = last } of events) {
      expect(ts).toBeGreaterThanOrEqual(last);
      last = ts;
      if (ph === "B") depth++;
      if (ph === "E") depth--;
      expect(depth).toBeGreaterThanOrEqual(0);
    }
    expect(depth).toBe(0);
    // What comes after the last sample belongs to no frame.
    expect(last).toBeLessThanOrEqual(whole.milliseconds * 1000);
    expect(last).toBeGreaterThan(whole.milliseconds * 950);
  });

  test("pprof's message has all tables", () => {
    const fields = fieldsOf(pprofFile(whole, 1_700_000_000_000));
    const count = (field: number): number => fields.filter(([number]) => number === field).length;
    expect(count(1)).toBe(3);
    const measured = whole.nodes.filter(({ samples, bytes }) => samples > 0 || bytes > 0);
    expect(count(2)).toBe(measured.length);
    expect(count(4)).toBe(count(5));
    const texts = fields.filter(([number]) => number === 6).map(([, value]) => value);
    expect(texts.slice(0, 2)).toEqual(["", "samples"]);
    for (const text of ["burn", "/work.nix", "package", "thing", "option", "a.b"]) {
      expect(texts).toContain(text);
    }
    expect(fields.find(([number]) => number === 9)?.[1]).toBe(1_700_000_000_000_000_000);
  });

  test("the page contains its data and nothing that it would have to load", () => {
    const page = flamePage({ ...whole, title: '</script><b>"&' });
    expect(page).not.toMatch(/(?:src|href)=|@import|https?:/);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    const json = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1];
    const data = JSON.parse(json as string);
    expect(data.title).toBe('</script><b>"&');
    for (const list of [data.frame, data.time, data.memory]) {
      expect(list).toHaveLength(data.parent.length);
    }
    // A frame is at least as wide as what is below it.
    const below = data.time.map(() => 0);
    data.parent.forEach((parent: number, i: number) => {
      if (parent >= 0) below[parent] += data.time[i];
    });
    data.time.forEach((time: number, i: number) => {
      expect(time + 1 + data.parent.length / 1000).toBeGreaterThanOrEqual(below[i]);
    });
  });
});

/** The fields of a protobuf message: integers as numbers, all else as text. */
function fieldsOf(bytes: Uint8Array): [field: number, value: number | string][] {
  const fields: [number, number | string][] = [];
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] as number;
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = number();
    if (tag % 8 === 0) fields.push([tag >> 3, number()]);
    else {
      const length = number();
      fields.push([tag >> 3, new TextDecoder().decode(bytes.subarray(at, at + length))]);
      at += length;
    }
  }
  return fields;
}

test("calls and thunks are counted within derivations and options, across builtins and deep stacks", () => {
  const counter = new EntryCounter();
  const evaluation = new Evaluation({ io: memoryIo({ files: FILES }), observer: counter });
  const set = evaluation.evaluate('builtins.removeAttrs (import /work.nix) [ "burn" ]') as Attrs;
  counter.nameAttributes(set);
  for (const slot of set.slots()) {
    const forced = evaluation.force(slot);
    if (forced instanceof Attrs) evaluation.force(forced.get("drvPath") ?? null);
  }
  const packages = counter.countsWithin("package", evaluation);
  // A round of the recursion makes one thunk; `dear` does not count what `cheap` needs.
  expect(packages.get("cheap")?.thunks).toBe(3000);
  expect(packages.get("dear")?.thunks).toBe(30_000);
  // And one for the argument of `toString`.
  expect(packages.get("thing")?.thunks).toBe(20_001);
  expect(packages.get("thing")?.entries).toBeGreaterThanOrEqual(40_001);
  const options = counter.countsWithin("option", evaluation);
  expect([...options.keys()]).toEqual(["a.b"]);
  expect(options.get("a.b")?.thunks).toBe(10_000);
  const all = [...counter.counts(evaluation.positions).values()];
  const within = [...packages.values()];
  expect(sumOf(within.map(({ thunks }) => thunks))).toBeLessThanOrEqual(
    sumOf(all.map(({ thunks }) => thunks)),
  );
});
