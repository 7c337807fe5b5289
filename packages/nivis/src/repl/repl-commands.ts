/**
 * The commands of the REPL that begin with a colon, as a table: `:help`, completion and the
 * documentation come from it. What each does and prints is in libcmd/repl.cc of C++ Nix.
 */
import {
  Attrs,
  accessorOf,
  attributeDocumentation,
  Builtin,
  type BuiltinDocumentation,
  Closure,
  CoerceMode,
  ContextString,
  coerceToString,
  describePosition,
  documentationOf,
  EvalError,
  type FunctionDocumentation,
  force,
  isDerivation,
  isString,
  NixPath,
  NO_POS,
  PartialBuiltin,
  type PosIdx,
  type Slot,
  type Suspendable,
  stripIndentation,
  textOf,
  typeWithArticle,
  type Value,
} from "@nivis/eval";
import { type Bytes, decodeUtf8, encodeUtf8, marked } from "@nivis/formats";
import { type Expr, NodeKind } from "@nivis/syntax";
import { runChild } from "../child-process.ts";
import { startStoreCommand } from "../commands/store-commands.ts";
import { Realisation } from "../realisation.ts";
import { describePackage } from "../selection/packages.ts";
import type { Terminal } from "../terminal.ts";
import { DEBUG_COMMANDS, showEnvironment } from "./debug-commands.ts";
import { editFile } from "./editor-program.ts";
import { renderMarkdown } from "./markdown.ts";
import type { Outcome, Repl } from "./repl.ts";

/** A command that begins with a colon. */
export interface ReplCommand {
  /** Its names, with the colon; the first is the one that help and completion show first. */
  readonly names: readonly string[];
  /** What follows the name in the help. */
  readonly argument?: string;
  /** What it does, as one line of the help. */
  readonly doc: string;
  /** What an argument must be given for, as in "needs an expression". */
  readonly needs?: string;
  /** Whether the argument is an expression, which more lines may complete. */
  readonly takesExpression?: boolean;
  /** Whether it exists only while the debugger has stopped an evaluation. */
  readonly debugs?: true;
  /** Does it; errors are thrown. */
  run(repl: Repl, argument: Bytes, name: Bytes): Promise<Outcome | undefined> | Outcome | undefined;
}

const EXPRESSION = { argument: "<expr>", needs: "an expression", takesExpression: true };

