/**
 * Session: an evaluation set up as the environment, the configuration files and the options say.
 */
import {
  Attrs,
  bothObservers,
  DummyStore,
  EvalError,
  type EvalIo,
  Evaluation,
  findInSearchPath,
  isPseudoUrl,
  NixPath,
  type Program,
  type RunObserver,
  rehearse,
  type Slot,
  type Store,
  type Suspendable,
  searchPathOf,
  type Value,
} from "@nivis/eval";
import { canonPath } from "@nivis/formats";
import { DiskBytecodeCache, LocalStore, nodeHashes, nodeIo } from "@nivis/node";
import { cacheDirectory } from "./cache-directory.ts";
import type { AutoArgument, EvaluationDraft } from "./options/evaluation-options.ts";
import { usageError } from "./options/option.ts";
import type { Invocation } from "./program.ts";
import { loadSettings, nixPathEntries } from "./settings/load-settings.ts";
import { applySetting, evaluationSettings, type SettingsDraft } from "./settings/setting-table.ts";

/** A text to evaluate. */
export type Source = Program;

/** What a command wants of its session. */
export interface SessionOptions {
  /** Write nothing even if there is a store to write to. */
  readonly readOnly: boolean;
  /** The default of `max-call-depth`; that of the library is as deep as memory goes. */
  readonly maxCallDepth?: number;
  readonly observer?: RunObserver;
}

/** See the head of this file. */
export class Session {
  readonly evaluation: Evaluation;
  /** The world as the settings let evaluation see it. */
  readonly io: EvalIo;
  /** The world as it is. */
  private readonly machine: EvalIo;
  private readonly terminal: Invocation["terminal"];
  private readonly draft: EvaluationDraft;

  constructor(draft: EvaluationDraft, invocation: Invocation, options: SessionOptions) {
    this.terminal = invocation.terminal;
    this.draft = draft;
    const { environment } = this.terminal;
    const log = (line: string): void => invocation.show(line);
    const warn = (message: string): void => invocation.warn(message);
    const plainIo = nodeIo({ environment, log });
    const settings = loadSettings(plainIo, warn, options.maxCallDepth);
    invocation.showTrace = settings.showTrace;
    for (const { name, value } of draft.settings) applySetting(settings, name, value, warn);
    invocation.showTrace = settings.showTrace;
    const store = openStore(draft, settings, plainIo);
    const nixPath = nixPathEntries(settings, plainIo);
    const searchPath = searchPathOf([...draft.includes, ...nixPath], "");
    const io = nodeIo({
      environment,
      log,
      homeDirectory: () => plainIo.homeDirectory(),
      ...(settings.system === "" ? {} : { system: settings.system }),
      ...(store instanceof LocalStore && store.directory !== store.storeDir
        ? { relocatedStore: { storeDir: store.storeDir, directory: store.directory } }
        : {}),
    });
    this.machine = plainIo;
    const { statistics } = invocation;
    const observer = observerOf(options.observer ?? this.terminal.observer, statistics?.observer);
    // Who watches wants to see the code as it is compiled.
    const useCache = draft.cache && options.observer === undefined;
    const directory = useCache ? cacheDirectory(plainIo) : undefined;
    const { settleIn } = this.terminal;
    const surroundings = {
      io,
      hashes: nodeHashes,
      ...(directory === undefined ? {} : { bytecodeCache: new DiskBytecodeCache(directory) }),
    };
    this.evaluation = new Evaluation({
      ...surroundings,
      settings: {
        ...evaluationSettings(settings),
        // Only so are the calls among the traces.
        showTrace: settings.showTrace || draft.diagnostics !== "plain",
        readOnlyMode: options.readOnly || !(store instanceof LocalStore),
      },
      store,
      searchPath,
      ...(observer === undefined ? {} : { observer }),
      ...(settleIn === undefined
        ? {}
        : {
            whenBusy: () => {
              settleIn();
              rehearse(surroundings);
            },
          }),
      tier: draft.tier,
      tierStress: this.terminal.tierStress === true,
    });
    statistics?.watch(this.evaluation);
    invocation.afterwards = () => this.evaluation.saveCompiledFiles();
    this.io = this.evaluation.context.io;
    invocation.positions = this.evaluation.positions;
    invocation.settings = settings;
  }

