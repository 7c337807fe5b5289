/**
 * `nivis explore`: the heap and the bytecode after an evaluation, or at a breakpoint, in the terminal or as a
 * page on this machine. A bundle of its own (see scripts/bundles.mjs).
 */
import {
  Debugger,
  HeapExplorer,
  type HeapRoot,
  HeapSnapshot,
  rootsOfFrames,
  type StopEvent,
} from "@nivis/debugger";
import {
  Attrs,
  autoCall,
  deepForce,
  EvalError,
  type Evaluation,
  isDerivation,
  type Lambda,
  type PosIdx,
  type RunObserver,
  renderError,
  selectCalled,
  Thunk,
  type Value,
} from "@nivis/eval";
import { type Bytes, encodeUtf8, marked } from "@nivis/formats";
import { ExplorerConsole } from "../explore/explorer-console.ts";
import { ExplorerServer } from "../explore/explorer-server.ts";
import type { Invocation } from "../invocation.ts";
import { flag, usageError, valueFlag } from "../options/option.ts";
import {
  ATTR_OPTION,
  addPositional,
  defaultSourceFlags,
  SOURCE_OPTIONS,
  type SourceFlags,
  selectionOf,
} from "../options/source-options.ts";
import { runWaitingProgram, type WaitingProgram } from "../program.ts";
import { breakpointPlace } from "../repl/breakpoint-place.ts";
import { type LineReader, PipeLines } from "../repl/lines.ts";
import { openSession, type Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import { EXPLORE_TOPIC } from "./explore-topic.ts";

interface ExploreFlags extends SourceFlags {
  strict: boolean;
  /** Whether the code of evaluated thunks is noted. */
  origins: boolean;
  web: boolean;
  port: number;
  maxObjects: number;
  /** The places of breakpoints; bytes. */
  readonly breaks: Bytes[];
}

/** Objects that are numbered unless a flag says otherwise: some 200 bytes each besides their own. */
const MAX_OBJECTS = 10_000_000;
const PROMPT = "explore> ";

/** Runs the command and returns the exit code. */
export function startExplore(args: readonly string[], terminal: Terminal): Promise<number> {
  return runWaitingProgram(exploreCommand, args, terminal);
}

const exploreCommand: WaitingProgram<ExploreFlags> = {
  ...EXPLORE_TOPIC,
  description: [
    "Evaluates the value, and the drvPath of a derivation, and then answers questions about what is in memory: objects, their sizes and what holds them, code units and their instructions. Commands are read from standard input, one a line; 'help' lists them. docs/exploring.md explains the answers.",
  ],
  options: [
    ...SOURCE_OPTIONS,
    ATTR_OPTION,
    flag(["--strict"], "Evaluate everything inside the value, too", (flags) => {
      flags.strict = true;
    }),
    flag(
      ["--origins"],
      "Remember the code of each thunk that is evaluated, which takes several times as long",
      (flags) => {
        flags.origins = true;
      },
    ),
    valueFlag(
      ["--break"],
      "PLACE",
      "Explore when the evaluation reaches FILE:LINE or calls the function of that name, as well. May be repeated",
      (flags, place) => flags.breaks.push(encodeUtf8(place)),
    ),
    flag(
      ["--web"],
      "Show a page in a browser on this machine instead of reading commands",
      (flags) => {
        flags.web = true;
      },
    ),
    valueFlag(
      ["--port"],
      "PORT",
      "The port of the page; any free one unless given",
      (flags, text) => {
        if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) {
          throw usageError(marked`'${encodeUtf8(text)}' is not a port`);
        }
        flags.port = Number(text);
      },
    ),
    valueFlag(
      ["--max-objects"],
      "N",
      `Number at most N objects; ${MAX_OBJECTS} unless given`,
      (flags, text) => {
        if (!/^[1-9]\d{0,8}$/.test(text)) {
          throw usageError(marked`'--max-objects' takes a number, not '${encodeUtf8(text)}'`);
        }
        flags.maxObjects = Number(text);
      },
    ),
  ],
  defaults: (invocation) => ({
    ...defaultSourceFlags(invocation),
    strict: false,
    origins: false,
    web: false,
    port: 0,
    maxObjects: MAX_OBJECTS,
    breaks: [],
  }),
  positional: addPositional,
  run: runExplore,
};

