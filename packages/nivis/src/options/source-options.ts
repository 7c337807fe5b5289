/**
 * How the commands of `nivis` find their expression: `--expr`, `--file`, or an argument that names
 * a file. Further arguments are attribute paths.
 */

import {
  type Attrs,
  autoCall,
  Closure,
  force,
  nativeThunk,
  parseAttrPath,
  type Slot,
  type Suspendable,
  select,
  type Thunk,
  type Value,
} from "@nivis/eval";
import { encodeUtf8, marked } from "@nivis/formats";
import type { Invocation } from "../invocation.ts";
import type { Session, Source } from "../session.ts";
import { defaultFlags, type EvaluationFlags } from "./evaluation-options.ts";
import { type Option, usageError, valueFlag } from "./option.ts";

/** The values of these options. Texts are bytes. */
export interface SourceFlags extends EvaluationFlags {
  expression: string | undefined;
  file: string | undefined;
  /** Arguments that are not flags. */
  readonly positionals: string[];
  /** The paths given with `--attr`. */
  readonly attrPaths: string[];
}

/** Returns the values before the first option. */
export function defaultSourceFlags(invocation: Invocation): SourceFlags {
  return {
    ...defaultFlags(invocation),
    expression: undefined,
    file: undefined,
    positionals: [],
    attrPaths: [],
  };
}

/** `--expr` and `--file`. */
export const SOURCE_OPTIONS: readonly Option<SourceFlags>[] = [
  valueFlag(["--expr", "-E"], "EXPR", "Take EXPR as the expression", (flags, text) => {
    flags.expression = encodeUtf8(text);
  }),
  valueFlag(
    ["--file", "-f"],
    "FILE",
    "Take the expression in FILE; also <name>, and - for standard input",
    (flags, file) => {
      flags.file = encodeUtf8(file);
    },
  ),
];

/** Further places where the debugger stops; bytes. */
export const BREAK_OPTION: Option<{ readonly breaks: string[] } & EvaluationFlags> = valueFlag(
  ["--break"],
  "PLACE",
  "With --debugger: stop at FILE:LINE or FILE:LINE:COLUMN, or when the function of that name is called. May be repeated",
  (flags, place) => flags.breaks.push(encodeUtf8(place)),
);

/** `--attr`. */
export const ATTR_OPTION: Option<SourceFlags> = valueFlag(
  ["--attr", "-A"],
  "PATH",
  "Select an attribute, such as a.b; the same as an argument",
  (flags, path) => flags.attrPaths.push(encodeUtf8(path)),
);

/** Records a positional argument. */
export function addPositional(flags: SourceFlags, argument: string): void {
  flags.positionals.push(encodeUtf8(argument));
}

/** An expression to evaluate and the parts of its value that are wanted. */
export interface Selection {
  /** Names the source among those of the same session. */
  readonly name: string;
  readonly source: Source;
  /** Reads the source again, by the evaluation. */
  readonly read: () => Source;
  /** At least one path; the empty path selects the whole value. */
  readonly attrPaths: readonly string[];
}

/** Finds the source and the attribute paths that a command line names. */
export function selectionOf(flags: SourceFlags, session: Session, command: string): Selection {
  const paths = [...flags.attrPaths, ...flags.positionals];
  const { name, read } = readerOf(flags, session, paths, command);
  return { name, source: read(), read, attrPaths: paths.length === 0 ? [""] : paths };
}

/** Finds the source; takes the file out of `paths` if it is one of the arguments. */
export function sourceOf(
  flags: SourceFlags,
  session: Session,
  paths: string[],
  command: string,
): Source {
  return readerOf(flags, session, paths, command).read();
}

/** {@link sourceOf}, as a function that reads it, and its name. */
function readerOf(
  flags: SourceFlags,
  session: Session,
  paths: string[],
  command: string,
): Pick<Selection, "name" | "read"> {
  if (flags.expression !== undefined && flags.file !== undefined) {
    throw usageError("'--file' and '--expr' are exclusive");
  }
  const { expression } = flags;
  if (expression !== undefined) {
    return { name: `expression ${expression}`, read: () => session.expression(expression) };
  }
  const file = flags.file ?? takeFile(flags, session, paths, command);
  const read = (): Source => (file === "-" ? session.standardInput() : session.toldFile(file));
  return { name: `file ${file}`, read };
}

