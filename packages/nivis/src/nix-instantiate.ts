/**
 * `nivis-instantiate`: the flags, the output and the exit codes of `nix-instantiate`.
 */
import {
  type Attrs,
  accessorOf,
  CoerceMode,
  type ContextString,
  coerceToString,
  deepForce,
  EvalError,
  NO_POS,
  printAmbiguous,
  type Slot,
  textOf,
  toJson,
  toXml,
  type Value,
} from "@nivis/eval";
import { encodeUtf8 } from "@nivis/formats";
import { printExpr } from "@nivis/syntax";
import { type EvaluationDraft, emptyDraft } from "./options/evaluation-options.ts";
import { flag, type Option, usageError, valueFlag } from "./options/option.ts";
import type { Invocation, Program } from "./program.ts";
import { select } from "./selection/attr-path.ts";
import { autoCall } from "./selection/auto-call.ts";
import { describePackage, findDerivations, type Package } from "./selection/packages.ts";
import { Session, type Source } from "./session.ts";

/** How a value is printed. */
type OutputKind = "plain" | "raw" | "xml" | "json";

/**
 * C++ Nix's default of `max-call-depth`. This command promises the behaviour of `nix-instantiate`, in
 * which endless recursion is an error after a moment; `nivis eval` goes as deep as memory does.
 */
const NIX_MAX_CALL_DEPTH = 10_000;

interface InstantiateDraft extends EvaluationDraft {
  /** Files, or expressions with `--expr`; bytes. */
  readonly sources: string[];
  readonly attrPaths: string[];
  standardInput: boolean;
  expressions: boolean;
  mode: "instantiate" | "eval" | "parse" | "find-file";
  readWrite: boolean;
  dryRun: boolean;
  output: OutputKind;
  location: boolean;
  strict: boolean;
}

const OPTIONS: readonly Option<InstantiateDraft>[] = [
  flag(["--expr", "-E"], "Take the arguments for expressions instead of files", (draft) => {
    draft.expressions = true;
  }),
  valueFlag(
    ["--attr", "-A"],
    "PATH",
    "Select an attribute, such as a.b; may be repeated",
    (draft, path) => draft.attrPaths.push(encodeUtf8(path)),
  ),
  flag(["--eval", "--eval-only"], "Print the value instead of store derivations", (draft) => {
    if (draft.mode !== "parse") draft.mode = "eval";
  }),
  flag(["--parse", "--parse-only"], "Only parse, and print the syntax tree", (draft) => {
    draft.mode = "parse";
  }),
  flag(
    ["--find-file"],
    "Look the arguments up in the search path and print where they are",
    (draft) => {
      draft.mode = "find-file";
    },
  ),
  flag(["--strict"], "With --eval: evaluate the value with everything inside", (draft) => {
    draft.strict = true;
  }),
  flag(["--json"], "With --eval: print JSON", (draft) => {
    draft.output = "json";
  }),
  flag(["--xml"], "With --eval: print XML", (draft) => {
    draft.output = "xml";
  }),
  flag(["--raw"], "With --eval: print a string as it is, without a newline", (draft) => {
    draft.output = "raw";
  }),
  flag(["--no-location"], "With --xml: leave out where things were defined", (draft) => {
    draft.location = false;
  }),
  flag(["--read-write-mode"], "With --eval: write to the store", (draft) => {
    draft.readWrite = true;
  }),
  flag(["--dry-run", "--readonly-mode"], "Write nothing to the store", (draft) => {
    draft.dryRun = true;
  }),
  {
    names: ["--add-root"],
    values: ["PATH"],
    doc: "",
    hidden: true,
    apply: () => {
      throw usageError("'--add-root' is not supported: Nivis registers no garbage collector roots");
    },
  },
  { names: ["--indirect"], values: [], doc: "", hidden: true, apply: () => {} },
];

