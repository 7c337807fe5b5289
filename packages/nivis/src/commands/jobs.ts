/** `nivis jobs`: prints a line of JSON for each derivation in an expression. */
import {
  checkJobFlags,
  defaultJobFlags,
  JOB_OPTIONS,
  type JobFlags,
  MAX_CALL_DEPTH,
  takeSource,
} from "../jobs/job-options.ts";
import { runJobs } from "../jobs/run-jobs.ts";
import type { WaitingProgram } from "../program.ts";
import { jobTopic } from "./job-topics.ts";

/** The command for a command line, which its workers get, too. */
export function jobsCommand(args: readonly string[]): WaitingProgram<JobFlags> {
  return {
    ...jobTopic("jobs"),
    description: [
      "Walks through the sets of the expression in FILE, or of EXPR, and prints a line for each derivation as soon as it is known: its attribute path, name, system, .drv path and outputs. A set in another is walked through if its attribute recurseForDerivations is true. Functions are called with the arguments of --arg and --argstr.",
      "The flags and lines are those of nix-eval-jobs. An attribute that cannot be evaluated gets a line with the field error, and all others are evaluated; the exit code is 1 only if the expression itself fails, or if an attribute exceeded the memory, the time, the steps or the depth.",
    ],
    options: JOB_OPTIONS,
    maxCallDepth: MAX_CALL_DEPTH,
    defaults: defaultJobFlags,
    positional: takeSource,
    run: (flags) => {
      checkJobFlags(flags);
      return runJobs(flags, args);
    },
  };
}
