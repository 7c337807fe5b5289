/**
 * Evaluation: the whole machine behind one object. It creates the context that all code shares,
 * parses, compiles and runs texts and files, and remembers the files it has evaluated.
 *
 *     const evaluation = new Evaluation({ io, hashes });
 *     evaluation.evaluate("1 + 1");   // 2
 *
 * Two evaluations share nothing. All texts are byte strings ({@link Bytes}), including paths and
 * results; `encodeUtf8` converts ordinary text. Returned values belong to the evaluation: lists are
 * frozen, so a host cannot change what is evaluated later.
 */

import {
  type Bytes,
  canonPath,
  type FinishedDerivation,
  type HashFunctions,
  isBytes,
  portableHashes,
} from "@nivis/formats";
import {
  BindingKind,
  type Expr,
  NodeKind,
  type Origin,
  type ParseResult,
  parseBindings,
  SourceFile,
} from "@nivis/syntax";
import type { BuiltinConstant, BuiltinDefinition } from "./builtins/definition.ts";
import { makeGlobals } from "./builtins/registry.ts";
import { disassemble, listCode } from "./bytecode/disassemble.ts";
import type { BytecodeCache } from "./cache/bytecode-cache.ts";
import { EvalCaches } from "./caches.ts";
import type { DebugHooks } from "./compiler/debug-emitter.ts";
import type { EvalContext, SearchPathEntry } from "./context.ts";
import { DERIVATION_FILE } from "./core-files.ts";
import { CounterRegistry, type CounterTree } from "./counters.ts";
import type { Revision } from "./dependencies/dependencies.ts";
import {
  openDependencies,
  trackedDirectories,
  trackedFetcher,
  trackedIo,
  trackedStore,
} from "./dependencies/tracked-world.ts";
import { EvalError } from "./errors/eval-error.ts";
import type { EvaluationFetcher } from "./fetching/fetcher.ts";
import { MountedIo } from "./fetching/mounts.ts";
import { openSearchPath } from "./fetching/search-path.ts";
import { checkSlot, HandedOut } from "./handed-out.ts";
import type { HeapImage, HeapImageOptions } from "./image/heap-image.ts";
import type { EvalIo } from "./io.ts";
import { clock, LimitMeter, type Limits } from "./limits/meter.ts";
import { deepForce } from "./operations/deep-force.ts";
import { Nesting } from "./operations/nesting.ts";
import { printPretty } from "./operations/print-pretty.ts";
import { toJson } from "./operations/to-json.ts";
import { toXml } from "./operations/to-xml.ts";
import { joinPath, PlainDirectories } from "./path.ts";
import { NO_POS, PositionTable } from "./position.ts";
import { openImage } from "./programs/image-programs.ts";
import { ProgramCompiler } from "./programs/program-compiler.ts";
import { type EvaluatedFile, ProgramFiles } from "./programs/program-files.ts";
import {
  type Program,
  readProgram,
  resolveExpressionPath,
  tellOfFile,
} from "./programs/read-program.ts";
import { restrictedIo } from "./restricted-io.ts";
import { type SettingsInput, settingsOf } from "./settings.ts";
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
import { NixPath, type Slot, type Value } from "./value/value.ts";
import type { AsyncOptions } from "./vm/async-run.ts";
import { APPLY_LAMBDAS } from "./vm/frame.ts";
import { MachinePool } from "./vm/machine-pool.ts";
import type { RunObserver } from "./vm/observer.ts";
import { CallRequest, force, type Suspendable } from "./vm/requests.ts";
import type { StackSampler } from "./vm/stack-sampler.ts";

/**
 * The number of frames that the machine enters without a pause before an evaluation counts as
 * long-running: in its third run, after 700 frames in all. See docs/design/007-warm-up.md.
 */
const LONG_RUN_FRAMES = 400;
/** The time after which an evaluation counts as long-running, too. */
const LONG_RUN_MILLISECONDS = 10;
/** How often an evaluation is told of its long run: as often as its runs of the loop get longer. */
const LONG_RUN_MOMENTS = 10;

