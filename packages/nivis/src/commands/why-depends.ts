/**
 * `nivis why-depends`: how one path comes to refer to another, as a tree of references with the
 * shortest ways first; with `--precise` also the files that hold the reference.
 */
import {
  bytesToByteString,
  DIGEST_PART_LENGTH,
  type NarListing,
  type PathInfo,
  storePathBaseName,
} from "@nivis/formats";
import { closureOf, type ObjectFiles, type Store } from "@nivis/store";
import { onePath, takeArgument } from "../options/installable.ts";
import { flag, usageError } from "../options/option.ts";
import { emptyStoreDraft, SOURCE_OPTIONS, type StoreDraft } from "../options/store-options.ts";
import type { StoreProgram, StoreSession } from "../store-program.ts";
import { storeTopic } from "./store-topics.ts";

interface WhyDraft extends StoreDraft {
  all: boolean;
  precise: boolean;
  derivation: boolean;
}

// UTF-8, as byte strings.
const TREE_BRANCH = "\xe2\x94\x9c\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80";
const TREE_LAST = "\xe2\x94\x94\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80";
const TREE_LINE = "\xe2\x94\x82   ";
const TREE_NOTHING = "    ";
const ELLIPSIS = "\xe2\x80\xa6";
const ARROW = "\xe2\x86\x92";
/** How much around a reference is shown. */
const MARGIN = 32;

/** See the head of this file. */
export const whyDependsCommand: StoreProgram<WhyDraft> = {
  ...storeTopic("why-depends"),
  options: [
    flag<WhyDraft>(["--all", "-a"], "Show all ways, not only a shortest one", (draft) => {
      draft.all = true;
    }),
    flag<WhyDraft>(["--precise"], "Show the files that hold the references", (draft) => {
      draft.precise = true;
    }),
    flag<WhyDraft>(["--derivation"], "Compare the derivations and not their outputs", (draft) => {
      draft.derivation = true;
    }),
    ...SOURCE_OPTIONS,
  ],
  start: () => ({ ...emptyStoreDraft(), all: false, precise: false, derivation: false }),
  positional: takeArgument,
  run: async (draft, session) => {
    const [first, second, ...more] = draft.arguments;
    if (first === undefined || second === undefined || more.length > 0) {
      throw usageError("give a path and one that it may depend on");
    }
    const store = await session.store();
    const dependent = await onePath(first, draft.derivation, session, store, "outputs");
    // Nix: a path that is not known cannot be in the closure of one that is.
    const dependency = await onePath(second, draft.derivation, session, store, "derivations");
    const [from, to] = [dependent.path, dependency.path];
    if (from === undefined) throw usageError("a derivation has no outputs");
    const infos = await closureOf(store, [from], { signal: session.signal });
    if (to === undefined || !infos.has(to)) {
      // Nix: this is no failure.
      session.tell(`'${dependent.shown}' does not depend on '${dependency.shown}'`);
      return 0;
    }
    await new Explanation(draft, session, store, infos, from, to).print();
    return 0;
  },
};

/** How far each path is from one that it refers to. */
function distances(infos: ReadonlyMap<string, PathInfo>, to: string): ReadonlyMap<string, number> {
  const referrers = new Map<string, string[]>();
  for (const { path, references } of infos.values()) {
    for (const reference of references) {
      const known = referrers.get(reference);
      if (known === undefined) referrers.set(reference, [path]);
      else known.push(path);
    }
  }
  const found = new Map([[to, 0]]);
  // A map may grow while it is walked, and is walked in order: this is a search in breadth.
  for (const [path, distance] of found) {
    for (const referrer of referrers.get(path) ?? []) {
      if (!found.has(referrer)) found.set(referrer, distance + 1);
    }
  }
  return found;
}

class Explanation {
  readonly #distances: ReadonlyMap<string, number>;
  readonly #visited = new Set<string>();

  constructor(
    private readonly draft: WhyDraft,
    private readonly session: StoreSession,
    private readonly store: Store,
    private readonly infos: ReadonlyMap<string, PathInfo>,
    private readonly from: string,
    private readonly to: string,
  ) {
    this.#distances = distances(infos, to);
  }

