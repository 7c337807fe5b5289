/**
 * Evaluation: the whole machine behind one object. It makes the context that everything shares,
 * parses, compiles and runs texts and files, and remembers which files it has evaluated.
 *
 *     const evaluation = new Evaluation({ io, hashes });
 *     evaluation.evaluate("1 + 1");   // 2
 *
 * Two evaluations share nothing. All texts are byte strings ({@link Bytes}), paths and results too; an
 * ordinary text becomes one by `encodeUtf8`. What is handed out belongs to the evaluation: lists are
 * frozen, so that nothing a program does with them changes what is evaluated later.
 */

import { type Bytes, canonPath, type HashFunctions, isBytes, portableHashes } from "@nivis/formats";
import {
  type Expr,
  type Origin,
  type ParseOptions,
  type ParseResult,
  parse,
  SourceFile,
} from "@nivis/syntax";
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
import { DERIVATION_FILE, isOwnTree } from "./core-files.ts";
import { CounterRegistry, type CounterTree } from "./counters.ts";
import { EvalError } from "./errors/eval-error.ts";
import { evalErrorOf } from "./errors/from-world.ts";
import { plainWarning, reportedWarning } from "./errors/render.ts";
import { checkSlot, HandedOut } from "./handed-out.ts";
import { type EvalIo, IoError } from "./io.ts";
import { clock, LimitMeter, type Limits } from "./limits/meter.ts";
import { deepForce } from "./operations/deep-force.ts";
import { printPretty } from "./operations/print-pretty.ts";
import { toJson } from "./operations/to-json.ts";
import { toXml } from "./operations/to-xml.ts";
import { existingType, joinPath, parentOfPath, resolveSymlinks } from "./path.ts";
import { accessorOf } from "./path-value.ts";
import { NO_POS, PositionTable } from "./position.ts";
import { restrictedIo } from "./restricted-io.ts";
import { openSearchPath } from "./search-path.ts";
import { type SettingsInput, settingsOf } from "./settings.ts";
import type { FileType, SourceAccessor } from "./source-accessor.ts";
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
import { FAILED, nativeThunk, Thunk } from "./value/thunk.ts";
import { NixPath, type Slot, type Value } from "./value/value.ts";
import type { AsyncOptions } from "./vm/async-run.ts";
import { APPLY_LAMBDAS } from "./vm/frame.ts";
import { MachinePool } from "./vm/machine-pool.ts";
import type { RunObserver } from "./vm/observer.ts";
import { attempt, now } from "./vm/pending.ts";
import { CallRequest, force, type Suspendable } from "./vm/requests.ts";

/** What a byte of a program takes as a tree, at worst. */
const BYTES_PER_SOURCE_BYTE = 50;

/** Looks at the end of a path before it counts as a cycle of symlinks; C++ Nix has the same limit. */
const MAX_LOOKS = 1024;

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
  readonly settings?: SettingsInput;
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

/** Where a text that a host gives comes from. */
export interface TextOptions {
  /** What messages call it; `{ kind: "string" }`, printed as `«string»`, unless given. */
  readonly origin?: Origin;
  /** The directory that its relative paths start from; the current directory unless given. */
  readonly basePath?: Bytes | NixPath;
}

/** Evaluates texts and files; everything that they share lives in here. */
export class Evaluation {
  readonly context: EvalContext;
  private readonly globals: ReadonlyMap<string, Slot>;
  private readonly machines: MachinePool;
  private readonly compiledFiles: CompiledFiles | undefined;
  private readonly tier: Tier | undefined;
  private readonly handedOut = new HandedOut();
  /** Files that were imported, by the key of the path that was asked for. */
  private readonly imports = new Map<string, EvaluatedFile>();
  /** The same by the key of the path that it led to: another map, for the one may be the other of another file. */
  private readonly files = new Map<string, EvaluatedFile>();

  private readonly observer: RunObserver | undefined;