/** Removes the file, the first argument, from `paths` and returns it. */
function takeFile(flags: SourceFlags, session: Session, paths: string[], command: string): string {
  const [first] = flags.positionals;
  if (first === undefined) {
    if (session.exists("./default.nix")) return "./default.nix";
    throw usageError(marked`'${command}' needs an expression: give a file, or --expr EXPR`);
  }
  const isFile = first === "-" || /^<.+>$/.test(first) || session.exists(first);
  if (!isFile) throw usageError(notAFile(first, command));
  paths.splice(flags.attrPaths.length, 1);
  return first;
}

function notAFile(argument: string, command: string): string {
  if (argument.includes("#") || argument.startsWith("flake:")) {
    return `'${argument}' looks like a flake reference; '${command}' takes a file, or --expr EXPR`;
  }
  if (/^[./]|\.nix$/.test(argument)) return `file '${argument}' does not exist`;
  return `there is no file '${argument}'; an expression is given as: ${command} --expr '${argument}'`;
}

/**
 * Evaluates a selection and yields the slots at its paths. With `calls`, the command is about to call
 * them with `args`, unless they are something else than functions. With `namesFile`, the trace of a file that
 * fails names it, as that of `nix eval --file` does and that of `nix-instantiate` does not.
 */
export function* slotsOf(
  { name, source, read, attrPaths }: Selection,
  session: Session,
  args: Attrs,
  { calls, namesFile }: { readonly calls: boolean; readonly namesFile: boolean },
): Generator<Slot, void, undefined> {
  const { context } = session.evaluation;
  if (!session.isKept) {
    const root = session.run(session.program(source, namesFile));
    for (const path of attrPaths) yield session.run(select(context, path, args, root));
    return;
  }
  // What is called is a slot of its own, so that it is not called again when only a part of it has changed.
  // A text that is the same is not compiled again: the calls in new code are not remembered.
  let known: { readonly source: Source; readonly program: Thunk } | undefined;
  const root = session.keep(name, () =>
    nativeThunk(function* (): Suspendable<Slot> {
      const given = read();
      if (known === undefined || !areSameSources(known.source, given)) {
        known = { source: given, program: session.load(given) };
      }
      return (yield session.program(given, namesFile, known.program)) as Value;
    }),
  );
  for (const path of attrPaths) {
    const isWhole = parseAttrPath(path).length === 0;
    const slot = isWhole
      ? root
      : session.run(select(context, path, args, calledOnce(session, name, args, root)));
    yield calls ? calledOnce(session, `${path} of ${name}`, args, slot) : slot;
  }
}

/** Whether two programs have the same text at the same place of the same tree. */
function areSameSources(a: Source, b: Source): boolean {
  const isSamePlace =
    a.basePath.path === b.basePath.path && a.basePath.accessor === b.basePath.accessor;
  return isSamePlace && a.text === b.text && JSON.stringify(a.origin) === JSON.stringify(b.origin);
}

/**
 * Returns code that evaluates a slot to the value that `nivis eval` prints. A function is called only if the
 * command line has arguments.
 */
export function* valueToPrint(session: Session, slot: Slot): Suspendable<Value> {
  const args = session.autoArguments();
  const code = args.size() > 0 ? autoCall(session.evaluation.context, args, slot) : force(slot);
  return (yield code) as Value;
}

/** The value of a function that the commands call, as a slot of its own; other slots as they are. */
function calledOnce(session: Session, name: string, args: Attrs, slot: Slot): Slot {
  const { evaluation } = session;
  const value = evaluation.force(slot);
  if (!(value instanceof Closure) || value.code.formals === null) return slot;
  const call = (): Thunk =>
    nativeThunk(() => autoCall(evaluation.context, args, slot) as Suspendable<Slot>);
  const called = session.keep(`call of ${name}`, call, slot);
  const result = evaluation.force(called);
  // The commands would call it again.
  return result instanceof Closure && result.code.formals !== null ? slot : called;
}
