/**
 * Store program: what the commands on stores have in common. Unlike those that evaluate they wait
 * for daemons, disks and networks, so they run asynchronously; Ctrl-C gives up what is under way.
 */
import { disabledFeature, EvalError, type EvalIo, evalErrorOf, NO_POS } from "@nivis/eval";
import { canonPath, decodeUtf8, encodeUtf8 } from "@nivis/formats";
import {
  applySetting,
  applyStoreSetting,
  BuildLogger,
  cacheDirectory,
  configurationLines,
  DiskNarInfoMemory,
  loadStoreSettings,
  nodeStoreHost,
  type OpenStoreOptions,
  openStore,
  readSecretKey,
  type StoreSettings,
  standardError,
} from "@nivis/node";
import {
  parsePublicKey,
  publicKeyOf,
  type SigningKey,
  type Store,
  StoreError,
  type StoreErrorKind,
  type StoreObserver,
  TrustedKeys,
} from "@nivis/store";
import type {
  EvaluateInstallables,
  InstallableRequest,
  ResolvedInstallable,
} from "./evaluated-installables.ts";
import { Invocation } from "./invocation.ts";
import { INFO_LEVEL, NOTICE_LEVEL } from "./log-format.ts";
import { type HelpTopic, renderHelp } from "./options/help.ts";
import { type Option, parseArguments, usageError } from "./options/option.ts";
import { type StoreDraft, sharedStoreOptions } from "./options/store-options.ts";
import { versionLine } from "./program.ts";
import type { Terminal } from "./terminal.ts";
import { NIX_VERSION, VERSION } from "./version.ts";

/** A command on stores. */
export interface StoreProgram<Draft extends StoreDraft = StoreDraft> extends HelpTopic {
  /** Its own options; the shared ones are added. */
  readonly options: readonly Option<Draft>[];
  /** The state before the first option. */
  start(): Draft;
  /** Takes an argument that is no flag. */
  positional(draft: Draft, argument: string): void;
  /** Does the work and returns the exit code, 0 unless given; errors are thrown. */
  run(draft: Draft, session: StoreSession): Promise<number | undefined>;
}

/** An evaluation failed, and the user has been told why. */
class EvaluationFailure extends Error {
  constructor(readonly exitCode: number) {
    super("the evaluation failed");
  }
}

interface SessionParts {
  readonly draft: StoreDraft;
  readonly invocation: Invocation;
  readonly signal: AbortSignal;
  readonly evaluate: EvaluateInstallables | undefined;
  readonly program: HelpTopic;
}

/** How a command has arguments evaluated. */
export interface EvaluationRequest extends Pick<InstallableRequest, "realise" | "namesFlakes"> {
  /** The store; that of the command line unless given. */
  readonly uri?: string | undefined;
}

/** What a command works with. */
export class StoreSession {
  readonly terminal: Terminal;
  readonly settings: StoreSettings;
  readonly signal: AbortSignal;
  readonly io: EvalIo;
  readonly #invocation: Invocation;
  readonly #draft: StoreDraft;
  readonly #opened: Store[] = [];
  readonly #evaluate: EvaluateInstallables | undefined;
  readonly #topic: HelpTopic;
  #progress: BuildLogger | undefined;

  constructor({ draft, invocation, signal, evaluate, program }: SessionParts) {
    this.#draft = draft;
    this.#invocation = invocation;
    this.#evaluate = evaluate;
    this.#topic = program;
    this.terminal = invocation.terminal;
    this.signal = signal;
    this.io = invocation.machine;
    this.settings = loadStoreSettings(this.io);
    for (const { name, value } of draft.settings) applyStoreSetting(this.settings, name, value);
  }

  /** Prints a line of data. */
  print(line: string): void {
    this.#progress?.pause();
    this.terminal.writeOut(`${line}\n`);
  }

  /** Prints JSON: in one line, or indented for people. */
  printJson(json: string): void {
    const isPretty = this.#draft.pretty ?? this.terminal.isOutTerminal === true;
    this.print(isPretty ? indentJson(json) : json);
  }

  warn(message: string): void {
    this.#progress?.pause();
    this.#invocation.warn(message);
  }

  /** Tells the user something, however quiet the command is to be. */
  tell(message: string): void {
    this.#progress?.pause();
    this.#invocation.note(message);
  }

