/**
 * `nivis explain`: where the value at an attribute path comes from. Options of the module system get
 * their declarations and all their definitions, those that lost included; packages get the overlays
 * that have an attribute of that name; every step of the path gets its position.
 *
 * Definitions that lost are not part of a configuration. They are seen on their way into the function
 * `mergeDefinitions` of the module system, which gets all of them, so evaluation is observed.
 */

import { bindingNames } from "@nivis/debugger";
import {
  Attrs,
  autoCall,
  CallRequest,
  Closure,
  describePosition,
  EvalError,
  type Evaluation,
  isDerivation,
  isList,
  isString,
  knownValue,
  type Lambda,
  NO_POS,
  parseAttrPath,
  printForError,
  type RunObserver,
  type Slot,
  type Suspendable,
  select,
  textOf,
  type Value,
} from "@nivis/eval";
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import { type Expr, NodeKind, parse, printIdentifier, SourceFile, walk } from "@nivis/syntax";
import { withFlakeTargets } from "../flakes/flake-targets.ts";
import { flag, usageError } from "../options/option.ts";
import {
  ATTR_OPTION,
  addPositional,
  defaultSourceFlags,
  SOURCE_OPTIONS,
  type SourceFlags,
} from "../options/source-options.ts";
import { type Program, runProgram, type WaitingProgram } from "../program.ts";
import { type Target, targetsOf } from "../selection/targets.ts";
import { openSession, type Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import { EXPLAIN_TOPIC } from "./explain-topic.ts";
import { runFlakeProgram } from "./flake-commands.ts";
import { namesFlakes } from "./flake-detection.ts";

interface ExplainFlags extends SourceFlags {
  json: boolean;
}

/** A definition of an option. Texts are bytes. */
interface Definition {
  readonly file: string;
  /** `LINE:COLUMN` of the binding in the file, if it was found. */
  readonly place: string | undefined;
  /** Where the attribute stands, if the file and place do not say so, as in modules without a file. */
  readonly position: string | undefined;
  readonly priority: number;
  /** The place among the definitions that `mkOrder`, `mkBefore` or `mkAfter` gives. */
  readonly order: number | undefined;
  readonly value: string;
  /** Why it does not count. */
  readonly lost: "priority" | "condition" | undefined;
}

/** The modules that define a name, and where. */
type ModuleLevel = readonly { readonly file: string; readonly position: string | undefined }[];

/** What is known about an option. */
interface OptionReport {
  /** The path, with names in quotes where they need them. */
  readonly option: string;
  /** The option whose value this is an attribute of, if it is not an option itself. */
  readonly within: string | undefined;
  readonly declarations: readonly string[];
  readonly type: string | undefined;
  readonly default: string | undefined;
  /** Whether it has a default, shown or not. */
  readonly hasDefault: boolean;
  /** What the type gives if there is no definition, as `[ ]` for lists. */
  readonly emptyValue: string | undefined;
  /** Where the function stands that the merged value is passed through. */
  readonly apply: string | undefined;
  readonly isDefined: boolean;
  readonly priority: number | undefined;
  readonly definitions: readonly Definition[];
}

/** What is known about a value. */
interface Report {
  readonly path: string;
  readonly value: string;
  /** The steps of the path and where each attribute is defined. */
  readonly steps: readonly { readonly name: string; readonly position: string }[];
  readonly option: OptionReport | undefined;
  /** The overlays that have an attribute of the name, the last one winning. */
  readonly overlays: readonly { readonly number: number; readonly position: string }[];
  readonly metaPosition: string | undefined;
}

/** The priority of a definition without one, and of the default of an option. */
const DEFAULT_PRIORITY = 100;

/** What the module system calls the file of a module that is written in an expression. */
const UNKNOWN_FILE = "<unknown-file>";

/** The attributes of each property, which is a set with a `_type`. */
const PROPERTY_PARTS = {
  override: ["priority", "content"],
  order: ["priority", "content"],
  if: ["condition", "content"],
  merge: ["contents"],
} as const;

/** The functions that make properties with these priorities. */
const OVERRIDES: ReadonlyMap<unknown, string> = new Map([
  [10, "mkVMOverride"],
  [50, "mkForce"],
  [1000, "mkDefault"],
  [1500, "mkOptionDefault"],
]);
const ORDERS: ReadonlyMap<unknown, string> = new Map([
  [500, "mkBefore"],
  [1500, "mkAfter"],
]);

/** How deep definitions are searched for properties to be shown. */
const MAX_DEPTH = 4;

/** What surrounds a value: the innermost priority and order count. */
interface Wrapping {
  readonly priority: number;
  readonly order: number | undefined;
}

const UNWRAPPED: Wrapping = { priority: DEFAULT_PRIORITY, order: undefined };

/** The longest lists whose elements are evaluated to be shown. */
const MAX_SHOWN_LIST = 16;

/** Runs the command and returns the exit code. */
export function startExplain(
  args: readonly string[],
  terminal: Terminal,
): number | Promise<number> {
  const program: Program<ExplainFlags> = {
    ...EXPLAIN_TOPIC,
    description: [
      "Shows the value at each attribute path and where it comes from. Below a configuration of the module system, `config.PATH` is explained by the option: its declarations, its definitions with their priorities, files and lines, and the definitions that lost. For packages, the overlays of nixpkgs that have the attribute are listed.",
    ],
    options: [
      ...SOURCE_OPTIONS,
      ATTR_OPTION,
      flag<ExplainFlags>(["--json"], "Print JSON", (flags) => {
        flags.json = true;
      }),
    ],
    defaults: (invocation) => ({ ...defaultSourceFlags(invocation), json: false }),
    positional: addPositional,
    run: (flags) => {
      const watcher = new MergeWatcher();
      const session = openSession(flags, { readOnly: true, observer: watcher });
      runExplain(flags, watcher, session, targetsOf(flags, session, "nivis explain"));
    },
  };
  if (!namesFlakes(args, program.options)) return runProgram(program, args, terminal);
  const ofFlakes: WaitingProgram<ExplainFlags> = {
    ...program,
    run: async (flags) => {
      const texts = flags.positionals.length === 0 ? ["."] : flags.positionals;
      const watcher = new MergeWatcher();
      await withFlakeTargets(
        flags,
        texts,
        () => ({ observer: watcher }),
        (session, targets) => runExplain(flags, watcher, session, targets()),
      );
      return 0;
    },
  };
  return runFlakeProgram(ofFlakes, args, terminal);
}

function runExplain(
  flags: ExplainFlags,
  watcher: MergeWatcher,
  session: Session,
  targets: readonly Target[],
): void {
  if (targets.length === 1 && targets[0]?.path === "") {
    throw usageError("'nivis explain' needs an attribute path, such as config.services.x.enable");
  }
  const explainer = new Explainer(session, watcher);
  const reports: Report[] = [];
  let failure: EvalError | undefined;
  for (const { root, path } of targets) {
    try {
      const explained = explainer.explain(root, path);
      reports.push(explained.report);
      failure ??= explained.failure;
    } catch (error) {
      // The others are shown before the error is.
      if (!(error instanceof EvalError)) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined && reports.length === 0) throw failure;
  const plain = (_: string, value: unknown): unknown =>
    typeof value === "string" ? decodeUtf8(value) : value;
  const text = flags.json
    ? encodeUtf8(`${JSON.stringify(reports, plain, 2)}\n`)
    : reports.map(render).join("\n");
  flags.invocation.terminal.writeOut(text);
  if (failure !== undefined) throw failure;
}

/** Remembers the arguments of the functions that merge definitions, and modules. */
class MergeWatcher implements RunObserver {
  readonly merges: { readonly loc: Slot; readonly type: Slot; readonly definitions: Slot }[] = [];
  /** The configurations of modules, each with its file, at a prefix of paths. */
  readonly levels: { readonly loc: Slot; readonly configs: Slot }[] = [];

  instruction(lambda: Lambda, pc: number, stack: readonly unknown[], base: number): void {
    // All three arguments lie in the frame of the fused code: the last one in the first local.
    if (pc !== 0 || lambda.extraArguments !== 2) return;
    const loc = stack[base + lambda.localCount - 2] as Slot;
    const last = stack[base] as Slot;
    if (lambda.name === "mergeDefinitions") {
      const type = stack[base + lambda.localCount - 1] as Slot;
      this.merges.push({ loc, type, definitions: last });
    } else if (lambda.name === "mergeModules'") this.levels.push({ loc, configs: last });
  }
}

/** Explains attribute paths of one evaluation. */
class Explainer {
  readonly #evaluation: Evaluation;
  readonly #session: Session;
  readonly #watcher: MergeWatcher;
  readonly #bindings = new Map<string, readonly (readonly [string, string])[]>();

  constructor(session: Session, watcher: MergeWatcher) {
    this.#session = session;
    this.#evaluation = session.evaluation;
    this.#watcher = watcher;
  }

  /** Explains a path. If the value of an option fails, the rest is known nevertheless. */
  explain(
    root: Value,
    path: string,
  ): { readonly report: Report; readonly failure: EvalError | undefined } {
    const names = parseAttrPath(path);
    const args = this.#session.autoArguments();
    const { context } = this.#evaluation;
    const steps: { name: string; position: string }[] = [];
    let option: OptionReport | undefined;
    let overlays: Report["overlays"] = [];
    let current: Value = root;
    let value: Value | undefined;
    let failure: EvalError | undefined;
    try {
      value = this.#evaluation.force(this.#session.run(select(context, path, args, root)));
    } catch (error) {
      if (!(error instanceof EvalError)) throw error;
      failure = error;
    }
    for (const [i, name] of names.entries()) {
      if (failure !== undefined && option !== undefined) break;
      current = this.#session.run(autoCall(context, args, current)) as Value;
      if (!(current instanceof Attrs)) {
        steps.push({ name, position: "" });
        current = this.#element(current, name);
        continue;
      }
      steps.push({ name, position: this.#placeOf(current, name) });
      if (name === "config" && current.has("options") && i + 1 < names.length) {
        option = this.#option(
          this.#evaluation.force(current.get("options") as Slot),
          names.slice(i + 1),
        );
      }
      if (current.has("overlays")) overlays = this.#overlays(current, name);
      const next: Slot | undefined = current.get(name);
      if (failure !== undefined && (next === undefined || option !== undefined)) break;
      current = this.#evaluation.force(next as Slot);
    }
    if (failure !== undefined && option === undefined) throw failure;
    const report = {
      path,
      value: value === undefined ? "(fails)" : this.#print(value),
      steps,
      option,
      overlays,
      metaPosition: value === undefined ? undefined : this.#metaPosition(value),
    };
    return { report, failure };
  }

  #element(list: Value, name: string): Value {
    return isList(list) ? this.#evaluation.force(list[Number(name)] as Slot) : list;
  }

  /** Where an attribute stands; empty if that is not known. */
  #placeOf(set: Attrs, name: string): string {
    const pos = set.positionOf(name);
    return pos === NO_POS ? "" : this.#describe(pos);
  }

  #describe(pos: Parameters<Evaluation["positions"]["resolve"]>[0]): string {
    return describePosition(this.#evaluation.positions, pos);
  }

  /** The value, printed in one line. Of what is in it, only the elements of short lists are evaluated. */
  #print(value: Value): string {
    if (isList(value) && value.length > 0 && value.length <= MAX_SHOWN_LIST) {
      const elements = value.map((slot) => {
        const element = this.#forced(slot);
        if (element === undefined) return "(fails)";
        const name = this.#derivationName(element);
        return name === undefined
          ? printForError(element, this.#evaluation.positions)
          : `\xc2\xabderivation ${name}\xc2\xbb`;
      });
      return `[ ${elements.join(" ")} ]`;
    }
    const name = this.#derivationName(value);
    if (name !== undefined) return `a derivation${name === "" ? "" : ` '${name}'`}`;
    return printForError(value, this.#evaluation.positions);
  }

  /** The name of a derivation, empty if it has none; `undefined` for anything else. */
  #derivationName(value: Value): string | undefined {
    if (!(value instanceof Attrs) || !this.#session.run(isDerivation(value))) return undefined;
    return this.#text(value, "name") ?? "";
  }

  #attribute(set: unknown, name: string): Value | undefined {
    const slot = set instanceof Attrs ? set.get(name) : undefined;
    if (slot === undefined) return undefined;
    try {
      return this.#evaluation.force(slot);
    } catch (error) {
      // A part of an explanation that cannot be evaluated is left out.
      if (error instanceof EvalError) return undefined;
      throw error;
    }
  }

  #text(set: unknown, name: string): string | undefined {
    const value = this.#attribute(set, name);
    return value !== undefined && isString(value) ? textOf(value) : undefined;
  }

  #items(value: Value | undefined): Value[] {
    if (value === undefined || !isList(value)) return [];
    return value.flatMap((slot) => {
      try {
        return [this.#evaluation.force(slot)];
      } catch (error) {
        if (error instanceof EvalError) return [];
        throw error;
      }
    });
  }

  #metaPosition(value: Value): string | undefined {
    return this.#text(this.#attribute(value, "meta"), "position");
  }

  /** The option at a path, or the one that a longer path leads into. */
  #option(options: Value, names: readonly string[]): OptionReport | undefined {
    let at: Value | undefined = options;
    for (const [i, name] of names.entries()) {
      at = this.#attribute(at, name);
      if (this.#text(at, "_type") === "option") {
        const path = names.slice(0, i + 1);
        return (
          this.#subOption(at as Attrs, path, names.slice(i + 1)) ??
          this.#attributeOf(at as Attrs, path, names.slice(i + 1)) ??
          this.#describeOption(at as Attrs, path)
        );
      }
    }
    return undefined;
  }

  /** The option of a submodule in the value of an option, if it was merged. */
  #subOption(
    option: Attrs,
    path: readonly string[],
    rest: readonly string[],
  ): OptionReport | undefined {
    const getSubOptions = this.#attribute(this.#attribute(option, "type"), "getSubOptions");
    if (rest.length === 0 || getSubOptions === undefined) return undefined;
    let inner: Value;
    try {
      inner = this.#session.run(called(getSubOptions, path)) as Value;
    } catch (error) {
      if (error instanceof EvalError) return undefined;
      throw error;
    }
    // In a set or list of submodules, the first name is that of the element.
    for (const skipped of [0, 1]) {
      let at: Value | undefined = inner;
      for (let i = skipped; i < rest.length; i++) {
        at = this.#attribute(at, rest[i] as string);
        if (this.#text(at, "_type") !== "option") continue;
        const found = [...path, ...rest.slice(0, i + 1)];
        const deeper: OptionReport | undefined = this.#subOption(
          at as Attrs,
          found,
          rest.slice(i + 1),
        );
        if (deeper !== undefined) return deeper;
        return this.#merged(found).length === 0
          ? undefined
          : this.#describeOption(at as Attrs, found);
      }
    }
    return undefined;
  }

  /** The definitions of an attribute in the value of an option, if they were merged by themselves. */
  #attributeOf(
    option: Attrs,
    path: readonly string[],
    rest: readonly string[],
  ): OptionReport | undefined {
    for (let length = rest.length; length > 0; length--) {
      const found = [...path, ...rest.slice(0, length)];
      const merge = this.#mergesAt(found).at(-1);
      if (merge === undefined) continue;
      const { declarations } = this.#describeOption(option, path);
      return {
        option: printPath(found),
        within: printPath(path),
        declarations,
        type: this.#text(this.#forced(merge.type), "description"),
        default: undefined,
        hasDefault: false,
        emptyValue: undefined,
        apply: undefined,
        isDefined: true,
        priority: undefined,
        definitions: this.#weighed(this.#merged(found)),
      };
    }
    return undefined;
  }

  #describeOption(option: Attrs, path: readonly string[]): OptionReport {
    const positions = this.#items(this.#attribute(option, "declarationPositions")).map((one) => {
      const line = this.#attribute(one, "line");
      const file = this.#text(one, "file") ?? "";
      return typeof line === "number" ? `${file}:${line}:${this.#attribute(one, "column")}` : file;
    });
    const files = this.#items(this.#attribute(option, "declarations")).flatMap((file, i) => {
      if (!isString(file)) return [];
      const name = textOf(file);
      const position = positions[i];
      return [
        name === UNKNOWN_FILE && position?.startsWith("/") === true
          ? `${name}, at ${position}`
          : name,
      ];
    });
    const fallback = this.#attribute(option, "default");
    const defaultText = this.#attribute(option, "defaultText");
    const empty = this.#attribute(
      this.#attribute(this.#attribute(option, "type"), "emptyValue"),
      "value",
    );
    const priority = this.#attribute(option, "highestPrio");
    return {
      option: printPath(path),
      within: undefined,
      // The position of a renamed option is in the library, and the file in the module.
      declarations:
        positions.length > 0 && positions.every((one, i) => one.startsWith(`${files[i] ?? one}`))
          ? positions
          : files,
      type: this.#text(this.#attribute(option, "type"), "description"),
      default:
        this.#text(defaultText, "text") ??
        (defaultText !== undefined && isString(defaultText) ? textOf(defaultText) : undefined) ??
        (fallback !== undefined
          ? this.#print(fallback)
          : option.has("default")
            ? "(fails)"
            : undefined),
      hasDefault: option.has("default"),
      emptyValue: empty === undefined ? undefined : this.#print(empty),
      apply: option.has("apply") ? this.#placeOf(option, "apply") : undefined,
      isDefined: this.#attribute(option, "isDefined") === true,
      priority: typeof priority === "number" ? priority : undefined,
      definitions: this.#definitions(option, path),
    };
  }

  /** All definitions of an option: those that were merged, else those that the option shows. */
  #definitions(option: Attrs, path: readonly string[]): Definition[] {
    const all = this.#merged(path);
    const shown =
      all.length > 0
        ? all
        : this.#items(this.#attribute(option, "definitionsWithLocations")).flatMap((definition) =>
            this.#discharge(
              this.#text(definition, "file") ?? "",
              this.#attribute(definition, "value"),
              UNWRAPPED,
              path,
              undefined,
            ),
          );
    return this.#weighed(shown);
  }

  /** Those that count first, each once, with the reason why others do not. */
  #weighed(shown: readonly Definition[]): Definition[] {
    const best = Math.min(
      ...shown.filter(({ lost }) => lost === undefined).map(({ priority }) => priority),
    );
    // The same merge may be seen for several evaluations of the modules.
    const seen = new Set<string>();
    return shown
      .map((definition) =>
        definition.lost === undefined && definition.priority > best
          ? { ...definition, lost: "priority" as const }
          : definition,
      )
      .filter((definition) => {
        const key = JSON.stringify(definition);
        if (seen.has(key)) return false;
        seen.add(key);
        return true;
      })
      .sort((a, b) => Number(a.lost !== undefined) - Number(b.lost !== undefined));
  }

  /** The definitions that were passed to be merged for a path. */
  #merged(path: readonly string[]): Definition[] {
    const levels = this.#levelsAt(path);
    return this.#mergesAt(path).flatMap(({ definitions: slot }) => {
      const definitions = this.#items(this.#forced(slot));
      const files = definitions.map((definition) => this.#text(definition, "file") ?? "");
      // The default of the option comes first, and no module defines it.
      const defaults = (level: ModuleLevel): number => files.length - level.length;
      const modules = levels.find(
        (level) =>
          [0, 1].includes(defaults(level)) &&
          level.every(({ file }, i) => file === files[defaults(level) + i]),
      );
      return definitions.flatMap((definition, i) =>
        this.#discharge(
          files[i] as string,
          this.#attribute(definition, "value"),
          UNWRAPPED,
          path,
          modules?.[i - defaults(modules)]?.position,
        ),
      );
    });
  }

  #mergesAt(path: readonly string[]): MergeWatcher["merges"] {
    return this.#watcher.merges.filter(({ loc }) => this.#isPath(loc, path));
  }

  #isPath(loc: Slot, path: readonly string[]): boolean {
    const names = this.#items(this.#forced(loc));
    return (
      names.length === path.length &&
      names.every((name, i) => isString(name) && textOf(name) === path[i])
    );
  }

  /**
   * The modules that define the last name of a path, in the order of their definitions, for each
   * evaluation of modules at the path: the type of a submodule has one at the empty path.
   */
  #levelsAt(path: readonly string[]): ModuleLevel[] {
    const name = path.at(-1) as string;
    const above = path.slice(0, -1);
    return this.#watcher.levels
      .filter(({ loc }) => this.#isPath(loc, above))
      .map(({ configs }) =>
        this.#items(this.#forced(configs)).flatMap((module) => {
          const config = this.#attribute(module, "config");
          if (!(config instanceof Attrs) || !config.has(name)) return [];
          const position = this.#placeOf(config, name) || undefined;
          return [{ file: this.#text(module, "file") ?? "", position }];
        }),
      )
      .filter((level) => level.length > 0);
  }

  #forced(slot: Slot): Value | undefined {
    try {
      return this.#evaluation.force(slot);
    } catch (error) {
      if (error instanceof EvalError) return undefined;
      throw error;
    }
  }

  /** Takes `mkIf`, `mkMerge`, `mkOverride` and `mkOrder` off a definition. */
  #discharge(
    file: string,
    value: Value | undefined,
    wrapping: Wrapping,
    path: readonly string[],
    attribute: string | undefined,
  ): Definition[] {
    const found = (text: string, lost?: "condition"): Definition[] => {
      const inFile = attribute?.startsWith(`${file}:`) && attribute.slice(file.length + 1);
      const place = this.#placeIn(file, path) ?? (inFile || undefined);
      const position = place === undefined ? attribute : undefined;
      return [{ file, place, position, ...wrapping, value: text, lost }];
    };
    if (value === undefined) return found("(fails)");
    const content = (): Value | undefined => this.#attribute(value, "content");
    switch (this.#text(value, "_type")) {
      case "merge":
        return this.#items(this.#attribute(value, "contents")).flatMap((one) =>
          this.#discharge(file, one, wrapping, path, attribute),
        );
      case "if":
        return this.#attribute(value, "condition") === true
          ? this.#discharge(file, content(), wrapping, path, attribute)
          : found("(not evaluated)", "condition");
      case "override":
        return this.#discharge(
          file,
          content(),
          this.#wrapped(value, wrapping, "priority"),
          path,
          attribute,
        );
      case "order":
        return this.#discharge(
          file,
          content(),
          this.#wrapped(value, wrapping, "order"),
          path,
          attribute,
        );
      case "definition":
        return this.#discharge(file, this.#attribute(value, "value"), wrapping, path, attribute);
      default:
        return found(holdsProperty(value, 0) ? this.#printProperties(value) : this.#print(value));
    }
  }

  /** Prints a set with properties inside of it as they are written: `mkForce 1`. Evaluates nothing. */
  #printProperties(slot: Slot): string {
    const value = knownValue(slot);
    if (value === undefined || !holdsProperty(value, 0)) {
      return printForError(slot, this.#evaluation.positions);
    }
    const set = value as Attrs;
    const part = (name: string): string => {
      const text = this.#printProperties(set.get(name) as Slot);
      const inner = knownValue(set.get(name) as Slot);
      return inner !== undefined && propertyOf(inner) !== undefined ? `(${text})` : text;
    };
    const priority = knownValue(set.get("priority") ?? null);
    switch (propertyOf(set)) {
      case "override":
        return `${OVERRIDES.get(priority) ?? `mkOverride ${part("priority")}`} ${part("content")}`;
      case "order":
        return `${ORDERS.get(priority) ?? `mkOrder ${part("priority")}`} ${part("content")}`;
      case "if":
        return `mkIf ${part("condition")} ${part("content")}`;
      case "merge": {
        const contents = knownValue(set.get("contents") as Slot);
        if (contents === undefined || !isList(contents)) return `mkMerge ${part("contents")}`;
        const items = contents.map((item) => {
          const text = this.#printProperties(item);
          return propertyOf(knownValue(item)) === undefined ? text : `(${text})`;
        });
        return `mkMerge [ ${items.join(" ")} ]`;
      }
      case undefined: {
        const names = set.sortedNames();
        const bindings = names
          .slice(0, MAX_SHOWN_LIST)
          .map(
            (name) => `${printIdentifier(name)} = ${this.#printProperties(set.get(name) as Slot)};`,
          );
        const more = names.length - bindings.length;
        return `{ ${bindings.join(" ")} ${more > 0 ? `\xc2\xab${more} more\xc2\xbb ` : ""}}`;
      }
    }
  }

  #wrapped(value: Value, outer: Wrapping, kind: keyof Wrapping): Wrapping {
    const own = this.#attribute(value, "priority");
    return typeof own === "number" ? { ...outer, [kind]: own } : outer;
  }

  /** Where a file binds an option: the binding whose name is the longest end of the path. */
  #placeIn(file: string, path: readonly string[]): string | undefined {
    let best: { readonly length: number; readonly place: string } | undefined;
    for (const [name, place] of this.#bindingsIn(file)) {
      const parts = name.split(".");
      const rest = parts[0] === "config" ? parts.slice(1) : parts;
      const tail = path.slice(-rest.length);
      const fits = rest.length <= path.length && rest.every((part, i) => part === tail[i]);
      if (fits && rest.length > (best?.length ?? 0)) best = { length: rest.length, place };
    }
    return best?.place;
  }

  /** The bindings of a file as names with their `LINE:COLUMN`. */
  #bindingsIn(file: string): readonly (readonly [string, string])[] {
    let found = this.#bindings.get(file);
    if (found !== undefined) return found;
    found = [];
    try {
      const text = this.#session.machine.readFile(file);
      const source = new SourceFile({ kind: "file", path: file }, text);
      const { expr } = parse(source, { basePath: "/", home: "/" });
      const places = bindingPlaces(expr);
      found = [...bindingNames(expr)].map(([value, name]: readonly [Expr, string]) => {
        const described = source.describe(places.get(value) ?? value.pos);
        return [name, described.slice(file.length + 1)] as const;
      });
    } catch {
      // Definitions may come from things that are not files.
    }
    this.#bindings.set(file, found);
    return found;
  }

  /** The overlays of a package set that have an attribute of a name. */
  #overlays(packages: Attrs, name: string): { number: number; position: string }[] {
    return this.#items(this.#attribute(packages, "overlays")).flatMap((overlay, i) => {
      if (!(overlay instanceof Closure)) return [];
      try {
        // Only the names of the result matter, so the final set stands for the previous one, too.
        const made = this.#session.run(applied(overlay, packages));
        if (!(made instanceof Attrs) || !made.has(name)) return [];
        const pos = made.positionOf(name);
        const position = this.#describe(pos === NO_POS ? overlay.code.pos : pos);
        return [{ number: i + 1, position }];
      } catch (error) {
        if (error instanceof EvalError) return [];
        throw error;
      }
    });
  }
}

