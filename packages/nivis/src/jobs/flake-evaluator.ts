/**
 * The evaluator of a flake: the flake is locked first, which waits for networks, and then its outputs are
 * the root, or the attribute behind `#` without any of the prefixes that other commands try.
 */

import { EvalError, parseAttrPath, type Slot } from "@nivis/eval";
import { marked } from "@nivis/formats";
import { flakeValue, withFlakes } from "../flakes/flake-evaluation.ts";
import { OutputCursor } from "../flakes/output-cursor.ts";
import { JobEvaluator } from "./job-evaluator.ts";
import type { JobFlags } from "./job-options.ts";

/**
 * Opens the evaluator and hands it over. The promise settles only if that fails: the connections of the
 * session stay open as long as the evaluator.
 */
export async function openFlakeEvaluator(
  flags: JobFlags,
  use: (evaluator: JobEvaluator) => void,
): Promise<void> {
  let fragment = "";
  await withFlakes(
    flags,
    { appliesConfig: true, readOnly: flags.noInstantiate },
    (session) => {
      const parsed = session.parseRefWithFragment(flags.source as string);
      fragment = parsed.fragment;
      return [parsed.ref];
    },
    ({ flakes: [flake], session }) => {
      const root = (): Slot => {
        if (flake === undefined) throw new EvalError("value", "no flake was locked");
        // Nix-eval-jobs: without an attribute it is the flake with its inputs, not only its outputs.
        if (fragment === "") return flakeValue(session, flake.locked);
        const found = flake.outputs.follow(parseAttrPath(fragment));
        if (found instanceof OutputCursor) return found.value();
        throw new EvalError(
          "missing-attribute",
          marked`flake '${flags.source}' does not provide attribute '${fragment}'`,
        );
      };
      use(new JobEvaluator(flags, { given: { session, root } }));
      return new Promise<never>(() => {});
    },
  );
}