  #tellAt(level: number, message: string): void {
    this.#progress?.pause();
    this.#invocation.verbose(level, message);
  }

  /** Tells the user something that is worth knowing, unless quiet. */
  notice(message: string): void {
    if (this.#draft.verbosity >= 0) this.#tellAt(NOTICE_LEVEL, message);
  }

  /**
   * Tells what is going on. Nix: a terminal has a progress bar instead, unless more is asked for;
   * where there is none, such lines are shown.
   */
  info(message: string): void {
    const least = this.terminal.color ? 1 : 0;
    if (this.#draft.verbosity >= least) this.#tellAt(INFO_LEVEL, message);
  }

  /** Shows work that takes its time: as a bar on a terminal, else line by line. */
  progress(): StoreObserver {
    const isTerminal = this.terminal.isErrTerminal === true && this.terminal.color;
    const level = isTerminal ? NOTICE_LEVEL : INFO_LEVEL;
    const options = {
      format: this.#draft.logFormat ?? "bar",
      verbosity: level + this.#draft.verbosity,
      isTerminal,
    } as const;
    this.#progress ??= new BuildLogger(options, standardError());
    return this.#progress;
  }

  /** Shows an error that does not end the command. */
  error(message: string): void {
    this.#progress?.pause();
    this.#invocation.report(new EvalError("value", message));
  }

  /** Trusted public keys, and the public halves of secret keys that can be read. */
  async trustedKeys(): Promise<readonly SigningKey[]> {
    const keys = this.settings.trustedPublicKeys.map(parsePublicKey);
    for (const file of this.settings.secretKeyFiles) {
      try {
        keys.push(publicKeyOf(await readSecretKey(file)));
      } catch (error) {
        // Nix: secret keys that cannot be read are skipped without a word.
        if (!(error instanceof StoreError && error.kind === "io")) throw error;
      }
    }
    return keys;
  }

  /** Checks signatures by the trusted keys. */
  async verifier(): Promise<TrustedKeys> {
    return new TrustedKeys(await this.trustedKeys(), nodeStoreHost.signatures);
  }

  /** Throws unless an experimental feature is on. */
  requireFeature(feature: string, reason = ""): void {
    const { settings } = this.#invocation;
    for (const { name, value } of this.#draft.settings) {
      if (!/^(?:extra-)?experimental-features$/.test(name)) continue;
      applySetting(settings, name, value, () => {});
    }
    if (!settings.experimentalFeatures.has(feature)) {
      throw disabledFeature(feature, reason);
    }
  }

  /** Whether the command line says what arguments are evaluated from. */
  get hasSource(): boolean {
    const { evaluation } = this.#draft;
    return evaluation.includes("--file") || evaluation.includes("--expr");
  }

  /**
   * What arguments stand for that have to be evaluated or built.
   */
  async evaluate(
    args: readonly string[],
    { realise, namesFlakes, uri = this.#draft.store }: EvaluationRequest,
  ): Promise<readonly ResolvedInstallable[]> {
    if (this.#evaluate === undefined) throw usageError("there is no evaluator");
    const { evaluation, settings } = this.#draft;
    const options = [
      ...settings.flatMap(({ name, value }) => ["--option", name, decodeUtf8(value)]),
      ...(uri === undefined ? [] : ["--store", decodeUtf8(uri)]),
      ...evaluation,
    ];
    const found = await this.#evaluate(
      { topic: this.#topic, options, arguments: args.map(decodeUtf8), namesFlakes, realise },
      this.terminal,
    );
    if (typeof found === "number") throw new EvaluationFailure(found);
    return found;
  }

  /** A path of the command line as an absolute one. */
  absolutePath(path: string): string {
    return canonPath(path.startsWith("/") ? path : `${this.io.currentDirectory()}/${path}`);
  }

  /** The store that `--store` names, else the configured one. */
  store(): Promise<Store> {
    return this.open(this.#draft.store ?? this.settings.store);
  }

  /** Opens a store by its reference. */
  async open(reference: string): Promise<Store> {
    const store = await openStore(reference, await this.storeOptions());
    this.#opened.push(store);
    return store;
  }

  /** What opening a store depends on, from settings and environment. */
  async storeOptions(): Promise<OpenStoreOptions> {
    const cache = cacheDirectory(this.io);
    const { settings } = this.#draft;
    return {
      environment: this.#bytesEnvironment(),
      currentDirectory: this.io.currentDirectory(),
      trustedKeys: await this.trustedKeys(),
      requireSignatures: this.settings.requireSigs,
      warn: (message) => this.warn(message),
      makesDatabases: this.terminal.makesDatabases === true,
      ...(settings.length === 0 ? {} : { configuration: configurationOf(settings) }),
      userAgent: `Nivis/${VERSION} Nix/${NIX_VERSION}`,
      settings: [...configurationLines(this.io), ...this.#draft.settings],
      observer: {
        message: (text) => this.tell(text),
      },
      ...(cache === undefined
        ? {}
        : {
            narInfoMemory: new DiskNarInfoMemory(`${cache}/narinfo`, {
              positive: this.settings.narinfoPositiveTtl,
              negative: this.settings.narinfoNegativeTtl,
            }),
          }),
    };
  }

  #bytesEnvironment(): Record<string, string | undefined> {
    const { environment } = this.terminal;
    return Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [
        name,
        value === undefined ? undefined : encodeUtf8(value),
      ]),
    );
  }

  async close(): Promise<void> {
    this.#progress?.pause();
    for (const store of this.#opened) await store.close();
  }
}

/** Settings of Nivis alone, which C++ Nix does not know. */
const OWN_SETTINGS: ReadonlySet<string> = new Set(["max-steps", "max-memory", "max-time"]);

/** Settings of the command line as lines of nix.conf. */
function configurationOf(settings: StoreDraft["settings"]): string {
  const known = settings.filter(({ name }) => !OWN_SETTINGS.has(name));
  return known.map(({ name, value }) => `${name} = ${value.replace(/\s+/g, " ")}\n`).join("");
}

/** JSON with an indentation of two blanks, as C++ Nix prints it on terminals. */
function indentJson(json: string): string {
  let text = "";
  let depth = 0;
  const newline = (): void => {
    text += `\n${"  ".repeat(depth)}`;
  };
  for (let at = 0; at < json.length; at++) {
    const c = json.charAt(at);
    if (c === '"') {
      const begin = at;
      while (json.charAt(++at) !== '"') if (json.charAt(at) === "\\") at++;
      text += json.slice(begin, at + 1);
    } else if ((c === "{" || c === "[") && /[}\]]/.test(json.charAt(at + 1))) {
      text += c + json.charAt(++at);
    } else if (c === "{" || c === "[") {
      text += c;
      depth++;
      newline();
    } else if (c === "}" || c === "]") {
      depth--;
      newline();
      text += c;
    } else if (c === ",") {
      text += c;
      newline();
    } else if (c === ":") text += ": ";
    else text += c;
  }
  return text;
}

/** The kind of an error of a store among those that commands know. */
const KINDS: Readonly<Record<StoreErrorKind, EvalError["kind"]>> = {
  "invalid-path": "invalid-path",
  unsupported: "not-supported",
  connection: "io",
  remote: "value",
  build: "value",
  corrupt: "value",
  signature: "value",
  cancelled: "interrupted",
  usage: "value",
  io: "io",
};

function commandError(thrown: unknown): unknown {
  if (!(thrown instanceof StoreError)) return evalErrorOf(thrown);
  const error = new EvalError(KINDS[thrown.kind], thrown.text);
  for (const trace of [...thrown.traces].reverse()) error.addTrace(NO_POS, trace);
  return error;
}

/** The exit code of a command that the user stopped: 128 and the number of SIGINT. */
const INTERRUPTED = 130;

/** Runs a command and returns its exit code. */
export async function runStoreProgram<Draft extends StoreDraft>(
  program: StoreProgram<Draft>,
  args: readonly string[],
  terminal: Terminal,
  evaluate?: EvaluateInstallables,
): Promise<number> {
  const invocation = new Invocation(terminal, program.name);
  const controller = new AbortController();
  const stopListening = terminal.onInterrupt?.(() => controller.abort());
  let session: StoreSession | undefined;
  try {
    const draft = program.start();
    const own = program.options;
    const shared = sharedStoreOptions(own);
    const { positional } = program;
    let instead: ReturnType<typeof parseArguments>;
    try {
      instead = parseArguments(args, { own, shared, style: "modern", positional }, draft);
    } finally {
      invocation.logFormat = draft.logFormat ?? "raw";
    }
    switch (instead) {
      case "help":
        terminal.writeOut(encodeUtf8(renderHelp(program, [...own, ...shared])));
        return 0;
      case "version":
        terminal.writeOut(versionLine(program.name.split(" ")[0] as string));
        return 0;
    }
    session = new StoreSession({ draft, invocation, signal: controller.signal, evaluate, program });
    return (await program.run(draft, session)) ?? 0;
  } catch (error) {
    if (error instanceof EvaluationFailure) return error.exitCode;
    invocation.report(commandError(error));
    return controller.signal.aborted ? INTERRUPTED : 1;
  } finally {
    stopListening?.();
    await session?.close();
  }
}