type Property = keyof typeof PROPERTY_PARTS;

/** The property of the module system that a set is, by what is known without evaluation. */
function propertyOf(value: Value | undefined): Property | undefined {
  if (!(value instanceof Attrs)) return undefined;
  const type = knownValue(value.get("_type") ?? null);
  if (typeof type !== "string" || !Object.hasOwn(PROPERTY_PARTS, type)) return undefined;
  const property = type as Property;
  return PROPERTY_PARTS[property].every((part) => value.has(part)) ? property : undefined;
}

/** Whether a set is a property, or has one at most {@link MAX_DEPTH} levels deep. */
function holdsProperty(value: Value | undefined, depth: number): boolean {
  if (!(value instanceof Attrs) || depth > MAX_DEPTH) return false;
  return (
    propertyOf(value) !== undefined ||
    (value.size() <= MAX_SHOWN_LIST &&
      value.slots().some((slot) => holdsProperty(knownValue(slot), depth + 1)))
  );
}

/** Where the values of bindings stand. Literals have no position of their own, so they get that of the name. */
function bindingPlaces(root: Expr): ReadonlyMap<Expr, number> {
  const places = new Map<Expr, number>();
  walk(root, (expr) => {
    const set =
      expr.kind === NodeKind.Let ? expr.attrs : expr.kind === NodeKind.AttrSet ? expr : undefined;
    for (const { value, pos } of set?.bindings ?? []) {
      if (value.pos < 0) places.set(value, pos);
    }
  });
  return places;
}