/** The program; a value so that tests may run it with a terminal of their own. */
export const nixInstantiate: Program<InstantiateDraft> = {
  name: "nivis-instantiate",
  summary: "evaluate Nix expressions, with the flags of nix-instantiate",
  usage: "[FLAG]... [FILE | EXPR]...",
  description: [
    "Without --eval, --parse or --find-file the store derivations in the value are printed; they are written only to a store that --store names. FILE is a path, <name> or - for standard input; without any it is ./default.nix.",
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
  start: () => ({
    ...emptyDraft(),
    sources: [],
    attrPaths: [],
    standardInput: false,
    expressions: false,
    mode: "instantiate",
    readWrite: false,
    dryRun: false,
    output: "plain",
    location: true,
    strict: false,
  }),
  positional: (draft, argument) => {
    if (argument === "-") draft.standardInput = true;
    else draft.sources.push(encodeUtf8(argument));
  },
  run: (draft, invocation) => new Instantiation(draft, invocation).run(),
};

class Instantiation {
  private readonly session: Session;
  private readonly args: Attrs;

  constructor(
    private readonly draft: InstantiateDraft,
    private readonly invocation: Invocation,
  ) {
    const readOnly = draft.dryRun || (draft.mode !== "instantiate" && !draft.readWrite);
    this.session = new Session(draft, invocation, {
      readOnly,
      maxCallDepth: NIX_MAX_CALL_DEPTH,
    });
    this.args = this.session.autoArguments();
  }

  run(): void {
    const { draft, session } = this;
    if (draft.mode === "find-file") {
      for (const name of draft.sources) this.write(`${this.placeOf(name)}\n`);
      return;
    }
    if (draft.standardInput) this.process(session.standardInput());
    else if (draft.sources.length === 0 && !draft.expressions) draft.sources.push("./default.nix");
    for (const source of draft.sources) {
      this.process(draft.expressions ? session.expression(source) : session.file(source));
    }
  }

  /** Where a name of the search path is on disk. */
  private placeOf(name: string): string {
    const found = this.session.findFile(name);
    const place = accessorOf(this.session.evaluation.context, found).physicalPath(found.path);
    if (place !== undefined) return place;
    throw new EvalError("io", `'${found.shown}' has no physical path`);
  }

  private write(bytes: string): void {
    this.invocation.terminal.writeOut(bytes);
  }

  private process(source: Source): void {
    const { evaluation } = this.session;
    if (this.draft.mode === "parse") {
      const tree = evaluation.parseChecked(source.text, source);
      this.write(`${printExpr(tree)}\n`);
      return;
    }
    const root = this.session.evaluate(source);
    const paths = this.draft.attrPaths.length === 0 ? [""] : this.draft.attrPaths;
    for (const path of paths) {
      const slot = this.session.run(select(path, this.args, root));
      if (this.draft.mode === "eval") this.printValue(slot);
      else this.printDerivations(slot);
    }
  }

  private printValue(slot: Slot): void {
    const { session, draft, args } = this;
    const { context } = session.evaluation;
    let value: Value = session.evaluation.force(slot);
    // Nix: without arguments a function is printed, not called.
    if (args.size > 0) value = session.run(autoCall(args, value));
    switch (draft.output) {
      case "raw": {
        const trace = "while generating the nix-instantiate output";
        const text = session.run(coerceToString(context, value, CoerceMode.Weak, NO_POS, trace));
        this.write(textOf(text as string | ContextString));
        return;
      }
      case "xml": {
        const { strict, location } = draft;
        this.write(session.run(toXml(context, value, { strict, location })).text);
        return;
      }
      case "json": {
        const options = { copyPaths: true, strict: draft.strict, pos: NO_POS };
        this.write(`${session.run(toJson(context, value, options)).text}\n`);
        return;
      }
      case "plain":
        if (draft.strict) session.run(deepForce(context, value));
        this.write(`${printAmbiguous(value, context.settings.maxCallDepth)}\n`);
    }
  }

  private printDerivations(slot: Slot): void {
    const { session, args } = this;
    const { context } = session.evaluation;
    session.evaluation.force(slot);
    const found = session.run(findDerivations(context, slot, args));
    for (const set of found) {
      const { drvPath, outputName } = session.run(describePackage(context, set)) as Package;
      this.write(`${drvPath}${outputName === "out" ? "" : `!${outputName}`}\n`);
    }
  }
}
