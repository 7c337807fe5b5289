/**
 * Evaluation: the whole machine behind one object. It makes the context that everything shares,
 * parses, compiles and runs texts and files, and remembers which files it has evaluated.
 *
 *     const evaluation = new Evaluation({ io, hashes });
 *     evaluation.force(evaluation.evalText("1 + 1", { kind: "string" }, "/"));   // 2
 *
 * Two evaluations share nothing. All texts are byte strings.
 */

import { canonPath, type HashFunctions, portableHashes } from "@nivis/formats";
import { type Expr, type Origin, type ParseResult, parse, SourceFile } from "@nivis/syntax";
import { makeGlobals } from "./builtins/registry.ts";
import { disassemble, listCode } from "./bytecode/disassemble.ts";
import type { Lambda } from "./bytecode/lambda.ts";
import type { BytecodeCache } from "./cache/bytecode-cache.ts";
import { CompiledFiles } from "./cache/compiled-files.ts";
import { EvalCaches } from "./caches.ts";
import { emitUnit } from "./compiler/emit.ts";
import { Resolution, resolve } from "./compiler/resolve.ts";
import type { Unit } from "./compiler/scope.ts";
import type { EvalContext, SearchPathEntry } from "./context.ts";
import { coreFile, DERIVATION_PATH } from "./core-files.ts";
import { CounterRegistry, type CounterTree } from "./counters.ts";
import { EvalError } from "./errors/eval-error.ts";
import { evalErrorOf } from "./errors/from-world.ts";
import { plainWarning, reportedWarning } from "./errors/render.ts";
import type { EvalIo } from "./io.ts";
import { clock, LARGE_RESULT, LimitMeter } from "./limits/meter.ts";
import { deepForce } from "./operations/deep-force.ts";
import { joinPath, parentOfPath } from "./path.ts";
import { NO_POS, PositionTable } from "./position.ts";
import { restrictedIo } from "./restricted-io.ts";
import { DEFAULT_SETTINGS, type Settings } from "./settings.ts";
import { DummyStore } from "./store/dummy-store.ts";
import type { Store } from "./store/store.ts";
import {
  canCompile,
  listTranslation,
  Tier,
  type TierCounters,
  type TierMode,
} from "./tier/tier.ts";
import { Attrs } from "./value/attrs.ts";
import { nativeThunk, Thunk } from "./value/thunk.ts";
import type { Slot, Value } from "./value/value.ts";
import { APPLY_LAMBDAS } from "./vm/frame.ts";
import { MachinePool } from "./vm/machine.ts";
import type { RunObserver } from "./vm/observer.ts";
import { CallRequest, force, type Suspendable } from "./vm/requests.ts";

/** What a byte of a program takes as a tree, at worst. */
const BYTES_PER_SOURCE_BYTE = 50;

/** Symlinks that are followed before a path counts as a cycle; C++ Nix has the same limit. */
const MAX_SYMLINKS = 1024;

/**
 * An evaluation is long-running once the machine has run so many frames without a pause: in its third
 * run, after 700 frames in all. See docs/design/007-rehearsal.md.
 */
const LONG_RUN_FRAMES = 400;
/** An evaluation is long-running, too, once it has taken so long. */
const LONG_RUN_MILLISECONDS = 10;

/** What an evaluation needs. */
export interface EvaluationOptions {
  readonly io: EvalIo;
  /** How to hash; portable code unless the host has something faster. */
  readonly hashes?: HashFunctions;
  /** Settings that differ from the defaults. */
  readonly settings?: Partial<Settings>;
  /** Where derivations and sources go; unless given, paths are computed and nothing is written. */
  readonly store?: Store;
  readonly searchPath?: readonly SearchPathEntry[];
  /** Is told what the machine does; slows it down. */
  readonly observer?: RunObserver;
  /** Where compiled files are kept; see {@link Evaluation.saveCompiledFiles}. */
  readonly bytecodeCache?: BytecodeCache;
  /**
   * How code is run: `vm` by the machine alone, `js` translated to JavaScript when it is first entered,
   * `auto` (the default) translated when it has been entered often. An evaluation with an observer or
   * with limits is run by the machine alone, and so is one where functions cannot be made of texts;
   * there `js` is an {@link EvalError}.
   */
  readonly tier?: TierMode;
  /** Entries before `auto` translates; a number that pays for most programs unless given. */
  readonly tierThreshold?: number;
  /** Lets translated code fall back and hand over wherever it can; for tests. */
  readonly tierStress?: boolean;
  /**
   * Called once, in the middle of a run, when the evaluation has proved to be long-running. It must
   * leave this evaluation alone; see {@link rehearse}.
   */
  readonly onLongRun?: () => void;
}

