/**
 * Constituents: Hydra's aggregates, derivations that stand for other jobs. Those that they name are
 * found among all jobs once these are known, and aggregates that refer to others come after them.
 * Source: src/constituents.cc of nix-eval-jobs, whose messages these are.
 */
import { sortedBytes } from "@nivis/formats";
import { namePattern } from "./name-pattern.ts";
import type { AggregateWish } from "./reply.ts";

/** What is remembered of a job: either its derivation or why there is none. */
export interface KnownJob {
  readonly drvPath?: string;
  readonly error?: string;
  readonly aggregate?: AggregateWish;
}

/** An aggregate whose constituents are known. */
export interface Aggregate {
  readonly name: string;
  /** The names of its constituents in order. */
  readonly dependencies: readonly string[];
  /** Constituents that are missing or failed, with the reason; such an aggregate fails. */
  readonly broken: ReadonlyMap<string, string>;
}

/** What the aggregates of a sweep come to. */
export type ResolvedAggregates =
  /** All of them, each after those that it refers to. */
  | { readonly kind: "ordered"; readonly aggregates: readonly Aggregate[] }
  /** Two aggregates need each other; `skipped` are all others. */
  | {
      readonly kind: "cycle";
      readonly between: readonly [string, string];
      readonly skipped: readonly string[];
    };

/** Something to tell the user. */
export interface AggregateMessage {
  readonly severity: "error" | "warning";
  readonly text: string;
}

/** The field `error` of an aggregate with broken constituents. */
export function brokenMessage(broken: ReadonlyMap<string, string>): string {
  return Array.from(broken, ([name, error]) => `${name}: ${error}\n`).join("");
}

/** The field `error` of two aggregates that need each other. */
export function cycleMessage([a, b]: readonly [string, string]): string {
  return `Dependency cycle: ${a} <-> ${b}`;
}

/** The field `error` of aggregates beside a cycle. */
export const SKIPPED_MESSAGE = "Skipping aggregate because of a dependency cycle";

/** Finds the constituents that aggregates name. The jobs are by their field `attr`. */
export function resolveAggregates(
  jobs: ReadonlyMap<string, KnownJob>,
  tell: (message: AggregateMessage) => void,
): ResolvedAggregates {
  const sortedNames = sortedBytes(jobs.keys());
  const aggregates = new Map<string, Aggregate>();
  for (const name of sortedNames) {
    const { aggregate } = jobs.get(name) as KnownJob;
    if (aggregate === undefined || aggregate.names.length === 0) continue;
    aggregates.set(name, resolveOne(name, aggregate, jobs, sortedNames, tell));
  }
  return inOrder(aggregates);
}

function resolveOne(
  name: string,
  wish: AggregateWish,
  jobs: ReadonlyMap<string, KnownJob>,
  sortedNames: readonly string[],
  tell: (message: AggregateMessage) => void,
): Aggregate {
  const broken = new Map<string, string>();
  const dependencies = new Set<string>();
  const isUsable = (child: string, { error }: KnownJob): boolean => {
    if (error === undefined) return true;
    tell({
      severity: "error",
      text: `aggregate job '${name}' references broken job '${child}': ${error}`,
    });
    broken.set(child, error);
    return false;
  };
  for (const child of wish.names) {
    const job = jobs.get(child);
    if (job !== undefined) {
      if (isUsable(child, job)) dependencies.add(child);
    } else if (!wish.areGlobs) {
      tell({
        severity: "error",
        text: `aggregate job '${name}' references non-existent job '${child}'`,
      });
      broken.set(child, "does not exist");
    } else {
      const matches = namePattern(child);
      let found = false;
      for (const candidate of sortedNames) {
        // The aggregate itself is never its own constituent.
        if (candidate === name || !matches(candidate)) continue;
        if (!isUsable(candidate, jobs.get(candidate) as KnownJob)) continue;
        dependencies.add(candidate);
        found = true;
      }
      if (!found) {
        tell({
          severity: "warning",
          text: `aggregate job '${name}' references constituent glob pattern '${child}' with no matches`,
        });
        broken.set(child, "constituent glob pattern had no matches");
      }
    }
  }
  return { name, dependencies: sortedBytes(dependencies), broken };
}

/** One step of the search below: an aggregate and the next of its dependencies to look at. */
interface Visit {
  readonly aggregate: Aggregate;
  next: number;
}

/** Puts dependencies first. The search keeps its own stack, since chains may be long. */
function inOrder(aggregates: ReadonlyMap<string, Aggregate>): ResolvedAggregates {
  const sorted: Aggregate[] = [];
  const visited = new Set<string>();
  const parents = new Set<string>();
  for (const root of aggregates.values()) {
    if (visited.has(root.name)) continue;
    visited.add(root.name);
    parents.add(root.name);
    const stack: Visit[] = [{ aggregate: root, next: 0 }];
    for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) {
      const { aggregate } = visit;
      const child = aggregate.dependencies[visit.next++];
      if (child === undefined) {
        sorted.push(aggregate);
        parents.delete(aggregate.name);
        stack.pop();
        continue;
      }
      const next = aggregates.get(child);
      if (next === undefined || child === aggregate.name) continue;
      if (parents.has(child)) {
        const between = [child, aggregate.name] as const;
        const skipped = [...aggregates.keys()].filter((name) => !between.includes(name));
        return { kind: "cycle", between, skipped };
      }
      if (visited.has(child)) continue;
      visited.add(child);
      parents.add(child);
      stack.push({ aggregate: next, next: 0 });
    }
  }
  return { kind: "ordered", aggregates: sorted };
}
