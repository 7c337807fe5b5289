/**
 * `nivis-instantiate`: the flags, the output and the exit codes of `nix-instantiate`.
 */
import {
  Attrs,
  accessorOf,
  CoerceMode,
  type ContextString,
  coerceToString,
  deepForce,
  EvalError,
  isList,
  NO_POS,
  printAmbiguous,
  type Slot,
  textOf,
  toJson,
  toXml,
} from "@nivis/eval";
import { encodeUtf8, marked } from "@nivis/formats";
import { printExpr } from "@nivis/syntax";
import type { Invocation } from "./invocation.ts";
import { defaultFlags, type EvaluationFlags } from "./options/evaluation-options.ts";
import { flag, type Option, valueFlag } from "./options/option.ts";
import { slotsOf, valueToPrint } from "./options/source-options.ts";
import type { Program } from "./program.ts";
import { describePackage, findDerivations, type Package } from "./selection/packages.ts";
import { openSession, type Session, type Source } from "./session.ts";

/** How a value is printed. */
type OutputKind = "plain" | "raw" | "xml" | "json";

/**
 * C++ Nix's default of `max-call-depth`. This command promises the behaviour of `nix-instantiate`,
 * where endless recursion soon is an error; the depth of `nivis eval` is bounded by memory.
 */
const NIX_MAX_CALL_DEPTH = 10_000;

interface InstantiateFlags extends EvaluationFlags {
  /** Files, or expressions with `--expr`; bytes. */
  readonly sources: string[];
  readonly attrPaths: string[];
  standardInput: boolean;
  expressions: boolean;
  /** `--find-file`; takes precedence over the next two. */
  findFile: boolean;
  /** `--parse`; takes precedence over `--eval`. */
  parse: boolean;
  eval: boolean;
  readWrite: boolean;
  output: OutputKind;
  location: boolean;
  strict: boolean;
  /** `--add-root`; bytes. */
  root: string | undefined;
}

const OPTIONS: readonly Option<InstantiateFlags>[] = [
  flag(["--expr", "-E"], "Read the arguments as expressions instead of files", (flags) => {
    flags.expressions = true;
  }),
  valueFlag(
    ["--attr", "-A"],
    "PATH",
    "Select an attribute, such as a.b; may be repeated",
    (flags, path) => flags.attrPaths.push(encodeUtf8(path)),
  ),
  flag(["--eval", "--eval-only"], "Print the value instead of store derivations", (flags) => {
    flags.eval = true;
  }),
  flag(["--parse", "--parse-only"], "Only parse, and print the syntax tree", (flags) => {
    flags.parse = true;
  }),
  flag(
    ["--find-file"],
    "Look up the arguments in the search path and print their paths",
    (flags) => {
      flags.findFile = true;
    },
  ),
  flag(["--strict"], "With --eval: evaluate the value deeply", (flags) => {
    flags.strict = true;
  }),
  flag(["--json"], "With --eval: print JSON", (flags) => {
    flags.output = "json";
  }),
  flag(["--xml"], "With --eval: print XML", (flags) => {
    flags.output = "xml";
  }),
  flag(["--raw"], "With --eval: print a string as it is, without a newline", (flags) => {
    flags.output = "raw";
  }),
  flag(["--no-location"], "With --xml: leave out where things are defined", (flags) => {
    flags.location = false;
  }),
  flag(["--read-write-mode"], "With --eval: write to the store", (flags) => {
    flags.readWrite = true;
  }),
  flag(["--dry-run"], "Write nothing to the store", (flags) => {
    flags.readOnly = true;
  }),
  valueFlag(
    ["--add-root"],
    "PATH",
    "Make PATH a link to the derivation that protects it from garbage collection",
    (flags, path) => {
      flags.root = encodeUtf8(path);
    },
  ),
  // Nix: all roots are indirect now.
  { ...flag(["--indirect"], "", () => {}), hidden: true },
];

/** The program; exported so that tests can run it with a terminal of their own. */
export const nixInstantiate: Program<InstantiateFlags> = {
  name: "nivis-instantiate",
  summary: "evaluate Nix expressions, with the flags of nix-instantiate",
  usage: "[FLAG]... [FILE | EXPR]...",
  description: [
    "Without --eval, --parse or --find-file the store derivations in the value are printed; they are written to the store of the machine, if there is one, or the one that --store names. FILE is a path, <name> or - for standard input; without any it is ./default.nix.",
  ],
  examples: [
    {
      does: "Evaluate an expression",
      command: "nivis-instantiate --eval --strict -E '[ (1 + 1) ]'",
    },
    { does: "The derivation of a package", command: "nivis-instantiate '<nixpkgs>' -A hello" },
    {
      does: "Write derivations to a store of their own",
      command: "nivis-instantiate --store /tmp/root '<nixpkgs>' -A hello",
    },
  ],
  options: OPTIONS,
  style: "legacy",
  maxCallDepth: NIX_MAX_CALL_DEPTH,
  defaults: (invocation) => {
    invocation.printsBuildLogs = true;
    return {
      ...defaultFlags(invocation),
      sources: [],
      attrPaths: [],
      standardInput: false,
      expressions: false,
      findFile: false,
      parse: false,
      eval: false,
      readWrite: false,
      output: "plain",
      location: true,
      strict: false,
      root: undefined,
    };
  },
  positional: (flags, argument) => {
    if (argument === "-") flags.standardInput = true;
    else flags.sources.push(encodeUtf8(argument));
  },
  run: (flags) => new Instantiation(flags).run(),
};

