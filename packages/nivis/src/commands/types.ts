/**
 * `nivis types`: declarations of TypeScript, or a JSON schema, of what an expression is. A bundle of its own
 * (see scripts/bundles.mjs).
 */
import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import {
  handleOf,
  Nix,
  NixError,
  type NixInput,
  type NixOptions,
  NixSource,
  type NixValue,
} from "@nivis/embed";
import { EvalError, parseAttrPath } from "@nivis/eval";
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import { evaluationSettings, nixPathEntries, nodeIo, usageError } from "@nivis/node";
import {
  declarationsOf,
  isExportName,
  jsonSchemaOf,
  type OptionMode,
  type Type,
  typeOfOptions,
  typeOfValue,
} from "@nivis/types";
import { type CommonFlags, unexpectedArgument } from "../async-program.ts";
import { CommandFailure } from "../command-failure.ts";
import { withFlakeTargets } from "../flakes/flake-targets.ts";
import type { Invocation } from "../invocation.ts";
import { nodeHost } from "../library/node-host.ts";
import { type AutoArgument, defaultFlags } from "../options/evaluation-options.ts";
import { flag, valueFlag } from "../options/option.ts";
import { type Program, runProgram, type WaitingProgram } from "../program.ts";
import type { Target } from "../selection/targets.ts";
import type { Terminal } from "../terminal.ts";
import { writeWholeFile } from "../whole-file.ts";
import { runFlakeProgram } from "./flake-commands.ts";
import { isFlakeOperand, positionalsOf } from "./flake-detection.ts";
import { TYPES_TOPIC } from "./types-topic.ts";

interface TypesFlags extends CommonFlags {
  file: string | undefined;
  expr: string | undefined;
  attr: string | undefined;
  mode: OptionMode | undefined;
  name: string | undefined;
  isSchema: boolean;
  out: string | undefined;
  /** Whether the declarations go beside the file, where TypeScript looks for them. */
  isBeside: boolean;
  isCheck: boolean;
}

/** Runs `nivis types` and returns the exit code. */
export function startTypes(args: readonly string[], terminal: Terminal): number | Promise<number> {
  const [first] = positionalsOf(args, typesCommand.options);
  const isExpression = args.some((argument) => argument === "-E" || argument === "--expr");
  if (first === undefined || isExpression || !isFlakeOperand(first)) {
    return runProgram(typesCommand, args, terminal);
  }
  const ofFlake: WaitingProgram<TypesFlags> = {
    ...typesCommand,
    run: async (flags, invocation) => {
      await writeDescription(flags, invocation, describeFlake);
      return 0;
    },
  };
  return runFlakeProgram(ofFlake, args, terminal);
}