  /** The arguments for functions, as a set. */
  autoArguments(): Attrs {
    const slots = new Map<string, Slot>();
    for (const [name, argument] of this.draft.autoArguments) {
      slots.set(name, this.autoArgument(argument));
    }
    return Attrs.fromMap(slots);
  }

  private autoArgument(argument: AutoArgument): Slot {
    switch (argument.kind) {
      case "expression": {
        const source = this.expression(argument.text);
        return this.evaluation.loadText(source.text, source);
      }
      case "string":
        return argument.text;
      case "file":
        return this.machine.readFile(this.absolute(argument.path));
      case "stdin":
        return this.terminal.readInput();
    }
  }

  /** An expression of the command line. */
  expression(text: string): Source {
    return { text, origin: { kind: "string" }, basePath: this.here() };
  }

  /** The expression on standard input. */
  standardInput(): Source {
    return {
      text: this.terminal.readInput(),
      origin: { kind: "stdin" },
      basePath: this.here(),
    };
  }

  /** The expression in a file as the command line names it: a path, or `<name>`. */
  file(name: string): Source {
    return this.evaluation.openProgram(this.lookUpFile(name));
  }

  /** The path that an argument means. */
  private lookUpFile(name: string): NixPath {
    if (isPseudoUrl(name) || name.startsWith("flake:")) {
      throw new EvalError(
        "not-supported",
        `'${name}' would have to be downloaded, which Nivis does not support yet`,
      );
    }
    if (name.length > 2 && name.startsWith("<") && name.endsWith(">")) {
      return this.findFile(name.slice(1, -1));
    }
    return new NixPath(this.absolute(name));
  }

  /** Whether there is a file or directory at a path. */
  exists(path: string): boolean {
    return this.machine.fileType(this.absolute(path)) !== undefined;
  }

  /** Looks for a name in the search path. */
  findFile(name: string): NixPath {
    const { context } = this.evaluation;
    return findInSearchPath(context, context.searchPath, name);
  }

  private here(): NixPath {
    return new NixPath(this.io.currentDirectory());
  }

  private absolute(path: string): string {
    return canonPath(path.startsWith("/") ? path : `${this.io.currentDirectory()}/${path}`);
  }

  /** Evaluates a source to weak head normal form. */
  evaluate(source: Source): Value {
    return this.evaluation.evaluate(source.text, source);
  }

  /** Runs native code that can be suspended. */
  run<Result>(generator: Suspendable<Result>): Result {
    return this.evaluation.run(generator);
  }
}

function observerOf(
  first: RunObserver | undefined,
  second: RunObserver | undefined,
): RunObserver | undefined {
  if (first === undefined) return second;
  return second === undefined ? first : bothObservers(first, second);
}

/** The store that the options and the environment ask for. */
function openStore(draft: EvaluationDraft, settings: SettingsDraft, io: EvalIo): Store {
  const asked = draft.evalStore ?? draft.store;
  // Without an option nothing is written: Nivis talks to no daemon, and the store of the system
  // belongs to C++ Nix.
  if (asked === undefined || asked === "dummy://") return new DummyStore(settings.storeDir);
  const root = rootOfStore(asked);
  if (root === undefined) {
    throw usageError(
      `store '${asked}' is not supported: give a directory, such as /tmp/store, or dummy://`,
    );
  }
  const absolute = root.startsWith("/") ? root : `${io.currentDirectory()}/${root}`;
  return new LocalStore({ storeDir: settings.storeDir, root: canonPath(absolute) });
}

/** The directory of a store that is one: `/dir`, `./dir` or `local?root=/dir`. */
function rootOfStore(uri: string): string | undefined {
  const inQuery = /^local(?::\/\/)?\?(?:.*&)?root=([^&]+)/.exec(uri);
  if (inQuery !== null) return inQuery[1];
  if (uri.startsWith("local://")) return uri.slice("local://".length) || undefined;
  return uri.includes("/") && !uri.includes("://") ? uri : undefined;
}
