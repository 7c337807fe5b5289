/**
 * DerivationDifference: why two derivations are not the same, as a tree of plain data.
 *
 * Input derivations are paired by their names, what cannot be paired thus by their names without
 * versions, and the rest by the variables that hold them. Pairs are compared in turn, each pair once. Store paths in texts are compared without their
 * hashes: a hash that differs is a consequence of what differs in an input, not a reason. So a
 * derivation without differences of its own differs only because of its inputs, and the first
 * derivation on the way down that has some is the answer. The idea is nix-diff's.
 *
 * Texts are bytes.
 */
import {
  type Bytes,
  type Derivation,
  derivationType,
  formatHash,
  outputPath,
} from "@nivis/formats";

/** A text that differs; `undefined` where there is none. */
export interface TextChange {
  /** The name of a variable, or `builder`, `system`, `arguments`, `outputs`. */
  readonly name: Bytes;
  readonly before: Bytes | undefined;
  readonly after: Bytes | undefined;
}

/** How two derivations differ. */
export interface DerivationDifference {
  readonly before: Bytes;
  readonly after: Bytes;
  readonly name: Bytes;
  /** The new name, if it differs. */
  readonly renamed: Bytes | undefined;
  /** Why nothing is compared: one of the two is not known, or the pair was shown before. */
  readonly skipped: "unknown" | "shown" | "depth" | undefined;
  /** Whether the outputs are the same all the same, as with fixed outputs. */
  readonly sameOutputs: boolean;
  /** System, builder, arguments and outputs, then the variables by name; without hashes of paths. */
  readonly changes: readonly TextChange[];
  /** Source paths; their names without hashes may be equal. */
  readonly removedSources: readonly Bytes[];
  readonly addedSources: readonly Bytes[];
  /** Input derivations that only one of them has. */
  readonly removedInputs: readonly Bytes[];
  readonly addedInputs: readonly Bytes[];
  readonly inputs: readonly DerivationDifference[];
}

/** The settings of a comparison. */
export interface DifferenceOptions {
  /** Returns a derivation by its path, if it is known. */
  readonly read: (path: Bytes) => Derivation | undefined;
  readonly storeDir: Bytes;
  /** How many levels of inputs are compared. */
  readonly depth: number;
}

/** Compares two derivations by their paths. Returns `undefined` if they are the same. */
export function compareDerivations(
  before: Bytes,
  after: Bytes,
  options: DifferenceOptions,
): DerivationDifference | undefined {
  return before === after ? undefined : new Comparison(options).compare(before, after, 0);
}

/** Whether a derivation differs by itself, and not only because of its inputs. */
export function hasOwnDifferences(difference: DerivationDifference): boolean {
  const { changes, removedSources, addedSources, removedInputs, addedInputs, renamed } = difference;
  return (
    renamed !== undefined ||
    [changes, removedSources, addedSources, removedInputs, addedInputs].some(
      (list) => list.length > 0,
    )
  );
}

/**
 * The way to the first derivation that differs by itself, outermost first: the shortest one that does
 * not lead through a derivation whose outputs are the same, if there is one.
 */
export function firstReason(root: DerivationDifference): readonly DerivationDifference[] {
  const compared = new Map<string, DerivationDifference>();
  const work = [root];
  for (let one = work.pop(); one !== undefined; one = work.pop()) {
    if (one.skipped === undefined) compared.set(keyOf(one), one);
    work.push(...one.inputs);
  }
  return (
    shortestWay(root, compared, (input) => !input.sameOutputs) ??
    shortestWay(root, compared, () => true) ?? [root]
  );
}

function shortestWay(
  root: DerivationDifference,
  compared: ReadonlyMap<string, DerivationDifference>,
  mayLead: (input: DerivationDifference) => boolean,
): readonly DerivationDifference[] | undefined {
  const queue: (readonly DerivationDifference[])[] = [[root]];
  const seen = new Set<string>();
  for (let i = 0; i < queue.length; i++) {
    const way = queue[i] as readonly DerivationDifference[];
    const last = way.at(-1) as DerivationDifference;
    if (hasOwnDifferences(last)) return way;
    for (const input of last.inputs) {
      const key = keyOf(input);
      if (seen.has(key) || !mayLead(input)) continue;
      seen.add(key);
      queue.push([...way, compared.get(key) ?? input]);
    }
  }
  return undefined;
}