/** The options of an {@link Evaluation}. */
export interface EvaluationOptions {
  /** The host's files, environment, clock and log. */
  readonly io: EvalIo;
  /** The hash functions. Defaults to portable ones; `@nivis/node` has faster ones. */
  readonly hashes?: HashFunctions;
  /** The settings that differ from their defaults. See {@link Settings}. */
  readonly settings?: SettingsInput;
  /**
   * The store that derivations and sources are written to, and that store paths are read from.
   * Defaults to one that holds nothing: paths are computed, and nothing is written.
   */
  readonly store?: Store;
  /**
   * Fetches sources for `fetchTree`, `fetchGit` and the like. Defaults to none: these builtins fail
   * unless a hash in their argument determines the result.
   */
  readonly fetcher?: EvaluationFetcher | undefined;
  /**
   * Builtins of the host: attributes of `builtins`, and global under their name with the prefix `__`.
   * A name of one of Nix's builtins is a `TypeError`. Defaults to none.
   */
  readonly builtins?: readonly (BuiltinDefinition | BuiltinConstant)[];
  /** The entries of the search path, in order of precedence. Defaults to none. */
  readonly searchPath?: readonly SearchPathEntry[];
  /**
   * Receives an event for each instruction and call, which slows evaluation down. Defaults to none.
   */
  readonly observer?: RunObserver;
  /**
   * Receives each derivation that evaluation makes, with its text, whether or not it is written.
   * Defaults to nothing.
   */
  readonly onDerivation?: ((derivation: FinishedDerivation) => void) | undefined;
  /**
   * Looks at the stack every few hundred frames, for profiles. It changes nothing about how code is
   * run. Defaults to none.
   */
  readonly sampler?: StackSampler | undefined;
  /**
   * The cache for compiled files, so that later evaluations need not parse them; see
   * {@link Evaluation.saveCompiledFiles}. Defaults to no cache.
   */
  readonly bytecodeCache?: BytecodeCache;
  /**
   * Whether to keep track of what each value depends on, so that {@link Evaluation.revise} can look at
   * the world again. A warm evaluation takes more memory and never translates code. Defaults to `false`.
   */
  readonly warm?: boolean;
  /**
   * The heap image of an earlier evaluation to begin with, and whether to keep what a new one needs; see
   * {@link Evaluation.heapImage}. Requires a cache for compiled files, and is ignored without one and with a
   * debugger. If a warm evaluation keeps its heap, a part of the image can be used after files have changed;
   * other warm evaluations ignore images. Defaults to none.
   */
  readonly heapImage?: HeapImageOptions | undefined;
  /**
   * How code is run: `vm` interprets bytecode, `js` translates code to JavaScript on first entry,
   * `auto` translates hot code. An evaluation with an observer or with limits always interprets,
   * and so does `auto` where functions cannot be created from text; `js` is an {@link EvalError}
   * there. Defaults to `auto`.
   */
  readonly tier?: TierMode;
  /**
   * The hooks of a debugger, whose observer takes the place of `observer`; see `@nivis/debugger`. Only
   * asynchronous evaluations stop. Defaults to none.
   */
  readonly debugger?: DebugHooks;
  /** The number of entries after which `auto` translates code. Defaults to 30,000. */
  readonly tierThreshold?: number;
  /**
   * Makes translated code fall back to the interpreter wherever it can; for tests. Defaults to
   * `false`.
   */
  readonly tierStress?: boolean;
  /**
   * Called every few milliseconds, in the middle of builtins too: `true` ends what is being evaluated with
   * an {@link EvalError} of kind `interrupted`. An evaluation with this has the cost of one with limits.
   * Defaults to nothing.
   */
  readonly isInterrupted?: (() => boolean) | undefined;
  /**
   * Called in the middle of a run when the evaluation has proved to be long-running (moment 0), and some
   * times later (moments 1, 2, …), each after about twice as long. It must not use this evaluation; see
   * {@link warmUp}. Defaults to nothing.
   */
  readonly onLongRun?: (moment: number) => void;
}

/** The origin of a text that a host provides. */
export interface TextOptions {
  /** The name of the text in messages. Defaults to `{ kind: "string" }`, printed as `«string»`. */
  readonly origin?: Origin;
  /**
   * The directory that relative paths in the text start from. Defaults to the current directory.
   */
  readonly basePath?: Bytes | NixPath;
  /**
   * The names that the text can use besides the builtins, which they shadow. The map must not
   * change afterwards: code is compiled when it is first entered. Defaults to none.
   */
  readonly scope?: ReadonlyMap<Bytes, Slot>;
}

