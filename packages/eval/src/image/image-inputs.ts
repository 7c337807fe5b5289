/**
 * What the values of a heap image depend on: its sets of inputs, which of them have changed since it was
 * written, and what they are in a warm evaluation (docs/design/016-heap-images.md, *After an edit*).
 */
import type { Dependencies } from "../dependencies/dependencies.ts";
import { Head, SetRow } from "./format.ts";
import type { ImagePages } from "./image-pages.ts";

/** The sets of inputs of one image. */
export class ImageInputs {
  /** Whether it is known what depends on all that has changed. */
  readonly areKnown: boolean;
  /** The paths, as byte strings, about which something has changed since the image was written. */
  readonly #changed: readonly string[];
  readonly #dependencies: Dependencies | undefined;
  /** 1 for the sets with an input that has changed; `undefined` if none has. */
  readonly #stale: Uint8Array | undefined;
  /** The sets of a warm evaluation that sets of the image are, if there is one. */
  readonly #present: readonly number[];

  constructor(
    pages: ImagePages,
    changed: readonly string[],
    dependencies: Dependencies | undefined,
  ) {
    this.#changed = changed;
    this.#dependencies = dependencies;
    this.#present = dependencies === undefined ? [] : presentSets(pages, dependencies);
    if (changed.length === 0) {
      this.areKnown = true;
      return;
    }
    const { inputs, unknown } = changedInputs(inputPaths(pages), changed);
    this.areKnown = !unknown;
    this.#stale = staleSets(pages, inputs);
  }

  /** Whether an input of a set has changed. */
  isStale(set: number): boolean {
    return this.#stale !== undefined && this.#stale[set] === 1;
  }

  /** Whether something about a path or the folders it is in has changed. */
  hasChanged(path: string): boolean {
    return this.#changed.some((other) => path === other || path.startsWith(`${other}/`));
  }

  /** The set of a warm evaluation that a set is. */
  present(set: number): number | undefined {
    return this.#present[set];
  }

  /** Tells a warm evaluation that it depends on a set. */
  note(set: number): void {
    const present = this.#present[set];
    if (present !== undefined) this.#dependencies?.note(present);
  }
}

/** The sets with one of these inputs: 1. */
function staleSets(pages: ImagePages, inputs: ReadonlySet<number>): Uint8Array {
  const { words } = pages;
  const sets = words[Head.Sets] as number;
  const stale = new Uint8Array(words[sets] as number);
  pages.rows(Head.Sets, SetRow.Size, (row) => {
    const set = (row - sets - 1) / SetRow.Size;
    const left = words[row + SetRow.Left] as number;
    const right = words[row + SetRow.Right] as number;
    if (right < 0 ? inputs.has(left) : stale[left] === 1 || stale[right] === 1) stale[set] = 1;
  });
  return stale;
}

function inputPaths(pages: ImagePages): string[] {
  const paths: string[] = [];
  pages.rows(Head.Inputs, 1, (row) => {
    paths.push(pages.string(pages.words[row] as number));
  });
  return paths;
}

/** Makes the sets of the image in a warm evaluation. */
function presentSets(pages: ImagePages, dependencies: Dependencies): readonly number[] {
  const { words } = pages;
  const paths = inputPaths(pages);
  const present: number[] = [];
  pages.rows(Head.Sets, SetRow.Size, (row) => {
    const left = words[row + SetRow.Left] as number;
    const right = words[row + SetRow.Right] as number;
    present.push(
      right < 0
        ? dependencies.setOfForeign(paths[left] as string)
        : dependencies.sets.union(present[left] ?? 0, present[right] ?? 0),
    );
  });
  return present;
}

/**
 * The inputs that are about one of these paths or about something below one, and whether there is a path
 * that no input is about.
 */
function changedInputs(
  paths: readonly string[],
  changed: readonly string[],
): { readonly inputs: ReadonlySet<number>; readonly unknown: boolean } {
  const inputs = new Set<number>();
  let unknown = false;
  for (const path of changed) {
    let isKnown = false;
    paths.forEach((about, i) => {
      if (about !== path && !about.startsWith(`${path}/`)) return;
      isKnown = true;
      inputs.add(i);
    });
    if (!isKnown) unknown = true;
  }
  return { inputs, unknown };
}