/** See the head of this file. */
export class Evaluation {
  readonly context: EvalContext;
  private readonly globals: ReadonlyMap<string, Slot>;
  private readonly machines: MachinePool;
  private readonly compiledFiles: CompiledFiles | undefined;
  private readonly tier: Tier | undefined;
  /** The values of files, by the path that was asked for and by the path it led to. */
  private readonly files = new Map<string, Slot>();

  private readonly observer: RunObserver | undefined;

  constructor(options: EvaluationOptions) {
    const settings: Settings = { ...DEFAULT_SETTINGS, ...options.settings };
    const searchPath = settings.pureEval ? [] : (options.searchPath ?? []);
    const context: EvalContext = {
      io: restrictedIo(options.io, settings, searchPath),
      hashes: options.hashes ?? portableHashes,
      settings,
      positions: new PositionTable(),
      store: options.store ?? new DummyStore(settings.storeDir),
      caches: new EvalCaches(),
      counters: new CounterRegistry(),
      limits: LimitMeter.of(settings, options.io),
      // Replaced below: making the globals needs the rest of the context.
      builtins: Attrs.of([], []),
      searchPath,
      longRunWatch: watchForLongRun(options.onLongRun, options.io),
      importFile: (path) => this.importFile(path),
      scopedImport: (path, scope) => this.scopedImport(path, scope),
    };
    const derivation = nativeThunk(() => this.importFile(DERIVATION_PATH) as Suspendable<Slot>);
    const { builtins, globals } = makeGlobals(context, derivation);
    this.globals = globals;
    this.context = { ...context, builtins };
    context.counters.add("caches", () => this.cacheSizes());
    this.observer = options.observer;
    const tier = tierOf(this.context, options);
    this.machines = new MachinePool(this.context, options.observer, tier);
    tier?.connect(this.machines);
    if (tier !== undefined) context.counters.add("tier", () => ({ ...tier.counters }));
    this.tier = tier;
    if (options.bytecodeCache !== undefined) {
      context.counters.add("bytecodeCache", () => ({ ...this.cacheUse }));
      const surroundings = { settings, home: this.home, globals };
      this.compiledFiles = new CompiledFiles(
        options.bytecodeCache,
        this.context.hashes,
        surroundings,
      );
    }
  }

  /** What the second tier has done; `undefined` if there is none. */
  get tierCounters(): TierCounters | undefined {
    return this.tier?.counters;
  }

  /** The positions of all texts that were read. */
  get positions(): PositionTable {
    return this.context.positions;
  }

  /** What `~` stands for in texts. */
  private get home(): string | undefined {
    const { settings, io } = this.context;
    return settings.pureEval ? undefined : (io.environment("HOME") ?? "");
  }

  /** Parses a text; mistakes are in the result's diagnostics. */
  parse(source: SourceFile, basePath: string): ParseResult {
    const { settings } = this.context;
    return parse(source, {
      basePath,
      home: this.home,
      features: { pipeOperators: settings.experimentalFeatures.has("pipe-operators") },
      lints: {
        urlLiterals: settings.lintUrlLiterals,
        shortPathLiterals: settings.lintShortPathLiterals,
        absolutePathLiterals: settings.lintAbsolutePathLiterals,
      },
    });
  }

  /** Parses a text and resolves its names; throws an {@link EvalError} at the first mistake. */
  parseChecked(text: string, origin: Origin, basePath: string): Expr {
    return this.compileText(text, origin, basePath, this.globals).expr;
  }

  /** A text as a thunk; throws an {@link EvalError} if it is no Nix expression. */
  load(text: string, origin: Origin, basePath: string): Thunk {
    return this.loadText(text, origin, basePath, this.globals);
  }

  /** Evaluates a text to weak head normal form. */
  evalText(text: string, origin: Origin, basePath: string): Value {
    return this.force(this.load(text, origin, basePath));
  }

  /** A file, or the `default.nix` of a directory, as a thunk: as the main program, not as an import. */
  openFile(path: string): Thunk {
    return this.loadFile(this.resolveExpressionPath(path), this.globals);
  }

  /** Evaluates a file, or the `default.nix` of a directory, to weak head normal form. */
  evalFile(path: string): Value {
    return this.force(this.openFile(path));
  }

  /** Forces a slot. */
  force(slot: Slot): Value {
    return this.machines.force(slot);
  }

  /** Forces a slot and everything inside. */
  deepForce(slot: Slot): Value {
    // Nix: the program is evaluated before what is inside of its value, and not as a part of it.
    return this.run(deepForce(this.context, this.force(slot)));
  }

