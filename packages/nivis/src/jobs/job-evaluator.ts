/**
 * JobEvaluator: evaluates one attribute after another, each for itself, and returns what `nivis jobs`
 * prints about it. Which attribute comes next is not decided here. What earlier attributes evaluated is
 * kept, so that neighbours cost little. Sources: src/worker.cc and src/drv.cc of nix-eval-jobs, and
 * libexpr/get-drvs.cc of C++ Nix.
 */
import {
  Attrs,
  autoCall,
  CallRequest,
  CoerceMode,
  type ContextString,
  checkNesting,
  coerceToStorePath,
  coerceToString,
  contextOf,
  decodeContextElement,
  EvalError,
  evalErrorOf,
  isDerivation,
  isList,
  isString,
  NixFloat,
  NO_POS,
  type Origins,
  type PosIdx,
  printForError,
  renderError,
  type Slot,
  type Suspendable,
  Thunk,
  textOf,
  toJson,
  typeWithArticle,
  type Value,
  withTrace,
} from "@nivis/eval";
import {
  compareBytes,
  type Derivation,
  type DerivedPath,
  marked,
  sortedBytes,
} from "@nivis/formats";
import {
  type AggregateWish,
  type AttrPath,
  type JobReply,
  joinAttrPath,
  jsonText,
} from "@nivis/jobs";
import { EvaluationStore } from "@nivis/node";
import { describeBug } from "../invocation.ts";
import { expectPlainString } from "../selection/packages.ts";
import { openSession, type Session, type Source } from "../session.ts";
import type { JobFlags } from "./job-options.ts";

/** A reply, and how its error is shown to people. */
export interface EvaluatedJob {
  readonly reply: JobReply;
  readonly shown: string | undefined;
  /** The set of all inputs that the reply depends on, in a warm evaluation. */
  readonly set: number | undefined;
  /** The input that stands for the lines that its evaluation logged; see `Dependencies.endLines`. */
  readonly line: number | undefined;
}

/** How a {@link JobEvaluator} is made. */
export interface JobEvaluatorOptions {
  /** A session and the root in it, instead of those of the command line. */
  readonly given?: { readonly session: Session; readonly root: () => Slot };
  /** Whether it notes what each reply depends on. Defaults to no. */
  readonly warm?: boolean;
}

/** What the evaluation of an attribute came to. */
type Outcome = Pick<EvaluatedJob, "reply" | "shown">;

/** A set on the way to the last attribute. */
interface Step {
  readonly name: string;
  readonly value: Value;
  /** The inputs that the value depends on, in a warm evaluation once its run has ended. */
  set: number | undefined;
}

/** See the head of this file. */
export class JobEvaluator {
  readonly #flags: JobFlags;
  readonly #session: Session;
  readonly #args: Attrs;
  readonly #root: Value;
  readonly #apply: Value | undefined;
  /** The sets on the way to the last attribute, called where they are functions. */
  readonly #trail: Step[] = [];
  /** The inputs that the root depends on. */
  readonly #rootSet: number | undefined;
  /** Those that the present attribute depends on through sets that earlier ones evaluated. */
  #trailSet: number | undefined;

  /**
   * Evaluates the root: that of the command line, or the one that is given with its session. Throws if
   * that fails.
   */
  constructor(flags: JobFlags, { given, warm = false }: JobEvaluatorOptions = {}) {
    this.#flags = flags;
    this.#session = given?.session ?? openSession(flags, { readOnly: flags.noInstantiate, warm });
    this.#checkStore();
    const { dependencies } = this.#session.evaluation.context;
    dependencies?.active.enter();
    this.#args = this.#session.autoArguments();
    this.#root = this.#openRoot(given?.root);
    this.#apply =
      flags.apply === undefined
        ? undefined
        : this.#session.evaluate(this.#session.expression(flags.apply));
    this.#rootSet = dependencies?.active.leave();
    dependencies?.endLines();
  }

  /** What each set of inputs is about; see `Dependencies.originsOf`. */
  originsOf(sets: readonly number[]): readonly (Origins | undefined)[] {
    return this.#session.evaluation.context.dependencies?.originsOf(sets) ?? [];
  }

