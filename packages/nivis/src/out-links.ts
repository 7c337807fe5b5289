/** The links that `--out-link` makes, for commands that build and those that copy. */
import type { DerivedPath } from "@nivis/formats";

/** A link and the store path that it keeps alive. */
export interface OutLink {
  readonly path: string;
  readonly link: string;
}

/** A wanted path and its outputs by name; a path that is not built is an output without meaning. */
interface Linked {
  readonly wanted: DerivedPath;
  readonly outputs: ReadonlyMap<string, string | undefined>;
}

/** The links of wanted paths: `link`, `link-1` …, and `link-dev` for an output that is not `out`. */
export function linksOf(built: readonly Linked[], link: string): readonly OutLink[] {
  return built.flatMap(({ wanted, outputs }, i) => {
    const numbered = i === 0 ? link : `${link}-${i}`;
    return [...outputs].flatMap(([name, path]) => {
      if (path === undefined) return [];
      const isPlain = wanted.kind === "opaque" || name === "out";
      return { path, link: isPlain ? numbered : `${numbered}-${name}` };
    });
  });
}
