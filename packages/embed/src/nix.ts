/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Nix: a session, in which texts, files and flakes are evaluated and which remembers what it has
 * evaluated. Two sessions share nothing.
 */
import {
  Attrs,
  attempt,
  type BuiltinConstant,
  type BuiltinDefinition,
  type BytecodeCache,
  type CalledSlot,
  callFlake,
  EvalError,
  Evaluation,
  type EvaluationFetcher,
  type EvaluationOptions,
  evalErrorWithPlaces,
  type FlakeCall,
  force,
  now,
  parseAttrPath,
  type RunObserver,
  type SettingsInput,
  type Slot,
  type Store,
  type Suspendable,
  select,
  selectCalled,
  type TierMode,
  type Value,
} from "@nivis/eval";
import { canonPath, decodeUtf8, encodeUtf8, type HashFunctions } from "@nivis/formats";
import type { FileUrl, NixInput, PlainData, PlainOptions } from "./data.ts";
import { Engine, type Limits } from "./engine.ts";
import { openWorld, type WorldHost, type WorldOptions } from "./files.ts";
import { builtinRow, HostFunction } from "./host-function.ts";
import { jobsOf, type NixJob } from "./jobs.ts";
import { toSlot } from "./nix-input.ts";
import { NixValue, type WaitOptions } from "./nix-value.ts";
import type { SchemaOutput, StandardSchema } from "./schema.ts";
import type { NixSource } from "./template.ts";

/** The options of a session. */
export interface NixOptions extends WorldOptions {
  /** The search path: what `<name>` means, by name. Defaults to none. */
  readonly searchPath?: { readonly [name: string]: string } | undefined;
  /**
   * Whether evaluation is independent of the machine: no environment, no search path, and only files
   * that the host opens itself, with what they import below their directory. Defaults to `false`.
   */
  readonly pure?: boolean | undefined;
  /** Experimental features, such as `pipe-operators`. Defaults to none. */
  readonly features?: readonly string[] | undefined;
  /** Further settings of Nix, such as `allowedUris` or `showTrace`. Defaults to none. */
  readonly settings?: SettingsInput | undefined;
  /**
   * Attributes that are added to `builtins`: functions, whose names are also global with the prefix
   * `__`, and data. A name of one of Nix's builtins is a `TypeError`. Defaults to none.
   */
  readonly builtins?: { readonly [name: string]: NixInput } | undefined;
  /** Names that texts, but not files, can use besides the builtins. Defaults to none. */
  readonly scope?: { readonly [name: string]: NixInput } | undefined;
  /** Limits of each question to the session. Defaults to none. */
  readonly limits?: Limits | undefined;
  /** The store of derivations and sources. Defaults to one that holds nothing. */
  readonly store?: Store | undefined;
  /**
   * Whether derivations and sources are written to `store`, instead of only computing their paths.
   * Defaults to `false`.
   */
  readonly writes?: boolean | undefined;
  /** Fetches sources and flakes. Defaults to that of the host: in Node a thread of its own. */
  readonly fetcher?: EvaluationFetcher | undefined;
  /** Remembers compiled files between sessions. Defaults to none. */
  readonly cache?: BytecodeCache | undefined;
  /** How code is run; see `EvaluationOptions` of `@nivis/eval`. Defaults to `auto`. */
  readonly tier?: TierMode | undefined;
  /** Receives an event for each instruction and call. Defaults to none. */
  readonly observer?: RunObserver | undefined;
}

/** What a session needs of the platform that it runs on. */
export interface NixHost extends WorldHost {
  /** Faster hash functions than the portable ones. */
  readonly hashes?: HashFunctions;
  /** Opens the fetchers of the host for a world, if it has any. */
  fetcher?(world: WorldOptions): EvaluationFetcher | undefined;
}

/** Which part of a value is wanted, and in which form. */
export interface EvaluateOptions<Schema extends StandardSchema = StandardSchema> {
  /**
   * The attribute of the value to return: `a.b."c.d".0`, or its names one by one. Functions with
   * formals on the way are called with `args`. Defaults to the whole value.
   */
  readonly attr?: string | readonly (string | number)[] | undefined;
  /**
   * The arguments for functions with formals that occur where a value is needed, as with `--arg`.
   * Defaults to none.
   */
  readonly args?: { readonly [name: string]: NixInput } | undefined;
  /** The directory that relative paths of a text start from. Defaults to that of the session. */
  readonly basePath?: string | FileUrl | undefined;
  /** How the value becomes data. Defaults to the defaults of {@link PlainOptions}. */
  readonly plain?: PlainOptions | undefined;
  /** Checks the data; its output is the result. Defaults to no check. */
  readonly schema?: Schema | undefined;
}