/** An evaluation: evaluates texts and files and owns all state that they share. */
export class Evaluation {
  readonly context: EvalContext;
  private readonly globals: ReadonlyMap<string, Slot>;
  private readonly machines: MachinePool;
  private readonly compiler: ProgramCompiler;
  private readonly programs: ProgramFiles;
  private readonly tier: Tier | undefined;
  private readonly handedOut = new HandedOut();

  /**
   * The heap image that the evaluation began with or keeps. A run that has used one must be repeated without
   * it if it fails, or if {@link HeapImage.mustRepeat} says so.
   */
  readonly heapImage: HeapImage | undefined;

  constructor(options: EvaluationOptions) {
    const settings = settingsOf(options.settings);
    const searchPath = settings.pureEval ? [] : (options.searchPath ?? []);
    const store = options.store ?? new DummyStore(settings.storeDir);
    const hashes = options.hashes ?? portableHashes;
    const dependencies = options.warm === true ? openDependencies(options.io, hashes) : undefined;
    const world = dependencies === undefined ? options.io : trackedIo(options.io, dependencies);
    const mounts = new MountedIo(world, store.storeDir, settings.pureEval);
    const context: EvalContext = {
      io: restrictedIo(mounts, settings, searchPath),
      hashes,
      settings,
      positions: new PositionTable(
        (path) => mounts.display(path),
        () => {
          dependencies?.expose();
          this.heapImage?.expose();
        },
      ),
      store: dependencies === undefined ? store : trackedStore(store, dependencies),
      mounts,
      fetcher:
        dependencies === undefined || options.fetcher === undefined
          ? options.fetcher
          : trackedFetcher(options.fetcher, dependencies),
      dependencies,
      caches: new EvalCaches(
        dependencies === undefined
          ? undefined
          : new PlainDirectories(() => trackedDirectories(dependencies)),
      ),
      nesting: new Nesting(),
      counters: new CounterRegistry(),
      limits: LimitMeter.of(settings, options.io, options.isInterrupted),
      suspendedRuns: new Set(),
      sampler: options.sampler,
      onDerivation: options.onDerivation,
      // Replaced below: creating the globals requires the rest of the context.
      builtins: Attrs.of([], []),
      searchPath,
      longRunWatch: watchForLongRun(options.onLongRun, options.io),
      importFile: (path) => this.programs.importFile(path),
      scopedImport: (path, scope) => this.programs.scopedImport(path, scope),
    };
    if (dependencies !== undefined) dependencies.positions = context.positions;
    const derivation = nativeThunk(() => this.programs.importFile(DERIVATION_FILE));
    const hooks = options.debugger;
    const { builtins, globals } = makeGlobals(
      context,
      derivation,
      options.builtins,
      hooks && ((definition) => hooks.builtin(definition)),
    );
    this.globals = globals;
    this.context = { ...context, builtins };
    tellOfFile(this.context, DERIVATION_FILE);
    openSearchPath(this.context);
    context.counters.add("caches", () => this.cacheSizes());
    const observer = hooks?.observer ?? options.observer;
    const tier = tierOf(this.context, options);
    this.machines = new MachinePool(this.context, observer, tier);
    tier?.connect(this.machines);
    if (tier !== undefined) context.counters.add("tier", () => ({ ...tier.counters }));
    this.tier = tier;
    this.compiler = new ProgramCompiler(this.context, {
      globals,
      cache: hooks === undefined ? options.bytecodeCache : undefined,
      debugger: hooks,
      observer,
    });
    this.programs = new ProgramFiles(this.context, this.compiler);
    if (this.compiler.compiledFiles !== undefined) {
      context.counters.add("bytecodeCache", () => ({ ...this.cacheUse }));
    }
    if (options.heapImage !== undefined) {
      this.heapImage = openImage(options.heapImage, this.context, this.compiler, this.programs);
      this.compiler.heapImage = this.heapImage;
      // Images do not know of copies.
      if (dependencies !== undefined && this.heapImage !== undefined) dependencies.isolates = false;
    }
  }

  /** The counters of the second tier; `undefined` if there is none. */
  get tierCounters(): TierCounters | undefined {
    return this.tier?.counters;
  }

  /** The positions of all texts that were parsed. */
  get positions(): PositionTable {
    return this.context.positions;
  }

  /** Parses a text; mistakes are reported in the result's diagnostics. */
  parse(source: SourceFile, basePath: string | NixPath): ParseResult {
    return this.compiler.parse(source, basePath);
  }

