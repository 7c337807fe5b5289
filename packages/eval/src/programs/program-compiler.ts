/**
 * The way from a text to code: parses and compiles it, or finds the code in the cache of compiled files.
 *
 * One for each evaluation. It registers each text with the positions and, if there is one, with the heap
 * image.
 */
import { bytesToByteString, marked } from "@nivis/formats";
import { type Expr, type ParseOptions, type ParseResult, parse, SourceFile } from "@nivis/syntax";
import type { Lambda } from "../bytecode/lambda.ts";
import type { BytecodeCache } from "../cache/bytecode-cache.ts";
import type { CompiledFile } from "../cache/compiled-file.ts";
import { CompiledFiles } from "../cache/compiled-files.ts";
import type { DebugHooks } from "../compiler/debug-emitter.ts";
import { emitUnit } from "../compiler/emit.ts";
import { Resolution, resolve } from "../compiler/resolve.ts";
import type { Unit } from "../compiler/scope.ts";
import type { EvalContext } from "../context.ts";
import { markedDiagnostic } from "../errors/diagnostic-text.ts";
import { EvalError } from "../errors/eval-error.ts";
import { plainWarning, reportedWarning } from "../errors/log-message.ts";
import type { HeapImage } from "../image/heap-image.ts";
import { IoError } from "../io.ts";
import { type PosIdx, positionIn } from "../position.ts";
import { Thunk } from "../value/thunk.ts";
import type { NixPath, Slot } from "../value/value.ts";
import type { RunObserver } from "../vm/observer.ts";
import type { Program } from "./read-program.ts";

/** The maximum size of the tree of one byte of a program. */
const BYTES_PER_SOURCE_BYTE = 50;

/** What a compiler gets from the options of its evaluation. */
export interface ProgramCompilerOptions {
  /** The names that files can use. */
  readonly globals: ReadonlyMap<string, Slot>;
  /** The cache for compiled files. Must not be given together with a debugger. */
  readonly cache: BytecodeCache | undefined;
  readonly debugger: DebugHooks | undefined;
  /** Told of each text that was parsed. */
  readonly observer: RunObserver | undefined;
}

/** A compiled text. */
export interface CompiledText {
  readonly lambda: Lambda;
  readonly expr: Expr;
  readonly resolution: Resolution;
  /** Whether the parser reported nothing. */
  readonly silent: boolean;
}

/** A text with the position at which it was registered. */
export interface PlacedText {
  readonly source: SourceFile;
  readonly base: PosIdx;
  /** The directory that relative paths in the text start from. */
  readonly basePath: NixPath;
}

/** The units of a text, compiled or from the cache. */
interface LoadedProgram {
  readonly root: Lambda;
  readonly lambda: (unit: number) => Lambda | undefined;
}

/** The parser options about `~`. */
type HomeDirectory = Pick<ParseOptions, "home" | "homeFailure">;

/** Parses and compiles the texts of one evaluation. */
export class ProgramCompiler {
  /** The heap image that is told of each text; set once, before anything is compiled. */
  heapImage: HeapImage | undefined;
  /** The cache for compiled files, if there is one. */
  readonly compiledFiles: CompiledFiles | undefined;
  readonly globals: ReadonlyMap<string, Slot>;
  readonly #context: EvalContext;
  readonly #observer: RunObserver | undefined;
  readonly #debugger: DebugHooks | undefined;

  constructor(context: EvalContext, options: ProgramCompilerOptions) {
    this.#context = context;
    const { globals, cache } = options;
    const { settings, hashes } = context;
    this.globals = globals;
    this.#observer = options.observer;
    this.#debugger = options.debugger;
    if (cache !== undefined) {
      this.compiledFiles = new CompiledFiles(cache, hashes, {
        settings,
        home: this.#home.home,
        globals,
      });
    }
  }

