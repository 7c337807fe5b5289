/** Flakes in memory: trees by the text of their references, and the world that locking reads them in. */
import {
  type FetcherInput,
  formatFlakeRef,
  hashNar,
  type InputAttr,
  InputError,
  type NarTree,
  narTreeSource,
  portableHashes,
  withInputAttrs,
} from "@nivis/formats";
import {
  type FetchedInput,
  type FlakeTree,
  type FlakeWorld,
  InputCache,
  type InputFetcher,
  Registry,
  type RegistrySource,
} from "../src/index.ts";

/** The files of a tree: path without a leading slash to contents. */
export type Files = Readonly<Record<string, string>>;

/** A tree in memory; a value that begins with `-> ` is a link. */
export function memoryTree(name: string, files: Files): FlakeTree {
  const at = (path: string): string | undefined => files[path.slice(1)];
  return {
    fileType: (path) => {
      const contents = at(path);
      if (contents !== undefined) return contents.startsWith("-> ") ? "symlink" : "regular";
      const prefix = path === "/" ? "" : `${path.slice(1)}/`;
      return Object.keys(files).some((file) => file.startsWith(prefix)) ? "directory" : undefined;
    },
    readFile: (path) => {
      const contents = at(path);
      if (contents === undefined) throw new InputError(`path '${name}${path}' does not exist`);
      return contents;
    },
    readLink: (path) => (at(path) as string).slice("-> ".length),
    display: (path) => `${name}${path}`,
  };
}

function narTree(files: Files, prefix: string): NarTree {
  const entries = new Map<string, NarTree>();
  for (const [path, contents] of Object.entries(files)) {
    if (!path.startsWith(prefix)) continue;
    const [name, ...rest] = path.slice(prefix.length).split("/") as [string, ...string[]];
    if (rest.length > 0) entries.set(name, narTree(files, `${prefix}${name}/`));
    else entries.set(name, { type: "regular", executable: false, contents });
  }
  return { type: "directory", entries };
}

/** A world with flakes in memory, and what it was asked and said. */
export interface MemoryWorld extends FlakeWorld {
  readonly fetches: string[];
  readonly warnings: string[];
}

/** Makes a world. Flakes are found by the text of their reference, attributes added by the fetch. */
export function memoryWorld(
  flakes: Readonly<Record<string, Files>>,
  options: {
    readonly registry?: Registry;
    readonly found?: Readonly<Record<string, Readonly<Record<string, InputAttr>>>>;
  } = {},
): MemoryWorld {
  const fetches: string[] = [];
  const warnings: string[] = [];
  const fetcher: InputFetcher = {
    fetch: async (input: FetcherInput): Promise<FetchedInput> => {
      const plain = withInputAttrs(input, { __final: undefined, narHash: undefined });
      const text = formatFlakeRef({ input: plain, directory: "" });
      fetches.push(text);
      const files = flakes[text];
      if (files === undefined) throw new InputError(`there is no '${text}'`);
      const { digest } = hashNar(narTreeSource, narTree(files, ""), portableHashes);
      const found = options.found?.[text] ?? {};
      return {
        locked: withInputAttrs(input, { ...found, __final: true }),
        tree: memoryTree(text, files),
        narHash: async () => `sha256-${Buffer.from(digest).toString("base64")}`,
      };
    },
  };
  const registries: RegistrySource = {
    async *registries() {
      yield options.registry ?? new Registry("global");
    },
  };
  return {
    inputs: new InputCache(fetcher, registries),
    warn: (message) => warnings.push(message),
    fetches,
    warnings,
  };
}
