/**
 * CompiledFiles: what an evaluation reads from a {@link BytecodeCache} and writes to it.
 *
 * The key of a file is a hash of everything that its code depends on: its text, its directory (path
 * literals are absolute), the home directory (`~/`), the compiler, the settings that affect parsing, and
 * the names of the globals. So entries never become stale, and no file has to be checked for changes.
 *
 * Entries are written when the host calls {@link CompiledFiles.save}, best after the output. A file is
 * first stored with the units that were entered, because compiling the others would slow down the first
 * run. A later run that needs another unit compiles it from the text, and then stores the file with all
 * units. See docs/design/004-bytecode-cache.md.
 */
import { bytesToByteString, type HashFunctions } from "@nivis/formats";
import type { Lambda } from "../bytecode/lambda.ts";
import type { Resolution } from "../compiler/resolve.ts";
import type { Settings } from "../settings.ts";
import { Attrs } from "../value/attrs.ts";
import { Thunk } from "../value/thunk.ts";
import type { NixPath, Slot } from "../value/value.ts";
import type { BytecodeCache } from "./bytecode-cache.ts";
import { CompiledFile, type FileEnvironment } from "./compiled-file.ts";
import { COMPILER_ID } from "./compiler-id.ts";
import { encodeFile } from "./encode.ts";
import { type EntryTools, FORMAT, TextCodec } from "./format.ts";

/** What the code of all files of one evaluation depends on. */
export interface CompilerEnvironment {
  readonly settings: Settings;
  /** The home directory that `~` stands for, if there is one. */
  readonly home: string | undefined;
  readonly globals: ReadonlyMap<string, Slot>;
}

/** The compiled files of one evaluation. */
export class CompiledFiles {
  /** Files found in the cache. */
  hits = 0;
  /** Files not found in the cache. */
  misses = 0;
  private readonly loaded: { readonly key: Uint8Array; readonly file: CompiledFile }[] = [];
  private readonly compiled: {
    readonly key: Uint8Array;
    readonly root: Lambda;
    readonly resolution: Resolution;
  }[] = [];
  private readonly tools: EntryTools;
  /** The common part of all keys; computed for the first file, since many evaluations have none. */
  private keyPrefix: string | undefined;

  constructor(
    private readonly cache: BytecodeCache,
    hashes: HashFunctions,
    private readonly environment: CompilerEnvironment,
  ) {
    this.tools = { hashes, text: new TextCodec() };
  }

  /** The key of a text whose relative paths begin in a directory. */
  key(text: string, { path, accessor }: NixPath): Uint8Array {
    const { hashes } = this.tools;
    this.keyPrefix ??= bytesToByteString(hashes.hash("sha256", describeCompiler(this.environment)));
    // Of the tree only one thing matters: whether absolute paths belong to it.
    const tree = accessor === undefined ? "" : "+";
    return hashes.hash("sha256", `${this.keyPrefix}${tree}${path.length} ${path}${text}`);
  }

  /** A file that is in the cache. */
  load(key: Uint8Array, environment: FileEnvironment): CompiledFile | undefined {
    const entry = this.cache.load(key);
    const file =
      entry === undefined ? undefined : CompiledFile.open(entry, key, this.tools, environment);
    if (file === undefined) {
      this.misses++;
      return undefined;
    }
    this.hits++;
    this.loaded.push({ key, file });
    return file;
  }

  /** Records a compiled file, to be stored by {@link save}. */
  add(key: Uint8Array, root: Lambda, resolution: Resolution): void {
    this.compiled.push({ key, root, resolution });
  }

  /** Stores the recorded files, and the loaded ones that lacked a unit. */
  save(): void {
    const { cache, tools } = this;
    const store = (key: Uint8Array, root: Lambda, file: Resolution, complete: boolean): void => {
      let entry: Uint8Array;
      try {
        entry = encodeFile(root, file, key, complete, tools);
      } catch (error) {
        // Larger than the engine's limit for strings or arrays.
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

function describeCompiler({ settings, home, globals }: CompilerEnvironment): string {
  const builtins = globals.get("builtins");
  const names = builtins instanceof Attrs ? builtins.names() : [];
  // The compiler takes only forced attributes for constants.
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
