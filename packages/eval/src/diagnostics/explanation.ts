/**
 * Explanation: everything that people or programs can learn about an error, as plain data.
 *
 * It is made from an {@link EvalError} and the texts that it points into; `render-rich.ts` and
 * `render-json.ts` show it. The message is C++ Nix's, the rest is ours. Nothing here runs Nix code.
 */
import { type Diagnostic, NodeKind, type SourceFile, type Span } from "@nivis/syntax";
import { EvalError, type Trace } from "../errors/eval-error.ts";
import type { ErrorKind } from "../errors/kinds.ts";
import type { PosIdx, Position, PositionTable } from "../position.ts";
import { DEFAULT_SETTINGS, type Settings } from "../settings.ts";
import { findHints, type Hint } from "./hints.ts";
import { isInNixpkgs, regionOf } from "./regions.ts";
import { type ReadingSettings, SourceTrees, type SyntaxNodeAt } from "./source-trees.ts";

/** A range of a text. */
export interface SourceSpan {
  readonly source: SourceFile;
  readonly span: Span;
}

/** A range of a text and its relation to the error. */
export interface Label extends SourceSpan {
  readonly message: string;
  /** Whether this is the position of the error itself. */
  readonly primary: boolean;
}

/** A step on the path to the error. */
export interface TraceStep {
  readonly message: string;
  readonly at: SourceSpan | undefined;
  /** The region of code that is not the user's; see `regions.ts`. */
  readonly region: string | undefined;
  /** Whether `addErrorContext` requested it. */
  readonly always: boolean;
}

/** A position in the cycle of an infinite recursion. */
export interface CyclePlace extends SourceSpan {
  readonly region: string | undefined;
}

/** Everything that can be said about an error. Texts are byte strings. */
export interface Explanation {
  /** The kind of the error; for a mistake in a text, the code of the diagnostic. */
  readonly code: string;
  readonly kind: ErrorKind;
  readonly message: string;
  /** Ranges in one text, the primary one first; empty if no position is known. */
  readonly labels: readonly Label[];
  /** Where the error was raised, if that differs from the primary label. */
  readonly raisedAt: (SourceSpan & { readonly region: string | undefined }) | undefined;
  /** The steps to the error, innermost first. */
  readonly trace: readonly TraceStep[];
  /**
   * For an infinite recursion, the positions where each step needed the next, and the last the
   * first.
   */
  readonly cycle: readonly CyclePlace[];
  readonly hints: readonly Hint[];
  /** Names that were probably meant, best first. */
  readonly suggestions: readonly string[];
}

/** The settings that an explanation depends on. */
export type ExplainSettings = ReadingSettings & Pick<Settings, "storeDir">;

/** The maximum number of labels of one excerpt besides the primary one. */
const MAX_LABELS = 4;

/** Explains an error of an evaluation with these texts and settings. */
export function explainError(
  error: EvalError,
  positions: PositionTable,
  settings: ExplainSettings = DEFAULT_SETTINGS,
): Explanation {
  return new Explainer(error, positions, settings).explain();
}

/**
 * Explains an error like {@link explainError}. For a text with several mistakes, all of which the
 * parser finds although the error contains only the first, it returns an explanation of each, in
 * order.
 */
export function explainErrors(
  error: EvalError,
  positions: PositionTable,
  settings: ExplainSettings = DEFAULT_SETTINGS,
): readonly Explanation[] {
  return new Explainer(error, positions, settings).explainAll();
}

/** A mistake in a text, with its position if that is known. */
interface Mistake {
  readonly source: SourceFile | undefined;
  readonly position: Position | undefined;
  readonly diagnostic: Diagnostic | undefined;
}

interface Found extends SourceSpan {
  readonly syntax: SyntaxNodeAt;
  readonly region: string | undefined;
}

class Explainer {
  readonly #trees: SourceTrees;
  /** Whether some step is in the user's code outside of nixpkgs. */
  readonly #isOutsideNixpkgs: boolean;
  readonly #found = new Map<string, Found>();