function keyOf({ before, after }: Pick<DerivationDifference, "before" | "after">): string {
  return `${before}\0${after}`;
}

/**
 * The derivations of a tree that differ by themselves or have such inputs in the tree, or were not
 * compared; the others are consequences.
 */
export function reasonsIn(root: DerivationDifference): ReadonlySet<DerivationDifference> {
  const reasons = new Set<DerivationDifference>();
  const visit = (one: DerivationDifference): boolean => {
    // Every input is visited, whatever the others are.
    const below = one.inputs.map(visit).some((has) => has);
    const isReason =
      below ||
      (one.skipped === undefined && hasOwnDifferences(one)) ||
      one.skipped === "unknown" ||
      one.skipped === "depth";
    if (isReason) reasons.add(one);
    return isReason;
  };
  visit(root);
  return reasons;
}

const HASH = "[0-9abcdfghijklmnpqrsvwxyz]{32}";

class Comparison {
  readonly #options: DifferenceOptions;
  readonly #hash: RegExp;
  readonly #shown = new Set<string>();

  constructor(options: DifferenceOptions) {
    this.#options = options;
    this.#hash = new RegExp(`(${escapeRegExp(options.storeDir)}/)${HASH}-`, "g");
  }

  compare(before: Bytes, after: Bytes, level: number): DerivationDifference {
    const { read, depth } = this.#options;
    const [a, b] = [read(before), read(after)];
    const name = a?.name ?? this.#nameOf(before);
    const nameAfter = b?.name ?? this.#nameOf(after);
    const key = keyOf({ before, after });
    const skipped =
      a === undefined || b === undefined
        ? "unknown"
        : this.#shown.has(key)
          ? "shown"
          : level > depth
            ? "depth"
            : undefined;
    const head = {
      before,
      after,
      name,
      renamed: name === nameAfter ? undefined : nameAfter,
      skipped,
      sameOutputs: a !== undefined && b !== undefined && haveSameOutputs(a, b),
    } as const;
    if (a === undefined || b === undefined || skipped !== undefined) {
      return { ...head, ...NOTHING };
    }
    this.#shown.add(key);
    const sources = this.#pairless([...a.inputSrcs], [...b.inputSrcs]);
    const { pairs, removed, added } = this.#pairInputs(a, b);
    return {
      ...head,
      changes: this.#changes(a, b, this.#renaming(pairs)),
      removedSources: sources.removed,
      addedSources: sources.added,
      removedInputs: removed,
      addedInputs: added,
      inputs: pairs.map(([one, other]) => this.compare(one, other, level + 1)),
    };
  }

