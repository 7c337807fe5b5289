/**
 * What a heap image gets from its evaluation: the imported files, and the code of the programs that the
 * image names. {@link openImage} sets the image up.
 *
 * An image names files by path and key, and main programs by their text; the code of a file comes from the
 * cache of compiled files, so an image requires that cache.
 *
 * Evaluations without an image do not load this module, so it exports nothing but functions
 * (`scripts/bundles.mjs`).
 */
import { bytesToByteString } from "@nivis/formats";
import { SourceFile } from "@nivis/syntax";
import type { CompiledFiles } from "../cache/compiled-files.ts";
import type { EvalContext } from "../context.ts";
import type { HeapImage, HeapImageOptions } from "../image/heap-image.ts";
import type { ImageHost, LoadedUnits } from "../image/image-reader.ts";
import type { PlacedText, ProgramCompiler } from "./program-compiler.ts";
import type { ProgramFiles } from "./program-files.ts";
import { readProgram } from "./read-program.ts";

/**
 * Opens the heap image of an evaluation. Returns `undefined` if the evaluation cannot have one: without a
 * cache for compiled files, or if it is warm and does not keep its heap.
 */
export function openImage(
  options: HeapImageOptions,
  context: EvalContext,
  compiler: ProgramCompiler,
  { imports, files }: ProgramFiles,
): HeapImage | undefined {
  const { compiledFiles, globals } = compiler;
  const { dependencies } = context;
  if (compiledFiles === undefined) return undefined;
  // A heap that is written knows what its values depend on, and no other warm one has an image.
  if (dependencies !== undefined && options.keeps !== true) return undefined;
  return options.open(options, {
    context,
    globals,
    imports,
    files,
    load: loaderOf(context, compiler, compiledFiles),
    compile: (source, basePath, base) => {
      const { resolution, silent } = compiler.compile({ source, base, basePath }, globals);
      if (!silent) return undefined;
      const units = [...resolution.units.values()];
      return { source, lambda: (unit) => units[unit]?.lambda };
    },
    setOf: (what, key) => dependencies?.setOfRecalled(`${what} ${key}`) ?? 0,
  });
}

/** Returns the function that loads a file for a heap image; see `ImageHost.load`. */
function loaderOf(
  context: EvalContext,
  compiler: ProgramCompiler,
  files: CompiledFiles,
): ImageHost["load"] {
  return (path, base, key, isOther): LoadedUnits | undefined => {
    const bytes = Uint8Array.from(key, (char) => char.charCodeAt(0));
    let known: PlacedText | undefined;
    const read = (): PlacedText | undefined => {
      const { text, origin, basePath } = readProgram(context, path);
      if (bytesToByteString(files.key(text, basePath)) !== key) return undefined;
      return { source: new SourceFile(origin, text), base, basePath };
    };
    const program = (): PlacedText => {
      known ??= read();
      if (known === undefined) throw isOther?.();
      return known;
    };
    if (isOther === undefined) {
      known = read();
      if (known === undefined) return undefined;
    }
    const found = compiler.cachedUnits(files, bytes, base, path, program);
    if (found !== undefined) {
      return {
        get source() {
          return program().source;
        },
        lambda: (unit) => found.lambdaOfUnit(unit),
      };
    }
    known ??= read();
    if (known === undefined) return undefined;
    return { source: known.source, lambda: compiler.unitsOf(files, bytes, known).lambda };
  };
}