  /** Parses a text and resolves its names. Throws an {@link EvalError} for the first mistake. */
  parseChecked(text: Bytes, options: TextOptions = {}): Expr {
    const placed = this.compiler.place(this.programOf(text, options));
    return this.compiler.compile(placed, this.globalsWith(options.scope)).expr;
  }

  /** Returns a text as a thunk. Throws an {@link EvalError} if it does not parse. */
  loadText(text: Bytes, options: TextOptions = {}): Thunk {
    return this.compiler.load(this.programOf(text, options), this.globalsWith(options.scope));
  }

  /**
   * Like {@link loadText}, for one expression in the text; `part` finds it in the tree. Messages show
   * the whole text.
   */
  loadPart(text: Bytes, part: (expr: Expr) => Expr, options: TextOptions = {}): Thunk {
    const { compiler } = this;
    const { source, base, basePath } = compiler.place(this.programOf(text, options));
    const parsed = compiler.parse(source, basePath);
    const tree = { ...parsed, expr: part(parsed.expr) };
    const { lambda } = compiler.compileTree(tree, base, basePath, this.globalsWith(options.scope));
    return new Thunk(lambda, undefined, undefined, null);
  }

  /**
   * Returns the slots of bindings without braces, such as `a = 1; inherit (b) c;`, by name. They see
   * the scope of the options, and functions see their own names, but otherwise bindings do not see
   * each other; attributes with computed names are left out. The last semicolon is optional. Throws
   * an {@link EvalError} if the text does not parse.
   */
  loadBindings(text: Bytes, options: TextOptions = {}): Attrs {
    const { compiler } = this;
    const { source, base, basePath } = compiler.place(this.programOf(text, options));
    let parsed = parseBindings(source, compiler.parseOptions(basePath));
    if (parsed.firstError !== undefined) {
      // Nix: positions never show the semicolon that was added.
      const completed = new SourceFile(source.origin, `${text};`);
      const retried = parseBindings(completed, compiler.parseOptions(basePath));
      if (retried.firstError === undefined) parsed = retried;
    }
    const { dynamic: _, ...set } = parsed.expr;
    const expr = { ...set, dynamic: [] };
    const globals = new Map(this.globalsWith(options.scope));
    let attrs: Attrs | undefined;
    for (const { name, kind, value } of expr.bindings) {
      if (kind !== BindingKind.Plain || value.kind !== NodeKind.Lambda) continue;
      const own = nativeThunk(function* () {
        return (yield force(attrs?.get(name) as Slot)) as Value;
      });
      globals.set(name, own);
    }
    const { lambda } = compiler.compileTree({ ...parsed, expr }, base, basePath, globals);
    attrs = this.force(new Thunk(lambda, undefined, undefined, null)) as Attrs;
    return attrs;
  }

  /** Forgets all files, so that they are read and evaluated again when they are next imported. */
  forgetFiles(): void {
    this.programs.forget();
    this.positions.forgetFiles();
    const { caches } = this.context;
    caches.sourceCopies.clear();
    caches.copiedPaths.clear();
    caches.searchPathEntries.clear();
    caches.searchPathResults.clear();
    caches.plainDirectories.clear();
    this.context.dependencies?.forget();
  }

  /**
   * Looks at the world again. Values that depend on something that has changed are evaluated again
   * when they are next forced; all others, and the identity of all slots, stay. With `paths`, absolute
   * canonical paths of this evaluation's world, only these files are looked at. Slots that are forced
   * afterwards have the values that a new evaluation would give them. Must not be called while something
   * is being evaluated. Throws a `TypeError` unless the evaluation is warm.
   */
  revise(paths?: Iterable<Bytes>): Revision {
    const { dependencies, caches, fetcher } = this.context;
    if (dependencies === undefined) throw new TypeError("the evaluation is not warm");
    fetcher?.forget();
    caches.announcedBuilds.clear();
    return dependencies.revise(paths === undefined ? undefined : new Set(paths));
  }

  /**
   * Whether something was printed since the last {@link revise} that tells evaluated values from
   * unevaluated ones: a list or set in an error or in a trace. A warm evaluation has evaluated more than
   * a new one would, so a host that promises the same text evaluates anew. Always `false` unless the
   * evaluation is warm.
   */
  get showedEvaluationState(): boolean {
    return this.context.dependencies?.isExposed === true;
  }

  /** The names that every text can use. */
  get globalNames(): readonly Bytes[] {
    return [...this.globals.keys()];
  }

