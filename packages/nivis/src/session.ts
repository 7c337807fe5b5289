/**
 * Session: the evaluation of a command, set up from the environment, the configuration files and
 * the flags, and the texts that the command's arguments name.
 */
import {
  Attrs,
  bothObservers,
  type DebugHooks,
  DeferredFetcher,
  EvalError,
  type EvalIo,
  type Evaluation,
  fetchProgram,
  findInSearchPath,
  IoError,
  NixPath,
  NO_TRACE_POS,
  type Program,
  type RunObserver,
  type Slot,
  type StackSampler,
  type StopSignal,
  type Store,
  type Suspendable,
  type Thunk,
  type Value,
} from "@nivis/eval";
import { canonPath, encodeUtf8, type FinishedDerivation, marked } from "@nivis/formats";
import {
  type BlockingFetcherOptions,
  cacheDirectory,
  clientOptionsOf,
  defaultSettings,
  EvaluationStore,
  errnoMessage,
  fetchSettingTexts,
  type GatheredSettings,
  type HashStore,
  openEvaluation,
  openEvaluationStore,
  openWorld,
  processConfiguration,
} from "@nivis/node";
import { openFetcher } from "./fetching.ts";
import type { Invocation } from "./invocation.ts";
import type { AutoArgument, EvaluationFlags } from "./options/evaluation-options.ts";
import { startCallProfilers } from "./profiling/call-profilers.ts";
import { NIX_VERSION, VERSION } from "./version.ts";

/** A text to evaluate. */
export type Source = Program;

/** What a command requires of its session. */
export interface SessionOptions {
  /** Changes the world that evaluation sees, such as the texts of files. */
  readonly overlay?: (world: EvalIo) => EvalIo;
  /** Whether nothing may be written, even if the store accepts writes. */
  readonly readOnly: boolean;
  readonly observer?: RunObserver;
  readonly debugger?: DebugHooks;
  /** Does the work of an evaluation with a debugger, which Ctrl-C pauses or stops; see `DebugConversation`. */
  readonly during?: DuringEvaluation;
  /** Takes samples for a profile. */
  readonly sampler?: StackSampler;
  /** Whether the evaluation remembers what its values depend on. */
  readonly warm?: boolean;
  /** Returns whether the user has interrupted what is being evaluated; see `EvaluationOptions`. */
  readonly isInterrupted?: () => boolean;
  /** Receives each derivation that is made. */
  readonly onDerivation?: (derivation: FinishedDerivation) => void;
}

/** Does some asynchronous evaluation, which the signal stops. */
export type DuringEvaluation = <Result>(
  work: (signal?: StopSignal) => Promise<Result>,
) => Promise<Result>;

/** A debugger that waits for its session. */
export interface DebuggedWork {
  /** What the session is to be opened with. */
  readonly options: Pick<SessionOptions, "debugger" | "isInterrupted" | "during">;
  /** Tells the debugger the session that was opened with these options. */
  begin(session: Session): void;
}

/**
 * Sets up the evaluation of a command step by step (see session.ts of `@nivis/node`) and connects
 * it to the invocation.
 */
