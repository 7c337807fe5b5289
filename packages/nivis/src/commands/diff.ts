/** `nivis diff`: compares two derivations and their inputs, and shows the reasons why they differ. */
import {
  compareDerivations,
  type DerivationDifference,
  firstReason,
  hasOwnDifferences,
  reasonsIn,
  type TextChange,
} from "@nivis/debugger";
import { Attrs, EvalError, IoError, isDerivation, isString, type Slot, textOf } from "@nivis/eval";
import {
  type Derivation,
  decodeUtf8,
  encodeUtf8,
  FormatError,
  marked,
  parseDerivation,
  uncolored,
} from "@nivis/formats";
import { diffWordsWithSpace, structuredPatch } from "diff";
import { withFlakeTargets } from "../flakes/flake-targets.ts";
import { flag, usageError, valueFlag } from "../options/option.ts";
import {
  ATTR_OPTION,
  addPositional,
  defaultSourceFlags,
  type SourceFlags,
} from "../options/source-options.ts";
import { type Program, runProgram, type WaitingProgram } from "../program.ts";
import { type Target, valueAt } from "../selection/targets.ts";
import { openSession, type Session, type SessionOptions } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import { DIFF_TOPIC } from "./diff-topic.ts";
import { runFlakeProgram } from "./flake-commands.ts";
import { isFlakeOperand, positionalsOf } from "./flake-detection.ts";

/** The exit codes, as those of diff. */
const SAME = 0;
const DIFFERENT = 1;
const TROUBLE = 2;

interface DiffFlags extends SourceFlags {
  /** The expressions of `--expr`; bytes. */
  readonly expressions: string[];
  depth: number;
  json: boolean;
}

/** Runs the command and returns the exit code: 0 if both are the same, 1 if not, 2 in trouble. */
export function startDiff(args: readonly string[], terminal: Terminal): number | Promise<number> {
  let result = SAME;
  const program: Program<DiffFlags> = {
    ...DIFF_TOPIC,
    description: [
      "A and B are .drv files, files with an expression, or flakes; FILE#ATTRPATH selects an attribute, and --attr one in both files. With a flake among them, files are evaluated purely, too, unless --impure is given. Nothing is built or written: the derivations come from evaluation. Differences of hashes in store paths are consequences and are not shown; what is shown is what the inputs, sources and variables have different. The exit code is 0 if both are the same, 1 if they differ, and 2 in trouble.",
    ],
    options: [
      valueFlag<DiffFlags>(
        ["--expr", "-E"],
        "EXPR",
        "Take EXPR as A, or as B if A is there",
        (flags, text) => {
          flags.expressions.push(encodeUtf8(text));
        },
      ),
      ATTR_OPTION,
      valueFlag<DiffFlags>(
        ["--depth"],
        "N",
        "Compare N levels of input derivations; all unless given",
        (flags, text) => {
          if (!/^[0-9]+$/.test(text)) {
            throw usageError(marked`'--depth' takes a number, not '${encodeUtf8(text)}'`);
          }
          flags.depth = Number(text);
        },
      ),
      flag<DiffFlags>(["--json"], "Print JSON", (flags) => {
        flags.json = true;
      }),
    ],
    defaults: (invocation) => ({
      ...defaultSourceFlags(invocation),
      expressions: [],
      depth: Number.POSITIVE_INFINITY,
      json: false,
    }),
    positional: addPositional,
    run: (flags, invocation) => {
      // The results of this command are exit codes, too.
      invocation.inputs?.giveUp("derivations are compared");
      const texts = new Map<string, string>();
      const session = openSession(flags, { readOnly: true, ...collecting(texts) });
      result = runDiff(flags, session, texts, () => []) ? DIFFERENT : SAME;
    },
  };
  const exitCode = (code: number): number => (code === 0 ? result : TROUBLE);
  if (!positionalsOf(args, program.options).some(isFlakeOperand)) {
    return exitCode(runProgram(program, args, terminal));
  }
  const ofFlakes: WaitingProgram<DiffFlags> = {
    ...program,
    run: async (flags) => {
      const texts = new Map<string, string>();
      const flakes = flags.positionals.filter((text) => isFlakeOperand(decodeUtf8(text)));
      const isDifferent = await withFlakeTargets(
        flags,
        flakes,
        () => collecting(texts),
        (session, targets) => runDiff(flags, session, texts, targets),
      );
      result = isDifferent ? DIFFERENT : SAME;
      return 0;
    },
  };
  return runFlakeProgram(ofFlakes, args, terminal).then(exitCode);
}

/** Collects the texts of derivations by path. */
function collecting(texts: Map<string, string>): Pick<SessionOptions, "onDerivation"> {
  return { onDerivation: ({ drvPath, text }) => texts.set(drvPath, text) };
}

/**
 * Compares, prints, and returns whether there is a difference.
 *
 * @param flakes - finds the attributes of the arguments that name flakes
 */
