/** Closures: all that paths refer to, and the order in which references come first. */
import type { PathInfo } from "@nivis/formats";
import { invalidPath } from "./error.ts";
import type { RequestOptions, Store } from "./store.ts";
import { checkCancelled, forEachParallel } from "./stream.ts";

/** How many infos are asked for at once; stores with a connection send them in a row. */
const PARALLEL_QUERIES = 64;
const PATHS_IN_A_ROW = 256;

/** The infos of all paths that `roots` refer to, themselves included, by path. */
export async function closureOf(
  store: Store,
  roots: Iterable<string>,
  options: RequestOptions = {},
): Promise<Map<string, PathInfo>> {
  const infos = new Map<string, PathInfo>();
  let wave = new Set(roots);
  while (wave.size > 0) {
    checkCancelled(options.signal);
    const next = new Set<string>();
    await forEachParallel(wave, PARALLEL_QUERIES, async (path) => {
      const info = await store.info(path, options);
      if (info === undefined) throw invalidPath(path);
      infos.set(path, info);
      for (const reference of info.references) if (!infos.has(reference)) next.add(reference);
    });
    for (const path of next) if (infos.has(path)) next.delete(path);
    wave = next;
  }
  return infos;
}

/**
 * The infos of paths, in their order; `undefined` for one that is not valid. Asks for some hundred at
 * once, which stores with a connection send in a row.
 */
export async function* infosOf(
  store: Store,
  paths: readonly string[],
  options: RequestOptions = {},
): AsyncGenerator<readonly [path: string, info: PathInfo | undefined]> {
  for (let at = 0; at < paths.length; at += PATHS_IN_A_ROW) {
    checkCancelled(options.signal);
    const some = paths.slice(at, at + PATHS_IN_A_ROW);
    const infos = await Promise.all(some.map((path) => store.info(path, options)));
    for (const [i, path] of some.entries()) yield [path, infos[i]];
  }
}

/**
 * The paths in an order in which each comes after those that it refers to; what is not in `infos`
 * counts as there. Paths that refer to each other, which no store should have, come in any order.
 */
export function referencesFirst(infos: ReadonlyMap<string, PathInfo>): string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  // A stack of our own: closures may be deeper than the native one.
  for (const root of [...infos.keys()].sort()) {
    if (seen.has(root)) continue;
    seen.add(root);
    const open = [{ path: root, rest: referencesIn(infos, root) }];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const next = top.rest.pop();
      if (next === undefined) {
        order.push(top.path);
        open.pop();
      } else if (!seen.has(next)) {
        seen.add(next);
        open.push({ path: next, rest: referencesIn(infos, next) });
      }
    }
  }
  return order;
}

function referencesIn(infos: ReadonlyMap<string, PathInfo>, path: string): string[] {
  const references = infos.get(path)?.references ?? [];
  return references.filter((one) => one !== path && infos.has(one)).reverse();
}
