/**
 * Fetching: the code that an evaluation needs when it fetches something. It is a module on demand
 * (see scripts/bundles.mjs).
 */
import type { EvaluationFetcher } from "@nivis/eval";
import {
  BlockingFetcher,
  type BlockingFetcherOptions,
  type InputRecorder,
  ObservedFetcher,
} from "@nivis/node";

/**
 * Returns the fetchers of an evaluation.
 *
 * @param inputs - told of what cannot be repeated, in evaluations that fetch only what is locked
 */
export function openFetcher(
  options: BlockingFetcherOptions,
  inputs?: InputRecorder,
): EvaluationFetcher {
  if (inputs === undefined) return new BlockingFetcher(options);
  const { warn, note } = options;
  const telling =
    (show: ((message: string) => void) | undefined) =>
    (message: string): void => {
      inputs.giveUp("a fetcher printed a message");
      show?.(message);
    };
  const fetcher = new BlockingFetcher({ ...options, warn: telling(warn), note: telling(note) });
  return new ObservedFetcher(fetcher, inputs);
}