function runDiff(
  flags: DiffFlags,
  session: Session,
  texts: Map<string, string>,
  flakes: () => readonly Target[],
): boolean {
  const { terminal } = flags.invocation;
  let targets: Iterator<Target> | undefined;
  const nextTarget = (): Target => {
    targets ??= flakes().values();
    return targets.next().value as Target;
  };
  const operands = [
    ...flags.expressions.map(
      (text) => () => sourceDerivation(session.expression(text), "", flags, session),
    ),
    ...flags.positionals.map((text) => () => {
      if (!isFlakeOperand(decodeUtf8(text))) return operandPath(text, flags, session, texts);
      const { root, path } = nextTarget();
      return derivationAt(root, path, session);
    }),
  ];
  const [first, second, ...more] = operands;
  if (first === undefined || second === undefined || more.length > 0) {
    throw usageError(marked`'nivis diff' takes two derivations, not ${operands.length}`);
  }
  const before = first();
  const after = second();
  const known = new Map<string, Derivation | undefined>();
  const difference = compareDerivations(before, after, {
    storeDir: session.store.storeDir,
    depth: flags.depth,
    read: (path) => {
      if (!known.has(path)) known.set(path, readDerivation(path, session, texts));
      return known.get(path);
    },
  });
  if (flags.json) {
    const text = JSON.stringify(
      { before, after, difference: difference ?? null },
      (_, value: unknown) => (typeof value === "string" ? decodeUtf8(value) : value),
      2,
    );
    terminal.writeOut(encodeUtf8(`${text}\n`));
  } else {
    const page = new DifferencePage(terminal.outColor === true);
    terminal.writeOut(difference === undefined ? `both are ${before}\n` : page.render(difference));
  }
  return difference !== undefined;
}

/** The derivation path of an argument: a `.drv` file, or an expression in a file. */
function operandPath(
  text: string,
  flags: DiffFlags,
  session: Session,
  texts: Map<string, string>,
): string {
  if (text.endsWith(".drv")) {
    const path = session.absolutePath(text);
    if (!path.startsWith(`${session.store.storeDir}/`)) texts.set(path, readFile(path, session));
    else if (readDerivation(path, session, texts) === undefined) {
      throw new EvalError("io", marked`there is no derivation '${path}' in the store`);
    }
    return path;
  }
  const at = text.indexOf("#");
  const [file, attrPath] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
  return sourceDerivation(session.file(file), attrPath, flags, session);
}

function readFile(path: string, session: Session): string {
  try {
    return session.machine.readFile(path);
  } catch (error) {
    if (!(error instanceof IoError)) throw error;
    throw new EvalError("io", error.message);
  }
}

function sourceDerivation(
  source: ReturnType<Session["expression"]>,
  attrPath: string,
  flags: DiffFlags,
  session: Session,
): string {
  const paths = [...flags.attrPaths, attrPath].filter((path) => path !== "");
  if (paths.length > 1) throw usageError("'--attr' and an attribute behind '#' are exclusive");
  const [path = ""] = paths;
  return derivationAt(session.evaluate(source), path, session);
}

function derivationAt(root: Slot, path: string, session: Session): string {
  const { evaluation } = session;
  const value = valueAt(session, path, root);
  if (value instanceof Attrs && session.run(isDerivation(value))) {
    const drvPath = evaluation.force(value.get("drvPath") ?? null);
    if (isString(drvPath)) return textOf(drvPath);
  }
  const what = path === "" ? "the expression" : marked`'${path}'`;
  const help = value instanceof Attrs ? "; name an attribute with '#ATTRIBUTE' or '--attr'" : "";
  throw new EvalError("type", marked`${uncolored(what)} is not a derivation${uncolored(help)}`);
}

/** A derivation of this evaluation, or of the store. */
function readDerivation(
  path: string,
  session: Session,
  texts: ReadonlyMap<string, string>,
): Derivation | undefined {
  const text = texts.get(path);
  if (text === undefined) return session.store.readDerivation(path);
  const file = path.slice(path.lastIndexOf("/") + 1, -".drv".length);
  const name = /^[0-9a-z]{32}-/.test(file) ? file.slice(33) : file;
  try {
    return parseDerivation(text, name, {
      storeDir: session.store.storeDir,
      hashes: session.evaluation.context.hashes,
    });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new EvalError("value", marked`'${path}' is not a derivation: ${error.message}`);
  }
}

/** Lines around a change of a long text. */
const CONTEXT_LINES = 2;
/** Texts longer than this are compared by words or lines. */
const SHORT = 60;

/** Prints differences for people. */
class DifferencePage {
  readonly #lines: string[] = [];
  readonly #color: boolean;
  #reasons: ReadonlySet<DerivationDifference> = new Set();
  #consequences = 0;

  constructor(color: boolean) {
    this.#color = color;
  }