/** Notes the code that is loaded and, if that is wanted, of which code each thunk was. */
class CodeWatcher {
  /** The code of whole texts. */
  readonly texts = new Set<Lambda>();
  /** How often code was entered; fused code is counted by the position of the function inside. */
  readonly entries = new Map<Lambda | PosIdx, number>();
  readonly origins = new WeakMap<Thunk, Lambda>();
  readonly notesOrigins: boolean;

  constructor(notesOrigins: boolean) {
    this.notesOrigins = notesOrigins;
  }

  get observer(): RunObserver {
    const parsed: RunObserver["parsed"] = (_, lambda) => this.texts.add(lambda);
    if (!this.notesOrigins) return { parsed };
    const { entries, origins } = this;
    return {
      parsed,
      instruction: (lambda, pc, _stack, _base, _sp, self) => {
        if (pc !== 0) return;
        const key = lambda.extraArguments > 0 ? lambda.pos : lambda;
        entries.set(key, (entries.get(key) ?? 0) + 1);
        if (self instanceof Thunk) origins.set(self, lambda);
      },
    };
  }

  /** How often some code was entered. A function may be called with one argument or with several at once. */
  entriesOf(lambda: Lambda): number {
    const { entries } = this;
    const asInner = entries.get(lambda.pos) ?? 0;
    const asOuter = lambda.fused === null ? 0 : (entries.get(lambda.fused.pos) ?? 0);
    return (entries.get(lambda) ?? 0) + asInner + asOuter;
  }
}

async function runExplore(flags: ExploreFlags, invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  invocation.inputs?.giveUp("the heap is looked at");
  if (flags.breaks.length > 0 && flags.origins) {
    throw usageError("'--break' and '--origins' are exclusive");
  }
  const input = flags.web && flags.breaks.length === 0 ? undefined : terminal.openInput?.();
  if (input === undefined && !flags.web) throw usageError("standard input cannot be read here");
  const lines = input && new PipeLines(input, terminal, input.isTerminal, PROMPT);
  const pages = new Pages(flags, invocation);
  const watcher = flags.breaks.length > 0 ? undefined : new CodeWatcher(flags.origins);
  let roots: readonly HeapRoot[] = [];
  const debug: Debugger | undefined =
    watcher !== undefined
      ? undefined
      : new Debugger({
          onStop: async (stop) => {
            const frame = stop.frames.find(({ code }) => code !== undefined);
            const place = frame?.range?.file.source.describe(frame.range.start) ?? "";
            invocation.note(`${stop.reason} in ${frame?.name ?? "?"} at ${place}`);
            const explorer = await explore(session, flags, roots, { debug, stop });
            await talk(explorer, lines as LineReader, terminal, pages);
            return "continue";
          },
        });
  const session: Session = openSession(flags, {
    readOnly: true,
    ...(watcher === undefined ? {} : { observer: watcher.observer }),
    ...(debug === undefined ? {} : { debugger: debug.hooks }),
  });
  if (debug !== undefined) {
    debug.filters.uncaught = false;
    debug.attach(session.evaluation);
    for (const place of flags.breaks) debug.breakpoints.add(breakpointPlace(session, debug, place));
    debug.breakpointsChanged();
  }
  try {
    const failure = await evaluateAll(flags, session, (found) => {
      roots = [...roots, found];
    });
    if (failure !== undefined) {
      const { showTrace } = invocation.settings;
      terminal.writeLine(
        renderError(failure, session.evaluation.positions, { showTrace, color: terminal.color }),
      );
    }
    const explorer = await explore(session, flags, roots, { debug, watcher });
    if (flags.web) await pages.serveUntilInterrupted(explorer, terminal);
    else await talk(explorer, lines as LineReader, terminal, pages);
    return failure === undefined ? 0 : 1;
  } finally {
    pages.close();
    lines?.close();
  }
}