export function openSession(flags: EvaluationFlags, options: SessionOptions): Session {
  const { invocation } = flags;
  const { terminal, statistics, machine, inputs } = invocation;
  const { environment, keeper } = terminal;
  const settings = invocation.finishSettings();
  const kept = keeper?.reuse(flags, options, settings);
  if (kept !== undefined) return kept;
  /** The run that the evaluation works for; a kept evaluation gets another one. */
  const owner = { invocation };
  if (invocation.inputsFile !== undefined) recordSettings(invocation, settings);
  const store = openEvaluationStore({
    uri: flags.store ?? (settings.storeUri || machine.environment("NIX_REMOTE") || undefined),
    evalUri: flags.evalStore,
    storeDir: settings.storeDir,
    currentDirectory: machine.currentDirectory(),
    environment: bytesEnvironment(environment),
    programs: environment,
    inputs,
    worker: terminal.storeWorker,
    makesDatabases: terminal.makesDatabases === true,
    isInterrupted: options.isInterrupted,
    connection: () => ({
      environment: variablesOfStores(bytesEnvironment(environment)),
      log: owner.invocation.buildLog(),
      clientOptions: clientOptionsOf(settings, invocation.verbosity),
      configuration: processConfiguration(settings),
      userAgent: `Nivis/${VERSION} Nix/${NIX_VERSION}`,
      settings: Array.from(settings.building, ([name, value]) => ({ name, value })),
      narInfoDirectory: narInfoDirectory(machine),
    }),
  });
  const machineWorld = openWorld({
    environment,
    log: (message) => owner.invocation.log(message),
    detail: invocation.detail,
    system: settings.system,
    homeDirectory: () => machine.homeDirectory(),
    store,
    inputs,
  });
  const world = options.overlay?.(machineWorld) ?? machineWorld;
  const { isInterrupted } = options;
  const fetcher = new DeferredFetcher(() => {
    const isLocked = settings.pureEval && terminal.flakeResults !== undefined;
    if (!isLocked) inputs?.giveUp("something was fetched");
    const fetcherSetup = { ...fetcherOptions(flags, settings, owner), isInterrupted };
    return openFetcher(fetcherSetup, isLocked ? inputs : undefined);
  });
  const profilers =
    settings.traceFunctionCalls || settings.evalProfiler !== "disabled"
      ? startCallProfilers(invocation, settings)
      : undefined;
  const observer = joinObservers(
    joinObservers(options.observer ?? terminal.observer, statistics?.observer),
    profilers?.observer,
  );
  // An observer must see compilation, so it bypasses the cache.
  const useCache = flags.cache && options.observer === undefined && options.debugger === undefined;
  const isPlain = useCache && (observer ?? options.sampler ?? statistics) === undefined;
  const isSilent = invocation.detail === undefined && invocation.inputsFile === undefined;
  const images =
    isPlain && isSilent && options.overlay === undefined && options.onDerivation === undefined
      ? terminal.images
      : undefined;
  const evaluation = openEvaluation({
    settings,
    store,
    world,
    fetcher,
    inputs,
    includes: flags.includes,
    readOnly: options.readOnly,
    traceCalls: invocation.diagnostics !== "plain",
    cacheDirectory: useCache ? cacheDirectory(machine) : undefined,
    onLongRun: terminal.onLongRun,
    ...(observer === undefined ? {} : { observer }),
    debugger: options.debugger,
    isInterrupted,
    sampler: options.sampler,
    onDerivation: options.onDerivation,
    tier: flags.tier,
    tierStress: terminal.tierStress === true,
    heapImage: images && ((...own) => images.open(flags, own)),
    warm:
      options.warm === true || images?.keeps === true || keeper?.accepts(flags, observer) === true,
  });
  images?.watch(evaluation);
  statistics?.watch(evaluation);
  profilers?.watch(evaluation);
  invocation.positions = evaluation.positions;
  if (store instanceof EvaluationStore) invocation.openStore = store;
  invocation.afterOutput = () => {
    profilers?.finish();
    evaluation.saveCompiledFiles();
    fetcher.close();
  };
  const parts = { evaluation, store, fetcher, owner };
  const slots = keeper?.keep(parts, flags, options, settings);
  return new Session(flags, evaluation, store, {
    slots,
    during: options.during ?? (options.debugger && ((work) => work())),
  });
}

/** Where narinfos of binary caches are remembered. */
function narInfoDirectory(machine: EvalIo): string | undefined {
  const cache = cacheDirectory(machine);
  return cache === undefined ? undefined : `${cache}/narinfo`;
}

/** How the fetchers of an evaluation are set up. */
function fetcherOptions(
  { invocation, store, evalStore }: EvaluationFlags,
  settings: GatheredSettings,
  owner: { readonly invocation: Invocation },
): BlockingFetcherOptions {
  const { terminal, machine } = invocation;
  return {
    start: {
      environment: { ...unobservedEnvironment(invocation) },
      settings: fetchSettingTexts(settings),
      cacheDirectory: cacheDirectory(machine),
      store: hashStoreOf(invocation, settings, evalStore ?? store),
    },
    worker: terminal.fetchWorker,
    warn: (message) => owner.invocation.warn(message),
    note: (text) => owner.invocation.inform(text),
    showProgress: terminal.showProgress,
  };
}

/** The environment in byte strings; a variable is looked up when it is asked for. */
function bytesEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return new Proxy(environment, {
    get: (target, name) => {
      const value: unknown = typeof name === "string" ? target[name] : undefined;
      return typeof value === "string" ? encodeUtf8(value) : undefined;
    },
  });
}

/** The variables that stores look at. They get a copy, because they are in a thread of their own. */
const STORE_VARIABLES = [
  "HOME",
  "NIX_DAEMON_SOCKET_PATH",
  "NIX_LOG_DIR",
  "NIX_SSHOPTS",
  "NIX_STATE_DIR",
  "NIX_STORE",
  "NIX_STORE_DIR",
  "PATH",
  "XDG_DATA_HOME",
];

/** Which store is asked for hashes of fetched trees. */
export function hashStoreOf(
  invocation: Invocation,
  settings: GatheredSettings,
  uri: string | undefined,
): HashStore {
  const { machine } = invocation;
  const environment = unobservedEnvironment(invocation);
  return {
    uri: uri ?? (settings.storeUri || machine.environment("NIX_REMOTE") || undefined),
    storeDir: settings.storeDir,
    currentDirectory: machine.currentDirectory(),
    environment: variablesOfStores(bytesEnvironment(environment)),
    programs: { ...environment },
    worker: invocation.terminal.storeWorker,
  };
}

