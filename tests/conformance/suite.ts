/**
 * What a conformance suite is: test cases of another implementation, read from a checkout that the
 * user has, never from this repository.
 *
 * A suite is a row of `suites` (main.ts and the test walk over them): the variable that names the
 * checkout, and a function that turns the files there into cases. Everything else (running,
 * comparing, counting, expected failures) is the same for all of them.
 */
import type { Invocation, Outcome } from "@nivis/testkit";
import { lixSuite } from "./lix.ts";
import { nixLangSuite } from "./nix-lang.ts";
import { nixpkgsLibSuite, oldNixpkgsLibSuite } from "./nixpkgs-lib.ts";
import { snixSuite, tvixSuite } from "./snix.ts";

/** One case of a suite. */
export interface ConformanceCase {
  /** The group under which it is counted, such as `eval-okay`. */
  readonly kind: string;
  readonly name: string;
  readonly invocation: Invocation;
  readonly code: number;
  /** What must be on standard output for the case to pass; anything when absent. */
  readonly stdout?: string;
  /** What the original prints on standard error; counted apart, not needed to pass. */
  readonly stderr?: string;
  /** For a case that is not one invocation but a program of its own: runs it. */
  run?(): Promise<Outcome>;
  /** Makes outputs comparable: replaces folders, numbers, whatever the suite's own driver does. */
  normalise(outcome: Outcome): Promise<Outcome> | Outcome;
}

/** One suite. */
export interface ConformanceSuite {
  /** How it is called in the scoreboard and the list of expected failures. */
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