/** Evaluates what the arguments name; returns the error of an evaluation that fails. */
async function evaluateAll(
  flags: ExploreFlags,
  session: Session,
  found: (root: HeapRoot) => void,
): Promise<EvalError | undefined> {
  const { evaluation } = session;
  const { context } = evaluation;
  const args = session.autoArguments();
  const { source, attrPaths } = selectionOf(flags, session, "nivis explore");
  try {
    const top = evaluation.loadText(source.text, source);
    found({ name: "the file", value: top });
    const root = (await evaluation.runAsync(
      autoCall(context, args, await evaluation.forceAsync(top)),
    )) as Value;
    for (const path of attrPaths) {
      const { slot, value } = await evaluation.runAsync(selectCalled(context, path, args, root));
      if (path !== "") found({ name: path, value: slot });
      else if (value !== top.a) found({ name: "the result", value });
      if (value instanceof Attrs && (await evaluation.runAsync(isDerivation(value)))) {
        const drvPath = value.get("drvPath");
        if (drvPath !== undefined) await evaluation.forceAsync(drvPath);
      }
      if (flags.strict) await evaluation.runAsync(deepForce(context, value));
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return error;
  }
}

/** What is known besides the heap. */
interface Knowledge {
  readonly debug?: Debugger | undefined;
  readonly stop?: StopEvent | undefined;
  readonly watcher?: CodeWatcher | undefined;
}

/** Takes a snapshot of everything that an evaluation holds. */
async function explore(
  { evaluation }: Pick<Session, "evaluation">,
  { maxObjects }: Pick<ExploreFlags, "maxObjects">,
  named: readonly HeapRoot[],
  { debug, stop, watcher }: Knowledge,
): Promise<HeapExplorer> {
  const roots = [
    ...(stop === undefined ? [] : rootsOfFrames(stop.frames)),
    ...named,
    ...filesOf(evaluation),
    { name: "builtins", value: evaluation.global("builtins") },
  ];
  const counted = watcher?.notesOrigins === true ? watcher : undefined;
  const walk = HeapSnapshot.take(roots, maxObjects);
  let step = walk.next();
  while (step.done !== true) {
    await new Promise((resolve) => setImmediate(resolve));
    step = walk.next();
  }
  return new HeapExplorer({
    snapshot: step.value,
    positions: evaluation.positions,
    code: watcher?.texts ?? Array.from(debug?.map.codes ?? [], ({ lambda }) => lambda),
    globals: evaluation.globalNames,
    keepsScopes: debug !== undefined,
    entriesOf: counted && ((lambda) => counted.entriesOf(lambda)),
    originOf: counted && ((thunk) => counted.origins.get(thunk)),
    clock: () => performance.now(),
  });
}

function filesOf({ importedFiles }: Evaluation): HeapRoot[] {
  return importedFiles.map(({ path, value }) => ({ name: `import ${path.shown}`, value }));
}

/** A conversation about a stop of the debugger, for the command `:heap` of its REPL. */
export async function openHeapConsole(
  session: Session,
  debug: Debugger,
  stop: StopEvent,
  print: (text: Bytes) => void,
): Promise<Pick<ExplorerConsole, "take">> {
  const explorer = await explore(session, { maxObjects: MAX_OBJECTS }, [], { debug, stop });
  let server: ExplorerServer | undefined;
  return new ExplorerConsole(explorer, {
    print,
    serve: async () => {
      server ??= await ExplorerServer.start(explorer, { port: 0, title: "a stop" });
      return encodeUtf8(server.url);
    },
  });
}

/** Takes commands until the user leaves. */
async function talk(
  explorer: HeapExplorer,
  lines: LineReader,
  terminal: Terminal,
  pages: Pages,
): Promise<void> {
  const console = new ExplorerConsole(explorer, {
    print: (text) => terminal.writeOut(text),
    onInterrupt: terminal.onInterrupt,
    serve: (shown) => pages.serve(shown),
  });
  await console.take("overview");
  for (;;) {
    const read = await lines.read(false);
    if (read.kind !== "line" || !(await console.take(read.text))) return;
  }
}

/** The page of a command, once it is wanted. */
class Pages {
  readonly #flags: ExploreFlags;
  readonly #invocation: Invocation;
  #server: ExplorerServer | undefined;

  constructor(flags: ExploreFlags, invocation: Invocation) {
    this.#flags = flags;
    this.#invocation = invocation;
  }

  async serve(explorer: HeapExplorer): Promise<Bytes> {
    const { port, positionals, attrPaths, file, expression } = this.#flags;
    const title = [expression ?? file ?? "", ...positionals, ...attrPaths].join(" ").trim();
    this.#server ??= await ExplorerServer.start(explorer, { port, title });
    this.#server.show(explorer);
    return encodeUtf8(this.#server.url);
  }

  async serveUntilInterrupted(explorer: HeapExplorer, terminal: Terminal): Promise<void> {
    const address = await this.serve(explorer);
    terminal.writeOut(`${address}\n`);
    this.#invocation.note("open this address in a browser of this machine; Ctrl-C ends the server");
    await new Promise<void>((resolve) => {
      terminal.onInterrupt?.(() => resolve());
    });
  }

  close(): void {
    this.#server?.close();
  }
}
