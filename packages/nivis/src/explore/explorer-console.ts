/**
 * ExplorerConsole: questions about a heap as lines of text, for a terminal, a pipe and the debugger's REPL.
 * The commands are a table, from which the help comes.
 */
import {
  type HeapExplorer,
  NoSuchThing,
  OBJECT_KINDS,
  type ObjectKind,
  type Page,
  type ReferenceRow,
  type UnitRow,
} from "@nivis/debugger";
import type { Bytes } from "@nivis/formats";

/** What the console needs from the program around it. */
export interface ConsoleHost {
  /** Writes text. */
  print(text: Bytes): void;
  /** Calls back when the user interrupts; returns how to stop that. */
  readonly onInterrupt?: ((listener: () => void) => () => void) | undefined;
  /** Serves the explorer on this machine and returns its address. */
  serve(explorer: HeapExplorer): Promise<Bytes>;
}

/** A command of the console. */
export interface ExploreCommand {
  /** The first is shown. */
  readonly names: readonly string[];
  readonly argument?: string;
  readonly doc: string;
  run(console: ExplorerConsole, argument: Bytes): Promise<void> | void;
}

/** Rows after which a search pauses. */
const PART = 40;
/** Milliseconds of work between two chances for an interruption. */
const SLICE_MILLISECONDS = 20;

/** See the head of this file. */
export class ExplorerConsole {
  readonly explorer: HeapExplorer;
  readonly host: ConsoleHost;
  /** Shows the next part of the last list. */
  #more: (() => Promise<void>) | undefined;

  constructor(explorer: HeapExplorer, host: ConsoleHost) {
    this.explorer = explorer;
    this.host = host;
  }