  /** Calls a function with any number of arguments; without any it is the function's value. */
  call(callee: Slot, ...args: readonly Slot[]): Value {
    return this.run(
      (function* (): Suspendable<Value> {
        let value = (callee instanceof Thunk ? yield callee : callee) as Value;
        for (let at = 0; at < args.length; at += APPLY_LAMBDAS.length) {
          const some = args.slice(at, at + APPLY_LAMBDAS.length);
          value = (yield new CallRequest(value, some, NO_POS)) as Value;
        }
        return value;
      })(),
    );
  }

  /** Runs native code that can be suspended. */
  run<Result>(generator: Suspendable<Result>): Result {
    return this.machines.run(generator);
  }

  /** The bytecode of a text, with all units inside; or the JavaScript that it is translated to. */
  disassemble(
    text: string,
    origin: Origin,
    basePath: string,
    form: "bytecode" | "js" = "bytecode",
  ): string {
    const { lambda } = this.compileText(text, origin, basePath, this.globals);
    return disassemble(lambda, this.positions, form === "js" ? listTranslation : listCode);
  }

  /** For statistics: how many things are remembered. */
  private cacheSizes(): CounterTree {
    const { caches } = this.context;
    return {
      files: this.files.size,
      regexes: caches.regexes.size,
      derivations: caches.derivations.size,
      sourceCopies: caches.sourceCopies.size,
      searchPathResults: caches.searchPathResults.size,
    };
  }

  /** How many files came out of the cache, and how many were looked for in vain. */
  get cacheUse(): { readonly hits: number; readonly misses: number } {
    const { hits, misses } = this.compiledFiles ?? { hits: 0, misses: 0 };
    return { hits, misses };
  }

  /**
   * Puts the files that were compiled into the cache, if there is one. It takes a moment: a command
   * calls it when its output is out.
   */
  saveCompiledFiles(): void {
    this.compiledFiles?.save();
  }

  private loadText(
    text: string,
    origin: Origin,
    basePath: string,
    globals: ReadonlyMap<string, Slot>,
  ): Thunk {
    // Texts of the command line are short and come once; `scopedImport` has globals of its own.
    const cached =
      this.compiledFiles !== undefined &&
      globals === this.globals &&
      (origin.kind === "file" || origin.kind === "internal");
    const lambda = cached
      ? this.loadCached(this.compiledFiles, text, origin, basePath)
      : this.compileText(text, origin, basePath, globals).lambda;
    return new Thunk(lambda, undefined, undefined, null);
  }

  private loadCached(files: CompiledFiles, text: string, origin: Origin, basePath: string): Lambda {
    const key = files.key(text, basePath);
    const source = new SourceFile(origin, text);
    const base = this.positions.add(source);
    const { globals } = this;
    const resolveText = (): Resolution => {
      const resolution = new Resolution(globals, base);
      resolveFile(this.parse(source, basePath).expr, resolution);
      return resolution;
    };
    const found = files.load(key, { base, globals, resolve: resolveText });
    if (found !== undefined) return found;
    const { lambda, resolution, silent } = this.compileSource(source, base, basePath, globals);
    // What was warned of must be warned of the next time.
    if (silent) files.add(key, lambda, resolution);
    return lambda;
  }

  private compileText(
    text: string,
    origin: Origin,
    basePath: string,
    globals: ReadonlyMap<string, Slot>,
  ): CompiledText {
    const source = new SourceFile(origin, text);
    return this.compileSource(source, this.positions.add(source), basePath, globals);
  }

  private compileSource(
    source: SourceFile,
    base: number,
    basePath: string,
    globals: ReadonlyMap<string, Slot>,
  ): CompiledText {
    const { length } = source.text;
    if (length > LARGE_RESULT) this.context.limits?.reserve(length * BYTES_PER_SOURCE_BYTE);
    const { expr, diagnostics, firstError } = this.parse(source, basePath);
    if (diagnostics.length > 0) {
      for (const { severity, message, pos } of diagnostics) {
        if (severity === "error") break;
        // Nix: a warning without a place of its own is printed as it is, never indented.
        this.context.io.log(
          pos === undefined
            ? plainWarning(message)
            : reportedWarning(this.positions, message, base + pos),
        );
      }
      if (firstError !== undefined) {
        const { message, pos } = firstError;
        throw new EvalError("parse", message, pos === undefined ? NO_POS : base + pos);
      }
    }
    this.observer?.parsed?.(expr);
    const resolution = new Resolution(globals, base);
    const { lambda } = resolveFile(expr, resolution);
    const undefinedVariables = resolution.undefinedVariables;
    if (undefinedVariables.length > 0) {
      const first = undefinedVariables.reduce((a, b) => (b.pos < a.pos ? b : a));
      throw new EvalError(
        "undefined-variable",
        `undefined variable '${first.name}'`,
        base + first.pos,
      );
    }
    return { lambda, expr, resolution, silent: diagnostics.length === 0 };
  }

