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
  bytesToByteString,
  canonPath,
  type FinishedDerivation,
  type HashFunctions,
  isBytes,
  marked,
  portableHashes,
} from "@nivis/formats";
import {
  BindingKind,
  type Expr,
  NodeKind,
  type Origin,
  type ParseOptions,
  type ParseResult,
  parse,
  parseBindings,
  SourceFile,
} from "@nivis/syntax";
import type { BuiltinConstant, BuiltinDefinition } from "./builtins/definition.ts";
import { makeGlobals } from "./builtins/registry.ts";
import { disassemble, listCode } from "./bytecode/disassemble.ts";
import { Lambda } from "./bytecode/lambda.ts";
import type { BytecodeCache } from "./cache/bytecode-cache.ts";
import { CompiledFiles } from "./cache/compiled-files.ts";
import { EvalCaches } from "./caches.ts";
import type { DebugHooks } from "./compiler/debug-emitter.ts";
import { emitUnit } from "./compiler/emit.ts";
import { Resolution, resolve } from "./compiler/resolve.ts";
import type { Unit } from "./compiler/scope.ts";
import type { EvalContext, SearchPathEntry } from "./context.ts";
import { DERIVATION_FILE, isOwnTree } from "./core-files.ts";
import { CounterRegistry, type CounterTree } from "./counters.ts";
import type { Dependencies, Revision } from "./dependencies/dependencies.ts";
import {
  openDependencies,
  trackedDirectories,
  trackedFetcher,
  trackedIo,
  trackedStore,
} from "./dependencies/tracked-world.ts";
import { markedDiagnostic } from "./errors/diagnostic-text.ts";
import { EvalError } from "./errors/eval-error.ts";
import { evalErrorOf } from "./errors/from-world.ts";
import { plainWarning, reportedWarning } from "./errors/log-message.ts";
import type { EvaluationFetcher } from "./fetching/fetcher.ts";
import { MountedIo } from "./fetching/mounts.ts";
import { openSearchPath } from "./fetching/search-path.ts";
import { checkSlot, HandedOut } from "./handed-out.ts";
import type { HeapImage, HeapImageOptions } from "./image/heap-image.ts";
import type { LoadedUnits } from "./image/image-reader.ts";
import { type EvalIo, IoError } from "./io.ts";
import { clock, LimitMeter, type Limits } from "./limits/meter.ts";
import { deepForce } from "./operations/deep-force.ts";
import { Nesting } from "./operations/nesting.ts";
import { printPretty } from "./operations/print-pretty.ts";
import { toJson } from "./operations/to-json.ts";
import { toXml } from "./operations/to-xml.ts";
import {
  existingType,
  joinPath,
  MAX_LINKS,
  PlainDirectories,
  parentOfPath,
  resolveSymlinks,
} from "./path.ts";
import { accessorOf } from "./path-value.ts";
import { NO_POS, NO_TRACE_POS, type PosIdx, PositionTable, positionIn } from "./position.ts";
import { restrictedIo } from "./restricted-io.ts";
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
import { hasFailed, nativeThunk, Thunk } from "./value/thunk.ts";
import { NixPath, type Slot, type Value } from "./value/value.ts";
import type { AsyncOptions } from "./vm/async-run.ts";
import { APPLY_LAMBDAS } from "./vm/frame.ts";
import { MachinePool } from "./vm/machine-pool.ts";
import type { RunObserver } from "./vm/observer.ts";
import { attempt, now } from "./vm/pending.ts";
import { CallRequest, force, type Suspendable } from "./vm/requests.ts";
import type { StackSampler } from "./vm/stack-sampler.ts";

/** The maximum size of the tree of one byte of a program. */
const BYTES_PER_SOURCE_BYTE = 50;

/**
 * The number of frames that the machine enters without a pause before an evaluation counts as
 * long-running: in its third run, after 700 frames in all. See docs/design/007-warm-up.md.
 */