  /** Gives the paths of inputs in a text without hashes the names that the inputs have afterwards. */
  #renaming(pairs: readonly (readonly [Bytes, Bytes])[]): (text: Bytes) => Bytes {
    const names = new Map(pairs.map(([x, y]) => [this.#nameOf(x), this.#nameOf(y)]));
    const changed = [...names].filter(([x, y]) => x !== y).map(([x]) => escapeRegExp(x));
    if (changed.length === 0) return (text) => text;
    // An output follows the name of its derivation with a hyphen.
    const path = new RegExp(`(?<=/\xe2\x80\xa6-)(?:${changed.join("|")})(?![0-9A-Za-z+._?=])`, "g");
    return (text) => text.replace(path, (name) => names.get(name) as Bytes);
  }

  #changes(a: Derivation, b: Derivation, renamed: (text: Bytes) => Bytes): TextChange[] {
    const changes: TextChange[] = [];
    const compare = (name: Bytes, before: Bytes | undefined, after: Bytes | undefined): void => {
      const [x, y] = [this.#withoutHashes(before), this.#withoutHashes(after)];
      // The new name of an input is shown with the input.
      if (x !== y && (x === undefined || renamed(x) !== y)) {
        changes.push({ name, before: x, after: y });
      }
    };
    compare("system", a.system, b.system);
    compare("builder", a.builder, b.builder);
    compare("arguments", a.args.join("\n"), b.args.join("\n"));
    compare("outputs", outputsText(a), outputsText(b));
    const names = new Set([...a.env.keys(), ...b.env.keys()]);
    for (const name of [...names].sort()) {
      // The outputs, as variables.
      if (a.outputs.has(name) && b.outputs.has(name)) continue;
      // Only the variable tells the order of outputs.
      const isShown = name !== "outputs" || outputsText(a) !== outputsText(b);
      if (isShown && repeatsField(a, name) && repeatsField(b, name)) continue;
      compare(name, a.env.get(name), b.env.get(name));
    }
    compare("structured attributes", lined(a.structuredAttrs), lined(b.structuredAttrs));
    return changes;
  }

  #withoutHashes(text: Bytes | undefined): Bytes | undefined {
    return text?.replace(this.#hash, "$1\xe2\x80\xa6-");
  }

  /** The name in a `.drv` path. */
  #nameOf(path: Bytes): Bytes {
    const file = path.slice(path.lastIndexOf("/") + 1).replace(/\.drv$/, "");
    return new RegExp(`^${HASH}-`).test(file) ? file.slice(33) : file;
  }

  #pairless(before: Bytes[], after: Bytes[]): { removed: Bytes[]; added: Bytes[] } {
    return {
      removed: before.filter((path) => !after.includes(path)).sort(),
      added: after.filter((path) => !before.includes(path)).sort(),
    };
  }

