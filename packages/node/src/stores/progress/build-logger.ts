/**
 * Build logger: what the user sees of a store at work, in one of C++ Nix's forms: `bar` draws one line
 * on a terminal and keeps it current, `raw` prints lines, `internal-json` prints events for programs.
 * The `-with-logs` forms also print the lines that builders print.
 *
 * It runs in the thread that talks to the store, and writes by itself: the evaluating thread waits.
 */
import { columnsOf } from "@nivis/eval";
import {
  type ActivityField,
  type ActivityResult,
  type ActivityStart,
  encodeUtf8,
  RESULT_TYPES,
} from "@nivis/formats";
import type { StoreObserver } from "@nivis/store";
import { Activities } from "./activities.ts";

/** A form of the log; each is a value of `--log-format`. */
export type BuildLogFormat = "bar" | "bar-with-logs" | "raw" | "raw-with-logs" | "internal-json";

/** How a store's work is shown. */
export interface BuildLogOptions {
  readonly format: BuildLogFormat;
  /** The level up to which lines are shown, 0 to 7. */
  readonly verbosity: number;
  /** Whether lines are for a terminal that can draw. */
  readonly isTerminal: boolean;
  /** The file that receives all events as JSON, too; bytes. */
  readonly jsonPath?: string | undefined;
}

/** Where lines go. */
export interface BuildLogOutput {
  /** Writes bytes. */
  write(bytes: string): void;
  /** The width of the terminal; 0 if it is not known. */
  columns(): number;
  now(): number;
}

/** The level of lines of build logs that are wanted. */
const LOG_LINE_LEVEL = 3;
const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
/** Milliseconds between two drawings. */
const REDRAW_PAUSE = 50;