/** The environment for work that does not decide about a result, such as fetching what is locked. */
export function unobservedEnvironment({
  terminal: { environment },
  inputs,
}: Invocation): Readonly<Record<string, string | undefined>> {
  return inputs?.unobserved(environment) ?? environment;
}

function variablesOfStores(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(STORE_VARIABLES.map((name) => [name, environment[name]]));
}

/** Tells the recorder of the settings that differ from their defaults. */
function recordSettings({ inputs }: Invocation, settings: GatheredSettings): void {
  const plain = (value: unknown): unknown =>
    value instanceof Set ? [...value] : value instanceof Map ? Object.fromEntries(value) : value;
  const defaults = new Map(Object.entries(defaultSettings()));
  for (const [name, value] of Object.entries(settings)) {
    const present = plain(value);
    if (name === "overridden" || name === "unknown") continue;
    if (JSON.stringify(present) === JSON.stringify(plain(defaults.get(name)))) continue;
    inputs?.setting(name, present);
  }
}

function joinObservers(
  first: RunObserver | undefined,
  second: RunObserver | undefined,
): RunObserver | undefined {
  if (first === undefined) return second;
  return second === undefined ? first : bothObservers(first, second);
}

/** A slot for later runs of the same command. */
export interface KeptSlot {
  readonly slot: Slot;
  /** What it was made of, if that is another slot. */
  readonly of: Slot | undefined;
}

interface SessionParts {
  /** The slots that a kept evaluation has already; `undefined` if it is not kept. */
  readonly slots: Map<string, KeptSlot> | undefined;
  /** Whether the evaluation may stop in a debugger. */
  readonly during: DuringEvaluation | undefined;
}

/** The evaluation of one command and the sources that its arguments name. */
export class Session {
  readonly evaluation: Evaluation;
  /** The world that evaluation sees, restricted by the settings. */
  readonly io: EvalIo;
  readonly store: Store;
  readonly #flags: EvaluationFlags;
  readonly #invocation: Invocation;
  /** The unrestricted world. */
  readonly #machine: EvalIo;

  readonly #slots: Map<string, KeptSlot> | undefined;
  readonly #during: DuringEvaluation | undefined;

  constructor(
    flags: EvaluationFlags,
    evaluation: Evaluation,
    store: Store,
    { slots, during }: SessionParts,
  ) {
    this.#flags = flags;
    this.#slots = slots;
    this.#during = during;
    this.#invocation = flags.invocation;
    this.#machine = flags.invocation.machine;
    this.evaluation = evaluation;
    this.io = evaluation.context.io;
    this.store = store;
  }

  /** Takes the paths of local flakes that evaluation looks at; `undefined` if nobody wants them. */
  get touchedPath(): ((path: string) => void) | undefined {
    const results = this.#invocation.terminal.flakeResults;
    return results && ((path) => results.touched(path));
  }

  /** The store that the command line names, if it does; bytes. */
  get storeUri(): string | undefined {
    return this.#flags.store;
  }

  /** Whether slots outlive this run; see {@link keep}. */
  get isKept(): boolean {
    return this.#slots !== undefined;
  }

  /**
   * Returns the slot that an earlier run made under this name and of the same other slot, or makes it. A
   * slot that `make` returns must be evaluated by looking at nothing but the evaluation's own world.
   */
  keep(name: string, make: () => Slot, of?: Slot): Slot {
    const known = this.#slots?.get(name);
    if (known !== undefined && known.of === of) return known.slot;
    const slot = make();
    this.#slots?.set(name, { slot, of });
    return slot;
  }

  /** Returns the arguments for functions, as a set. */
  autoArguments(): Attrs {
    return this.keep("arguments", () => this.#autoArguments()) as Attrs;
  }

  #autoArguments(): Attrs {
    const slots = new Map<string, Slot>();
    // Nix: sorted by name, which decides which argument fails first.
    const sorted = [...this.#flags.autoArguments].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, argument] of sorted) {
      slots.set(name, this.#autoArgument(argument));
    }
    return Attrs.fromMap(slots);
  }

  #autoArgument(argument: AutoArgument): Slot {
    switch (argument.kind) {
      case "expression": {
        const source = this.expression(argument.text);
        return this.evaluation.loadText(source.text, source);
      }
      case "string":
        return argument.text;
      case "file":
        return this.#readArgument(argument.path);
      case "stdin":
        return this.#invocation.terminal.readInput();
    }
  }