const LONG_RUN_FRAMES = 400;
/** The time after which an evaluation counts as long-running, too. */
const LONG_RUN_MILLISECONDS = 10;

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
   * Called once, in the middle of a run, when the evaluation has proved to be long-running. It must
   * not use this evaluation; see {@link warmUp}. Defaults to nothing.
   */
  readonly onLongRun?: () => void;
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
  private readonly compiledFiles: CompiledFiles | undefined;
  private readonly tier: Tier | undefined;
  private readonly handedOut = new HandedOut();
  /** Imported files, by the key of the requested path. */
  private readonly imports = new Map<string, EvaluatedFile>();
  /**
   * Imported files by the key of the path after resolution; that path may also be requested itself.
   */
  private readonly files = new Map<string, EvaluatedFile>();

  /**
   * The heap image that the evaluation began with or keeps. A run that has used one must be repeated without
   * it if it fails, or if {@link HeapImage.mustRepeat} says so.
   */
  readonly heapImage: HeapImage | undefined;
  private readonly observer: RunObserver | undefined;
  private readonly debugger: DebugHooks | undefined;

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
      importFile: (path) => this.importFile(path),
      scopedImport: (path, scope) => this.scopedImport(path, scope),
    };
    const derivation = nativeThunk(() => this.importFile(DERIVATION_FILE) as Suspendable<Slot>);
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
    this.debugger = hooks;
    this.observer = hooks?.observer ?? options.observer;
    const tier = tierOf(this.context, options);
    this.machines = new MachinePool(this.context, this.observer, tier);
    tier?.connect(this.machines);
    if (tier !== undefined) context.counters.add("tier", () => ({ ...tier.counters }));
    this.tier = tier;
    if (options.bytecodeCache !== undefined && hooks === undefined) {
      context.counters.add("bytecodeCache", () => ({ ...this.cacheUse }));
      const surroundings = { settings, home: this.home.home, globals };
      this.compiledFiles = new CompiledFiles(
        options.bytecodeCache,
        this.context.hashes,
        surroundings,
      );
      // A heap that is written knows what its values depend on, and no other warm one has an image.
      const isOpen = dependencies === undefined || options.heapImage?.keeps === true;
      if (options.heapImage !== undefined && isOpen) {
        const { imports, files } = this;
        this.heapImage = options.heapImage.open(options.heapImage, {
          context: this.context,
          globals,
          imports,
          files,
          load: (path, base, key, isOther) => this.loadUnits(path, base, key, isOther),
          compile: (source, directory, base) => this.compileUnits(source, directory, base),
          setOf: (what, key) => dependencies?.setOfRecalled(`${what} ${key}`) ?? 0,
        });
      }
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

  /** The home directory for `~` in texts, or the reason why there is none. */
  private get home(): HomeDirectory {
    if (this.context.settings.pureEval) return { home: undefined };
    try {
      return { home: this.context.io.homeDirectory() };
    } catch (error) {
      if (error instanceof IoError) return { home: undefined, homeFailure: error.message };
      throw error;
    }
  }

  /** Parses a text; mistakes are reported in the result's diagnostics. */
  parse(source: SourceFile, basePath: string | NixPath): ParseResult {
    return parse(source, this.parseOptions(basePath));
  }

  private parseOptions(basePath: string | NixPath): ParseOptions {
    const { settings } = this.context;
    return {
      basePath: typeof basePath === "string" ? basePath : basePath.path,
      ...this.home,
      features: { pipeOperators: settings.experimentalFeatures.has("pipe-operators") },
      lints: {
        urlLiterals: settings.lintUrlLiterals,
        shortPathLiterals: settings.lintShortPathLiterals,
        absolutePathLiterals: settings.lintAbsolutePathLiterals,
      },
    };
  }

  /** Parses a text and resolves its names. Throws an {@link EvalError} for the first mistake. */
  parseChecked(text: Bytes, options: TextOptions = {}): Expr {
    const { origin, basePath } = this.textOptions(text, options);
    return this.compileText(text, origin, basePath, this.globalsWith(options.scope)).expr;
  }

  /** Returns a text as a thunk. Throws an {@link EvalError} if it does not parse. */
  loadText(text: Bytes, options: TextOptions = {}): Thunk {
    const { origin, basePath } = this.textOptions(text, options);
    return this.thunkOfText(text, origin, basePath, this.globalsWith(options.scope));
  }

  /**
   * Like {@link loadText}, for one expression in the text; `part` finds it in the tree. Messages show
   * the whole text.
   */
  loadPart(text: Bytes, part: (expr: Expr) => Expr, options: TextOptions = {}): Thunk {
    const { origin, basePath } = this.textOptions(text, options);
    const source = new SourceFile(origin, text);
    const base = this.positions.add(source);
    const parsed = this.parse(source, basePath);
    const tree = { ...parsed, expr: part(parsed.expr) };
    const { lambda } = this.compileTree(tree, base, basePath, this.globalsWith(options.scope));
    return new Thunk(lambda, undefined, undefined, null);
  }

  /**
   * Returns the slots of bindings without braces, such as `a = 1; inherit (b) c;`, by name. They see
   * the scope of the options, and functions see their own names, but otherwise bindings do not see
   * each other; attributes with computed names are left out. The last semicolon is optional. Throws
   * an {@link EvalError} if the text does not parse.
   */
  loadBindings(text: Bytes, options: TextOptions = {}): Attrs {
    const { origin, basePath } = this.textOptions(text, options);
    const source = new SourceFile(origin, text);
    const base = this.positions.add(source);
    let parsed = parseBindings(source, this.parseOptions(basePath));
    if (parsed.firstError !== undefined) {
      // Nix: positions never show the semicolon that was added.
      const completed = new SourceFile(origin, `${text};`);
      const retried = parseBindings(completed, this.parseOptions(basePath));
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
    const { lambda } = this.compileTree({ ...parsed, expr }, base, basePath, globals);
    attrs = this.force(new Thunk(lambda, undefined, undefined, null)) as Attrs;
    return attrs;
  }

  /** Forgets all files, so that they are read and evaluated again when they are next imported. */
  forgetFiles(): void {
    this.imports.clear();
    this.files.clear();
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
    return [...this.files.values()];
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
    return this.thunkOfFile(
      this.resolveExpressionPath(this.absolute(path)),
      this.globalsWith(undefined),
    );
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

  private textOptions(text: Bytes, options: TextOptions): Omit<Program, "text"> {
    if (!isBytes(text)) {
      throw new TypeError("the text holds chars above U+00FF: make it bytes with encodeUtf8");
    }
    const { origin = { kind: "string" }, basePath } = options;
    return { origin, basePath: this.absolute(basePath ?? ".") };
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
    const { origin, basePath } = this.textOptions(text, options);
    const { lambda } = this.compileText(text, origin, basePath, this.globals);
    return disassemble(lambda, this.positions, form === "js" ? listTranslation : listCode);
  }

  /** Returns the sizes of the caches, for statistics. */
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

  /** How many files were found in the cache of compiled files, and how many were not. */
  get cacheUse(): { readonly hits: number; readonly misses: number } {
    const { hits, misses } = this.compiledFiles ?? { hits: 0, misses: 0 };
    return { hits, misses };
  }

  /**
   * Writes the newly compiled files to the cache, if there is one. This takes a moment, so a
   * command calls it after its output is written.
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
    // Texts of the command line are short and seldom repeated; `scopedImport` has globals of its
    // own.
    const cached =
      this.compiledFiles !== undefined &&
      globals === this.globals &&
      (origin.kind === "file" || origin.kind === "internal");
    if (cached) {
      const code = this.loadCached(this.compiledFiles, text, origin, basePath);
      return new Thunk(code, undefined, undefined, null);
    }
    const source = new SourceFile(origin, text);
    const base = this.positions.add(source);
    const { heapImage } = this;
    if (heapImage !== undefined && globals === heapImage.globals) {
      heapImage.loaded({ program: { source, basePath }, base, length: text.length });
    }
    const { lambda } = this.compileSource(source, base, basePath, globals);
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
    if (this.heapImage !== undefined && (origin.kind === "file" || origin.kind === "internal")) {
      const program = { path: basePath.at(origin.path), key: bytesToByteString(key) };
      this.heapImage.loaded({ program, base, length: text.length });
    }
    return this.unitsOf(files, key, source, base, basePath).root;
  }

  /** Loads a file for a heap image; see `ImageHost.load`. */
  private loadUnits(
    path: NixPath,
    base: PosIdx,
    key: string,
    isOther: (() => Error) | undefined,
  ): LoadedUnits | undefined {
    const files = this.compiledFiles as CompiledFiles;
    const bytes = Uint8Array.from(key, (char) => char.charCodeAt(0));
    let known: { readonly source: SourceFile; readonly basePath: NixPath } | undefined;
    const read = (): typeof known => {
      const { text, origin, basePath } = this.readProgram(path);
      if (bytesToByteString(files.key(text, basePath)) !== key) return undefined;
      return { source: new SourceFile(origin, text), basePath };
    };
    const program = (): NonNullable<typeof known> => {
      known ??= read();
      if (known === undefined) throw isOther?.();
      return known;
    };
    if (isOther === undefined) {
      known = read();
      if (known === undefined) return undefined;
    }
    const { globals } = this;
    const found = files.load(bytes, {
      base,
      globals,
      accessor: path.accessor,
      resolve: () => {
        const { source, basePath } = program();
        const resolution = new Resolution(globals, base, basePath.accessor);
        resolveFile(this.parse(source, basePath).expr, resolution);
        return resolution;
      },
    });
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
    const { source, basePath } = known;
    const { lambda } = this.unitsOf(files, bytes, source, base, basePath);
    return { source, lambda };
  }

  /** Compiles the text of an earlier main program for a heap image. */
  private compileUnits(
    source: SourceFile,
    directory: NixPath,
    base: PosIdx,
  ): LoadedUnits | undefined {
    const { resolution, silent } = this.compileSource(source, base, directory, this.globals);
    if (!silent) return undefined;
    const units = [...resolution.units.values()];
    return { source, lambda: (unit) => units[unit]?.lambda };
  }

  private unitsOf(
    files: CompiledFiles,
    key: Uint8Array,
    source: SourceFile,
    base: PosIdx,
    basePath: NixPath,
  ): { readonly root: Lambda; readonly lambda: LoadedUnits["lambda"] } {
    const { globals } = this;
    const found = files.load(key, {
      base,
      globals,
      accessor: basePath.accessor,
      resolve: () => {
        const resolution = new Resolution(globals, base, basePath.accessor);
        resolveFile(this.parse(source, basePath).expr, resolution);
        return resolution;
      },
    });
    if (found !== undefined) {
      return { root: found.root, lambda: (unit) => found.lambdaOfUnit(unit) };
    }
    const { lambda, resolution, silent } = this.compileSource(source, base, basePath, globals);
    // A file with warnings is not cached, so that the next evaluation warns again.
    if (silent) files.add(key, lambda, resolution);
    return { root: lambda, lambda: (unit) => [...resolution.units.values()][unit]?.lambda };
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
    base: PosIdx,
    basePath: NixPath,
    globals: ReadonlyMap<string, Slot>,
  ): CompiledText {
    return this.compileTree(this.parse(source, basePath), base, basePath, globals);
  }

  private compileTree(
    { expr, diagnostics, firstError, source }: ParseResult,
    base: PosIdx,
    basePath: NixPath,
    globals: ReadonlyMap<string, Slot>,
  ): CompiledText {
    this.context.limits?.make(source.text.length, BYTES_PER_SOURCE_BYTE);
    if (diagnostics.length > 0) {
      for (const diagnostic of diagnostics) {
        const { severity, message, pos } = diagnostic;
        if (severity === "error") break;
        // Nix: a warning without a position is printed unchanged, never indented.
        this.context.io.log(
          pos === undefined
            ? plainWarning(message)
            : reportedWarning(this.positions, markedDiagnostic(diagnostic), positionIn(base, pos)),
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
    const hooks = this.debugger;
    const resolution = new Resolution(globals, base, basePath.accessor, hooks !== undefined);
    const root =
      hooks === undefined
        ? resolveFile(expr, resolution)
        : resolve(expr, resolution, (lambda, unit) => hooks.emit(lambda, unit, resolution));
    const { lambda } = root;
    this.observer?.parsed?.(expr, lambda);
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

  private *importFile(path: NixPath): Suspendable<Slot> {
    const find = (): EvaluatedFile => this.fileAt(path);
    const file = now(find) ?? ((yield attempt(find)) as EvaluatedFile);
    // Nix: the trace is added where the file is evaluated, so a file that failed earlier has it
    // already.
    if (file.value instanceof Thunk && hasFailed(file.value)) {
      return (yield force(file.value)) as Value;
    }
    try {
      return (yield force(file.value)) as Value;
    } catch (error) {
      if (error instanceof EvalError) {
        error.addTrace(NO_TRACE_POS, marked`while evaluating the file '${file.path.shown}':`);
      }
      throw error;
    }
  }

  /** Returns the file that an import of a path loads; all paths that resolve to it share one. */
  private fileAt(path: NixPath): EvaluatedFile {
    const { dependencies, caches } = this.context;
    const { pathKeys } = caches;
    const { heapImage } = this;
    const key = pathKeys.of(path);
    if (dependencies !== undefined) {
      return dependencies.recall(`import ${key}`, () => {
        const known = heapImage?.requested(path);
        const file = known ?? this.trackedFileAt(path, dependencies);
        if (heapImage !== undefined) this.imports.set(key, file);
        return file;
      });
    }
    const known = this.imports.get(key) ?? heapImage?.requested(path);
    if (known !== undefined) return known;
    const resolved = this.resolveExpressionPath(path);
    const resolvedKey = pathKeys.of(resolved);
    let file = this.files.get(resolvedKey) ?? heapImage?.file(resolved);
    if (file === undefined) {
      file = { path: resolved, value: this.thunkOfFile(resolved, this.globals) };
      this.files.set(resolvedKey, file);
    }
    this.imports.set(key, file);
    return file;
  }

  private trackedFileAt(path: NixPath, dependencies: Dependencies): EvaluatedFile {
    const { heapImage } = this;
    const resolved = this.resolveExpressionPath(path);
    const key = this.context.caches.pathKeys.of(resolved);
    return dependencies.recall(`program ${key}`, () => {
      const file = heapImage?.file(resolved) ?? {
        path: resolved,
        value: this.thunkOfFile(resolved, this.globals),
      };
      if (heapImage !== undefined) this.files.set(key, file);
      const { value } = file;
      if (value instanceof Thunk && value.code instanceof Lambda) {
        dependencies.noteText(value.code.base);
      }
      return file;
    });
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
    // Nix: the file that defines `derivation` is evaluated at the start.
    if (!isDerivationFile(path)) tellOfFile(this.context, path);
    return this.thunkOfText(text, origin, basePath, globals);
  }

  /** Reads the program in a file, or in the `default.nix` of a directory, for {@link loadText}. */
  openProgram(path: NixPath): Program {
    return this.readProgram(this.resolveExpressionPath(path));
  }

  private readProgram(path: NixPath): Program {
    const files = accessorOf(this.context, path);
    const plain = this.context.caches.plainDirectories.of(files);
    let text: string;
    try {
      // Nix: the text is read through the symlink, but relative paths start at the symlink's
      // directory.
      text = files.readFile(resolveSymlinks(files, path.path, "full", plain));
    } catch (error) {
      throw evalErrorOf(error);
    }
    return { text, origin: originOf(files, path), basePath: path.at(parentOfPath(path.path)) };
  }

  /**
   * Follows symlinks at the end of a path and appends `default.nix` to a directory; that file may
   * be a symlink again.
   */
  private resolveExpressionPath({ path, accessor }: NixPath): NixPath {
    const files = accessor ?? this.context.io;
    const plain = this.context.caches.plainDirectories.of(files);
    let current = path;
    let type: FileType = "directory";
    try {
      for (let looks = 1; current !== "/"; looks++) {
        if (looks >= MAX_LINKS) {
          throw new EvalError(
            "io",
            marked`too many symbolic links encountered while traversing the path '${files.display(current)}'`,
          );
        }
        const place = resolveSymlinks(files, current, "ancestors", plain);
        type = existingType(files, place);
        if (type !== "symlink") break;
        const target = files.readLink(place);
        // Nix: relative to the directory's name, even if that name leads through a symlink.
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

/** A text to evaluate, with everything that {@link Evaluation.loadText} needs. */
export interface Program {
  readonly text: string;
  readonly origin: Origin;
  /** The directory that relative paths in the text start from. */
  readonly basePath: NixPath;
}

function isDerivationFile({ path, accessor }: NixPath): boolean {
  return accessor === DERIVATION_FILE.accessor && path === DERIVATION_FILE.path;
}

/** Tells the host that a file is evaluated. */
export function tellOfFile(ctx: EvalContext, path: NixPath): void {
  const { io } = ctx;
  if (io.detail === undefined) return;
  const shown = accessorOf(ctx, path).display(path.path);
  io.detail({ level: "talkative", text: `evaluating file '${shown}'` });
}

/** The parser options about `~`. */
type HomeDirectory = Pick<ParseOptions, "home" | "homeFailure">;

/** An imported file. */
export interface EvaluatedFile {
  /** The path after resolution. */
  readonly path: NixPath;
  readonly value: Slot;
}

/** Returns the origin of a file, for positions in it. */
function originOf(files: SourceAccessor, path: NixPath): Origin {
  const name = files.display(path.path);
  if (isOwnTree(path.accessor)) return { kind: "internal", name, path: path.path };
  return name === path.path
    ? { kind: "file", path: path.path }
    : { kind: "file", path: path.path, name };
}

/** A compiled text. */
interface CompiledText {
  readonly lambda: Lambda;
  readonly expr: Expr;
  readonly resolution: Resolution;
  /** Whether the parser reported nothing. */
  readonly silent: boolean;
}

function resolveFile(expr: Expr, resolution: Resolution): Unit {
  return resolve(expr, resolution, (lambda, unit) => emitUnit(lambda, unit, resolution));
}

/**
 * Returns a function that calls `action` once, when enough frames were entered to be long-running.
 */
function watchForLongRun(action: (() => void) | undefined, io: EvalIo): (frames: number) => void {
  if (action === undefined) return () => {};
  const begun = clock(io);
  let told = false;
  return (frames) => {
    // While files are loaded, few frames take a long time, and many will follow.
    if (told || (frames < LONG_RUN_FRAMES && clock(io) - begun < LONG_RUN_MILLISECONDS)) return;
    told = true;
    action();
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
