/** `nivis eval`: prints the value of an expression. */
import {
  CoerceMode,
  type ContextString,
  coerceToString,
  copyMounts,
  deepForce,
  type EvalContext,
  mountedPathsIn,
  NO_POS,
  printAmbiguous,
  printPretty,
  type Slot,
  type Suspendable,
  textOf,
  toJson,
  toXml,
  type Value,
} from "@nivis/eval";
import { type Bytes, encodeUtf8, marked } from "@nivis/formats";
import type { Invocation } from "../invocation.ts";
import { flag, usageError, valueFlag } from "../options/option.ts";
import {
  ATTR_OPTION,
  addPositional,
  BREAK_OPTION,
  defaultSourceFlags,
  SOURCE_OPTIONS,
  type SourceFlags,
  selectionOf,
  slotsOf,
  valueToPrint,
} from "../options/source-options.ts";
import type { Program } from "../program.ts";
import { openSession, type Session } from "../session.ts";
import { writeValue } from "../written-value.ts";

type OutputKind = "pretty" | "json" | "xml" | "raw";

/** The flags of `nivis eval`. */
export interface EvalFlags extends SourceFlags {
  output: OutputKind | undefined;
  strict: boolean;
  location: boolean;
  /** Expressions of `--apply`; bytes. */
  apply: string | undefined;
  /** Where `--write-to` puts the value; bytes. */
  writeTo: string | undefined;
  /** Stop at errors and at places, which `debug-eval.ts` does. */
  debugs: boolean;
  /** The places; bytes. */
  readonly breaks: string[];
}

function setOutput(flags: EvalFlags, output: OutputKind): void {
  if (flags.output !== undefined && flags.output !== output) {
    // Nix: names them in this order, however they were given.
    const [one, other] = [flags.output, output].sort().reverse();
    throw usageError(marked`--${one} and --${other} are mutually exclusive`);
  }
  flags.output = output;
}

/** Returns the values before the first option. */
export function defaultEvalFlags(invocation: Invocation): EvalFlags {
  return {
    ...defaultSourceFlags(invocation),
    output: undefined,
    strict: false,
    location: true,
    apply: undefined,
    writeTo: undefined,
    debugs: false,
    breaks: [],
  };
}

/** Prints a value as the options say. */
export function printResult(
  flags: EvalFlags,
  session: Session,
  value: Value,
  write: (bytes: string) => void,
): void {
  const { context } = session.evaluation;
  if (flags.writeTo !== undefined) {
    flags.invocation.inputs?.giveUp("files were written");
    writeValue(value, session.absolutePath(flags.writeTo), session);
  } else write(session.run<Bytes>(resultText(flags, context, value)));
  // Nix: trees are copied to the store after the value is printed.
  copyMounts(context, mountedPathsIn(context, value));
}

/** The text of a value in the form that the options want. */
export function* resultText(
  flags: EvalFlags,
  context: EvalContext,
  value: Value,
): Suspendable<Bytes> {
  switch (flags.output) {
    case "raw": {
      const trace = "while generating the eval command output";
      const text = (yield coerceToString(context, value, CoerceMode.CopyPaths, NO_POS, trace)) as
        | string
        | ContextString;
      return textOf(text);
    }
    case "json": {
      // Nix: unlike nix-instantiate, it does not copy paths to the store.
      const options = { copyPaths: false, pos: NO_POS, bareErrors: true };
      const { text } = (yield toJson(context, value, options)) as { readonly text: Bytes };
      return `${text}\n`;
    }
    case "xml": {
      const options = { strict: true, location: flags.location };
      return ((yield toXml(context, value, options)) as { readonly text: Bytes }).text;
    }
    default:
      if (!flags.strict) return `${(yield printPretty(context, value)) as Bytes}\n`;
      yield deepForce(context, value);
      return `${printAmbiguous(value, context.settings.maxCallDepth, context.positions)}\n`;
  }
}