/** All commands, in the order of the help. */
export const REPL_COMMANDS: readonly ReplCommand[] = [
  {
    names: [":a", ":add"],
    ...EXPRESSION,
    doc: "Add the attributes of a set to the scope",
    run: async (repl, argument) => {
      await repl.add(await repl.evaluate(argument));
      return undefined;
    },
  },
  {
    names: [":b"],
    ...EXPRESSION,
    doc: "Build a derivation",
    run: (repl, argument) => build(repl, argument, false),
  },
  {
    names: [":bl"],
    ...EXPRESSION,
    doc: "Build a derivation and link to its outputs in the current directory",
    run: (repl, argument) => build(repl, argument, true),
  },
  {
    names: [":doc"],
    ...EXPRESSION,
    doc: "Show the documentation of a function or an attribute",
    run: async (repl, argument) => {
      await showDocumentation(repl, argument);
      return undefined;
    },
  },
  {
    names: [":e", ":edit"],
    ...EXPRESSION,
    doc: "Open a package, a function or a file in $EDITOR",
    run: async (repl, argument) => {
      await edit(repl, argument);
      return undefined;
    },
  },
  {
    names: [":env"],
    doc: "Show the names that were bound here; in the debugger: all names in scope, level by level",
    run: (repl) => {
      if (repl.stop !== undefined) return showEnvironment(repl, repl.stop);
      for (const name of [...repl.scope.keys()].sort()) repl.print(`${name}\n`);
      return undefined;
    },
  },
  {
    names: [":i"],
    ...EXPRESSION,
    doc: "Build a derivation and install it into the current profile, with nix-env",
    run: (repl, argument) => runNix(repl, "nix-env", ["-i"], argument),
  },
  {
    names: [":l", ":load"],
    argument: "<path>",
    needs: "a path",
    doc: "Load a file and add its attributes to the scope",
    run: async (repl, argument) => {
      repl.session.evaluation.forgetFiles();
      await repl.load(argument);
      return undefined;
    },
  },
  {
    names: [":lf", ":load-flake"],
    argument: "<ref>",
    doc: "Load a flake and add its outputs to the scope",
    run: (repl, argument) => {
      if (argument === "") {
        throw new EvalError(
          "value",
          "cannot use ':load-flake' without a path specified. (Use '.' for the current working directory.)",
        );
      }
      return repl.loadFlake(argument).then(() => undefined);
    },
  },
  {
    names: [":ll", ":last-loaded"],
    doc: "Show the names that were added last",
    run: async (repl) => {
      const { lastLoaded } = repl;
      if (lastLoaded === undefined) throw new EvalError("value", "nothing has been loaded yet");
      repl.print(lastLoaded.map((name) => `${name}\n`).join(""));
      return undefined;
    },
  },
  {
    names: [":log"],
    ...EXPRESSION,
    doc: "Show the build log of a derivation",
    run: async (repl, argument) => {
      const drvPath = await derivationPath(repl, await repl.evaluate(argument));
      await showLog(repl, drvPath);
      return undefined;
    },
  },
  {
    names: [":p", ":print"],
    ...EXPRESSION,
    doc: "Print a value with everything inside; a string as it is",
    run: async (repl, argument) => {
      const value = await repl.evaluate(argument);
      repl.print(`${isString(value) ? textOf(value) : await repl.format(value)}\n`);
      return undefined;
    },
  },
  { names: [":q", ":quit"], doc: "Leave the REPL", run: () => "quit" },
  {
    names: [":r", ":reload"],
    argument: "[keep]",
    doc: "Load all files and flakes again; with 'keep', keep the bindings that were typed",
    run: async (repl, argument, name) => {
      if (argument !== "" && argument !== "keep") {
        throw new EvalError("value", marked`unexpected argument '${argument}' to ${name}`);
      }
      await repl.reload(argument === "keep");
      return undefined;
    },
  },
  {
    names: [":sh"],
    ...EXPRESSION,
    doc: "Start a shell in which a derivation can be built, with nix-shell",
    run: (repl, argument) => runNix(repl, "nix-shell", [], argument),
  },
  {
    names: [":t"],
    ...EXPRESSION,
    doc: "Show the type of a value",
    run: async (repl, argument) => {
      repl.print(`${describeType(await repl.evaluate(argument))}\n`);
      return undefined;
    },
  },
  {
    names: [":te", ":trace-enable"],
    argument: "[bool]",
    doc: "Show all traces of errors, or only the last ones; without an argument: change it",
    run: (repl, argument, name) => {
      const { settings } = repl.invocation;
      if (argument !== "" && argument !== "true" && argument !== "false") {
        throw new EvalError("value", marked`unexpected argument '${argument}' to ${name}`);
      }
      settings.showTrace = argument === "" ? !settings.showTrace : argument === "true";
      repl.print(`${settings.showTrace ? "" : "not "}showing error traces\n`);
      return undefined;
    },
  },
  {
    names: [":u"],
    ...EXPRESSION,
    doc: "Start a shell in which a derivation is installed, with nix-shell and <nixpkgs>",
    run: async (repl, argument) => {
      const wrap = await repl.evaluate(
        'drv: (import <nixpkgs> {}).runCommand "shell" { buildInputs = [ drv ]; } ""',
      );
      const value = repl.session.evaluation.call(wrap, await repl.evaluate(argument));
      return runNixOn(repl, "nix-shell", [], value);
    },
  },
  {
    names: [":?", ":help"],
    doc: "Show this help",
    run: (repl) => {
      repl.print(encodeUtf8(helpText(repl.stop !== undefined)));
      return undefined;
    },
  },
  ...DEBUG_COMMANDS,
];

/** Finds a command by the name that was typed, colon included. */
export function findCommand(name: Bytes, debugs: boolean): ReplCommand | undefined {
  const found = REPL_COMMANDS.find(({ names }) => names.includes(name));
  return found?.debugs === true && !debugs ? undefined : found;
}

/** The text of `:help`; in the debugger with its commands. */
export function helpText(debugs: boolean): string {
  const common = REPL_COMMANDS.filter((command) => command.debugs !== true);
  const rows: readonly (readonly [string, string])[] = [
    ["<expr>", "Evaluate an expression and print its value, one level deep"],
    ["<x> = <expr>", "Bind an expression to a name"],
    ["inherit (<expr>) <x>...", "Bind attributes of a set"],
    ...[...common, ...(debugs ? DEBUG_COMMANDS : [])].map(
      ({ names, argument, doc }): readonly [string, string] => [
        [names.join(", "), ...(argument === undefined ? [] : [argument])].join(" "),
        doc,
      ],
    ),
  ];
  const width = Math.max(...rows.map(([left]) => left.length)) + 3;
  return [
    "The following commands are available:",
    "",
    ...rows.map(([left, doc]) => `  ${left.padEnd(width)}${doc}`),
    "",
  ].join("\n");
}