  constructor(
    private readonly error: EvalError,
    private readonly positions: PositionTable,
    private readonly settings: ExplainSettings,
  ) {
    this.#trees = new SourceTrees(settings);
    this.#isOutsideNixpkgs = [error.pos, ...error.traces.map((trace) => trace.pos)].some((pos) => {
      const source = positions.resolve(pos)?.source;
      const isFolded = source === undefined || regionOf(source, settings.storeDir) !== undefined;
      return !isFolded && !isInNixpkgs(source);
    });
  }

  explain(): Explanation {
    const { error } = this;
    if (error.kind === "parse") return this.#explainMistake(error, this.#parse());
    const steps = error.traces.filter((trace) => trace.message !== "");
    const located = steps
      .map((trace) => ({ trace, at: this.#find(trace.pos, wantedByTrace(trace)) }))
      .filter((step): step is { trace: Trace; at: Found } => step.at !== undefined);
    const innermost = located[0]?.trace === steps[0] ? located[0]?.at : undefined;
    const raised =
      this.#selectionIn(located) ??
      this.#find(error.pos, wantedByError(error)) ??
      innermost ??
      this.#find(error.nearPos) ??
      located[0]?.at;
    // The user's own code counts; its innermost part is closest to the mistake.
    const own =
      raised?.region === undefined ? undefined : located.find(({ at }) => at.region === undefined);
    const primary = own?.at ?? raised;
    const labels: Label[] = [];
    const cycle = this.#cycle();
    if (primary !== undefined) {
      const span = this.#narrow(primary);
      labels.push({
        source: primary.source,
        span,
        message: own === undefined ? primaryLabel(error) : shortLabel(own.trace.message),
        primary: true,
      });
      this.#addLabels(labels, located);
    }
    return {
      code: error.kind,
      kind: error.kind,
      message: error.message,
      labels,
      raisedAt: own === undefined ? undefined : raised,
      trace: steps.map((trace) => this.#step(trace)),
      cycle,
      hints: findHints({
        error,
        syntax: primary?.syntax,
        source: primary?.source,
        parse: undefined,
      }),
      suggestions: error.suggestions,
    };
  }

  explainAll(): readonly Explanation[] {
    const first = this.explain();
    const { source, parsed, diagnostic } = this.#parse();
    if (this.error.kind !== "parse" || source === undefined || diagnostic === undefined) {
      return [first];
    }
    const all = [first];
    for (const further of parsed?.diagnostics ?? []) {
      if (further === diagnostic || further.severity !== "error") continue;
      const { message, pos } = further;
      const error = new EvalError("parse", message);
      const position = pos === undefined ? undefined : { source, offset: pos };
      all.push(this.#explainMistake(error, { source, position, diagnostic: further }));
    }
    return all;
  }

  /** Parses a text with a mistake again, for the diagnostic's code and labels. */
  #parse() {
    const { error } = this;
    const position = this.positions.resolve(error.pos);
    const source = position?.source ?? this.positions.latest;
    const parsed = source === undefined ? undefined : this.#trees.parsed(source);
    const diagnostic =
      parsed?.firstError?.message === error.message ? parsed.firstError : undefined;
    return { source, position, parsed, diagnostic };
  }

  /** Explains a mistake in a text. */
  #explainMistake(error: EvalError, { source, position, diagnostic }: Mistake): Explanation {
    const labels: Label[] = [];
    if (source !== undefined && (position !== undefined || diagnostic !== undefined)) {
      const offset = position?.offset ?? 0;
      let span = diagnostic?.span ?? this.#trees.syntaxAt({ source, offset }).span;
      // At the end of a text, the end of its last word is more helpful than an empty line.
      if (source.text.slice(span.start).trim() === "") {
        const end = source.text.trimEnd().length;
        span = { start: end, end };
      }
      labels.push({ source, span, message: parseLabel(error.message), primary: true });
      for (const label of diagnostic?.labels ?? []) {
        labels.push({ source, span: label.span, message: label.message, primary: false });
      }
    }
    return {
      code: diagnostic?.code ?? error.kind,
      kind: error.kind,
      message: error.message,
      labels,
      raisedAt: undefined,
      trace: error.traces.filter(({ message }) => message !== "").map((one) => this.#step(one)),
      cycle: [],
      hints: findHints({ error, syntax: undefined, source, parse: diagnostic }),
      suggestions: error.suggestions,
    };
  }

  #find(pos: PosIdx, wanted?: NodeKind): Found | undefined {
    const key = `${pos} ${wanted ?? ""}`;
    let found = this.#found.get(key);
    if (found === undefined) {
      const position: Position | undefined = this.positions.resolve(pos);
      if (position === undefined) return undefined;
      const { source } = position;
      const syntax = this.#trees.syntaxAt(position, wanted);
      const region = regionOf(source, this.settings.storeDir, this.#isOutsideNixpkgs);
      found = { source, span: syntax.span, syntax, region };
      this.#found.set(key, found);
    }
    return found;
  }

  #step(trace: Trace): TraceStep {
    const found = this.#find(trace.pos, wantedByTrace(trace));
    return {
      message: trace.message,
      at: found === undefined ? undefined : { source: found.source, span: found.span },
      region: found?.region,
      always: trace.always,
    };
  }

  /** Returns the selection of a missing attribute: `pos` may be the position of the set. */
  #selectionIn(
    located: readonly { readonly at: Found; readonly trace: Trace }[],
  ): Found | undefined {
    if (this.error.kind !== "missing-attribute") return undefined;
    const selection = located.find(({ at }) => at.syntax.expr?.kind === NodeKind.Select)?.at;
    return selection === undefined || this.#narrow(selection) === selection.span
      ? undefined
      : selection;
  }

  /** For a selection with a missing attribute, returns only the span of the attribute's name. */
  #narrow({ syntax }: Found): Span {
    const { error } = this;
    const { expr } = syntax;
    if (error.kind !== "missing-attribute" || expr?.kind !== NodeKind.Select) return syntax.span;
    const missing = /^attribute '(.*)' missing$/s.exec(error.message)?.[1];
    return expr.path.find((name) => name.name === missing) ?? syntax.span;
  }

  /** Adds labels in the text of the primary one that are not underlined yet. */
  #addLabels(
    labels: Label[],
    located: readonly { readonly trace: Trace; readonly at: Found }[],
  ): void {
    const { source } = labels[0] as Label;
    for (const { trace, at } of located) {
      if (labels.length > MAX_LABELS) return;
      if (at.source !== source) continue;
      // A span that encloses an underlined one, as `a.b` does `b`, adds nothing.
      const known = labels.some(
        ({ span }) => at.span.start <= span.start && span.start < at.span.end,
      );
      if (known) continue;
      const message = shortLabel(trace.message);
      labels.push({ source, span: at.span, message, primary: false });
    }
  }

  #cycle(): CyclePlace[] {
    const cycle: CyclePlace[] = [];
    for (const pos of this.error.cycle) {
      const found = this.#find(pos, NodeKind.Select);
      if (found !== undefined) cycle.push(found);
    }
    return cycle;
  }
}

