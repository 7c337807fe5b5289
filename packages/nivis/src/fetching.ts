/**
 * Fetching: the code that an evaluation needs when it fetches something. It is a module on demand
 * (see scripts/bundles.mjs).
 */
import type { EvaluationFetcher } from "@nivis/eval";
import { BlockingFetcher, type BlockingFetcherOptions } from "@nivis/node";

/** Returns the fetchers of an evaluation. */
export function openFetcher(options: BlockingFetcherOptions): EvaluationFetcher {
  return new BlockingFetcher(options);
}