  /** Runs a line; returns whether the conversation goes on. Mistakes are printed. */
  async take(line: Bytes): Promise<boolean> {
    const [, word = "", argument = ""] = /^\s*(\S*)\s*([\s\S]*?)\s*$/.exec(line) ?? [];
    if (word === "") return true;
    if (word === "quit" || word === "q") return false;
    try {
      if (/^#?\d+$/.test(word) && argument === "") await showObject(this, word);
      else {
        const command = EXPLORE_COMMANDS.find(({ names }) => names.includes(word));
        if (command === undefined) {
          throw new NoSuchThing(`there is no command '${word}'; 'help' lists them`);
        }
        await command.run(this, argument);
      }
    } catch (error) {
      if (!(error instanceof NoSuchThing)) throw error;
      this.print(`error: ${error.message}`);
    }
    return true;
  }

  /** Prints lines. */
  print(text: Bytes): void {
    this.host.print(`${text}\n`);
  }

  /** Does some work in slices, between which the user may interrupt it. */
  async work<Result>(work: Generator<unknown, Result>): Promise<Result> {
    let isInterrupted = false;
    const stopListening = this.host.onInterrupt?.(() => {
      isInterrupted = true;
    });
    try {
      for (;;) {
        const end = performance.now() + SLICE_MILLISECONDS;
        do {
          const step = work.next();
          if (step.done === true) return step.value;
        } while (performance.now() < end);
        await new Promise((resolve) => setImmediate(resolve));
        if (isInterrupted) throw new NoSuchThing("interrupted by the user");
      }
    } finally {
      stopListening?.();
    }
  }

  /** Prints a part of a list, and remembers how to continue. */
  async list<Row>(
    part: (from: number) => Promise<Page<Row>> | Page<Row>,
    show: (row: Row) => Bytes,
    from = 0,
  ): Promise<void> {
    let shown = 0;
    const print = ({ rows }: Page<Row>): void => {
      for (const row of rows) this.print(show(row));
      shown += rows.length;
    };
    const first = await part(from);
    print(first);
    // Only a search ends before the part is full; it goes on until the user interrupts it.
    const page = await this.work(
      (function* (): Generator<void, Page<Row>> {
        let current = first;
        while (current.total === undefined && current.next !== undefined && shown < PART) {
          yield;
          current = part(current.next) as Page<Row>;
          print(current);
        }
        return current;
      })(),
    );
    const { next, total } = page;
    if (shown === 0) this.print(from === 0 ? "nothing" : "no more");
    this.#more = next === undefined ? undefined : () => this.list(part, show, next);
    if (next === undefined) return;
    const rest = total === undefined ? "there may be more" : `${total - next} more`;
    this.print(`... ${rest}; 'more' continues`);
  }

  async more(): Promise<void> {
    if (this.#more === undefined) throw new NoSuchThing("there is no list to continue");
    await this.#more();
  }
}

/** All commands, in the order of the help. */
export const EXPLORE_COMMANDS: readonly ExploreCommand[] = [
  { names: ["overview", "o"], doc: "Count the objects by kind", run: showOverview },
  {
    names: ["roots"],
    doc: "List where the walk through the heap began",
    run: (console) => console.list((from) => console.explorer.roots({ from }), referenceText),
  },
  {
    names: ["files"],
    argument: "[TEXT]",
    doc: "List the files that have code, or those with TEXT in their names",
    run: (console, text) =>
      console.list(
        (from) => console.explorer.files(text, { from }),
        ({ name, units, unused, functions, suspended }) =>
          `${name}  ${units} units${unused === undefined ? "" : `, ${unused} never entered`}, ${functions} functions and ${suspended} thunks alive`,
      ),
  },
  {
    names: ["units"],
    argument: "FILE",
    doc: "List the code units of a file: its functions, and its expressions that are evaluated later",
    run: (console, file) => {
      console.explorer.file(file);
      return console.list((from) => console.explorer.units(file, "", { from }), unitText);
    },
  },
  {
    names: ["code"],
    argument: "TEXT",
    doc: "Search all code units for a name or a part of it",
    run: (console, text) =>
      console.list((from) => console.explorer.units(undefined, text, { from }), unitText),
  },
  {
    names: ["unit"],
    argument: "N | FILE:LINE",
    doc: "Show the text, the captures and the instructions of a code unit",
    run: showUnit,
  },
  {
    names: ["made"],
    argument: "N",
    doc: "List the functions and thunks that are alive and have the code of unit N",
    run: (console, argument) => {
      const { number } = console.explorer.unit(numberIn(argument));
      return console.list(
        (from) => console.explorer.objects({ unit: number }, { from }),
        objectText,
      );
    },
  },
  {
    names: ["objects"],
    argument: "[KIND]",
    doc: "List objects, or those of a kind, such as 'set' or 'thunk: failed'",
    run: (console, argument) => {
      const kind = argument === "" ? undefined : kindIn(argument);
      return console.list((from) => console.explorer.objects({ kind }, { from }), objectText);
    },
  },
  {
    names: ["find"],
    argument: "TEXT",
    doc: "Search objects for a name of an attribute, a string, a path or an error",
    run: (console, text) =>
      console.list((from) => console.explorer.objects({ text }, { from }), objectText),
  },
  {
    names: ["largest"],
    argument: "[own]",
    doc: "List objects by what they keep alive, or by their own size",
    run: (console, argument) =>
      console.list(
        (from) =>
          console.work(
            console.explorer.largest(argument === "own" ? "shallow" : "retained", { from }),
          ),
        objectText,
      ),
  },
  {
    names: ["object"],
    argument: "N",
    doc: "Show an object, what it refers to and what refers to it; the number alone does the same",
    run: showObject,
  },
  {
    names: ["refs"],
    argument: "N",
    doc: "List everything that an object refers to",
    run: (console, argument) => {
      const number = numberIn(argument);
      return console.list((from) => console.explorer.references(number, { from }), referenceText);
    },
  },
  {
    names: ["holders"],
    argument: "N",
    doc: "List everything that refers to an object",
    run: (console, argument) => {
      const number = numberIn(argument);
      return console.list((from) => console.explorer.holders(number, { from }), holderText);
    },
  },
  {
    names: ["path"],
    argument: "N",
    doc: "Show the shortest way from a root to an object",
    run: (console, argument) => {
      for (const row of console.explorer.path(numberIn(argument))) {
        console.print(referenceText(row));
      }
    },
  },
  {
    names: ["more"],
    doc: "Continue the last list",
    run: (console) => console.more(),
  },
  {
    names: ["web"],
    doc: "Show the same in a browser on this machine",
    run: async (console) => {
      console.print(`open ${await console.host.serve(console.explorer)}`);
    },
  },
  {
    names: ["help", "?"],
    doc: "List the commands",
    run: (console) => {
      for (const { names, argument = "", doc } of EXPLORE_COMMANDS) {
        console.print(`  ${`${names[0]} ${argument}`.trimEnd().padEnd(22)} ${doc}`);
      }
      console.print(`  ${"quit".padEnd(22)} Leave`);
    },
  },
];

/** Rows of each list of an object that is shown. */
const SHOWN_REFERENCES = 12;

function showOverview(console: ExplorerConsole): void {
  const { objects, bytes, isCut, kinds, roots, files, units } = console.explorer.overview();
  console.print(
    `${counted(objects, "object")}, about ${sizeText(bytes)}, reached from ${counted(roots, "root")}`,
  );
  if (isCut) console.print("there are more objects; --max-objects raises the limit");
  for (const { kind, count, bytes: size } of kinds) {
    console.print(`${String(count).padStart(10)}  ${sizeText(size).padStart(10)}  ${kind}`);
  }
  console.print(`${counted(units, "code unit")} in ${counted(files, "file")}`);
}

function showUnit(console: ExplorerConsole, argument: Bytes): void {
  const { explorer } = console;
  const place = /^(.+):(\d+)$/.exec(argument);
  const number =
    place === null
      ? numberIn(argument)
      : explorer.unitAt(place[1] as string, Number(place[2])).number;
  const unit = explorer.unit(number);
  console.print(unitText(unit));
  unit.text.split("\n").forEach((line, i) => {
    console.print(`${String(unit.line + i).padStart(6)}| ${line}`);
  });
  if (unit.captures.length > 0) {
    const names = unit.captures.map((name, i) => `${i} ${name === "" ? "(hidden)" : name}`);
    console.print(`captures ${names.join(", ")}`);
  }
  console.print(counted(unit.locals, "local"));
  for (const { pc, name, operands, line, column, unit: inner } of unit.instructions) {
    const text = `${String(pc).padStart(5)}  ${name} ${operands.join(", ")}`.trimEnd();
    const made = inner === undefined ? "" : `  ; unit ${inner}`;
    console.print(`${text}${made}${line > 0 ? `  ; ${line}:${column}` : ""}`);
  }
  if (unit.objects > 0) {
    console.print(`${counted(unit.objects, "object")} with this code; 'made ${number}' lists them`);
  }
}

async function showObject(console: ExplorerConsole, argument: Bytes): Promise<void> {
  const { explorer } = console;
  const number = numberIn(argument);
  explorer.row(number);
  const object = await console.work(explorer.object(number));
  const { kind, text, size, retained, dominator, holders, unit, notes, content } = object;
  console.print(`#${number}  ${kind}  ${text}`);
  const keeper = dominator === 0 ? "" : `; lives only because of #${dominator}`;
  console.print(`${sizeText(size)} by itself, keeps ${sizeText(retained)} alive${keeper}`);
  if (unit !== undefined) console.print(`code: ${unitText(unit)}`);
  for (const note of notes) console.print(note);
  if (content !== undefined) console.print(content);
  const refers = explorer.references(number, { limit: SHOWN_REFERENCES });
  if (refers.rows.length > 0) console.print("refers to");
  for (const row of refers.rows) console.print(`  ${referenceText(row)}`);
  rest(console, refers, `refs ${number}`);
  const held = explorer.holders(number, { limit: SHOWN_REFERENCES });
  console.print(`held by ${counted(holders, "reference")}`);
  for (const row of held.rows) console.print(`  ${holderText(row)}`);
  rest(console, held, `holders ${number}`);
}

function rest(console: ExplorerConsole, { total, next }: Page<unknown>, command: string): void {
  if (next !== undefined)
    console.print(`  ... ${(total ?? 0) - next} more; '${command}' lists all`);
}

function unitText({ number, title, kind, place, entries, live, isUsed }: UnitRow): Bytes {
  const run =
    isUsed === false
      ? ", never entered"
      : entries === undefined
        ? ""
        : `, entered ${entries === 1 ? "once" : `${entries} times`}`;
  const alive = live === 0 ? "" : `, ${live} alive`;
  return `unit ${number}  ${kind} ${title}  ${place}${run}${alive}`;
}

function objectText({
  number,
  kind,
  text,
  size,
  retained,
}: {
  readonly number: number;
  readonly kind: ObjectKind;
  readonly text: Bytes;
  readonly size: number;
  readonly retained?: number;
}): Bytes {
  return `#${number}  ${sizeText(retained ?? size)}  ${kind}  ${text}`;
}

function referenceText({ label, number, text }: ReferenceRow): Bytes {
  return `${label}  ${number === undefined ? "" : `#${number}  `}${text}`;
}

function holderText({ label, number, text }: ReferenceRow): Bytes {
  return number === 0 ? `root ${label}` : `#${number}  ${label}  of ${text}`;
}

function numberIn(text: Bytes): number {
  const match = /^#?(\d+)$/.exec(text);
  if (match === null) throw new NoSuchThing(`a number is needed, not '${text}'`);
  return Number(match[1]);
}

/** The kind with a name, or the only one that begins so. */
function kindIn(text: Bytes): ObjectKind {
  const found =
    OBJECT_KINDS.filter((kind) => kind === text).at(0) ??
    only(OBJECT_KINDS.filter((kind) => kind.startsWith(text) || kind === `thunk: ${text}`));
  if (found === undefined) {
    throw new NoSuchThing(`there is no kind '${text}'; the kinds are ${OBJECT_KINDS.join(", ")}`);
  }
  return found;
}

function only<Item>(items: readonly Item[]): Item | undefined {
  return items.length === 1 ? items[0] : undefined;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** A size with a unit of at most four digits. */
function sizeText(bytes: number): string {
  if (bytes < 10_000) return `${bytes} B`;
  if (bytes < 10_000 * 1024) return `${(bytes / 1024).toFixed(0)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
}