function wantedByError(error: EvalError): NodeKind | undefined {
  if (error.kind === "missing-argument" || /with unexpected argument/.test(error.message)) {
    return NodeKind.Lambda;
  }
  return error.kind === "throw" || error.kind === "abort" ? NodeKind.Call : undefined;
}

function wantedByTrace({ message }: Trace): NodeKind | undefined {
  if (message === "from call site") return NodeKind.Call;
  if (message.startsWith("while calling the '")) return NodeKind.Call;
  if (message.startsWith("while calling ")) return NodeKind.Lambda;
  return message.startsWith("while evaluating the attribute ") ? NodeKind.Select : undefined;
}

/** Returns the label of the underlined expression. */
function primaryLabel({ kind, message }: EvalError): string {
  switch (kind) {
    case "undefined-variable":
      return "not in scope here";
    case "missing-attribute":
      return "no such attribute";
    case "infinite-recursion":
      return "needed again while it is being computed";
    case "throw":
      return "thrown here";
    case "abort":
      return "aborted here";
    case "assertion":
      return "this assertion failed";
    case "missing-argument": {
      const name = /required argument '(.*)'$/s.exec(message)?.[1];
      return name === undefined ? "" : `this function requires '${name}'`;
    }
    case "arithmetic":
      return message.startsWith("division") ? "divides by zero" : "does not fit into 64 bits";
    case "search-path":
      return "looked up here";
    case "stack-overflow":
    case "limit-exceeded":
      return "this was running";
    default:
      return typeLabel(message);
  }
}

function typeLabel(message: string): string {
  if (message.includes("called with unexpected argument")) return "this function takes no other";
  const called = /^attempt to call something which is not a function but (an? [\w ]+|null)/.exec(
    message,
  );
  if (called !== null) return `this is ${called[1]}, and is called as a function`;
  const mismatch = /^expected (.*?) but found (an? [\w ]+|null)(?::|$)/.exec(message);
  if (mismatch !== null) return `found ${mismatch[2]}, expected ${mismatch[1]}`;
  const coerced = /^cannot coerce (an? [\w ]+|null) to a string/.exec(message);
  return coerced === null ? "" : `this is ${coerced[1]}`;
}

/** Returns the label of an unexpected token. */
function parseLabel(message: string): string {
  const expecting = /expecting (.*)$/s.exec(message)?.[1];
  if (expecting !== undefined) return `expected ${expecting}`;
  return message.startsWith("syntax error, unexpected") ? "unexpected" : "";
}

/** Shortens a trace to a label. */
function shortLabel(message: string): string {
  if (message === "from call site") return "called from here";
  const definition = /^from the definition of (.*)$/s.exec(message);
  if (definition !== null) return `${definition[1]} is defined here`;
  const calling = /^while calling (.*)$/s.exec(message)?.[1];
  if (calling !== undefined) {
    return calling.startsWith("the '") ? message : `in this function, ${calling}`;
  }
  return message;
}