  /** The imported files, by their paths after resolution, and the slots of their values. */
  get importedFiles(): readonly EvaluatedFile[] {
    return [...this.programs.files.values()];
  }

  /** The slot of a name that every text can use. */
  global(name: Bytes): Slot | undefined {
    return this.globals.get(name);
  }

  private globalsWith(scope: ReadonlyMap<Bytes, Slot> | undefined): ReadonlyMap<string, Slot> {
    const globals = this.heapImage?.globals ?? this.globals;
    return scope === undefined ? globals : new Map([...globals, ...scope]);
  }

  /**
   * Returns a file, or the `default.nix` of a directory, as a thunk: as the main program, not as an
   * import. Throws an {@link EvalError} if the file cannot be read or does not parse. Pure
   * evaluation requires {@link allowPath} first.
   */
  loadFile(path: Bytes | NixPath): Thunk {
    const resolved = resolveExpressionPath(this.context, this.absolute(path));
    return this.programs.load(resolved, this.globalsWith(undefined));
  }

  /** Evaluates a text to weak head normal form. Throws an {@link EvalError}. */
  evaluate(text: Bytes, options: TextOptions = {}): Value {
    return this.force(this.loadText(text, options));
  }

  /** Evaluates a file, or the `default.nix` of a directory, to weak head normal form. */
  evaluateFile(path: Bytes | NixPath): Value {
    return this.force(this.loadFile(path));
  }

  /** Changes the setting of that name from now on. */
  allowImportFromDerivation(allowed: boolean): void {
    (this.context.settings as { allowImportFromDerivation: boolean }).allowImportFromDerivation =
      allowed;
  }

  /** Allows pure or restricted evaluation to read a path and everything below it. */
  allowPath(path: Bytes): void {
    this.context.io.allowPath?.(this.absolute(path).path);
  }

  /** Forces a slot and returns its value. Throws an {@link EvalError} if evaluation fails. */
  force(slot: Slot): Value {
    return this.handedOut.guard(this.machines.force(slot));
  }

  /** Forces a slot deeply and returns its value. */
  deepForce(slot: Slot): Value {
    // Nix: the program is evaluated before the contents of its value, and not as a part of it.
    return this.handedOut.guard(this.run(deepForce(this.context, this.force(slot))) as Value);
  }

  /**
   * Forces a slot deeply and returns it as `builtins.toJSON` writes it. With `copyPaths`, which
   * defaults to `false`, paths are copied to the store and become store paths, as in `toJSON`.
   */
  toJson(slot: Slot, { copyPaths = false }: { readonly copyPaths?: boolean } = {}): Bytes {
    return this.run(toJson(this.context, slot, { copyPaths, pos: NO_POS })).text;
  }

  /** Forces a slot deeply and returns it as `builtins.toXML` writes it. */
  toXml(slot: Slot): Bytes {
    return this.run(toXml(this.context, slot, { strict: true, location: false })).text;
  }

  /**
   * Forces a slot deeply and prints it as `nix eval` does, with errors in place of failing parts.
   */
  print(slot: Slot): Bytes {
    return this.run(printPretty(this.context, slot));
  }

  private programOf(text: Bytes, options: TextOptions): Program {
    if (!isBytes(text)) {
      throw new TypeError("the text holds chars above U+00FF: make it bytes with encodeUtf8");
    }
    const { origin = { kind: "string" }, basePath } = options;
    return { text, origin, basePath: this.absolute(basePath ?? ".") };
  }

  /** Resolves a path of the host; relative paths start from the current directory. */
  private absolute(path: Bytes | NixPath): NixPath {
    if (typeof path !== "string") return path;
    if (path.startsWith("/")) return new NixPath(path);
    return new NixPath(canonPath(joinPath(this.context.io.currentDirectory(), path)));
  }

  /**
   * Calls a function with any number of arguments; without arguments it returns the function's
   * value. Throws a `TypeError` for an argument that is not a value; `toNixValue` of `nivis`
   * converts data.
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
   * Resets the use of `maxSteps`, `maxMemory` and `maxTime`. After a limit has been exceeded,
   * everything fails until this is called; afterwards, even the thunks that the limit interrupted
   * can be forced again. `limits` replaces the limits that it names. An evaluation created without
   * limits keeps none.
   */
  renewLimits(limits?: Partial<Limits>): void {
    this.context.limits?.renew(limits);
  }