/** The type of a value as `:t` shows it. Source: `showType(const Value &)` in libexpr/eval.cc. */
export function describeType(value: Value): Bytes {
  if (value instanceof ContextString) return "a string with context";
  if (value instanceof Builtin) return `the built-in function '${value.definition.name}'`;
  if (value instanceof PartialBuiltin) {
    return `the partially applied built-in function '${value.builtin.definition.name}'`;
  }
  return typeWithArticle(value);
}

/** The path of the derivation that a value is. */
async function derivationPath(repl: Repl, value: Value): Promise<string> {
  const { context } = repl.session.evaluation;
  const isOne = value instanceof Attrs && (await repl.run<boolean>(isDerivation(value)));
  if (!isOne) {
    throw new EvalError(
      "type",
      "expression does not evaluate to a derivation, so I can't build it",
    );
  }
  if (!value.has("name")) throw new EvalError("type", "derivation name missing");
  if (!value.has("drvPath")) {
    throw new EvalError(
      "value",
      "expression did not evaluate to a valid derivation (no 'drvPath' attribute)",
    );
  }
  const { drvPath } = await repl.run<{ drvPath: string }>(describePackage(context, value));
  repl.session.flush();
  return drvPath;
}

async function build(repl: Repl, argument: Bytes, links: boolean): Promise<undefined> {
  const { session, invocation } = repl;
  const drvPath = await derivationPath(repl, await repl.evaluate(argument));
  const realisation = new Realisation(session, invocation, repl.interrupts.signal);
  if (!realisation.store.isValidPath(drvPath)) {
    throw new EvalError("value", marked`expression evaluated to invalid derivation '${drvPath}'`);
  }
  const wanted = { kind: "built", drv: { kind: "opaque", path: drvPath }, outputs: "all" } as const;
  const built = await realisation.build([wanted], "normal");
  repl.print("\nThis derivation produced the following outputs:\n");
  for (const { outputs } of built) {
    for (const [name, path] of outputs) {
      if (links) {
        const link = `repl-result-${name}`;
        realisation.store.addRoot(path, session.absolutePath(link));
        repl.print(`  ./${link} -> ${path}\n`);
      } else repl.print(`  ${name} -> ${path}\n`);
    }
  }
  return undefined;
}

/** Prints the build log of a derivation with `nivis log`, with the store and the settings of the REPL. */
async function showLog(repl: Repl, drvPath: string): Promise<void> {
  const { invocation, interrupts, session } = repl;
  const { terminal: around } = invocation;
  const { signal } = interrupts;
  const terminal = Object.create(around, {
    // The log is output of the REPL, which goes through the pager.
    writeOut: { value: (text: Bytes) => repl.print(text) },
    // On a terminal, Ctrl-C is a key that the REPL reads.
    onInterrupt: {
      value: (listener: () => void): (() => void) => {
        const stopListening = around.onInterrupt?.(listener);
        signal?.addEventListener("abort", listener, { once: true });
        return () => {
          stopListening?.();
          signal?.removeEventListener("abort", listener);
        };
      },
    },
  }) as Terminal;
  const { storeUri } = session;
  const options = [
    ...(storeUri === undefined ? [] : ["--store", storeUri]),
    ...invocation.givenSettings.flatMap(({ name, value }) => ["--option", name, value]),
  ];
  await startStoreCommand("log", [...options, drvPath].map(decodeUtf8), terminal);
}

/** Runs a program of C++ Nix on the derivation that an expression evaluates to. */
async function runNix(
  repl: Repl,
  program: string,
  args: readonly string[],
  argument: Bytes,
): Promise<undefined> {
  return runNixOn(repl, program, args, await repl.evaluate(argument));
}

async function runNixOn(
  repl: Repl,
  program: string,
  args: readonly string[],
  value: Value,
): Promise<undefined> {
  const drvPath = await derivationPath(repl, value);
  const { environment } = repl.invocation.terminal;
  repl.releaseTerminal();
  try {
    await runChild(program, [...args, decodeUtf8(drvPath)], environment);
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    throw new EvalError(
      "io",
      marked`${error.message}; this command runs '${program}' of C++ Nix, which must be on PATH`,
    );
  }
  return undefined;
}

async function showDocumentation(repl: Repl, argument: Bytes): Promise<void> {
  const { context, positions } = repl.session.evaluation;
  // Nix: the set of a selection is evaluated first, with messages of its own.
  const attribute = await selectedAttribute(repl, argument);
  const value = await repl.evaluate(argument);
  const documentation = await repl.run<BuiltinDocumentation | FunctionDocumentation | undefined>(
    documentationOf(context, value),
  );
  const text =
    documentation === undefined
      ? attribute
      : documentationText(documentation, (pos) => describePosition(positions, pos));
  if (text === undefined) throw new EvalError("value", "value does not have documentation");
  repl.print(`${trimBlanks(renderMarkdown(text, repl.invocation.terminal))}\n`);
}

