/**
 * Flake registries: tables from short names to references, such as `flake:nixpkgs` to
 * `github:NixOS/nixpkgs/nixpkgs-unstable` (C++ Nix: libfetchers/registry.cc).
 *
 * There are four, asked in this order: what the command line says, the user's, the system's and the
 * global one. Inputs in `flake.nix` use the first and the last only. Texts are read and written here;
 * where they lie is the caller's business.
 */
import {
  describeInput,
  equalInputAttrs,
  type FetcherInput,
  FormatError,
  formatFlakeRef,
  type InputAttrs,
  InputError,
  inputFromAttrs,
  isDirectInput,
  marked,
  matchesInput,
  overrideInput,
  revOf,
  tryStringAttr,
} from "@nivis/formats";
import {
  formatJsonTree,
  isJsonArray,
  isJsonObject,
  type JsonTree,
  readJsonTree,
} from "./json-tree.ts";
import { inputAttrsOfJson } from "./lock-file.ts";

/** Which registry, in the order in which they are asked. */
export type RegistryKind = "flags" | "user" | "system" | "global";

/** Which registries a look-up may use: all, those for inputs of flakes, or none. */
export type UseRegistries = "all" | "limited" | "none";

/** One row. */
export interface RegistryEntry {
  readonly from: FetcherInput;
  readonly to: FetcherInput;
  /** The directory of the flake in `to`. */
  readonly directory: string | undefined;
  /** Whether `from` means exactly itself, not itself with a branch or commit. */
  readonly exact: boolean;
}

const VERSION = 2;

/** A registry. */
export class Registry {
  readonly #entries: RegistryEntry[];

  constructor(
    readonly kind: RegistryKind,
    entries: readonly RegistryEntry[] = [],
  ) {
    this.#entries = [...entries];
  }

  /**
   * Reads the text of a registry. What cannot be read is warned about, and leaves the registry with
   * the rows before it.
   */
  static parse(
    kind: RegistryKind,
    text: string,
    path: string,
    warn?: (message: string) => void,
  ): Registry {
    const registry = new Registry(kind);
    try {
      registry.#read(text, path);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      const what = error.kind === "json-parse" ? "parse" : "read";
      warn?.(`cannot ${what} flake registry '${path}': ${error.message}`);
    }
    return registry;
  }

  #read(text: string, path: string): void {
    const json = readJsonTree(text);
    const version = isJsonObject(json) ? (json.get("version") ?? 0) : 0;
    if (!isJsonObject(json) || version !== VERSION) {
      const shown = formatJsonTree(version, "");
      throw new InputError(marked`flake registry '${path}' has unsupported version ${shown}`);
    }
    const flakes = json.get("flakes") ?? [];
    if (flakes === null) return;
    if (!isJsonArray(flakes)) throw new InputError("'flakes' is not a list");
    for (const flake of flakes) this.#entries.push(entryOfJson(flake));
  }

  /** The rows, the first first asked. */
  get entries(): readonly RegistryEntry[] {
    return this.#entries;
  }

  /** Adds a row at the end. */
  add(entry: RegistryEntry): void {
    this.#entries.push(entry);
  }

  /** Takes away all rows for an input. */
  remove(from: FetcherInput): void {
    const kept = this.#entries.filter((entry) => !equalInputAttrs(entry.from.attrs, from.attrs));
    this.#entries.splice(0, this.#entries.length, ...kept);
  }

  /** The contents of the file; without a line break at its end, as C++ Nix writes it. */
  format(): string {
    const flakes: JsonTree = this.#entries.map((entry) => {
      const to = new Map<string, JsonTree>(entry.to.attrs);
      if (entry.directory !== undefined) to.set("dir", entry.directory);
      const json = new Map<string, JsonTree>([
        ["from", new Map<string, JsonTree>(entry.from.attrs)],
        ["to", to],
      ]);
      if (entry.exact) json.set("exact", true);
      return json;
    });
    return formatJsonTree(
      new Map<string, JsonTree>([
        // Nix: no rows are null.
        ["flakes", flakes.length === 0 ? null : flakes],
        ["version", VERSION],
      ]),
    );
  }
}

function entryOfJson(json: JsonTree): RegistryEntry {
  if (!isJsonObject(json)) throw new InputError("an entry is not an object");
  const to = new Map(attrsOf(json.get("to"), "to"));
  const directory = tryStringAttr(to, "dir");
  to.delete("dir");
  return {
    from: inputFromAttrs(attrsOf(json.get("from"), "from")),
    to: inputFromAttrs(to),
    directory,
    exact: json.get("exact") === true,
  };
}

function attrsOf(json: JsonTree | undefined, name: string): InputAttrs {
  if (isJsonObject(json)) return inputAttrsOfJson(json);
  throw new InputError(marked`'${name}' of an entry is not an object`);
}

/** Where registries come from. */
export interface RegistrySource {
  /**
   * The registries in the order in which they are asked. Called at each step of a look-up, which asks no
   * further than it has to; the source keeps what it has read.
   */
  registries(): AsyncIterable<Registry>;
}

/** What a look-up found. */
export interface ResolvedInput {
  readonly input: FetcherInput;
  /** The directory that the registry has for the flake, if any. */
  readonly directory: string | undefined;
}

const MAX_STEPS = 100;

/** Looks an input up until it is found without a registry. Throws {@link InputError}. */
export async function lookUpInput(
  source: RegistrySource,
  original: FetcherInput,
  use: UseRegistries,
): Promise<ResolvedInput> {
  let found: ResolvedInput = { input: original, directory: undefined };
  if (use === "none") return found;
  for (let step = 0; ; step++) {
    if (step >= MAX_STEPS) {
      const shown = describeInput(found.input);
      throw new InputError(marked`cycle detected in flake registry for '${shown}'`);
    }
    const next = await oneStep(source.registries(), found.input, use);
    if (next === undefined) break;
    found = next;
  }
  if (isDirectInput(found.input)) return found;
  const shown = describeInput(found.input);
  throw new InputError(marked`cannot find flake '${shown}' in the flake registries`);
}

async function oneStep(
  registries: AsyncIterable<Registry>,
  input: FetcherInput,
  use: UseRegistries,
): Promise<ResolvedInput | undefined> {
  for await (const registry of registries) {
    if (use === "limited" && registry.kind !== "flags" && registry.kind !== "global") continue;
    for (const { from, to, directory, exact } of registry.entries) {
      if (exact) {
        if (equalInputAttrs(from.attrs, input.attrs)) return { input: to, directory };
      } else if (matchesInput(from, input)) {
        const ref = from.attrs.has("ref") ? undefined : tryStringAttr(input.attrs, "ref");
        const rev = from.attrs.has("rev") ? undefined : revOf(input.attrs);
        return { input: overrideInput(to, ref, rev), directory };
      }
    }
  }
  return undefined;
}

/** The lines of `nix registry list`; each entry with its kind and its texts. */
export function registryLines(registries: readonly Registry[]): readonly string[] {
  return registries.flatMap(({ kind, entries }) =>
    entries.map(({ from, to, directory }) => {
      const target = describeTarget(to, directory);
      return `${kind.padEnd("system".length)} ${describeInput(from)} ${target}`;
    }),
  );
}

function describeTarget(to: FetcherInput, directory: string | undefined): string {
  return formatFlakeRef({ input: to, directory: directory ?? "" });
}