/** `nivis eval`: prints the value of an expression. */
export const evalCommand: Program<EvalFlags> = {
  name: "nivis eval",
  summary: "print the value of an expression",
  usage: "[FLAG]... [FILE] [ATTRPATH]...",
  description: [
    "Without --expr or --file the first argument is the file; all others are attribute paths. The value is printed as `nix eval` prints it: evaluated with everything inside, derivations as «derivation PATH», errors inside as «error: ...». With --strict the first error ends it, and derivations print as the sets they are.",
    "Unlike `nix eval`, evaluation is impure unless --pure says otherwise.",
  ],
  examples: [
    { does: "Evaluate an expression", command: "nivis eval --expr '1 + 1'" },
    { does: "An attribute of a file", command: "nivis eval ./default.nix config.name" },
    { does: "A package's version", command: "nivis eval --raw '<nixpkgs>' hello.version" },
    { does: "A set as JSON", command: "nivis eval --json -E '{ a = 1; b = [ true null ]; }'" },
    { does: "Give a function its argument", command: "nivis eval -E '{ x }: x * 2' --arg x 21" },
    {
      does: "List the names in a set",
      command: "nivis eval '<nixpkgs>' lib --apply builtins.attrNames",
    },
  ],
  options: [
    ...SOURCE_OPTIONS,
    ATTR_OPTION,
    flag<EvalFlags>(["--json"], "Print JSON", (flags) => setOutput(flags, "json")),
    flag<EvalFlags>(["--xml"], "Print XML", (flags) => setOutput(flags, "xml")),
    flag<EvalFlags>(
      ["--no-location"],
      "With --xml: leave out where things are defined",
      (flags) => {
        flags.location = false;
      },
    ),
    flag<EvalFlags>(["--raw"], "Print a string as it is, without a newline", (flags) =>
      setOutput(flags, "raw"),
    ),
    flag<EvalFlags>(
      ["--strict"],
      "Fail at the first error inside the value, and print derivations as sets",
      (flags) => {
        flags.strict = true;
      },
    ),
    valueFlag<EvalFlags>(
      ["--apply"],
      "FUNCTION",
      "Print the result of FUNCTION for the value",
      (flags, text) => {
        flags.apply = encodeUtf8(text);
      },
    ),
    valueFlag<EvalFlags>(
      ["--write-to"],
      "PATH",
      "Write a string to a file, or a set of them to a directory, instead of printing it",
      (flags, path) => {
        flags.writeTo = encodeUtf8(path);
      },
    ),
    flag<EvalFlags>(
      ["--debugger"],
      "Stop at errors and at 'builtins.break', and look around there",
      (flags) => {
        flags.debugs = true;
      },
    ),
    BREAK_OPTION,
    // The printed form always has one line.
    { ...flag<EvalFlags>(["--pretty", "--no-pretty"], "", () => {}), hidden: true },
    flag<EvalFlags>(["--read-only"], "Write nothing to the store", (flags) => {
      flags.readOnly = true;
    }),
  ],
  defaults: defaultEvalFlags,
  positional: addPositional,
  run: (flags, invocation) => {
    // Nix: evaluation may write, so what is imported from derivations is built.
    const session = openSession(flags, { readOnly: flags.readOnly });
    evaluateAndPrint(flags, session, (bytes) => invocation.terminal.writeOut(bytes));
  },
};

/** Evaluates the expression of the arguments and prints its value; shared with `nivis trace`. */
export function evaluateAndPrint(
  flags: EvalFlags,
  session: Session,
  write: (bytes: string) => void,
): void {
  const args = session.autoArguments();
  const calls = args.size() > 0;
  for (const slot of slotsOf(selectionOf(flags, session, "nivis eval"), session, args, {
    calls,
    namesFile: true,
  })) {
    printApplied(flags, session, session.run(valueToPrint(session, slot)), write);
  }
}

/** Prints a value, or what `--apply` makes of it. */
export function printApplied(
  flags: EvalFlags,
  session: Session,
  slot: Slot,
  write: (bytes: string) => void,
): void {
  const { evaluation } = session;
  const value =
    flags.apply === undefined
      ? evaluation.force(slot)
      : evaluation.call(session.evaluate(session.expression(flags.apply)), slot);
  printResult(flags, session, value, write);
}