  constructor(options: EvaluationOptions) {
    const settings = settingsOf(options.settings);
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
      suspendedRuns: new Set(),
      // Replaced below: making the globals needs the rest of the context.
      builtins: Attrs.of([], []),
      searchPath,
      longRunWatch: watchForLongRun(options.onLongRun, options.io),
      importFile: (path) => this.importFile(path),
      scopedImport: (path, scope) => this.scopedImport(path, scope),
    };
    const derivation = nativeThunk(() => this.importFile(DERIVATION_FILE) as Suspendable<Slot>);
    const { builtins, globals } = makeGlobals(context, derivation);
    this.globals = globals;
    this.context = { ...context, builtins };
    openSearchPath(this.context);
    context.counters.add("caches", () => this.cacheSizes());
    this.observer = options.observer;
    const tier = tierOf(this.context, options);
    this.machines = new MachinePool(this.context, options.observer, tier);
    tier?.connect(this.machines);
    if (tier !== undefined) context.counters.add("tier", () => ({ ...tier.counters }));
    this.tier = tier;
    if (options.bytecodeCache !== undefined) {
      context.counters.add("bytecodeCache", () => ({ ...this.cacheUse }));
      const surroundings = { settings, home: this.home.home, globals };
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

  /** What `~` stands for in texts, or why it stands for nothing. */
  private get home(): HomeDirectory {
    if (this.context.settings.pureEval) return { home: undefined };
    try {
      return { home: this.context.io.homeDirectory() };
    } catch (error) {
      if (error instanceof IoError) return { home: undefined, homeFailure: error.message };
      throw error;
    }
  }

  /** Parses a text; mistakes are in the result's diagnostics. */
  parse(source: SourceFile, basePath: string | NixPath): ParseResult {
    const { settings } = this.context;
    return parse(source, {
      basePath: typeof basePath === "string" ? basePath : basePath.path,
      ...this.home,
      features: { pipeOperators: settings.experimentalFeatures.has("pipe-operators") },
      lints: {
        urlLiterals: settings.lintUrlLiterals,
        shortPathLiterals: settings.lintShortPathLiterals,
        absolutePathLiterals: settings.lintAbsolutePathLiterals,
      },
    });
  }

  /** Parses a text and resolves its names; throws an {@link EvalError} at the first mistake. */
  parseChecked(text: Bytes, options: TextOptions = {}): Expr {
    const { origin, basePath } = this.textOptions(text, options);
    return this.compileText(text, origin, basePath, this.globals).expr;
  }

  /** A text as a thunk; throws an {@link EvalError} if it is not a Nix expression. */
  loadText(text: Bytes, options: TextOptions = {}): Thunk {
    const { origin, basePath } = this.textOptions(text, options);
    return this.thunkOfText(text, origin, basePath, this.globals);
  }

  /**
   * A file, or the `default.nix` of a directory, as a thunk: as the main program, not as an import. In
   * pure evaluation it must be allowed first ({@link allowPath}).
   */
  loadFile(path: Bytes | NixPath): Thunk {
    return this.thunkOfFile(this.resolveExpressionPath(this.absolute(path)), this.globals);
  }

  /** Evaluates a text to weak head normal form. */
  evaluate(text: Bytes, options: TextOptions = {}): Value {
    return this.force(this.loadText(text, options));
  }

  /** Evaluates a file, or the `default.nix` of a directory, to weak head normal form. */
  evaluateFile(path: Bytes | NixPath): Value {
    return this.force(this.loadFile(path));
  }

  /** Lets pure or restricted evaluation look at a path and what is below it. */
  allowPath(path: Bytes): void {
    this.context.io.allowPath?.(this.absolute(path).path);
  }

  /** Forces a slot. */
  force(slot: Slot): Value {
    return this.handedOut.guard(this.machines.force(slot));
  }

  /** Forces a slot and everything inside. */
  deepForce(slot: Slot): Value {
    // Nix: the program is evaluated before what is inside of its value, and not as a part of it.
    return this.handedOut.guard(this.run(deepForce(this.context, this.force(slot))) as Value);
  }

  /**
   * Forces a slot and everything inside, and writes it as `builtins.toJSON` does. With `copyPaths` paths
   * are copied to the store and become store paths, as there.
   */
  toJson(slot: Slot, { copyPaths = false }: { readonly copyPaths?: boolean } = {}): Bytes {
    return this.run(toJson(this.context, slot, { copyPaths, pos: NO_POS })).text;
  }

  /** Forces a slot and everything inside, and writes it as `builtins.toXML` does. */
  toXml(slot: Slot): Bytes {
    return this.run(toXml(this.context, slot, { strict: true, location: false })).text;
  }

  /** Forces a slot and everything inside, and prints it as `nix eval` does, errors in their places. */
  print(slot: Slot): Bytes {
    return this.run(printPretty(this.context, slot));
  }

  private textOptions(text: Bytes, options: TextOptions): Omit<Program, "text"> {
    if (!isBytes(text)) {
      throw new TypeError("the text holds chars above U+00FF: make it bytes with encodeUtf8");
    }
    const { origin = { kind: "string" }, basePath } = options;
    return { origin, basePath: this.absolute(basePath ?? ".") };
  }

  /** A path that a host gives: relative ones start from the current directory. */
  private absolute(path: Bytes | NixPath): NixPath {
    if (typeof path !== "string") return path;
    if (path.startsWith("/")) return new NixPath(path);
    return new NixPath(canonPath(joinPath(this.context.io.currentDirectory(), path)));
  }

  /**
   * Calls a function with any number of arguments; without any it is the function's value. Throws a
   * `TypeError` for an argument that is not a value: `toNixValue` of `nivis` makes values of data.
   */
  call(callee: Slot, ...args: readonly Slot[]): Value {
    checkSlot(callee, "the function");
    args.forEach((argument, i) => {
      checkSlot(argument, `argument ${i + 1}`);
    });
    const value = this.run(
      (function* (): Suspendable<Value> {
        let value = (callee instanceof Thunk ? yield callee : callee) as Value;
        for (let at = 0; at < args.length; at += APPLY_LAMBDAS.length) {
          const some = args.slice(at, at + APPLY_LAMBDAS.length);
          value = (yield new CallRequest(value, some, NO_POS)) as Value;
        }
        return value;
      })(),
    );
    return this.handedOut.guard(value);
  }

  /**
   * Begins anew with what `maxSteps`, `maxMemory` and `maxTime` allow. Without this, an evaluation that
   * has exceeded a limit fails at once whatever it is asked; after it, also the thunks that the limit has
   * stopped can be forced again. `limits` replaces those that it names; an evaluation that was made
   * without limits keeps none.
   */
  renewLimits(limits?: Partial<Limits>): void {
    this.context.limits?.renew(limits);
  }

  /** Runs native code that can be suspended. */
  run<Result>(generator: Suspendable<Result>): Result {
    return this.machines.run(generator);
  }

  /**
   * {@link force} with a host that may answer with promises. Several asynchronous evaluations may be
   * under way at once. The promise is rejected with what {@link force} would throw, and with an
   * {@link EvalError} of kind `interrupted` when the signal stops the evaluation.
   */
  forceAsync(slot: Slot, options: AsyncOptions = {}): Promise<Value> {
    return this.machines.forceAsync(slot, options).then((value) => this.handedOut.guard(value));
  }

  /** {@link run} with a host that may answer with promises; see {@link forceAsync}. */
  runAsync<Result>(generator: Suspendable<Result>, options: AsyncOptions = {}): Promise<Result> {
    return this.machines.runAsync(generator, options);
  }

  /** {@link deepForce} with a host that may answer with promises; see {@link forceAsync}. */
  async deepForceAsync(slot: Slot, options: AsyncOptions = {}): Promise<Value> {
    const value = await this.forceAsync(slot, options);
    const result = await this.runAsync(deepForce(this.context, value), options);
    return this.handedOut.guard(result as Value);
  }

  /** The bytecode of a text, with all units inside; or the JavaScript that it is translated to. */
  disassemble(
    text: Bytes,
    options: TextOptions = {},
    form: "bytecode" | "js" = "bytecode",
  ): string {
    const { origin, basePath } = this.textOptions(text, options);
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

  private thunkOfText(
    text: string,
    origin: Origin,
    basePath: NixPath,
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

  private loadCached(
    files: CompiledFiles,
    text: string,
    origin: Origin,
    basePath: NixPath,
  ): Lambda {
    const key = files.key(text, basePath);
    const source = new SourceFile(origin, text);
    const base = this.positions.add(source);
    const { globals } = this;
    const resolveText = (): Resolution => {
      const resolution = new Resolution(globals, base, basePath.accessor);
      resolveFile(this.parse(source, basePath).expr, resolution);
      return resolution;
    };
    const found = files.load(key, {
      base,
      globals,
      accessor: basePath.accessor,
      resolve: resolveText,
    });
    if (found !== undefined) return found;
    const { lambda, resolution, silent } = this.compileSource(source, base, basePath, globals);
    // What was warned of must be warned of the next time.
    if (silent) files.add(key, lambda, resolution);
    return lambda;
  }

  private compileText(
    text: string,
    origin: Origin,
    basePath: NixPath,
    globals: ReadonlyMap<string, Slot>,
  ): CompiledText {
    const source = new SourceFile(origin, text);
    return this.compileSource(source, this.positions.add(source), basePath, globals);
  }

  private compileSource(
    source: SourceFile,
    base: number,
    basePath: NixPath,
    globals: ReadonlyMap<string, Slot>,
  ): CompiledText {
    const { length } = source.text;
    this.context.limits?.make(length, BYTES_PER_SOURCE_BYTE);
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
    const resolution = new Resolution(globals, base, basePath.accessor);
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

  private *importFile(path: NixPath): Suspendable<Slot> {
    const find = (): EvaluatedFile => this.fileAt(path);
    const file = now(find) ?? ((yield attempt(find)) as EvaluatedFile);
    // Nix: the trace is made where the file is evaluated, so a file that failed before has it already.
    if (file.value instanceof Thunk && file.value.code === FAILED) {
      return (yield force(file.value)) as Value;
    }
    try {
      return (yield force(file.value)) as Value;
    } catch (error) {
      if (error instanceof EvalError) {
        error.addTrace(NO_POS, `while evaluating the file '${file.path.shown}':`);
      }
      throw error;
    }
  }

  /** The file that an import of a path means; the same one for all paths that lead to it. */
  private fileAt(path: NixPath): EvaluatedFile {
    const { pathKeys } = this.context.caches;
    const key = pathKeys.of(path);
    const known = this.imports.get(key);
    if (known !== undefined) return known;
    const resolved = this.resolveExpressionPath(path);
    const resolvedKey = pathKeys.of(resolved);
    let file = this.files.get(resolvedKey);
    if (file === undefined) {
      file = { path: resolved, value: this.thunkOfFile(resolved, this.globals) };
      this.files.set(resolvedKey, file);
    }
    this.imports.set(key, file);
    return file;
  }

  private *scopedImport(path: NixPath, scope: Attrs): Suspendable<Slot> {
    const globals = new Map(this.globals);
    const slots = scope.slots();
    scope.names().forEach((name, i) => {
      globals.set(name, slots[i] as Slot);
    });
    const load = (): Thunk => this.thunkOfFile(this.resolveExpressionPath(path), globals);
    return (yield now(load) ?? ((yield attempt(load)) as Thunk)) as Value;
  }

  private thunkOfFile(path: NixPath, globals: ReadonlyMap<string, Slot>): Thunk {
    const { text, origin, basePath } = this.readProgram(path);
    return this.thunkOfText(text, origin, basePath, globals);
  }

  /** The program in a file, or in the `default.nix` of a directory: what {@link loadText} takes. */
  openProgram(path: NixPath): Program {
    return this.readProgram(this.resolveExpressionPath(path));
  }

  private readProgram(path: NixPath): Program {
    const files = accessorOf(this.context, path);
    let text: string;
    try {
      // Nix: a symlink is followed to the text, but relative paths begin where the symlink is.
      text = files.readFile(resolveSymlinks(files, path.path, "full"));
    } catch (error) {
      throw evalErrorOf(error);
    }
    return { text, origin: originOf(files, path), basePath: path.at(parentOfPath(path.path)) };
  }

  /**
   * Follows symlinks at the end of a path, and goes to the `default.nix` of a directory, which may be
   * a symlink again.
   */
  private resolveExpressionPath({ path, accessor }: NixPath): NixPath {
    const files = accessor ?? this.context.io;
    let current = path;
    let type: FileType = "directory";
    try {
      for (let looks = 1; current !== "/"; looks++) {
        if (looks >= MAX_LOOKS) {
          throw new EvalError(
            "io",
            `too many symbolic links encountered while traversing the path '${files.display(current)}'`,
          );
        }
        const place = resolveSymlinks(files, current, "ancestors");
        type = existingType(files, place);
        if (type !== "symlink") break;
        const target = files.readLink(place);
        // Nix: relative to the directory by its name, even if that name leads through a symlink.
        current = canonPath(
          target.startsWith("/") ? target : joinPath(parentOfPath(current), target),
        );
      }
    } catch (error) {
      throw evalErrorOf(error);
    }
    if (current === "/" || type === "directory") current = joinPath(current, "default.nix");
    return new NixPath(current, accessor);
  }
}

/** A text to evaluate, as {@link Evaluation.load} takes it. */
export interface Program {
  readonly text: string;
  readonly origin: Origin;
  /** The directory where relative paths in the text begin. */
  readonly basePath: NixPath;
}

/** The options of the parser that are about `~`. */
type HomeDirectory = Pick<ParseOptions, "home" | "homeFailure">;

/** A file that was imported. */
interface EvaluatedFile {
  /** The path that the import led to. */
  readonly path: NixPath;
  readonly value: Slot;
}

/** What positions in a file say about it. */
function originOf(files: SourceAccessor, path: NixPath): Origin {
  const name = files.display(path.path);
  if (isOwnTree(path.accessor)) return { kind: "internal", name, path: path.path };
  return name === path.path
    ? { kind: "file", path: path.path }
    : { kind: "file", path: path.path, name };
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

/** What calls `action` once, when so many frames have been entered that the evaluation is long-running. */
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