/** See the head of this file. */
export class BuildLogger implements StoreObserver {
  readonly #options: BuildLogOptions;
  readonly #output: BuildLogOutput;
  readonly #activities: Activities;
  readonly #printsLogs: boolean;
  readonly #draws: boolean;
  readonly #isJson: boolean;
  #drawn = "";
  #hidesCursor = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: BuildLogOptions, output: BuildLogOutput) {
    const { format, isTerminal } = options;
    this.#options = options;
    this.#output = output;
    this.#activities = new Activities(output.now);
    this.#printsLogs = format.endsWith("-with-logs");
    this.#isJson = format === "internal-json";
    this.#draws = format.startsWith("bar") && isTerminal;
  }

  message(text: string): void {
    // The daemon has chosen by the verbosity that it was told.
    if (this.#isJson) this.#event({ action: "msg", level: LOG_LINE_LEVEL, msg: text });
    else this.#line(text);
  }

  /** Prints a line of a level if it is wanted. */
  print(level: number, text: string): void {
    if (level > this.#options.verbosity) return;
    if (this.#isJson) this.#event({ action: "msg", level, msg: text });
    else this.#line(text);
  }

  startActivity(activity: ActivityStart): void {
    const { id, level, type, text, fields, parent } = activity;
    if (this.#isJson) {
      this.#event({ action: "start", ...listed(fields), id, level, parent, text, type });
      return;
    }
    if (text !== "" && level <= this.#options.verbosity) this.#line(`${text}...`);
    this.#activities.start(activity);
    this.#redraw();
  }

  stopActivity(id: bigint): void {
    if (this.#isJson) {
      this.#event({ action: "stop", id });
      return;
    }
    this.#activities.stop(id);
    this.#redraw();
  }

  result(result: ActivityResult): void {
    const { id, type, fields } = result;
    if (this.#isJson) {
      this.#event({ action: "result", ...listed(fields), id, type });
      return;
    }
    const isHook = type === RESULT_TYPES.postBuildLogLine;
    if (this.#printsLogs && (isHook || type === RESULT_TYPES.buildLogLine)) {
      this.#logLine(id, String(fields[0] ?? ""), isHook);
    } else {
      this.#activities.result(result);
      this.#redraw();
    }
  }

  /** Takes the drawn line away and shows the cursor; something else is going to be written. */
  pause(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#clear();
    if (!this.#hidesCursor) return;
    this.#hidesCursor = false;
    this.#output.write(SHOW_CURSOR);
  }

  #clear(): void {
    if (this.#drawn === "") return;
    this.#drawn = "";
    this.#output.write("\r\x1b[K");
  }

  #logLine(id: bigint, text: string, isHook: boolean): void {
    const line = text.trimEnd();
    if (!this.#options.format.startsWith("bar")) {
      this.#line(isHook ? `post-build-hook: ${line}` : line);
    } else {
      const head = `${this.#activities.nameOf(id)}${isHook ? " (post)" : ""}> `;
      this.#line(`\x1b[2m${head}\x1b[0m${line}`);
    }
  }

  #line(text: string): void {
    const { isTerminal } = this.#options;
    this.#clear();
    // The colours of a line end with it.
    const reset = this.#draws ? "\x1b[0m" : "";
    this.#output.write(`${isTerminal ? text + reset : withoutEscapes(text)}\n`);
    this.#redraw();
  }

  #redraw(): void {
    if (!this.#draws || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#draw(), REDRAW_PAUSE);
    this.#timer.unref();
  }

  #draw(): void {
    this.#timer = undefined;
    const line = cutToWidth(this.#activities.line(), this.#output.columns());
    if (this.#activities.isWaitingToBeShown()) this.#redraw();
    if (line === this.#drawn) return;
    this.#drawn = line;
    const hide = this.#hidesCursor ? "" : HIDE_CURSOR;
    this.#hidesCursor = true;
    this.#output.write(`${hide}\r${line}\x1b[0m\x1b[K`);
  }

  #event(event: Readonly<Record<string, unknown>>): void {
    const pairs = Object.entries(event)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${JSON.stringify(key)}:${jsonOf(value)}`);
    this.#output.write(`@nix {${pairs.join(",")}}\n`);
  }
}

/** Passes what happens on to several loggers; the first prints lines of the command, too. */
export class TeeLogger implements StoreObserver {
  readonly #loggers: readonly BuildLogger[];

  constructor(...loggers: readonly BuildLogger[]) {
    this.#loggers = loggers;
  }

  print(level: number, text: string): void {
    for (const logger of this.#loggers) logger.print(level, text);
  }
  pause(): void {
    for (const logger of this.#loggers) logger.pause();
  }
  message(text: string): void {
    for (const logger of this.#loggers) logger.message(text);
  }
  startActivity(activity: ActivityStart): void {
    for (const logger of this.#loggers) logger.startActivity(activity);
  }
  stopActivity(id: bigint): void {
    for (const logger of this.#loggers) logger.stopActivity(id);
  }
  result(result: ActivityResult): void {
    for (const logger of this.#loggers) logger.result(result);
  }
}

function listed(fields: readonly ActivityField[]): { readonly fields?: readonly ActivityField[] } {
  return fields.length === 0 ? {} : { fields };
}

/** JSON of a value whose whole numbers may have 64 bits and whose texts are bytes. */
function jsonOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(",")}]`;
  if (typeof value === "bigint") return String(value);
  return JSON.stringify(value);
}

const ESCAPE = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/;

function withoutEscapes(text: string): string {
  return text.replace(new RegExp(ESCAPE.source, "g"), "");
}

/**
 * The first `width` columns of a line, or all of them if it is 0; only colours are kept of its escapes.
 * Tabs extend to the next multiple of eight columns.
 */
function cutToWidth(line: string, width: number): string {
  const limit = width === 0 ? Number.POSITIVE_INFINITY : width;
  // Texts are bytes, and a character of several bytes has the width of the character.
  const text = Buffer.from(line, "latin1").toString("utf8");
  let result = "";
  let columns = 0;
  for (const piece of text.match(new RegExp(`${ESCAPE.source}|[^\\x1b]`, "gsu")) ?? []) {
    if (piece.startsWith("\x1b")) {
      if (piece.endsWith("m")) result += piece;
      continue;
    }
    if (piece < " " && piece !== "\t") continue;
    const shown = piece === "\t" ? " ".repeat(8 - (columns % 8)) : piece;
    columns += piece === "\t" ? shown.length : columnsOf(encodeUtf8(piece));
    if (columns > limit) break;
    result += shown;
  }
  return Buffer.from(result, "utf8").toString("latin1");
}