  /** Where the files of a store path are on disk; `undefined` if nothing is ever in the store. */
  placeOf(storePath: string): string | undefined {
    return this.#session.store.capabilities.reads ? this.#session.realPath(storePath) : undefined;
  }

  /**
   * Whether something was shown from which it can be seen what was evaluated before; see
   * `Evaluation.showedEvaluationState`.
   */
  get showedEvaluationState(): boolean {
    return this.#session.evaluation.showedEvaluationState;
  }

  /** Evaluates an attribute; whatever goes wrong is its reply. */
  evaluate(path: AttrPath): EvaluatedJob {
    const { dependencies } = this.#session.evaluation.context;
    if (dependencies === undefined) {
      return { ...this.#evaluate(path), set: undefined, line: undefined };
    }
    this.#trailSet = this.#rootSet;
    dependencies.active.enter();
    dependencies.failures.beginReply();
    let own: number;
    let job: Outcome;
    try {
      job = this.#evaluate(path);
    } finally {
      own = dependencies.active.leave();
    }
    const { sets, failures } = dependencies;
    const inputs = sets.union(own, this.#trailSet as number);
    for (const step of this.#trail) step.set ??= inputs;
    // What an earlier attribute has evaluated shows in the traces of an error that both have.
    const shown = failures.endReply(inputs, (a, b) => sets.union(a, b));
    const set = job.reply.kind === "error" ? shown : inputs;
    return { ...job, set, line: dependencies.endLines() };
  }

  #evaluate(path: AttrPath): Outcome {
    const { evaluation } = this.#session;
    evaluation.context.limits?.renew();
    try {
      const reply = this.#session.run(this.#reply(path));
      this.#session.flush();
      this.#makeRoot(reply);
      return { reply, shown: undefined };
    } catch (thrown) {
      const error = evalErrorOf(thrown);
      if (!(error instanceof EvalError)) {
        const message = describeBug(thrown);
        return { reply: { kind: "error", path, message, incomplete: true }, shown: message };
      }
      const { showTrace } = this.#flags.invocation.settings;
      const show = (color: boolean): string =>
        renderError(error, evaluation.positions, { showTrace, color });
      const incomplete = error.kind === "limit-exceeded" || error.kind === "stack-overflow";
      return {
        reply: { kind: "error", path, message: show(false), incomplete },
        shown: show(this.#flags.invocation.terminal.color),
      };
    }
  }

  #checkStore(): void {
    if (this.#flags.checkCacheStatus && !(this.#session.store instanceof EvaluationStore)) {
      throw new EvalError(
        "not-supported",
        "'--check-cache-status' needs a store that knows what can be fetched, such as that of nix-daemon; name one with '--store'",
      );
    }
  }

  #openRoot(given: (() => Slot) | undefined): Value {
    const session = this.#session;
    const { select } = this.#flags;
    const { context } = session.evaluation;
    const root = session.run(
      autoCall(context, this.#args, given?.() ?? session.evaluate(this.#program())),
    ) as Value;
    if (select === undefined) return root;
    const fn = session.evaluate(session.expression(select));
    const selected = session.evaluation.call(fn, root);
    return this.#expectSet(selected, "'--select' must evaluate to an attrset (the traversal root)");
  }

  #program(): Source {
    const { source, isExpression } = this.#flags;
    const text = source as string;
    return isExpression ? this.#session.expression(text) : this.#session.file(text);
  }

  #expectSet(value: Value, trace: string): Attrs {
    if (value instanceof Attrs) return value;
    throw withTrace(this.#mismatch(value, "a set", NO_POS), NO_POS, trace);
  }

  #mismatch(value: Value, expected: string, pos: PosIdx): EvalError {
    const found = `${typeWithArticle(value)}: ${printForError(value, this.#session.evaluation.positions)}`;
    return new EvalError("type", marked`expected ${expected} but found ${found}`, pos);
  }