/** {@link EvaluateOptions} of an asynchronous evaluation. */
export interface EvaluateAsyncOptions<Schema extends StandardSchema = StandardSchema>
  extends EvaluateOptions<Schema>,
    WaitOptions {}

/** Options of {@link Nix.open}. */
export type OpenOptions = Pick<EvaluateOptions, "attr" | "args" | "basePath">;

/**
 * A session. It remembers the files that it has evaluated and answers for them as they were when it
 * first looked.
 *
 * The methods whose names end in `Async` can wait for promises of the world, of fetchers and of
 * functions of the host, and let the event loop turn while they compute. The others throw a
 * `NixError` of kind `would-wait` where they would have to wait. Any number of asynchronous
 * evaluations may run at once, also in one session.
 */
export class Nix implements Disposable {
  readonly #engine: Engine;
  readonly #host: NixHost;

  constructor(options: NixOptions, host: NixHost) {
    this.#host = host;
    const { limits = {}, scope = {} } = options;
    this.#engine = new Engine(
      (engine) => new Evaluation(evaluationOptions(options, host, engine)),
      limits,
      new Map(Object.entries(scope)),
    );
  }

  /** Evaluates a text deeply and returns its value as data, which the schema checks. */
  evaluate<Schema extends StandardSchema>(
    source: string | NixSource,
    options: EvaluateOptions<Schema> & { readonly schema: Schema },
  ): SchemaOutput<Schema>;
  /**
   * Evaluates a text deeply and returns its value as data. Throws a `NixError` if evaluation or
   * conversion fails, and a `TypeError` for options that make no sense.
   */
  evaluate(source: string | NixSource, options?: EvaluateOptions): PlainData;
  evaluate(source: string | NixSource, options: EvaluateOptions = {}): unknown {
    return this.#data(() => this.#text(source, options), options);
  }

  /** {@link evaluate} where the world may have to be waited for. */
  evaluateAsync<Schema extends StandardSchema>(
    source: string | NixSource,
    options: EvaluateAsyncOptions<Schema> & { readonly schema: Schema },
  ): Promise<SchemaOutput<Schema>>;
  evaluateAsync(source: string | NixSource, options?: EvaluateAsyncOptions): Promise<PlainData>;
  evaluateAsync(source: string | NixSource, options: EvaluateAsyncOptions = {}): Promise<unknown> {
    return this.#dataAsync(() => this.#text(source, options), options);
  }

  /** {@link evaluateFile} with a result that the schema checks. */
  evaluateFile<Schema extends StandardSchema>(
    file: string | FileUrl,
    options: EvaluateOptions<Schema> & { readonly schema: Schema },
  ): SchemaOutput<Schema>;
  /** Evaluates a file, or the `default.nix` of a directory, like {@link evaluate}. */
  evaluateFile(file: string | FileUrl, options?: EvaluateOptions): PlainData;
  evaluateFile(file: string | FileUrl, options: EvaluateOptions = {}): unknown {
    return this.#data(() => this.#file(file), options);
  }

  /** {@link evaluateFile} where the world may have to be waited for. */
  evaluateFileAsync<Schema extends StandardSchema>(
    file: string | FileUrl,
    options: EvaluateAsyncOptions<Schema> & { readonly schema: Schema },
  ): Promise<SchemaOutput<Schema>>;
  evaluateFileAsync(file: string | FileUrl, options?: EvaluateAsyncOptions): Promise<PlainData>;
  evaluateFileAsync(file: string | FileUrl, options: EvaluateAsyncOptions = {}): Promise<unknown> {
    return this.#dataAsync(() => this.#file(file), options);
  }

  /** {@link evaluateFlake} with a result that the schema checks. */
  evaluateFlake<Schema extends StandardSchema>(
    reference: string,
    options: EvaluateOptions<Schema> & { readonly schema: Schema },
  ): SchemaOutput<Schema>;
  /**
   * Evaluates an attribute of a flake like {@link evaluate}. The reference is that of `getFlake`, such
   * as `github:NixOS/nixpkgs` or `git+file:///src`; a path that begins with `.` or `/` means `path:`.
   * The part behind `#`, if there is one, is an attribute path of the outputs, such as
   * `packages.x86_64-linux.default`. Lock files are not written.
   */
  evaluateFlake(reference: string, options?: EvaluateOptions): PlainData;
  evaluateFlake(reference: string, options: EvaluateOptions = {}): unknown {
    return this.#data(() => this.#flake(reference), options);
  }

  /** {@link evaluateFlake} where the world or fetchers may have to be waited for. */
  evaluateFlakeAsync<Schema extends StandardSchema>(
    reference: string,
    options: EvaluateAsyncOptions<Schema> & { readonly schema: Schema },
  ): Promise<SchemaOutput<Schema>>;
  evaluateFlakeAsync(reference: string, options?: EvaluateAsyncOptions): Promise<PlainData>;
  evaluateFlakeAsync(reference: string, options: EvaluateAsyncOptions = {}): Promise<unknown> {
    return this.#dataAsync(() => this.#flake(reference), options);
  }

  /** Returns a text as a value that is evaluated when it is looked at. */
  open(source: string | NixSource, options: OpenOptions = {}): NixValue {
    return this.#selected(() => this.#text(source, options), options);
  }

  /** Returns a file, or the `default.nix` of a directory, as a value that is read when needed. */
  openFile(file: string | FileUrl, options: OpenOptions = {}): NixValue {
    return this.#selected(() => this.#file(file), options);
  }

  /** Returns a flake, or one of its attributes, as a value that is fetched when needed. */
  openFlake(reference: string, options: OpenOptions = {}): NixValue {
    return this.#selected(() => this.#flake(reference), options);
  }

  /** Returns data, or a function of JavaScript, as a Nix value. */
  value(data: NixInput): NixValue {
    return new NixValue(this.#engine, this.#engine.slot(data, "data"));
  }

  /**
   * Yields the derivations below a set, each evaluated for itself: an attribute that fails yields its
   * error, and the others follow. Sets in the set are looked into if they have
   * `recurseForDerivations`.
   */
  jobs(value: NixValue, options: WaitOptions = {}): AsyncGenerator<NixJob, void, undefined> {
    return jobsOf(this.#engine, this.#engine.slotOf(value), options);
  }

  /** The names that every text can use. */
  get names(): readonly string[] {
    return this.#engine.evaluation.globalNames.map(decodeUtf8);
  }

  /** Writes the newly compiled files to the `cache` of the options. */
  saveCompiledFiles(): void {
    this.#engine.evaluation.saveCompiledFiles();
  }

  /** Ends the session: closes its fetchers; its values can no longer be used. */
  [Symbol.dispose](): void {
    this.#engine.dispose();
  }

  #text(source: string | NixSource, { basePath }: OpenOptions): Slot {
    const from = basePath === undefined ? {} : { basePath: this.#host.path(basePath) };
    return this.#engine.load(source, from);
  }

  #file(file: string | FileUrl): Slot {
    const { evaluation } = this.#engine;
    const path = encodeUtf8(this.#host.path(file));
    evaluation.allowPath(path);
    return this.#engine.defer(function* () {
      const load = (): Slot => evaluation.loadFile(path);
      return (yield force(now(load) ?? ((yield attempt(load)) as Slot))) as Value;
    });
  }

  #flake(reference: string): Slot {
    const { context } = this.#engine.evaluation;
    const { fetcher } = context;
    if (fetcher === undefined) {
      throw new EvalError("not-supported", "this host has no fetchers, which flakes need");
    }
    const { ref, fragment } = this.#flakeRef(reference);
    return this.#engine.defer(function* () {
      try {
        const isPure = context.settings.pureEval;
        const lock = (): FlakeCall => fetcher.lockFlake(ref, { isPure });
        const outputs = (yield callFlake(context, (yield attempt(lock)) as FlakeCall)) as Value;
        const found = (yield select(context, fragment, Attrs.of([], []), outputs)) as Slot;
        return (yield force(found)) as Value;
      } catch (error) {
        throw evalErrorWithPlaces(error, context.positions);
      }
    });
  }

  /** Splits a reference; a path becomes `path:` and the absolute path. Byte strings. */
  #flakeRef(reference: string): { readonly ref: string; readonly fragment: string } {
    const hash = reference.indexOf("#");
    const given = hash < 0 ? reference : reference.slice(0, hash);
    const fragment = hash < 0 ? "" : encodeUtf8(decodeURIComponent(reference.slice(hash + 1)));
    if (!/^(?:[./\\]|[a-zA-Z]:[\\/])/.test(given)) return { ref: encodeUtf8(given), fragment };
    const path = encodeUtf8(this.#host.path(given));
    const start = path.startsWith("/") ? "" : this.#engine.evaluation.context.io.currentDirectory();
    return { ref: `path:${canonPath(`${start}/${path}`)}`, fragment };
  }

  #opened(load: () => Slot): NixValue {
    this.#engine.begin();
    try {
      return new NixValue(this.#engine, load());
    } catch (error) {
      throw this.#engine.errorOf(error);
    }
  }

  #data(load: () => Slot, options: EvaluateOptions): unknown {
    const { plain = {}, schema } = options;
    return this.#selected(load, { args: {}, ...options }).toData({ ...plain, schema });
  }

  async #dataAsync(load: () => Slot, options: EvaluateAsyncOptions): Promise<unknown> {
    const { plain = {}, schema, signal, slice, onProgress } = options;
    const value = this.#selected(load, { args: {}, ...options });
    return value.toDataAsync({ ...plain, schema, signal, slice, onProgress });
  }

  /** The value that the options select, not yet evaluated. */
  #selected(load: () => Slot, { attr, args }: OpenOptions): NixValue {
    return this.#opened(() => {
      // Without either, a function stays a function.
      if (attr === undefined && args === undefined) return load();
      const { context } = this.#engine.evaluation;
      const given = this.#engine.slot(args ?? {}, "args") as Attrs;
      const path =
        typeof attr === "string"
          ? parseAttrPath(encodeUtf8(attr))
          : (attr ?? []).map((name) => encodeUtf8(String(name)));
      const start = load();
      return this.#engine.defer(function* (): Suspendable<Slot> {
        return ((yield selectCalled(context, path, given, start)) as CalledSlot).value;
      });
    });
  }
}