  render(root: DerivationDifference): string {
    this.#reasons = reasonsIn(root);
    this.#derivation(root, "");
    if (this.#consequences > 0) {
      this.#lines.push(
        "",
        `${this.#consequences} more inputs differ only because of what is shown; --json has them.`,
      );
    }
    const path = firstReason(root);
    const last = path.at(-1) as DerivationDifference;
    if (path.length > 1 && hasOwnDifferences(last)) {
      this.#lines.push(
        "",
        this.#paint("1", `The first difference is in ${last.name}:`),
        `  ${path.map(({ name }) => name).join(" \xe2\x86\x92 ")}`,
        ...summaryOf(last).map((text) => `  ${text}`),
      );
    }
    return `${this.#lines.join("\n")}\n`;
  }

  #derivation(difference: DerivationDifference, indent: string): void {
    const { name, renamed, before, after, skipped, sameOutputs } = difference;
    this.#lines.push(
      indent + this.#paint("1", renamed === undefined ? name : `${name} \xe2\x86\x92 ${renamed}`),
      indent + this.#removed(before),
      indent + this.#added(after),
    );
    const inner = `${indent}  `;
    if (skipped === "unknown") this.#lines.push(`${inner}not compared: a derivation is not known`);
    else if (skipped === "depth") this.#lines.push(`${inner}not compared: --depth ends here`);
    if (skipped !== undefined) return;
    if (sameOutputs) this.#lines.push(`${inner}the outputs are the same`);
    for (const change of difference.changes) this.#change(change, inner);
    this.#list("sources", difference.removedSources, difference.addedSources, inner);
    this.#list("input derivations", difference.removedInputs, difference.addedInputs, inner);
    for (const input of difference.inputs) {
      if (this.#reasons.has(input)) this.#derivation(input, inner);
      else this.#consequences++;
    }
  }

  #list(title: string, removed: readonly string[], added: readonly string[], indent: string): void {
    if (removed.length + added.length === 0) return;
    this.#lines.push(
      `${indent}${title}`,
      ...removed.map((path) => `${indent}  ${this.#removed(path)}`),
      ...added.map((path) => `${indent}  ${this.#added(path)}`),
    );
  }

  #change({ name, before, after }: TextChange, indent: string): void {
    this.#lines.push(`${indent}${name}`);
    const inner = `${indent}  `;
    if (before === undefined || after === undefined) {
      if (before !== undefined) this.#side("-", before, inner);
      if (after !== undefined) this.#side("+", after, inner);
    } else if (before.includes("\n") || after.includes("\n")) this.#byLine(before, after, inner);
    else if (before.length <= SHORT && after.length <= SHORT) {
      this.#side("-", before, inner);
      this.#side("+", after, inner);
    } else this.#byWord(before, after, inner);
  }

  #side(sign: "-" | "+", text: string, indent: string): void {
    for (const line of text.split("\n")) {
      this.#lines.push(indent + (sign === "-" ? this.#removed(line) : this.#added(line)));
    }
  }

  #byLine(before: string, after: string, indent: string): void {
    const { hunks } = structuredPatch("", "", before, after, "", "", { context: CONTEXT_LINES });
    for (const { oldStart, newStart, lines } of hunks) {
      this.#lines.push(indent + this.#paint("36", `@@ line ${oldStart}, line ${newStart} @@`));
      for (const line of lines) {
        if (line.startsWith("-")) this.#lines.push(indent + this.#removed(line.slice(1)));
        else if (line.startsWith("+")) this.#lines.push(indent + this.#added(line.slice(1)));
        else if (!line.startsWith("\\")) this.#lines.push(`${indent}  ${line.slice(1)}`);
      }
    }
  }

  /** The words that differ, with one word before and behind. */
  #byWord(before: string, after: string, indent: string): void {
    const parts = diffWordsWithSpace(before, after);
    const shown = parts.map(({ value, added, removed }, i) => {
      if (added) return this.#paint("32", `{+${value}+}`);
      if (removed) return this.#paint("31", `[-${value}-]`);
      const words = value.split(" ");
      if (words.length <= 4) return value;
      const start = i === 0 ? "" : words.slice(0, 2).join(" ");
      const end = i === parts.length - 1 ? "" : words.slice(-2).join(" ");
      return `${start} \xe2\x80\xa6 ${end}`;
    });
    this.#lines.push(indent + shown.join("").trim());
  }

  #removed(text: string): string {
    return this.#paint("31", `- ${text}`);
  }

  #added(text: string): string {
    return this.#paint("32", `+ ${text}`);
  }

  #paint(code: string, text: string): string {
    return this.#color ? `\x1b[${code}m${text}\x1b[0m` : text;
  }
}

/** What differs in a derivation, in a few words. */
function summaryOf(difference: DerivationDifference): string[] {
  const { changes, removedSources, addedSources, removedInputs, addedInputs, renamed } = difference;
  const named = changes.map(({ name }) => name);
  return [
    ...(renamed === undefined ? [] : [`name: ${difference.name} \xe2\x86\x92 ${renamed}`]),
    ...(named.length === 0 ? [] : [`differs: ${named.join(", ")}`]),
    ...(removedSources.length + addedSources.length === 0 ? [] : ["differs: sources"]),
    ...(removedInputs.length + addedInputs.length === 0 ? [] : ["differs: input derivations"]),
  ];
}