  /** Pairs the input derivations that are not in both. */
  #pairInputs(
    a: Derivation,
    b: Derivation,
  ): { pairs: [Bytes, Bytes][]; removed: Bytes[]; added: Bytes[] } {
    const left = [...a.inputDrvs.keys()].filter((path) => !b.inputDrvs.has(path)).sort();
    const right = [...b.inputDrvs.keys()].filter((path) => !a.inputDrvs.has(path)).sort();
    const pairs: [Bytes, Bytes][] = [];
    let rest = left;
    for (const keyOf of [(name: Bytes) => name, withoutVersion]) {
      const waiting = new Map<Bytes, Bytes[]>();
      for (const path of right) {
        const key = keyOf(this.#nameOf(path));
        waiting.set(key, [...(waiting.get(key) ?? []), path]);
      }
      rest = rest.filter((path) => {
        const match = waiting.get(keyOf(this.#nameOf(path)))?.shift();
        if (match === undefined) return true;
        right.splice(right.indexOf(match), 1);
        pairs.push([path, match]);
        return false;
      });
    }
    pairs.push(...this.#pairByVariable(a, b, rest, right));
    const paired = new Set(pairs.flat());
    rest = rest.filter((path) => !paired.has(path));
    const added = right.filter((path) => !paired.has(path));
    pairs.sort(([x], [y]) => (this.#nameOf(x) < this.#nameOf(y) ? -1 : 1));
    return { pairs, removed: rest, added };
  }

  /**
   * Pairs inputs by variables that hold exactly one of those that are left, before and after. A pair
   * may leave another variable with only one, so this goes on as long as it finds some.
   */
  #pairByVariable(
    a: Derivation,
    b: Derivation,
    before: readonly Bytes[],
    after: readonly Bytes[],
  ): [Bytes, Bytes][] {
    const pairs: [Bytes, Bytes][] = [];
    const left = this.#heldInputs(a, before);
    const right = this.#heldInputs(b, after);
    for (;;) {
      const partners = new Map<Bytes, Set<Bytes>>();
      const link = (one: Bytes, other: Bytes): void => {
        partners.set(one, (partners.get(one) ?? new Set()).add(other));
      };
      const candidates: [Bytes, Bytes][] = [];
      for (const [name, held] of left) {
        const [one, ...more] = held;
        const [other, ...others] = right.get(name) ?? [];
        if (one === undefined || other === undefined || more.length + others.length > 0) continue;
        if (partners.get(one)?.has(other)) continue;
        link(one, other);
        link(other, one);
        candidates.push([one, other]);
      }
      // Variables that do not agree prove nothing.
      const found = candidates.filter((pair) =>
        pair.every((path) => partners.get(path)?.size === 1),
      );
      if (found.length === 0) return pairs;
      pairs.push(...found);
      for (const [one, other] of found) {
        for (const held of left.values()) held.delete(one);
        for (const held of right.values()) held.delete(other);
      }
    }
  }

  /** The inputs among `paths` that the variables of a derivation hold, by their output paths. */
  #heldInputs(derivation: Derivation, paths: readonly Bytes[]): Map<Bytes, Set<Bytes>> {
    const held = new Map<Bytes, Set<Bytes>>();
    if (paths.length === 0) return held;
    const inputs = new Map<Bytes, Bytes>();
    for (const path of paths) {
      inputs.set(path, path);
      for (const output of this.#options.read(path)?.outputs.values() ?? []) {
        const place = outputPath(output);
        if (place !== undefined) inputs.set(place, path);
      }
    }
    // Of `…-x` and `…-x-dev`, the longer one.
    const longest = [...inputs.keys()].sort((x, y) => y.length - x.length).map(escapeRegExp);
    const any = new RegExp(longest.join("|"), "g");
    for (const [name, text] of textsOf(derivation)) {
      const found = [...text.matchAll(any)].map(([place]) => inputs.get(place) as Bytes);
      held.set(name, new Set(found));
    }
    return held;
  }
}

const NOTHING = {
  changes: [],
  removedSources: [],
  addedSources: [],
  removedInputs: [],
  addedInputs: [],
  inputs: [],
} as const;

/** The texts of a derivation that may hold inputs. */
function textsOf({ env, builder, args, structuredAttrs }: Derivation): [Bytes, Bytes][] {
  const structured: object = structuredAttrs === undefined ? {} : JSON.parse(structuredAttrs);
  return [
    ...env,
    ...Object.entries(structured).map(([name, value]): [Bytes, Bytes] => [
      `structured ${name}`,
      JSON.stringify(value),
    ]),
    ["the builder", builder],
    ["the arguments", args.join("\n")],
  ];
}

function escapeRegExp(text: Bytes): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Whether a variable is missing or says only what a field of the derivation says, which is compared. */
function repeatsField({ env, system, builder, outputs }: Derivation, name: Bytes): boolean {
  const value = env.get(name);
  if (name === "outputs") {
    const names = value?.split(" ").sort().join(" ");
    return value === undefined || names === [...outputs.keys()].sort().join(" ");
  }
  return (
    (name === "system" && (value ?? system) === system) ||
    (name === "builder" && (value ?? builder) === builder)
  );
}

/** A name without its version, as `builtins.parseDrvName` splits it. */
function withoutVersion(name: Bytes): Bytes {
  return name.replace(/-[^a-zA-Z].*$/s, "");
}

function haveSameOutputs(a: Derivation, b: Derivation): boolean {
  if (derivationType(a) !== derivationType(b) || a.outputs.size !== b.outputs.size) return false;
  return [...a.outputs].every(([name, output]) => {
    const path = outputPath(output);
    const other = b.outputs.get(name);
    return path !== undefined && other !== undefined && outputPath(other) === path;
  });
}

/** The names of outputs, and the hashes of fixed ones. */
function outputsText({ outputs }: Derivation): Bytes {
  const lines = [...outputs].map(([name, output]) =>
    output.kind === "fixed"
      ? `${name} ${formatHash(output.hash, "sri", true)}`
      : `${name} ${output.kind === "deferred" ? "input-addressed" : output.kind}`,
  );
  return lines.sort().join("\n");
}

/** JSON with a line for each value, so that differences of texts are short. */
function lined(json: Bytes | undefined): Bytes | undefined {
  return json === undefined ? undefined : JSON.stringify(JSON.parse(json), undefined, 1);
}
