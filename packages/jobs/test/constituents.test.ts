/** Hydra's aggregates: which jobs they stand for, and in which order they are made. */
import { type AggregateMessage, type KnownJob, resolveAggregates } from "@nivis/jobs";
import { expect, test } from "vitest";

function jobs(given: Record<string, KnownJob | readonly string[]>): Map<string, KnownJob> {
  const rows = Object.entries(given).map(([name, job]): [string, KnownJob] => [
    name,
    Array.isArray(job)
      ? { drvPath: `/nix/store/${name}.drv`, aggregate: { names: job as string[], areGlobs: true } }
      : (job as KnownJob),
  ]);
  return new Map(rows);
}

function resolve(known: Map<string, KnownJob>) {
  const told: AggregateMessage[] = [];
  return { resolved: resolveAggregates(known, (message) => told.push(message)), told };
}

test("aggregates come after those that they refer to", () => {
  const { resolved } = resolve(jobs({ all: ["some"], some: ["x"], x: { drvPath: "x" } }));
  expect(resolved.kind).toBe("ordered");
  if (resolved.kind !== "ordered") return;
  expect(resolved.aggregates.map(({ name }) => name)).toEqual(["some", "all"]);
  expect(resolved.aggregates[1]?.dependencies).toEqual(["some"]);
});

test("a pattern matches all other jobs", () => {
  const { resolved, told } = resolve(
    jobs({ all: ["*"], b: { drvPath: "b" }, a: { drvPath: "a" } }),
  );
  expect(told).toEqual([]);
  expect(resolved.kind === "ordered" && resolved.aggregates[0]?.dependencies).toEqual(["a", "b"]);
});

test("missing, broken and unmatched constituents break an aggregate", () => {
  const known = jobs({ all: ["bad", "none.*"], bad: { error: "error: no" } });
  known.set("plain", { drvPath: "p", aggregate: { names: ["gone"], areGlobs: false } });
  const { resolved, told } = resolve(known);
  expect(
    resolved.kind === "ordered" && resolved.aggregates.map(({ broken }) => [...broken]),
  ).toEqual([
    [
      ["bad", "error: no"],
      ["none.*", "constituent glob pattern had no matches"],
    ],
    [["gone", "does not exist"]],
  ]);
  expect(told.map(({ severity }) => severity)).toEqual(["error", "warning", "error"]);
});

test("a cycle names two aggregates and skips all others", () => {
  const { resolved } = resolve(jobs({ a: ["b"], b: ["a"], c: ["x"], x: { drvPath: "x" } }));
  expect(resolved).toEqual({ kind: "cycle", between: ["a", "b"], skipped: ["c"] });
});

test("a chain of many aggregates takes no native stack", () => {
  const chain: Record<string, readonly string[]> = {};
  for (let i = 0; i < 20_000; i++) chain[`n${i}`] = [`n${i + 1}`];
  const { resolved } = resolve(jobs({ ...chain, n20000: { drvPath: "last" } }));
  expect(resolved.kind === "ordered" && resolved.aggregates.length).toBe(20_000);
});