const typesCommand: Program<TypesFlags> = {
  ...TYPES_TOPIC,
  description: [
    "Evaluates the whole value. Derivations are their output path, as in the data that the library returns; functions have the names of their arguments. Types of a value say nothing of the next one: for settings that people write, give the options of a module system with --options.",
    "FILE may be an attribute of a flake, such as '.#lib'; without '#' it is the default package.",
    "A declaration 'x.d.nix.ts' beside 'x.nix' is found by TypeScript with 'allowArbitraryExtensions'.",
  ],
  options: [
    valueFlag<TypesFlags>(
      ["--expr", "-E"],
      "EXPR",
      "Describe EXPR instead of a file",
      (flags, expr) => {
        flags.expr = expr;
      },
    ),
    valueFlag<TypesFlags>(
      ["--attr", "-A"],
      "PATH",
      "Describe an attribute; the same as an argument",
      (flags, attr) => {
        flags.attr = attr;
      },
    ),
    valueFlag<TypesFlags>(
      ["--options"],
      "MODE",
      "The value is the options of a module system: describe what one may write (input) or what 'config' has (output)",
      (flags, mode) => {
        if (mode !== "input" && mode !== "output") {
          throw usageError(encodeUtf8(`'--options' is 'input' or 'output', not '${mode}'`));
        }
        flags.mode = mode;
      },
    ),
    valueFlag<TypesFlags>(
      ["--name"],
      "NAME",
      "Export a type NAME instead of declaring a module",
      (flags, name) => {
        if (!isExportName(name))
          throw usageError(encodeUtf8(`'${name}' cannot be the name of a type`));
        flags.name = name;
      },
    ),
    flag<TypesFlags>(["--json-schema"], "Write a JSON schema (draft 2020-12)", (flags) => {
      flags.isSchema = true;
    }),
    valueFlag<TypesFlags>(["--out", "-o"], "FILE", "Write to FILE", (flags, out) => {
      flags.out = out;
    }),
    flag<TypesFlags>(["--write"], "Write beside the file: x.d.nix.ts for x.nix", (flags) => {
      flags.isBeside = true;
    }),
    flag<TypesFlags>(
      ["--check"],
      "Write nothing, and fail if the file that would be written differs",
      (flags) => {
        flags.isCheck = true;
      },
    ),
  ],
  defaults: (invocation) => ({
    ...defaultFlags(invocation),
    file: undefined,
    expr: undefined,
    attr: undefined,
    mode: undefined,
    name: undefined,
    isSchema: false,
    out: undefined,
    isBeside: false,
    isCheck: false,
  }),
  positional: (flags, argument) => {
    if (flags.file === undefined && flags.expr === undefined) flags.file = argument;
    else if (flags.attr === undefined) flags.attr = argument;
    else unexpectedArgument(argument);
  },
  run: (flags, invocation) => {
    const target = targetOf(flags);
    put(flags, invocation, target, describe(flags, invocation));
  },
};

async function writeDescription(
  flags: TypesFlags,
  invocation: Invocation,
  describing: (flags: TypesFlags, invocation: Invocation) => Promise<string>,
): Promise<void> {
  const target = targetOf(flags);
  put(flags, invocation, target, await describing(flags, invocation));
}

/** Writes a text to where the flags want it, or compares it with what is there. */
function put(
  flags: TypesFlags,
  invocation: Invocation,
  target: string | undefined,
  text: string,
): void {
  if (target === undefined) {
    invocation.terminal.writeOut(encodeUtf8(text));
    return;
  }
  const current = readText(target);
  if (current === text) return;
  if (flags.isCheck) {
    const what = current === undefined ? "does not exist" : "is not what would be written";
    throw new CommandFailure("value", encodeUtf8(`'${target}' ${what}`), 1);
  }
  writeText(target, text);
}

/** The file that is written; `undefined` for standard output. */
function targetOf({ out, isBeside, isCheck, file, isSchema }: TypesFlags): string | undefined {
  if (out !== undefined) {
    if (isBeside) throw usageError("give '--out' or '--write', not both");
    return out;
  }
  if (!isBeside && !isCheck) return undefined;
  if (file === undefined || !file.endsWith(".nix")) {
    throw usageError("'--write' and '--check' need a file whose name ends in '.nix', or '--out'");
  }
  return file.replace(/\.nix$/, isSchema ? ".schema.json" : ".d.nix.ts");
}

function describe(flags: TypesFlags, invocation: Invocation): string {
  const { file, expr, attr } = flags;
  if ((file === undefined) === (expr === undefined)) {
    throw usageError("give a file, or an expression with '--expr'");
  }
  using nix = new Nix(sessionOptions(flags, invocation), nodeHost());
  const args = argumentsOf(flags, invocation);
  return described(flags, invocation, file === undefined ? "an expression" : basename(file), () => {
    const root = expr === undefined ? nix.openFile(resolve(file as string)) : nix.open(expr);
    return select(root, attr, args);
  });
}

/** The description of an attribute of a flake. */
function describeFlake(flags: TypesFlags, invocation: Invocation): Promise<string> {
  const { file = ".", attr, autoArguments } = flags;
  if (autoArguments.size > 0) {
    throw usageError("'--arg' and '--argstr' are incompatible with flakes");
  }
  const watch = (): Record<string, never> => ({});
  return withFlakeTargets(flags, [encodeUtf8(file)], watch, ({ evaluation }, targets) => {
    const [{ root, path }] = targets() as [Target];
    return described(flags, invocation, file, () => {
      const names = path === "" ? undefined : decodeUtf8(path);
      return select(select(handleOf(evaluation, root), names, {}), attr, {});
    });
  });
}