  async print(): Promise<void> {
    if (!this.draft.precise) this.session.print(this.from);
    await this.#node(this.from, "", "");
  }

  #faint(path: string): string {
    // Nix: colours are printed wherever the output goes.
    return this.#visited.has(path) ? "\x1b[38;5;244m" : "";
  }

  #plain(): string {
    return "\x1b[0m";
  }

  /** Prints what is below a path; true if the end is reached and one way is enough. */
  async #node(path: string, firstPad: string, tailPad: string): Promise<boolean> {
    const { all, precise } = this.draft;
    const { session } = this;
    if (precise) {
      const arrow = firstPad === "" ? "" : `${ARROW} `;
      session.print(firstPad + this.#faint(path) + arrow + path + this.#plain());
    }
    if (path === this.to && !all && this.from !== this.to) return true;
    if (this.#visited.has(path)) return false;
    if (precise) this.#visited.add(path);
    const references = (this.infos.get(path)?.references ?? [])
      .filter((one) => (one !== path || this.from === this.to) && this.#distances.has(one))
      .sort((a, b) => (this.#distances.get(a) as number) - (this.#distances.get(b) as number));
    const hits = precise
      ? await findReferences(await this.store.files(path), references, this.to)
      : new Map();
    for (const [i, reference] of references.entries()) {
      const isLast = all ? i === references.length - 1 : true;
      const found: readonly string[] = hits.get(reference) ?? [];
      for (const [n, hit] of (all ? found : found.slice(0, 1)).entries()) {
        const branch =
          n === 0 ? (isLast ? TREE_LAST : TREE_BRANCH) : isLast ? TREE_NOTHING : TREE_LINE;
        session.print(tailPad + branch + hit);
      }
      if (!precise) {
        const branch = isLast ? TREE_LAST : TREE_BRANCH;
        session.print(firstPad + this.#faint(reference) + branch + reference + this.#plain());
        this.#visited.add(path);
      }
      const pad = tailPad + (isLast ? TREE_NOTHING : TREE_LINE);
      if (await this.#node(reference, pad, pad)) return true;
    }
    return false;
  }
}

/** The files and links of an object that hold each reference. */
async function findReferences(
  files: ObjectFiles,
  references: readonly string[],
  end: string,
): Promise<Map<string, string[]>> {
  const hits = new Map<string, string[]>();
  const add = (reference: string, hit: string): void => {
    const known = hits.get(reference);
    if (known === undefined) hits.set(reference, [hit]);
    else known.push(hit);
  };
  const visit = async (node: NarListing, path: string): Promise<void> => {
    const shown = path === "" ? "/" : path.slice(1);
    switch (node.type) {
      case "directory":
        for (const [name, child] of node.entries) await visit(child, `${path}/${name}`);
        break;
      case "symlink":
        for (const reference of references) {
          const at = node.target.indexOf(hashOf(reference));
          if (at >= 0) add(reference, `${shown} -> ${marked(node.target, at, reference === end)}`);
        }
        break;
      case "regular": {
        let text = "";
        for await (const piece of files.readFile(path === "" ? "/" : path))
          text += bytesToByteString(piece);
        for (const reference of references) {
          const at = text.indexOf(hashOf(reference));
          if (at < 0) continue;
          const begin = Math.max(0, at - MARGIN);
          const around = text.slice(begin, at + DIGEST_PART_LENGTH + MARGIN);
          const printable = around.replace(/[^\x20-\x7e]/g, ".");
          const hit = marked(printable, at - begin, reference === end);
          add(reference, `${shown}: ${ELLIPSIS}${hit}${ELLIPSIS}`);
        }
        break;
      }
    }
  };
  await visit(await files.list(), "");
  return hits;
}

/** A text with the hash part at an offset in colour: green for the end of the way. */
function marked(text: string, at: number, isEnd: boolean): string {
  const end = at + DIGEST_PART_LENGTH;
  const color = isEnd ? "\x1b[32;1m" : "\x1b[34;1m";
  return `${text.slice(0, at)}${color}${text.slice(at, end)}\x1b[0m${text.slice(end)}`;
}

function hashOf(path: string): string {
  return storePathBaseName(path).slice(0, DIGEST_PART_LENGTH);
}