  private *importFile(path: string): Suspendable<Slot> {
    const known = this.files.get(path);
    let slot: Slot;
    let resolved = path;
    if (known !== undefined) slot = known;
    else {
      resolved = this.resolveExpressionPath(path);
      const same = this.files.get(resolved);
      if (same === undefined) {
        slot = this.loadFile(resolved, this.globals);
        this.files.set(resolved, slot);
      } else slot = same;
      this.files.set(path, slot);
    }
    try {
      return (yield force(slot)) as Value;
    } catch (error) {
      if (error instanceof EvalError && coreFile(resolved) === undefined) {
        error.addTrace(NO_POS, `while evaluating the file '${resolved}':`);
      }
      throw error;
    }
  }

  private *scopedImport(path: string, scope: Attrs): Suspendable<Slot> {
    const globals = new Map(this.globals);
    const slots = scope.slots();
    scope.names().forEach((name, i) => {
      globals.set(name, slots[i] as Slot);
    });
    return (yield force(this.loadFile(this.resolveExpressionPath(path), globals))) as Value;
  }

  private loadFile(path: string, globals: ReadonlyMap<string, Slot>): Thunk {
    const core = coreFile(path);
    const origin: Origin =
      core === undefined ? { kind: "file", path } : { kind: "internal", name: core.name };
    let text: string;
    try {
      text = core?.text ?? this.context.io.readFile(path);
    } catch (error) {
      throw evalErrorOf(error);
    }
    const end = path.lastIndexOf("/");
    return this.loadText(text, origin, end <= 0 ? "/" : path.slice(0, end), globals);
  }

  /** Follows symlinks at the end of a path, and goes to the `default.nix` of a directory. */
  resolveExpressionPath(path: string): string {
    if (coreFile(path) !== undefined) return path;
    const { io } = this.context;
    let current = path;
    try {
      for (let followed = 0; io.fileType(current) === "symlink"; followed++) {
        if (followed >= MAX_SYMLINKS) {
          throw new EvalError(
            "io",
            `too many symbolic links encountered while traversing the path '${path}'`,
          );
        }
        const target = io.readLink(current);
        current = canonPath(
          target.startsWith("/") ? target : joinPath(parentOfPath(current), target),
        );
      }
      if (io.fileType(current) === "directory") {
        return this.resolveExpressionPath(
          current === "/" ? "/default.nix" : `${current}/default.nix`,
        );
      }
    } catch (error) {
      throw evalErrorOf(error);
    }
    return current;
  }
}

/** A text that was compiled. */
interface CompiledText {
  readonly lambda: Lambda;
  readonly expr: Expr;
  readonly resolution: Resolution;
  /** Whether the parser had nothing to say. */
  readonly silent: boolean;
}

function resolveFile(expr: Expr, resolution: Resolution): Unit {
  return resolve(expr, resolution, (lambda, unit) => emitUnit(lambda, unit, resolution));
}

/** What calls `action` once, when so many frames have returned that the evaluation is long-running. */
function watchForLongRun(action: (() => void) | undefined, io: EvalIo): (frames: number) => void {
  if (action === undefined) return () => {};
  const begun = clock(io);
  let told = false;
  return (frames) => {
    // Where files are loaded, a few frames take long and many will follow.
    if (told || (frames < LONG_RUN_FRAMES && clock(io) - begun < LONG_RUN_MILLISECONDS)) return;
    told = true;
    action();
  };
}

/** The second tier that the options ask for, if there can be one. */
function tierOf(ctx: EvalContext, options: EvaluationOptions): Tier | undefined {
  const mode = options.tier ?? "auto";
  if (mode === "vm" || options.observer !== undefined || ctx.limits !== undefined) return undefined;
  if (mode === "js" && !canCompile()) {
    throw new EvalError(
      "not-supported",
      "JavaScript cannot be generated here: code generation from strings is forbidden",
    );
  }
  const { tierThreshold: threshold, tierStress } = options;
  const tier = new Tier(ctx, { mode, stress: tierStress === true, threshold });
  // Where hardly a call may nest, all of them are counted by the machine.
  return tier.maxDepth > 0 ? tier : undefined;
}