  /** The home directory for `~` in texts, or the reason why there is none. */
  get #home(): HomeDirectory {
    if (this.#context.settings.pureEval) return { home: undefined };
    try {
      return { home: this.#context.io.homeDirectory() };
    } catch (error) {
      if (error instanceof IoError) return { home: undefined, homeFailure: error.message };
      throw error;
    }
  }

  /** The options of the parser for a text whose relative paths start from a directory. */
  parseOptions(basePath: string | NixPath): ParseOptions {
    const { settings } = this.#context;
    return {
      basePath: typeof basePath === "string" ? basePath : basePath.path,
      ...this.#home,
      features: { pipeOperators: settings.experimentalFeatures.has("pipe-operators") },
      lints: {
        urlLiterals: settings.lintUrlLiterals,
        shortPathLiterals: settings.lintShortPathLiterals,
        absolutePathLiterals: settings.lintAbsolutePathLiterals,
      },
    };
  }

  /** Parses a text; mistakes are reported in the result's diagnostics. */
  parse(source: SourceFile, basePath: string | NixPath): ParseResult {
    return parse(source, this.parseOptions(basePath));
  }

  /** Registers a text with the positions. */
  place({ text, origin, basePath }: Program): PlacedText {
    const source = new SourceFile(origin, text);
    return { source, base: this.#context.positions.add(source), basePath };
  }

  /** Returns a program as a thunk. Throws an {@link EvalError} if it does not parse. */
  load(program: Program, globals: ReadonlyMap<string, Slot>): Thunk {
    const { compiledFiles, heapImage } = this;
    const { text, origin, basePath } = program;
    // Texts of the command line are short and seldom repeated; `scopedImport` has globals of its
    // own.
    if (
      compiledFiles !== undefined &&
      globals === this.globals &&
      (origin.kind === "file" || origin.kind === "internal")
    ) {
      const key = compiledFiles.key(text, basePath);
      const placed = this.place(program);
      if (heapImage !== undefined) {
        const placedProgram = { path: basePath.at(origin.path), key: bytesToByteString(key) };
        heapImage.loaded({ program: placedProgram, base: placed.base, length: text.length });
      }
      const { root } = this.unitsOf(compiledFiles, key, placed);
      return new Thunk(root, undefined, undefined, null);
    }
    const placed = this.place(program);
    if (heapImage !== undefined && globals === heapImage.globals) {
      const { source, base } = placed;
      heapImage.loaded({ program: { source, basePath }, base, length: text.length });
    }
    const { lambda } = this.compile(placed, globals);
    return new Thunk(lambda, undefined, undefined, null);
  }

  /** Returns the units of a file: those in the cache, or new ones. */
  unitsOf(files: CompiledFiles, key: Uint8Array, placed: PlacedText): LoadedProgram {
    const { base, basePath } = placed;
    const found = this.cachedUnits(files, key, base, basePath, () => placed);
    if (found !== undefined) {
      return { root: found.root, lambda: (unit) => found.lambdaOfUnit(unit) };
    }
    const { lambda, resolution, silent } = this.compile(placed, this.globals);
    // A file with warnings is not cached, so that the next evaluation warns again.
    if (silent) files.add(key, lambda, resolution);
    return { root: lambda, lambda: (unit) => [...resolution.units.values()][unit]?.lambda };
  }

  /**
   * Returns the units of a file in the cache. The text is asked for only if one is needed that the cache
   * lacks.
   */
  cachedUnits(
    files: CompiledFiles,
    key: Uint8Array,
    base: PosIdx,
    { accessor }: NixPath,
    text: () => Pick<PlacedText, "source" | "basePath">,
  ): CompiledFile | undefined {
    const { globals } = this;
    return files.load(key, {
      base,
      globals,
      accessor,
      resolve: () => {
        const { source, basePath } = text();
        const resolution = new Resolution(globals, base, basePath.accessor);
        resolveFile(this.parse(source, basePath).expr, resolution);
        return resolution;
      },
    });
  }

  /** Parses and compiles a text. Throws an {@link EvalError} for the first mistake. */
  compile(
    { source, base, basePath }: PlacedText,
    globals: ReadonlyMap<string, Slot>,
  ): CompiledText {
    return this.compileTree(this.parse(source, basePath), base, basePath, globals);
  }

  /** Compiles a tree; see {@link compile}. */
  compileTree(
    { expr, diagnostics, firstError, source }: ParseResult,
    base: PosIdx,
    basePath: NixPath,
    globals: ReadonlyMap<string, Slot>,
  ): CompiledText {
    const context = this.#context;
    context.limits?.make(source.text.length, BYTES_PER_SOURCE_BYTE);
    if (diagnostics.length > 0) {
      for (const diagnostic of diagnostics) {
        const { severity, message, pos } = diagnostic;
        if (severity === "error") break;
        // Nix: a warning without a position is printed unchanged, never indented.
        context.io.log(
          pos === undefined
            ? plainWarning(message)
            : reportedWarning(
                context.positions,
                markedDiagnostic(diagnostic),
                positionIn(base, pos),
              ),
        );
      }
      if (firstError !== undefined) {
        throw new EvalError(
          "parse",
          markedDiagnostic(firstError),
          positionIn(base, firstError.pos),
        );
      }
    }
    const hooks = this.#debugger;
    const resolution = new Resolution(globals, base, basePath.accessor, hooks !== undefined);
    const root =
      hooks === undefined
        ? resolveFile(expr, resolution)
        : resolve(expr, resolution, (lambda, unit) => hooks.emit(lambda, unit, resolution));
    const { lambda } = root;
    this.#observer?.parsed?.(expr, lambda);
    const undefinedVariables = resolution.undefinedVariables;
    if (undefinedVariables.length > 0) {
      const first = undefinedVariables.reduce((a, b) => (b.pos < a.pos ? b : a));
      throw new EvalError(
        "undefined-variable",
        marked`undefined variable '${first.name}'`,
        positionIn(base, first.pos),
      );
    }
    hooks?.loaded(resolution, source, root);
    return { lambda, expr, resolution, silent: diagnostics.length === 0 };
  }
}

function resolveFile(expr: Expr, resolution: Resolution): Unit {
  return resolve(expr, resolution, (lambda, unit) => emitUnit(lambda, unit, resolution));
}