function* called(callee: Value, path: readonly string[]): Suspendable<Value> {
  return (yield new CallRequest(callee, [[...path]], NO_POS)) as Value;
}

function* applied(overlay: Value, packages: Attrs): Suspendable<Value> {
  return (yield new CallRequest(overlay, [packages, packages], NO_POS)) as Value;
}

function printPath(path: readonly string[]): string {
  return path.map(printIdentifier).join(".");
}

function render(report: Report): string {
  const { path, value, steps, option, overlays, metaPosition } = report;
  const lines = [`${path} = ${value}`];
  if (option === undefined) {
    for (const { name, position } of steps) {
      lines.push(`  ${name}: ${position === "" ? "no position" : position}`);
    }
  } else lines.push(...renderOption(option));
  for (const { number, position } of overlays)
    lines.push(`  overlay ${number} has it: ${position}`);
  if (metaPosition !== undefined) lines.push(`  meta.position: ${metaPosition}`);
  return `${lines.join("\n")}\n`;
}

/** Where the value of an option comes from that no definition counts for. */
function withoutDefinition({ hasDefault, emptyValue, definitions }: OptionReport): string {
  const what = definitions.length === 0 ? "not defined" : "no definition counts";
  if (hasDefault) return `${what}: it has its default`;
  if (emptyValue === undefined) return `${what}, and it has no default`;
  return `${what}, and it has no default: its type merges no definitions to ${emptyValue}`;
}

function renderOption(option: OptionReport): string[] {
  const type = option.type === undefined ? "" : `: ${option.type}`;
  const lines = [
    option.within === undefined
      ? `  option ${option.option}${type}`
      : `  ${option.option}, in the value of option ${option.within}${type}`,
  ];
  for (const place of option.declarations) lines.push(`    declared in ${place}`);
  if (option.default !== undefined) lines.push(`    default: ${option.default}`);
  if (option.apply !== undefined) {
    lines.push(
      `    apply changes the merged value${option.apply === "" ? "" : `: ${option.apply}`}`,
    );
  }
  if (option.definitions.every(({ lost }) => lost !== undefined)) {
    lines.push(`    ${withoutDefinition(option)}`);
  }
  for (const { file, place, position, priority, order, value, lost } of option.definitions) {
    const state =
      lost === undefined
        ? "counts"
        : lost === "condition"
          ? "does not count, its condition is false"
          : "does not count, another has a higher priority";
    lines.push(
      `    ${value}  (priority ${priority}${order === undefined ? "" : `, order ${order}`}: ${state})`,
      `      in ${file}${place === undefined ? (position === undefined ? "" : `, at ${position}`) : `:${place}`}`,
    );
  }
  return lines;
}