/** The text about a value. `from` says where it is. */
function described(
  { attr, mode, name, isSchema }: TypesFlags,
  invocation: Invocation,
  from: string,
  open: () => NixValue,
): string {
  const source = `${mode === undefined ? "the value" : "the options"} of ${attr === undefined ? "" : `${attr} in `}${from}`;
  try {
    const value = open();
    const type = mode === undefined ? typeOfValue(value) : optionTypes(value, mode, invocation);
    if (isSchema) return `${JSON.stringify(jsonSchemaOf(type, source), undefined, 2)}\n`;
    return declarationsOf(type, name === undefined ? { source } : { source, name });
  } catch (error) {
    // The text has the positions, which are the session's, and is indented as it will be again.
    if (error instanceof NixError) {
      throw new EvalError(
        error.kind,
        encodeUtf8(
          error
            .toString()
            .replace(/^error: ?/, "")
            .replace(/\n {7}/g, "\n"),
        ),
      );
    }
    if (error instanceof RangeError) throw new EvalError("value", encodeUtf8(error.message));
    throw error;
  }
}

function optionTypes(value: NixValue, mode: OptionMode, invocation: Invocation): Type {
  const { type, unknown } = typeOfOptions(value, { mode });
  for (const { option, reason } of unknown) {
    invocation.warn(encodeUtf8(`the type of the option '${option}' is unknown: ${reason}`));
  }
  return type;
}

/** The session that the flags ask for. */
function sessionOptions({ includes }: TypesFlags, invocation: Invocation): NixOptions {
  const settings = invocation.finishSettings();
  // The first entry of a name counts.
  const entries = [...includes, ...nixPathEntries(settings, nodeIo())].reverse().map(decodeUtf8);
  const searchPath: Record<string, string> = {};
  for (const entry of entries) {
    const at = entry.indexOf("=");
    searchPath[at < 0 ? "" : entry.slice(0, at)] = entry.slice(at + 1);
  }
  return { searchPath, settings: evaluationSettings(settings) };
}

function argumentsOf(
  { autoArguments }: TypesFlags,
  { terminal }: Invocation,
): Record<string, NixInput> {
  const inputOf = (argument: AutoArgument): NixInput => {
    switch (argument.kind) {
      case "expression":
        return new NixSource(decodeUtf8(argument.text), new Map());
      case "string":
        return decodeUtf8(argument.text);
      case "file":
        return readFileSync(decodeUtf8(argument.path), "utf8");
      case "stdin":
        return decodeUtf8(terminal.readInput());
    }
  };
  return Object.fromEntries(
    [...autoArguments].map(([name, argument]) => [decodeUtf8(name), inputOf(argument)]),
  );
}

/** Selects as other commands do: functions with formals on the way get the arguments that they name. */
function select(
  root: NixValue,
  attr: string | undefined,
  args: Record<string, NixInput>,
): NixValue {
  const names = attr === undefined ? [] : parseAttrPath(encodeUtf8(attr)).map(decodeUtf8);
  const called = (value: NixValue): NixValue => {
    const formals = value.type === "lambda" ? value.function?.formals : undefined;
    if (formals === undefined) return value;
    const all = value.function?.ellipsis === true;
    const given = Object.entries(args).filter(([name]) => all || Object.hasOwn(formals, name));
    const isComplete = Object.entries(formals).every(
      ([name, isOptional]) => isOptional || Object.hasOwn(args, name),
    );
    // A function that needs more is described as what it is.
    return isComplete || names.length > 0 ? value.call(Object.fromEntries(given)) : value;
  };
  let value = called(root);
  for (const name of names) {
    const key = value.type === "list" && /^\d+$/.test(name) ? Number(name) : name;
    value = called(value.get(key));
  }
  return value;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw usageError(encodeUtf8(`cannot read '${file}': ${(error as Error).message}`));
  }
}

function writeText(file: string, text: string): void {
  try {
    writeWholeFile(file, [text]);
  } catch (error) {
    throw usageError(encodeUtf8(`cannot write '${file}': ${(error as Error).message}`));
  }
}