  /** Reads the file of an argument. Nix: messages name the file as it was given. */
  #readArgument(path: string): string {
    try {
      return this.#machine.readFile(this.absolutePath(path));
    } catch (error) {
      if (!(error instanceof IoError)) throw error;
      throw new EvalError("io", marked`opening file "${path}": ${errnoMessage(error.code)}`);
    }
  }

  /** Returns an expression of the command line as a source. */
  expression(text: string): Source {
    return { text, origin: { kind: "string" }, basePath: this.#here() };
  }

  /** Reads the expression on standard input. */
  standardInput(): Source {
    return {
      text: this.#invocation.terminal.readInput(),
      origin: { kind: "stdin" },
      basePath: this.#here(),
    };
  }

  /** Reads the file that the command line names: a path, or `<name>`. */
  file(name: string): Source {
    return this.evaluation.openProgram(this.#lookUpFile(name));
  }

  /** The same for commands that say which files they evaluate. */
  toldFile(name: string): Source {
    const source = this.file(name);
    const { origin } = source;
    if (origin.kind === "file") {
      const text = `evaluating file '${origin.name ?? origin.path}'`;
      this.io.detail?.({ level: "talkative", text });
    }
    return source;
  }

  /** Resolves an argument to a path. */
  #lookUpFile(name: string): NixPath {
    const fetched = fetchProgram(this.evaluation.context, name);
    if (fetched !== undefined) return new NixPath(fetched);
    if (name.length > 2 && name.startsWith("<") && name.endsWith(">")) {
      return this.findFile(name.slice(1, -1));
    }
    return new NixPath(this.absolutePath(name));
  }

  /** Whether a file or directory exists at a path. */
  exists(path: string): boolean {
    return this.#machine.fileType(this.absolutePath(path)) !== undefined;
  }

  /** Looks up a name in the search path. */
  findFile(name: string): NixPath {
    const { context } = this.evaluation;
    return findInSearchPath(context, context.searchPath, name);
  }

  #here(): NixPath {
    return new NixPath(this.io.currentDirectory());
  }

  /** Writes what the evaluation made so far to the store. */
  flush(): void {
    if (!(this.store instanceof EvaluationStore)) return;
    try {
      this.store.flush();
    } catch (error) {
      this.#invocation.inputs?.giveUp("a store failed");
      throw error;
    }
  }

  /**
   * Makes `link`, an absolute path, a root for a store path if the store has such roots; returns the
   * path to print.
   */
  addRoot(path: string, link: string): string {
    if (this.store.addRoot === undefined) return path;
    // Both links would have to be checked.
    this.#invocation.inputs?.giveUp("a root was made");
    return this.store.addRoot(path, link);
  }

  /** Where the files of a store path are. */
  realPath(path: string): string {
    const { relocatedDirectory, storeDir } = this.store;
    return relocatedDirectory === undefined || !path.startsWith(`${storeDir}/`)
      ? path
      : relocatedDirectory + path.slice(storeDir.length);
  }

  /** The unrestricted world. */
  get machine(): EvalIo {
    return this.#machine;
  }

  /** A path of the command line as an absolute one. */
  absolutePath(path: string): string {
    return canonPath(path.startsWith("/") ? path : `${this.io.currentDirectory()}/${path}`);
  }

  /** Evaluates a source to weak head normal form. */
  evaluate(source: Source): Value {
    return this.evaluation.evaluate(source.text, source);
  }

  /** Loads a source. */
  load(source: Source): Thunk {
    return this.evaluation.loadText(source.text, source);
  }

  /** Returns code that evaluates a loaded source. With `namesFile`, see {@link withFileTrace}. */
  program(source: Source, namesFile = true, loaded = this.load(source)): Suspendable<Value> {
    return withFileTrace(loaded, source, namesFile);
  }

  /** Runs native code that can be suspended. */
  run<Result>(generator: Suspendable<Result>): Result {
    return this.evaluation.run(generator);
  }

  /** {@link run}, but the debugger can stop in it, if there is one. */
  async runDebugged<Result>(generator: Suspendable<Result>): Promise<Result> {
    return this.#during === undefined
      ? this.run(generator)
      : this.#during((signal) => this.evaluation.runAsync(generator, { signal }));
  }
}

/** Evaluates a program. Nix: the trace of a file that fails names it, as that of an import does. */
function* withFileTrace(
  program: Thunk,
  { origin }: Source,
  namesFile: boolean,
): Suspendable<Value> {
  try {
    return (yield program) as Value;
  } catch (error) {
    if (namesFile && error instanceof EvalError && origin.kind === "file") {
      error.addTrace(
        NO_TRACE_POS,
        marked`while evaluating the file '${origin.name ?? origin.path}':`,
      );
    }
    throw error;
  }
}
