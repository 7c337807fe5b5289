/**
 * Invocation: one run of a program. It knows where output goes, how messages are shown, and the
 * settings as the configuration and the flags so far define them.
 */
import {
  DEFAULT_SETTINGS,
  type DetailMessage,
  EvalError,
  type EvalIo,
  type ExplainSettings,
  explainErrors,
  forTerminal,
  type LogMessage,
  PositionTable,
  plainWarning,
  renderError,
  renderJson,
  renderLogMessage,
  renderRich,
} from "@nivis/eval";
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import {
  type BuildLogOptions,
  type EvaluationStore,
  type GatheredSettings,
  type InputRecorder,
  nodeIo,
  readSettings,
  warnUnknownSettings,
} from "@nivis/node";
import {
  CHATTY_LEVEL,
  ERROR_LEVEL,
  INFO_LEVEL,
  type LogFormat,
  levelOf,
  TALKATIVE_LEVEL,
} from "./log-format.ts";
import { errorLogLine, messageLogLine, plainLogLine } from "./log-line.ts";
import type { InstallablesOpener } from "./options/building-options.ts";
import { recordStatistics, type StatisticsRecorder } from "./statistics.ts";
import { isOn, type Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** How errors are shown: as C++ Nix does, with labels and hints, or as JSON. */
export type DiagnosticsForm = "plain" | "rich" | "json";

/** How many mistakes of one text are shown to people. */
const MAX_MISTAKES = 20;

/** systemd's priority for each verbosity level. */
const SYSTEMD_LEVELS = [3, 4, 5, 5, 6, 6, 7, 7];

/** One run of a program: its output, its log and its settings. */
export class Invocation {
  /** The table that resolves the positions of errors; replaced once there is an evaluation. */
  positions = new PositionTable();
  diagnostics: DiagnosticsForm = "plain";
  logFormat: LogFormat = "raw";
  /** The level up to which messages are shown. */
  verbosity = INFO_LEVEL;
  /** Whether to warn that an instantiated derivation may be garbage-collected. */
  warnsAboutRoots = true;
  /** The statistics that the environment asks for. */
  readonly statistics: StatisticsRecorder | undefined;
  /** Runs after the output: saves the cache. */
  afterOutput: (() => void) | undefined;
  /** The file of `--trace-inputs`; text. */
  inputsFile: string | undefined;
  /** The store of the evaluation if it may have things to write, or connections to end. */
  openStore: Pick<EvaluationStore, "close" | "abandon"> | undefined;
  /** Opens arguments that name flakes; absent in commands that were not started for them. */
  openFlakes: InstallablesOpener | undefined;
  /** The settings of the command line in the order in which they were given; bytes. */
  readonly givenSettings: { readonly name: string; readonly value: string }[] = [];
  /** Whether what builders print is shown. */
  printsBuildLogs = false;
  /** The world as it is, without what settings forbid. */
  readonly machine: EvalIo;
  #settings: GatheredSettings | undefined;
  /** The lines about files that were told before evaluation came to them. */
  readonly #toldFiles = new Set<string>();
  /** Experimental features that the command needs. */
  #requiredFeatures: readonly string[] = [];
  readonly #maxCallDepth: number | undefined;

  constructor(
    readonly terminal: Terminal,
    readonly programName: string,
    maxCallDepth?: number,
  ) {
    this.#maxCallDepth = maxCallDepth;
    const { environment } = terminal;
    if (isOn(environment["NIX_SHOW_STATS"]) || isOn(environment["NIVIS_SHOW_STATS"])) {
      this.statistics = recordStatistics(terminal);
      terminal.inputs?.giveUp("statistics are printed");
    }
    this.machine = nodeIo({
      environment: terminal.environment,
      inputs: terminal.inputs,
      log: (message) => this.log(message),
    });
  }

  /** Records what the command looks at. */
  get inputs(): InputRecorder | undefined {
    return this.terminal.inputs;
  }

  /** Enables flakes whatever the configuration says; to be called before the settings are read. */
  requireFlakes(): void {
    this.#requiredFeatures = ["flakes", "fetch-tree"];
  }

  /** The settings of the configuration and the flags so far; read on first use. */
  get settings(): GatheredSettings {
    this.#settings ??= readSettings(
      this.machine,
      (message) => this.warn(message),
      this.#maxCallDepth,
      this.#requiredFeatures,
    );
    return this.#settings;
  }

  /** Returns the settings of the whole command line and warns about unknown ones. */
  finishSettings(): GatheredSettings {
    const { settings } = this;
    for (const feature of this.#requiredFeatures) settings.experimentalFeatures.add(feature);
    warnUnknownSettings(settings, (message) => this.warn(message));
    return settings;
  }

  /** How the work of stores is shown. */
  buildLog(): BuildLogOptions {
    const { logFormat, verbosity, terminal } = this;
    const withLogs =
      this.printsBuildLogs && (logFormat === "raw" || logFormat === "bar")
        ? (`${logFormat}-with-logs` as const)
        : logFormat;
    const jsonPath = this.settings.building.get("json-log-path");
    const isTerminal = terminal.isErrTerminal === true;
    return { format: withLogs, verbosity, isTerminal, jsonPath };
  }

  /** Shows a message of the evaluator. */
  log(message: LogMessage): void {
    this.inputs?.log(renderLogMessage(message, false));
    const level = levelOf(message);
    // Nix: the JSON logger omits only reports.
    const isPlainJson = this.logFormat === "internal-json" && message.report === undefined;
    if (level > this.verbosity && !isPlainJson) return;
    if (this.diagnostics === "json") {
      const severity = message.severity === "trace" ? "trace" : "warning";
      this.#writeJson(severity, message.text);
    } else if (this.logFormat === "internal-json") {
      this.terminal.writeLine(messageLogLine(message, this.positions));
    } else this.#writeText(level, renderLogMessage(message, this.terminal.color));
  }

  /** Shows what an evaluation does in detail; `undefined` if the user does not want to know. */
  get detail(): ((message: DetailMessage) => void) | undefined {
    if (this.verbosity < TALKATIVE_LEVEL) return undefined;
    return ({ level, text }) => {
      const isTold = this.#toldFiles.has(text);
      if (!isTold) this.verbose(level === "talkative" ? TALKATIVE_LEVEL : CHATTY_LEVEL, text);
    };
  }

  /** Nix: `derivation` is evaluated before anything is locked. */
  startingFlakes(): void {
    const text = "evaluating file '\xc2\xabnix-internal\xc2\xbb/derivation-internal.nix'";
    if (!this.#toldFiles.has(text)) this.verbose(TALKATIVE_LEVEL, text);
    this.#toldFiles.add(text);
  }

  /** Says that a `flake.nix` is read. Nix: it is evaluated twice, which evaluation then need not do. */
  readingFlake(shown: string): void {
    const text = `evaluating file '${shown}'`;
    for (let reading = 0; reading < 2; reading++) this.verbose(TALKATIVE_LEVEL, text);
    this.#toldFiles.add(text);
  }

  /** Shows a line if the user wants to know as much. */
  verbose(level: number, text: string): void {
    if (this.verbosity < level) return;
    if (this.diagnostics === "json") this.#writeJson("note", text);
    else if (this.logFormat === "internal-json") {
      this.terminal.writeLine(plainLogLine(level, text));
    } else this.#writeText(level, text);
  }

  /** Shows a warning of the command itself. */
  warn(message: string): void {
    this.log(plainWarning(message));
  }

  /** Shows a line that says what the command does, unless it is to be quiet. */
  inform(text: string): void {
    if (this.verbosity < INFO_LEVEL) return;
    if (this.logFormat === "internal-json" && this.diagnostics !== "json") {
      this.terminal.writeLine(plainLogLine(INFO_LEVEL, text));
    } else this.note(text);
  }

  /** Shows a line that is neither a message of the evaluator nor an error. */
  note(text: string): void {
    if (this.diagnostics === "json") this.#writeJson("note", text);
    else if (this.logFormat === "internal-json") {
      this.terminal.writeLine(plainLogLine(ERROR_LEVEL, text));
    } else this.#writeText(ERROR_LEVEL, text);
  }

  /** Shows whatever was thrown. */
  report(error: unknown): void {
    if (!(error instanceof EvalError)) {
      this.#reportBug(error);
      return;
    }
    this.#reportError(error);
    if (error.kind === "usage" && this.diagnostics !== "json") {
      this.note(`Try '${this.programName} --help' for more information.`);
    }
  }

  #reportError(error: EvalError): void {
    const { color } = this.terminal;
    const showTrace = this.#settings?.showTrace ?? false;
    if (this.diagnostics === "plain") {
      if (this.logFormat === "internal-json") {
        this.terminal.writeLine(errorLogLine(error, this.positions, showTrace));
      } else {
        this.#writeText(ERROR_LEVEL, renderError(error, this.positions, { showTrace, color }));
      }
      return;
    }
    const settings: ExplainSettings = this.#settings ?? DEFAULT_SETTINGS;
    const explanations = explainErrors(error, this.positions, settings);
    if (this.diagnostics === "json") {
      for (const explanation of explanations) this.terminal.writeLine(renderJson(explanation));
      return;
    }
    const shown = explanations.slice(0, MAX_MISTAKES);
    const texts = shown.map((explanation) => renderRich(explanation, { showTrace, color }));
    const hidden = explanations.length - shown.length;
    if (hidden > 0) texts.push(`${hidden} more mistakes in this text`);
    this.#writeText(ERROR_LEVEL, texts.join("\n\n"));
  }

  #reportBug(error: unknown): void {
    const text = describeBug(error);
    if (this.diagnostics === "json") this.#writeJson("error", text.replace(/^error: /, ""));
    else this.note(text);
  }

  #writeJson(severity: string, text: string): void {
    this.terminal.writeLine(encodeUtf8(JSON.stringify({ severity, message: decodeUtf8(text) })));
  }

  #writeText(level: number, text: string): void {
    const { terminal } = this;
    const prefix = terminal.environment["IN_SYSTEMD"] === "1" ? `<${SYSTEMD_LEVELS[level]}>` : "";
    terminal.writeLine(prefix + forTerminal(text, terminal.color));
  }
}

/** The text about an exception that is not an error of the user. */
export function describeBug(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = [
    "error: this is a bug in Nivis, not in your expression",
    "       Please report it (README.md says where) with the expression and this text:",
    `       nivis ${VERSION}, node ${process.version}, ${process.platform} ${process.arch}`,
    ...stack.split("\n").map((text) => `       ${text}`),
  ];
  return encodeUtf8(lines.join("\n"));
}
