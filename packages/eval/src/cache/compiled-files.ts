/**
 * CompiledFiles: what an evaluation gets out of a {@link BytecodeCache} and puts into it.
 *
 * The key of a file is a hash of everything that its code depends on: its text, its directory (path
 * literals are absolute), the home directory (`~/`), the compiler, the settings that bear on parsing,
 * and the names of the globals. So nothing in the cache grows stale, and nobody has to look whether a
 * file has changed.
 *
 * Entries are written when the host says so, best when the output is out. A file is first stored with
 * the units that were entered: compiling the others would cost the first run more than it may. When
 * a later run needs one of those, it compiles that unit from the text, and afterwards the file is
 * stored with all units.
 */
import { bytesToByteString, type HashFunctions } from "@nivis/formats";
import type { Lambda } from "../bytecode/lambda.ts";
import type { Resolution } from "../compiler/resolve.ts";
import type { Settings } from "../settings.ts";
import { Attrs } from "../value/attrs.ts";
import { Thunk } from "../value/thunk.ts";
import type { NixPath, Slot } from "../value/value.ts";
import type { BytecodeCache } from "./bytecode-cache.ts";
import { CompiledFile, type FileSurroundings } from "./compiled-file.ts";
import { COMPILER_ID } from "./compiler-id.ts";
import { encodeFile } from "./encode.ts";
import { type EntryTools, FORMAT, TextCodec } from "./format.ts";

/** What all files of one evaluation have in common as far as their code depends on it. */
export interface CompilerSurroundings {
  readonly settings: Settings;
  /** What `~` stands for, if it stands for something. */
  readonly home: string | undefined;
  readonly globals: ReadonlyMap<string, Slot>;
}

/** See the head of this file. */
export class CompiledFiles {
  /** Files found in the cache. */
  hits = 0;
  /** Files looked for and not found. */
  misses = 0;
  private readonly loaded: { readonly key: Uint8Array; readonly file: CompiledFile }[] = [];
  private readonly compiled: {
    readonly key: Uint8Array;
    readonly root: Lambda;
    readonly resolution: Resolution;
  }[] = [];
  private readonly tools: EntryTools;
  /** What all keys depend on; made for the first file, since many evaluations have none. */
  private keyPrefix: string | undefined;

  constructor(
    private readonly cache: BytecodeCache,
    hashes: HashFunctions,
    private readonly surroundings: CompilerSurroundings,
  ) {
    this.tools = { hashes, text: new TextCodec() };
  }

  /** The key of a text whose relative paths begin in a directory. */
  key(text: string, { path, accessor }: NixPath): Uint8Array {
    const { hashes } = this.tools;
    this.keyPrefix ??= bytesToByteString(
      hashes.hash("sha256", describeCompiler(this.surroundings)),
    );
    // Of the tree it only matters whether it is the one in which absolute paths are.
    const tree = accessor === undefined ? "" : "+";
    return hashes.hash("sha256", `${this.keyPrefix}${tree}${path.length} ${path}${text}`);
  }

  /** The lambda of a file that is in the cache. */
  load(key: Uint8Array, surroundings: FileSurroundings): Lambda | undefined {
    const entry = this.cache.load(key);
    const file =
      entry === undefined ? undefined : CompiledFile.open(entry, key, this.tools, surroundings);
    if (file === undefined) {
      this.misses++;
      return undefined;
    }
    this.hits++;
    this.loaded.push({ key, file });
    return file.root;
  }

  /** Notes a file that was compiled, to be stored by {@link save}. */
  add(key: Uint8Array, root: Lambda, resolution: Resolution): void {
    this.compiled.push({ key, root, resolution });
  }

  /** Stores what is not in the cache yet. */
  save(): void {
    const { cache, tools } = this;
    const store = (key: Uint8Array, root: Lambda, file: Resolution, complete: boolean): void => {
      let entry: Uint8Array;
      try {
        entry = encodeFile(root, file, key, complete, tools);
      } catch (error) {
        // Larger than the engine's strings or arrays can be.
        if (error instanceof RangeError) return;
        throw error;
      }
      cache.store(key, entry);
    };
    for (const { key, root, resolution } of this.compiled) {
      store(key, root, resolution, false);
    }
    this.compiled.length = 0;
    for (const { key, file } of this.loaded) {
      const { resolution } = file;
      if (!file.lacking || resolution === undefined) continue;
      const units = [...resolution.units.values()];
      for (const { lambda } of units) {
        lambda.ensureCompiled();
        lambda.fused?.ensureCompiled();
      }
      store(key, units[0]?.lambda as Lambda, resolution, true);
    }
    this.loaded.length = 0;
  }
}

function describeCompiler({ settings, home, globals }: CompilerSurroundings): string {
  const builtins = globals.get("builtins");
  const names = builtins instanceof Attrs ? builtins.names() : [];
  // Only what exists already is taken for a constant.
  const known = names.filter(
    (name) => !(builtins instanceof Attrs && builtins.get(name) instanceof Thunk),
  );
  return JSON.stringify([
    FORMAT,
    COMPILER_ID,
    home ?? null,
    [...settings.experimentalFeatures].sort(),
    settings.lintUrlLiterals,
    settings.lintShortPathLiterals,
    settings.lintAbsolutePathLiterals,
    [...globals.keys()],
    known,
  ]);
}