/**
 * Returns a value of an evaluation as a handle, for programs that work with the machine itself. Handles
 * from one call belong together, and to no other session.
 */
export function handleOf(evaluation: Evaluation, slot: Slot): NixValue {
  return new Engine(() => evaluation, {}, new Map()).value(slot);
}

function evaluationOptions(options: NixOptions, host: NixHost, engine: Engine): EvaluationOptions {
  const { limits = {}, features = [], searchPath = {}, store, cache, tier, observer } = options;
  const fetcher = options.fetcher ?? host.fetcher?.(options);
  const settings: SettingsInput = {
    ...options.settings,
    ...(features.length === 0 ? {} : { experimentalFeatures: features }),
    ...(options.pure === undefined ? {} : { pureEval: options.pure }),
    ...(options.writes === true ? { readOnlyMode: false } : {}),
    ...(limits.steps === undefined ? {} : { maxSteps: limits.steps }),
    ...(limits.milliseconds === undefined ? {} : { maxTime: limits.milliseconds }),
    ...(limits.mebibytes === undefined ? {} : { maxMemory: limits.mebibytes }),
    ...(limits.depth === undefined ? {} : { maxCallDepth: limits.depth }),
  };
  return {
    io: openWorld(options, host),
    settings,
    fetcher,
    searchPath: Object.entries(searchPath).map(([prefix, path]) => ({
      prefix: encodeUtf8(prefix),
      path: encodeUtf8(host.path(path)),
    })),
    builtins: Object.entries(options.builtins ?? {}).map(([name, data]) =>
      rowOf(name, data, engine),
    ),
    ...(host.hashes === undefined ? {} : { hashes: host.hashes }),
    ...(store === undefined ? {} : { store }),
    ...(cache === undefined ? {} : { bytecodeCache: cache }),
    ...(tier === undefined ? {} : { tier }),
    ...(observer === undefined ? {} : { observer }),
  };
}

/** The row of a builtin of the host. */
function rowOf(name: string, data: NixInput, engine: Engine): BuiltinDefinition | BuiltinConstant {
  if (data instanceof HostFunction) {
    return builtinRow(new HostFunction(data.options, name), engine, toSlot);
  }
  if (typeof data === "function") {
    return builtinRow(new HostFunction({ run: data }, name), engine, toSlot);
  }
  return {
    name: encodeUtf8(name),
    doc: "Data of the host.",
    type: "any",
    value: () =>
      engine.defer(function* () {
        return (yield force(engine.slot(data, `builtins.${name}`))) as Value;
      }),
  };
}
