/**
 * Conformance suites: test cases of other implementations, read from a checkout that the
 * user has, never from this repository.
 *
 * A suite is a row of `suites`, which main.ts and the test iterate over: the variable that names
 * the checkout, and a function that reads its cases. Everything else (running, comparing, counting,
 * expected failures) is the same for all of them.
 */
import type { Invocation, Outcome } from "@nivis/testkit";
import { lixSuite } from "./lix.ts";
import { nixLangSuite } from "./nix-lang.ts";
import { nixpkgsLibSuite, oldNixpkgsLibSuite } from "./nixpkgs-lib.ts";
import { snixSuite, tvixSuite } from "./snix.ts";

/** A case of a suite. */
export interface ConformanceCase {
  /** The group in which it is counted, such as `eval-okay`. */
  readonly kind: string;
  readonly name: string;
  readonly invocation: Invocation;
  readonly code: number;
  /** The required standard output; anything if absent. */
  readonly stdout?: string;
  /** The original's standard error, which is counted separately and not required. */
  readonly stderr?: string;
  /** Runs a case that is a program of its own instead of an invocation. */
  run?(): Promise<Outcome>;
  /** Makes outputs comparable: replaces folders and numbers like the suite's own driver. */
  normalise(outcome: Outcome): Promise<Outcome> | Outcome;
}

/** A suite. */
export interface ConformanceSuite {
  /** Its name in the scoreboard and the list of expected failures. */
  readonly name: string;
  /** The environment variable that names the checkout. */
  readonly variable: string;
  /** Reads the cases of a checkout. */
  cases(checkout: string): ConformanceCase[];
}

/** All suites. */
export const suites: readonly ConformanceSuite[] = [
  nixLangSuite,
  snixSuite,
  tvixSuite,
  lixSuite,
  nixpkgsLibSuite,
  oldNixpkgsLibSuite,
];