  *#reply(path: AttrPath): Suspendable<JobReply> {
    const value = (yield this.#valueAt(path)) as Value;
    // What cannot be built is nothing to report.
    if (!(value instanceof Attrs)) return { kind: "set", path, names: [] };
    if (!((yield isDerivation(value)) as boolean)) {
      return { kind: "set", path, names: (yield this.#namesIn(value, path)) as string[] };
    }
    return (yield this.#job(value, path)) as JobReply;
  }

  /** The value at a path, called if it is a function. */
  *#valueAt(path: AttrPath): Suspendable<Value> {
    const { context } = this.#session.evaluation;
    let kept = 0;
    while (kept < path.length && this.#trail[kept]?.name === path[kept]) kept++;
    this.#trail.length = kept;
    const last = this.#trail.at(-1);
    this.#trailSet = last?.set ?? this.#trailSet;
    let value = (last?.value ?? this.#root) as Value;
    for (const name of path.slice(kept)) {
      const slot: Slot | undefined = value instanceof Attrs ? value.get(name) : undefined;
      if (slot === undefined) {
        const message = marked`attribute '${name}' in selection path '${joinAttrPath(path)}' not found`;
        throw new EvalError("missing-attribute", message);
      }
      value = (yield autoCall(context, this.#args, slot)) as Value;
      this.#trail.push({ name, value, set: undefined });
    }
    return value;
  }

  /** The names of the attributes to look at. */
  *#namesIn(set: Attrs, path: AttrPath): Suspendable<readonly string[]> {
    const names = sortedBytes(set.names());
    if (this.#flags.forceRecurse) return names;
    const wish = set.get("recurseForDerivations");
    // Nix-eval-jobs: even the root is not descended into if it asks not to be.
    if (wish === undefined) return path.length === 0 ? names : [];
    const pos = set.positionOf("recurseForDerivations");
    const trace = "while evaluating recurseForDerivations";
    return ((yield this.#bool(wish, pos, trace)) as boolean) ? names : [];
  }

  *#bool(slot: Slot, pos: PosIdx, trace: string): Suspendable<boolean> {
    try {
      const value = (slot instanceof Thunk ? yield slot : slot) as Value;
      if (typeof value !== "boolean") throw this.#mismatch(value, "a Boolean", pos);
      return value;
    } catch (error) {
      throw withTrace(error, pos, trace);
    }
  }

  *#job(set: Attrs, path: AttrPath): Suspendable<JobReply> {
    const flags = this.#flags;
    const { context } = this.#session.evaluation;
    const fields: Record<string, string> = {};
    fields["name"] = jsonText((yield this.#name(set)) as string);
    const aggregate = flags.constituents
      ? ((yield this.#constituents(set, fields)) as AggregateWish)
      : undefined;
    if (this.#apply !== undefined) {
      fields["extraValue"] = (yield this.#extraValue(set, this.#apply)) as string;
    }
    const outputs = (yield this.#outputs(set, path)) as Outputs;
    fields["outputs"] = objectText(outputs, (at) => (at === undefined ? "null" : jsonText(at)));
    const drvPath = (yield this.#drvPath(set)) as string;
    fields["drvPath"] = jsonText(drvPath);
    const drv = context.settings.readOnlyMode
      ? undefined
      : this.#session.store.readDerivation(drvPath);
    if (drv === undefined) {
      const system = set.get("system");
      const trace = "while evaluating the 'system' attribute of a derivation";
      fields["system"] = jsonText(
        system === undefined
          ? "unknown"
          : ((yield expectPlainString(context, system, set.positionOf("system"), trace)) as string),
      );
    } else this.#describe(drv, outputs, fields);
    if (flags.meta) fields["meta"] = (yield this.#meta(set)) as string;
    return { kind: "job", path, fields, ...(aggregate === undefined ? {} : { aggregate }) };
  }

  *#name(set: Attrs): Suspendable<string> {
    const slot = set.get("name");
    if (slot === undefined) throw new EvalError("type", "derivation name missing");
    const trace = "while evaluating the 'name' attribute of a derivation";
    const { context } = this.#session.evaluation;
    return (yield expectPlainString(context, slot, NO_POS, trace)) as string;
  }

  /** Adds the fields about constituents. */
  *#constituents(set: Attrs, fields: Record<string, string>): Suspendable<AggregateWish> {
    let paths: readonly string[] = [];
    const names: string[] = [];
    let areGlobs = false;
    const flagOf = function* (this: JobEvaluator, name: string): Suspendable<boolean> {
      const slot = set.get(name);
      if (slot === undefined) return false;
      const trace = marked`while evaluating the \`${name}\` attribute`;
      return (yield this.#bool(slot, set.positionOf(name), trace)) as boolean;
    }.bind(this);
    if ((yield flagOf("_hydraAggregate")) as boolean) {
      const slot = set.get("constituents");
      if (slot === undefined) {
        throw new EvalError("value", "derivation must have a 'constituents' attribute");
      }
      const pos = set.positionOf("constituents");
      paths = (yield this.#contextDerivations(slot, pos)) as readonly string[];
      const list = (slot instanceof Thunk ? yield slot : slot) as Value;
      if (!isList(list)) {
        const trace = "while evaluating the `constituents` attribute";
        throw withTrace(this.#mismatch(list, "a list", pos), pos, trace);
      }
      for (const element of list) {
        const value = (element instanceof Thunk ? yield element : element) as Value;
        if (isString(value)) names.push(textOf(value));
      }
      areGlobs = (yield flagOf("_hydraGlobConstituents")) as boolean;
    }
    fields["constituents"] = listText(paths);
    fields["namedConstituents"] = listText(names);
    fields["globConstituents"] = String(areGlobs);
    return { names, areGlobs };
  }

  /** The derivations in the context of the constituents, in the order of C++ Nix. */
  *#contextDerivations(slot: Slot, pos: PosIdx): Suspendable<readonly string[]> {
    const { context } = this.#session.evaluation;
    const trace = "while evaluating the `constituents` attribute";
    const text = (yield coerceToString(context, slot, CoerceMode.Strong, pos, trace)) as
      | string
      | ContextString;
    const found: { readonly drvPath: string; readonly output: string }[] = [];
    for (const element of contextOf(text) ?? []) {
      const decoded = decodeContextElement(element);
      if (decoded.kind === "output") found.push(decoded);
    }
    return found
      .sort((a, b) => compareBytes(a.drvPath, b.drvPath) || compareBytes(a.output, b.output))
      .map(({ drvPath }) => drvPath);
  }

  *#extraValue(set: Attrs, apply: Value): Suspendable<string> {
    const { context } = this.#session.evaluation;
    const value = (yield new CallRequest(apply, [set], NO_POS)) as Value;
    this.#expectSet(value, "apply needs to evaluate to an attrset");
    const options = { copyPaths: true, strict: true, pos: NO_POS };
    return ((yield toJson(context, value, options)) as { readonly text: string }).text;
  }

  /** The outputs with their paths; without if these are not known before the build. */
  *#outputs(set: Attrs, path: AttrPath): Suspendable<Outputs> {
    const { context, positions } = this.#session.evaluation;
    try {
      try {
        return (yield this.#outputPaths(set, true)) as Outputs;
      } catch (error) {
        const mayFloat = context.settings.experimentalFeatures.has("ca-derivations");
        if (!mayFloat || !(error instanceof EvalError)) throw error;
        return (yield this.#outputPaths(set, false)) as Outputs;
      }
    } catch (error) {
      if (!(error instanceof EvalError) || isAboutRun(error)) throw error;
      const { showTrace } = this.#flags.invocation.settings;
      const reason = renderError(error, positions, { showTrace, color: false });
      throw new EvalError(
        "value",
        marked`derivation '${joinAttrPath(path)}' does not have valid outputs: ${reason}`,
      );
    }
  }

  *#outputPaths(set: Attrs, withPaths: boolean): Suspendable<Outputs> {
    const { context } = this.#session.evaluation;
    const found = new Map<string, string | undefined>();
    const slot = set.get("outputs");
    if (slot === undefined) {
      const own = set.get("outPath");
      if (!withPaths) return found.set("out", undefined);
      if (own === undefined) {
        throw new EvalError("value", "derivation does not have attribute 'outPath'");
      }
      const trace = "while evaluating the output path of a derivation";
      const pos = set.positionOf("outPath");
      return found.set("out", (yield coerceToStorePath(context, own, pos, trace)) as string);
    }
    const pos = set.positionOf("outputs");
    const list = (slot instanceof Thunk ? yield slot : slot) as Value;
    if (!isList(list)) {
      const trace = "while evaluating the 'outputs' attribute of a derivation";
      throw withTrace(this.#mismatch(list, "a list", pos), pos, trace);
    }
    for (const element of list) {
      const trace = "while evaluating the name of an output of a derivation";
      const name = (yield expectPlainString(context, element, pos, trace)) as string;
      if (found.has(name)) continue;
      if (!withPaths) found.set(name, undefined);
      else {
        const output = set.get(name);
        if (output === undefined) continue;
        const value = (output instanceof Thunk ? yield output : output) as Value;
        if (!(value instanceof Attrs)) {
          const inner = "while evaluating an output of a derivation";
          throw withTrace(this.#mismatch(value, "a set", pos), pos, inner);
        }
        const outPath = value.get("outPath");
        if (outPath === undefined) continue;
        const at = value.positionOf("outPath");
        const inner = "while evaluating an output path of a derivation";
        found.set(name, (yield coerceToStorePath(context, outPath, at, inner)) as string);
      }
    }
    return found;
  }

  *#drvPath(set: Attrs): Suspendable<string> {
    const { context } = this.#session.evaluation;
    const slot = set.get("drvPath");
    if (slot === undefined) {
      throw new EvalError("value", "derivation does not contain a 'drvPath' attribute");
    }
    const pos = set.positionOf("drvPath");
    const trace = "while evaluating the 'drvPath' attribute of a derivation";
    const drvPath = (yield coerceToStorePath(context, slot, pos, trace)) as string;
    if (drvPath.endsWith(".drv")) return drvPath;
    const baseName = drvPath.slice(drvPath.lastIndexOf("/") + 1);
    const message = marked`store path '${baseName}' is not a valid derivation path`;
    throw withTrace(new EvalError("invalid-path", message), pos, trace);
  }

  /** Adds what the `.drv` file says. */
  #describe(drv: Derivation, outputs: Outputs, fields: Record<string, string>): void {
    fields["system"] = jsonText(drv.system);
    fields["requiredSystemFeatures"] = listText(requiredSystemFeatures(drv));
    if (this.#flags.showInputDrvs) {
      const inputs = [...drv.inputDrvs].map(([path, input]) => [path, input.outputs] as const);
      fields["inputDrvs"] = objectText(inputs, (names) => listText(sortedBytes(names)));
    }
    if (this.#flags.checkCacheStatus) this.#addCacheStatus(drv, outputs, fields);
  }

  #addCacheStatus(drv: Derivation, outputs: Outputs, fields: Record<string, string>): void {
    const wanted: DerivedPath[] = [];
    for (const path of outputs.values()) {
      if (path !== undefined) wanted.push({ kind: "opaque", path });
    }
    for (const [path, { outputs: names }] of drv.inputDrvs) {
      const isWhole = names.size === 0;
      wanted.push(
        isWhole
          ? { kind: "opaque", path }
          : { kind: "built", drv: { kind: "opaque", path }, outputs: sortedBytes(names) },
      );
    }
    const store = this.#session.store as EvaluationStore;
    const { willBuild, willSubstitute, unknown } = store.missing(wanted);
    const isBuilt = willBuild.length === 0 && unknown.length === 0;
    const isLocal = isBuilt && willSubstitute.length === 0;
    fields["cacheStatus"] = jsonText(isLocal ? "local" : isBuilt ? "cached" : "notBuilt");
    fields["isCached"] = String(isBuilt);
    fields["neededBuilds"] = listText(willBuild);
    fields["neededSubstitutes"] = listText([...willSubstitute].sort(compareByName));
  }

  *#meta(set: Attrs): Suspendable<string> {
    const slot = set.get("meta");
    if (slot === undefined) return "null";
    const pos = set.positionOf("meta");
    const trace = "while evaluating the 'meta' attribute of a derivation";
    let meta: Value;
    try {
      meta = (slot instanceof Thunk ? yield slot : slot) as Value;
      if (!(meta instanceof Attrs)) throw this.#mismatch(meta, "a set", pos);
    } catch (error) {
      throw withTrace(error, pos, trace);
    }
    const { context } = this.#session.evaluation;
    const fields: [string, string][] = [];
    for (const name of sortedBytes(meta.names())) {
      const field = meta.get(name) as Slot;
      if (!((yield this.#isPlain(field)) as boolean)) continue;
      const value = (field instanceof Thunk ? yield field : field) as Value;
      const options = { copyPaths: true, strict: true, pos: NO_POS };
      const { text } = (yield toJson(context, value, options)) as { readonly text: string };
      fields.push([name, text]);
    }
    return fields.length === 0 ? "null" : objectText(fields, (text) => text);
  }

  /** Whether a value consists of numbers, Booleans and strings in lists and sets. */
  *#isPlain(slot: Slot): Suspendable<boolean> {
    const { context } = this.#session.evaluation;
    checkNesting(context, NO_POS);
    context.nesting.levels++;
    try {
      const value = (slot instanceof Thunk ? yield slot : slot) as Value;
      if (isList(value)) {
        for (const element of value) {
          if (!((yield this.#isPlain(element)) as boolean)) return false;
        }
        return true;
      }
      if (value instanceof Attrs) {
        if (value.has("outPath")) return false;
        for (const element of value.slots()) {
          if (!((yield this.#isPlain(element)) as boolean)) return false;
        }
        return true;
      }
      return (
        typeof value === "number" ||
        typeof value === "bigint" ||
        typeof value === "boolean" ||
        value instanceof NixFloat ||
        isString(value)
      );
    } finally {
      context.nesting.levels--;
    }
  }

  /** Makes the link that keeps a derivation from garbage collection. */
  #makeRoot(reply: JobReply): void {
    const { gcRootsDirectory } = this.#flags;
    const { store } = this.#session;
    const isWritten = !this.#session.evaluation.context.settings.readOnlyMode;
    if (reply.kind !== "job" || gcRootsDirectory === "" || !isWritten) return;
    if (store.addRoot === undefined) return;
    const drvPath = JSON.parse(reply.fields["drvPath"] as string) as string;
    const directory = this.#session.absolutePath(gcRootsDirectory);
    const link = `${directory}/${drvPath.slice(drvPath.lastIndexOf("/") + 1)}`;
    if (this.#session.machine.fileType(link) === undefined) store.addRoot(drvPath, link);
  }
}

/** The paths of outputs by name. */
type Outputs = ReadonlyMap<string, string | undefined>;

function isAboutRun({ kind }: EvalError): boolean {
  return kind === "limit-exceeded" || kind === "interrupted" || kind === "stack-overflow";
}

function listText(texts: readonly string[]): string {
  return `[${texts.map(jsonText).join(",")}]`;
}

function objectText<Member>(
  members: Iterable<readonly [string, Member]>,
  textOfMember: (member: Member) => string,
): string {
  const sorted = [...members].sort(([a], [b]) => compareBytes(a, b));
  return `{${sorted.map(([name, member]) => `${jsonText(name)}:${textOfMember(member)}`).join(",")}}`;
}

/** Source: DerivationOptions::getRequiredSystemFeatures of libstore/derivation-options.cc. */
function requiredSystemFeatures(drv: Derivation): readonly string[] {
  const features = new Set<string>();
  if (drv.structuredAttrs === undefined) {
    const words = (drv.env.get("requiredSystemFeatures") ?? "").split(/[ \t\n\r]+/);
    for (const word of words) if (word !== "") features.add(word);
  } else {
    const { requiredSystemFeatures: listed } = JSON.parse(drv.structuredAttrs) as {
      readonly requiredSystemFeatures?: unknown;
    };
    if (Array.isArray(listed)) for (const one of listed) features.add(String(one));
  }
  for (const { kind } of drv.outputs.values()) {
    if (kind !== "input-addressed" && kind !== "fixed") features.add("ca-derivations");
  }
  return sortedBytes(features);
}

/** Store paths by the names behind their hashes. */
function compareByName(a: string, b: string): number {
  const nameOf = (path: string): string => path.replace(/^.*\/[0-9a-z]{32}-/, "");
  return compareBytes(nameOf(a), nameOf(b)) || compareBytes(a, b);
}