class Instantiation {
  readonly #flags: InstantiateFlags;
  readonly #invocation: Invocation;
  readonly #session: Session;
  /** Automatic arguments. */
  readonly #args: Attrs;
  /** The number of roots made so far. */
  #roots = 0;
  #hasWarned = false;

  constructor(flags: InstantiateFlags) {
    const onlyLooks = (flags.eval || flags.parse) && !flags.readWrite;
    this.#flags = flags;
    this.#invocation = flags.invocation;
    this.#session = openSession(flags, { readOnly: flags.readOnly || onlyLooks });
    this.#args = this.#session.autoArguments();
  }

  run(): void {
    const flags = this.#flags;
    const session = this.#session;
    if (flags.findFile) {
      for (const name of flags.sources) this.#write(`${this.#placeOf(name)}\n`);
      return;
    }
    if (flags.standardInput) this.#process("standard input", () => session.standardInput());
    else if (flags.sources.length === 0 && !flags.expressions) flags.sources.push("./default.nix");
    for (const source of flags.sources) {
      if (flags.expressions) {
        this.#process(`expression ${source}`, () => session.expression(source));
      } else this.#process(`file ${source}`, () => session.file(source));
    }
  }

  /** Returns the path on disk of a name in the search path. */
  #placeOf(name: string): string {
    const found = this.#session.findFile(name);
    const place = accessorOf(this.#session.evaluation.context, found).physicalPath(found.path);
    if (place !== undefined) return place;
    throw new EvalError("io", marked`'${found.shown}' has no physical path`);
  }

  #write(bytes: string): void {
    this.#invocation.terminal.writeOut(bytes);
  }

  #process(name: string, read: () => Source): void {
    const { evaluation } = this.#session;
    const source = read();
    if (this.#flags.parse) {
      const tree = evaluation.parseChecked(source.text, source);
      this.#write(`${printExpr(tree)}\n`);
      return;
    }
    const attrPaths = this.#flags.attrPaths.length === 0 ? [""] : this.#flags.attrPaths;
    const calls = !this.#flags.eval || this.#args.size() > 0;
    const selection = { name, source, read, attrPaths };
    for (const slot of slotsOf(selection, this.#session, this.#args, {
      calls,
      namesFile: false,
    })) {
      if (this.#flags.eval) this.#printValue(slot);
      else this.#printDerivations(slot);
    }
  }

  #printValue(slot: Slot): void {
    const session = this.#session;
    const { output, strict, location } = this.#flags;
    const { context } = session.evaluation;
    // Nix: without arguments, a function is printed instead of called.
    const value = session.run(valueToPrint(session, slot));
    // What is printed depends on how much was evaluated.
    if (!strict && (value instanceof Attrs || isList(value))) {
      context.positions.showsEvaluationState();
    }
    switch (output) {
      case "raw": {
        const trace = "while generating the nix-instantiate output";
        const text = session.run(
          coerceToString(context, value, CoerceMode.CopyPaths, NO_POS, trace),
        );
        this.#write(textOf(text as string | ContextString));
        return;
      }
      case "xml": {
        const onFailure = (text: string): void => this.#write(text);
        this.#write(session.run(toXml(context, value, { strict, location, onFailure })).text);
        return;
      }
      case "json": {
        const options = { copyPaths: true, strict, pos: NO_POS };
        this.#write(`${session.run(toJson(context, value, options)).text}\n`);
        return;
      }
      case "plain":
        if (strict) session.run(deepForce(context, value));
        this.#write(`${printAmbiguous(value, context.settings.maxCallDepth, context.positions)}\n`);
    }
  }

  #printDerivations(slot: Slot): void {
    const session = this.#session;
    const { context } = session.evaluation;
    session.evaluation.force(slot);
    const found = session.run(findDerivations(context, slot, this.#args));
    const packages = found.map((set) => session.run(describePackage(context, set)) as Package);
    // Whoever reads a path may look for it at once.
    session.flush();
    for (const { drvPath, outputName } of packages) {
      const path = this.#keep(drvPath);
      this.#write(`${path}${outputName === "out" ? "" : `!${outputName}`}\n`);
    }
  }

  /** Makes a root for a derivation if one is wanted and possible; returns the path to print. */
  #keep(drvPath: string): string {
    const { io } = this.#session;
    const { root } = this.#flags;
    if (root === undefined) {
      this.#warnAboutRoots();
      return drvPath;
    }
    this.#roots++;
    // Nix: a store without roots ignores the flag.
    const link = root.startsWith("/") ? root : `${io.currentDirectory()}/${root}`;
    return this.#session.addRoot(drvPath, this.#roots > 1 ? `${link}-${this.#roots}` : link);
  }

  #warnAboutRoots(): void {
    if (this.#hasWarned || !this.#invocation.warnsAboutRoots) return;
    if (this.#session.store.addRoot === undefined) return;
    this.#hasWarned = true;
    this.#invocation.warn(
      "you did not specify '--add-root'; the result might be removed by the garbage collector",
    );
  }
}