  /** Runs native code that can be suspended and returns its result. */
  run<Result>(generator: Suspendable<Result>): Result {
    return this.machines.run(generator);
  }

  /**
   * {@link force} for a host whose answers may be promises. Several asynchronous evaluations may
   * run at once. The promise is rejected with the error that {@link force} would throw, or with an
   * {@link EvalError} of kind `interrupted` when the signal stops the evaluation.
   */
  forceAsync(slot: Slot, options: AsyncOptions = {}): Promise<Value> {
    return this.machines.forceAsync(slot, options).then((value) => this.handedOut.guard(value));
  }

  /** {@link run} for a host whose answers may be promises; see {@link forceAsync}. */
  runAsync<Result>(generator: Suspendable<Result>, options: AsyncOptions = {}): Promise<Result> {
    return this.machines.runAsync(generator, options);
  }

  /** {@link deepForce} for a host whose answers may be promises; see {@link forceAsync}. */
  async deepForceAsync(slot: Slot, options: AsyncOptions = {}): Promise<Value> {
    const value = await this.forceAsync(slot, options);
    const result = await this.runAsync(deepForce(this.context, value), options);
    return this.handedOut.guard(result as Value);
  }

  /**
   * Returns the bytecode of a text including all nested units, or the JavaScript it is translated
   * to.
   */
  disassemble(
    text: Bytes,
    options: TextOptions = {},
    form: "bytecode" | "js" = "bytecode",
  ): string {
    const placed = this.compiler.place(this.programOf(text, options));
    const { lambda } = this.compiler.compile(placed, this.globals);
    return disassemble(lambda, this.positions, form === "js" ? listTranslation : listCode);
  }

  /** Returns the sizes of the caches, for statistics. */
  private cacheSizes(): CounterTree {
    const { caches } = this.context;
    return {
      files: this.programs.files.size,
      regexes: caches.regexes.size,
      derivations: caches.derivations.size,
      sourceCopies: caches.sourceCopies.size,
      searchPathResults: caches.searchPathResults.size,
    };
  }

  /** How many files were found in the cache of compiled files, and how many were not. */
  get cacheUse(): { readonly hits: number; readonly misses: number } {
    const { hits, misses } = this.compiler.compiledFiles ?? { hits: 0, misses: 0 };
    return { hits, misses };
  }

  /**
   * Writes the newly compiled files to the cache, if there is one. This takes a moment, so a
   * command calls it after its output is written.
   */
  saveCompiledFiles(): void {
    this.compiler.compiledFiles?.save();
  }

  /** Reads the program in a file, or in the `default.nix` of a directory, for {@link loadText}. */
  openProgram(path: NixPath): Program {
    return readProgram(this.context, resolveExpressionPath(this.context, path));
  }
}

/**
 * Returns a function that calls `action` when enough frames were entered to be long-running, and at some
 * later moments.
 */
function watchForLongRun(
  action: ((moment: number) => void) | undefined,
  io: EvalIo,
): (frames: number) => void {
  if (action === undefined) return () => {};
  const begun = clock(io);
  let moment = 0;
  return (frames) => {
    if (moment === LONG_RUN_MOMENTS) return;
    // While files are loaded, few frames take a long time, and many will follow.
    const isLong = frames >= LONG_RUN_FRAMES || clock(io) - begun >= LONG_RUN_MILLISECONDS;
    if (moment > 0 || isLong) action(moment++);
  };
}

/** Creates the second tier that the options request, if it is possible. */
function tierOf(ctx: EvalContext, options: EvaluationOptions): Tier | undefined {
  const mode = options.tier ?? "auto";
  const { observer, debugger: hooks } = options;
  if (mode === "vm" || observer !== undefined || hooks !== undefined || ctx.limits !== undefined) {
    return undefined;
  }
  // Translated code does not tell observations where thunks begin and end.
  if (ctx.dependencies !== undefined) return undefined;
  if (mode === "js" && !canCompile()) {
    throw new EvalError(
      "not-supported",
      "JavaScript cannot be generated here: code generation from strings is forbidden",
    );
  }
  const { tierThreshold: threshold, tierStress } = options;
  const tier = new Tier(ctx, { mode, stress: tierStress === true, threshold });
  // With a very low limit on nesting, the machine has to count all calls.
  return tier.maxDepth > 0 ? tier : undefined;
}