/** Nix: `getDoc` makes the text of functions, `:doc` that of builtins. */
function documentationText(
  documentation: BuiltinDocumentation | FunctionDocumentation,
  describe: (pos: PosIdx) => Bytes,
): Bytes {
  const { name, text } = documentation;
  if (documentation.kind === "builtin") {
    const args = documentation.args.map((argument) => `*${argument}*`).join(" ");
    const synopsis = args === "" ? "" : `**Synopsis:** \`builtins.${name}\` ${args}\n\n`;
    return synopsis + stripIndentation(text ?? "");
  }
  const place = `defined at ${describe(documentation.pos)}`;
  const head =
    name === undefined
      ? `Function ${place}`
      : `Function \`${name}\`\\\n  ${encodeUtf8("…")} ${place}`;
  return stripIndentation(text === undefined ? head : `${head}\n\n${text}`);
}

/** The documentation of the attribute that an expression such as `a.b.c` selects last. */
async function selectedAttribute(repl: Repl, argument: Bytes): Promise<Bytes | undefined> {
  const { context, positions } = repl.session.evaluation;
  const expr: Expr = repl.parse(argument);
  const name = expr.kind === NodeKind.Select ? expr.path.at(-1)?.name : undefined;
  if (name === undefined) return undefined;
  const set = await repl.evaluateSelected(argument);
  const pos = set instanceof Attrs ? set.positionOf(name) : NO_POS;
  if (pos === NO_POS) return undefined;
  const comment = attributeDocumentation(context, pos) ?? "No documentation found.\n\n";
  const place = `${encodeUtf8("…")} defined at ${describePosition(positions, pos)}`;
  return `Attribute \`${name}\`\n\n  ${place}\n\n${comment}`;
}

function trimBlanks(text: Bytes): Bytes {
  return text.replace(/^[ \n\r\t]+|[ \n\r\t]+$/g, "");
}

async function edit(repl: Repl, argument: Bytes): Promise<void> {
  const { session } = repl;
  const { context, positions } = session.evaluation;
  const value = await repl.evaluate(argument);
  let path: NixPath;
  let line = 0;
  if (value instanceof NixPath) path = value;
  else if (isString(value)) path = new NixPath(session.absolutePath(textOf(value)));
  else if (value instanceof Closure) {
    const place = positions.resolve(value.code.pos);
    const origin = place?.source.origin;
    if (place === undefined || (origin?.kind !== "file" && origin?.kind !== "internal")) {
      const shown = describePosition(positions, value.code.pos);
      throw new EvalError("value", marked`'${shown}' cannot be shown in an editor`);
    }
    line = place.source.lineColumn(place.offset).line;
    await editSource(repl, origin.path, place.source.text, origin.kind === "internal", line);
    return;
  } else {
    const text = await repl.run<Bytes>(packagePosition(repl, value, argument));
    const colon = text.lastIndexOf(":");
    line = Number(text.slice(colon + 1));
    if (colon < 0 || !Number.isSafeInteger(line)) {
      throw new EvalError("value", marked`cannot parse 'meta.position' attribute '${text}'`);
    }
    path = new NixPath(text.slice(0, colon));
  }
  const files = accessorOf(context, path);
  const physical = files.physicalPath(path.path);
  const isCopy = physical === undefined;
  await editSource(
    repl,
    physical ?? path.path,
    isCopy ? files.readFile(path.path) : "",
    isCopy,
    line,
  );
}

/** Opens a file, or a copy of it if it is not on disk; afterwards everything is loaded again. */
async function editSource(
  repl: Repl,
  path: Bytes,
  text: Bytes,
  isCopy: boolean,
  line: number,
): Promise<void> {
  repl.releaseTerminal();
  await editFile(repl.invocation.terminal.environment, {
    path,
    line,
    ...(isCopy ? { copyOf: text } : {}),
  });
  if (!isCopy) await repl.reload();
}

function* packagePosition(repl: Repl, value: Value, what: Bytes): Suspendable<Bytes> {
  const { context } = repl.session.evaluation;
  try {
    const meta: Slot | undefined = value instanceof Attrs ? value.get("meta") : undefined;
    const set = meta === undefined ? undefined : ((yield force(meta)) as Value);
    const position: Slot | undefined = set instanceof Attrs ? set.get("position") : undefined;
    if (position === undefined) throw new EvalError("missing-attribute", "no position");
    const trace = "while evaluating the 'meta.position' attribute of a derivation";
    const text = (yield coerceToString(context, position, CoerceMode.Weak, NO_POS, trace)) as
      | string
      | ContextString;
    return textOf(text);
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    throw new EvalError("value", marked`package '${what}' has no source location information`);
  }
}
