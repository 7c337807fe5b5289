/**
 * Where the commands of `nivis` take their expression from: `--expr`, `--file`, or an argument that
 * names a file; further arguments are attribute paths.
 */

import type { Attrs, Slot } from "@nivis/eval";
import { encodeUtf8 } from "@nivis/formats";
import { select } from "../selection/attr-path.ts";
import type { Session, Source } from "../session.ts";
import { type EvaluationDraft, emptyDraft } from "./evaluation-options.ts";
import { type Option, usageError, valueFlag } from "./option.ts";

/** What the options here gather. Texts are bytes. */
export interface SourceDraft extends EvaluationDraft {
  expression: string | undefined;
  file: string | undefined;
  /** Arguments that are no flags. */
  readonly positionals: string[];
  /** Paths of `--attr`. */
  readonly attrPaths: string[];
}

/** The state before the first option. */
export function emptySourceDraft(): SourceDraft {
  return {
    ...emptyDraft(),
    expression: undefined,
    file: undefined,
    positionals: [],
    attrPaths: [],
  };
}

/** `--expr` and `--file`. */
export const SOURCE_OPTIONS: readonly Option<SourceDraft>[] = [
  valueFlag(["--expr", "-E"], "EXPR", "Take EXPR as the expression", (draft, text) => {
    draft.expression = encodeUtf8(text);
  }),
  valueFlag(
    ["--file", "-f"],
    "FILE",
    "Take the expression in FILE; also <name>, and - for standard input",
    (draft, file) => {
      draft.file = encodeUtf8(file);
    },
  ),
];

/** `--attr`. */
export const ATTR_OPTION: Option<SourceDraft> = valueFlag(
  ["--attr", "-A"],
  "PATH",
  "Select an attribute, such as a.b; the same as an argument",
  (draft, path) => draft.attrPaths.push(encodeUtf8(path)),
);

/** Notes an argument that is no flag. */
export function addPositional(draft: SourceDraft, argument: string): void {
  draft.positionals.push(encodeUtf8(argument));
}

/** What is to be evaluated. */
export interface Selection {
  readonly source: Source;
  /** At least one; the empty path is the whole value. */
  readonly attrPaths: readonly string[];
}

/** Finds the source and the attribute paths that a command line means. */
export function selectionOf(draft: SourceDraft, session: Session, command: string): Selection {
  if (draft.expression !== undefined && draft.file !== undefined) {
    throw usageError("'--file' and '--expr' are exclusive");
  }
  const paths = [...draft.attrPaths, ...draft.positionals];
  let source: Source;
  if (draft.expression !== undefined) source = session.expression(draft.expression);
  else {
    const file = draft.file ?? takeFile(draft, session, paths, command);
    source = file === "-" ? session.standardInput() : session.file(file);
  }
  return { source, attrPaths: paths.length === 0 ? [""] : paths };
}

/** Takes the file from the arguments: the first of them. */
function takeFile(draft: SourceDraft, session: Session, paths: string[], command: string): string {
  const [first] = draft.positionals;
  if (first === undefined) {
    if (session.exists("./default.nix")) return "./default.nix";
    throw usageError(`'${command}' needs an expression: give a file, or --expr EXPR`);
  }
  const isFile = first === "-" || /^<.+>$/.test(first) || session.exists(first);
  if (!isFile) throw usageError(notAFile(first, command));
  paths.splice(draft.attrPaths.length, 1);
  return first;
}

function notAFile(argument: string, command: string): string {
  if (argument.includes("#") || argument.startsWith("flake:")) {
    return `'${argument}' looks like a flake reference, and Nivis does not read flakes yet`;
  }
  if (/^[./]|\.nix$/.test(argument)) return `file '${argument}' does not exist`;
  return `there is no file '${argument}'; an expression is given as: ${command} --expr '${argument}'`;
}

/** Evaluates a selection and answers the slots that its paths lead to, each when it is asked for. */
export function* slotsOf(
  { source, attrPaths }: Selection,
  session: Session,
  args: Attrs,
): Generator<Slot, void, undefined> {
  const root = session.evaluate(source);
  for (const path of attrPaths)
    yield session.run(select(session.evaluation.context, path, args, root));
}
