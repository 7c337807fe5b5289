/**
 * Errors for people: one excerpt with the relevant parts underlined, the path to the error reduced
 * to the user's own code, and hints.
 *
 * The parts in order: headline, excerpt, the cycle of an infinite recursion, the steps, the hints.
 */
import { encodeUtf8 } from "@nivis/formats";
import { stripTerminalCodes } from "../errors/terminal.ts";
import { drawExcerpt, type Paint, type Style } from "./excerpt.ts";
import type { Explanation, Label, SourceSpan, TraceStep } from "./explanation.ts";

/** How to render an explanation. */
export interface RichOptions {
  /** Whether the text contains ANSI colours. */
  readonly color: boolean;
  /** Whether everything is shown, without folding. */
  readonly showTrace: boolean;
}

const COLORS: Record<Style, string> = {
  error: "\x1b[31;1m",
  label: "\x1b[34;1m",
  frame: "\x1b[2m",
  hint: "\x1b[32;1m",
  name: "\x1b[1m",
};
const NORMAL = "\x1b[0m";

const ELLIPSIS = encodeUtf8("…");
const ARROW = encodeUtf8("↻");

/** The maximum number of shown steps among those that are not folded. */
const MAX_STEPS = 10;
/** The maximum number of shown positions of a cycle. */
const MAX_CYCLE = 8;

/** Returns the text of an explanation, as bytes and without a newline at its end. */
export function renderRich(explanation: Explanation, options: RichOptions): string {
  const paint: Paint = (style, text) => (options.color ? `${COLORS[style]}${text}${NORMAL}` : text);
  return [
    ...headline(explanation, paint),
    ...drawExcerpt(explanation.labels, paint),
    ...raised(explanation, paint),
    ...cycle(explanation, options, paint),
    ...steps(explanation, options, paint),
    ...hints(explanation, paint),
  ].join("\n");
}

function headline({ code, message }: Explanation, paint: Paint): string[] {
  const [first, ...rest] = stripTerminalCodes(message).trimEnd().split("\n");
  const title = `${paint("error", `error[${code}]`)}${paint("name", `: ${first}`)}`;
  return [title, ...rest.map((line) => (line === "" ? "" : `  ${line}`))];
}

function raised({ raisedAt }: Explanation, paint: Paint): string[] {
  if (raisedAt === undefined) return [];
  const region = raisedAt.region === undefined ? "" : ` (${raisedAt.region})`;
  return [`${note("raised at", paint)} ${where(raisedAt)}${region}`];
}

function note(title: string, paint: Paint): string {
  return `  ${paint("frame", "=")} ${paint("name", `${title}:`)}`;
}

function where({ source, span }: SourceSpan): string {
  return source.describe(span.start);
}

function quoted({ source, span }: SourceSpan): string {
  const [line] = source.text.slice(span.start, span.end).split("\n");
  return line as string;
}

/** Renders a cycle, from the requested value to the position that requests it again. */
function cycle(explanation: Explanation, options: RichOptions, paint: Paint): string[] {
  const places = explanation.cycle.slice().reverse();
  if (places.length === 0) return [];
  const lines = [note("the cycle", paint)];
  const folded = new Folded(lines, paint);
  let shown = 0;
  for (const place of places) {
    const isTooMuch = shown >= MAX_CYCLE && place !== places.at(-1);
    if ((place.region !== undefined || isTooMuch) && !options.showTrace) {
      folded.add(place.region);
      continue;
    }
    folded.flush("place");
    shown++;
    lines.push(`      ${where(place)} needs \`${quoted(place)}\``);
  }
  folded.flush("place");
  lines.push(`      ${paint("label", ARROW)} which is what is being computed`);
  return lines;
}

/** Steps that are not shown, up to the next one that is. */
class Folded {
  #count = 0;
  readonly #regions = new Set<string>();

  constructor(
    private readonly lines: string[],
    private readonly paint: Paint,
  ) {}

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  add(region: string | undefined): void {
    this.#count++;
    if (region !== undefined) this.#regions.add(region);
  }

  flush(thing: string): void {
    if (this.#count === 0) return;
    const regions = [...this.#regions];
    const last = regions.pop();
    const list = regions.length === 0 ? last : `${regions.join(", ")} and ${last}`;
    const rest = last === undefined ? "more" : `in ${list} folded`;
    const things = this.#count === 1 ? thing : `${thing}s`;
    this.lines.push(`      ${this.paint("frame", `${ELLIPSIS} ${this.#count} ${things} ${rest}`)}`);
    this.#count = 0;
    this.#regions.clear();
  }
}

/** Renders the steps that the excerpt does not show yet, innermost first. */
function steps(explanation: Explanation, options: RichOptions, paint: Paint): string[] {
  const { labels } = explanation;
  // The cycle already shows it.
  const trace = explanation.trace.filter(
    ({ message }) =>
      explanation.cycle.length === 0 || message !== "entering the infinite recursion",
  );
  const told = withoutDuplicates(
    options.showTrace ? trace : trace.filter((step) => !isShown(step, labels)),
  );
  const lines: string[] = [];
  const folded = new Folded(lines, paint);
  let shown = 0;
  let left = 0;
  for (const step of told) {
    // A step without a position belongs to the one around it.
    const isFolded = step.region !== undefined || (step.at === undefined && !folded.isEmpty);
    if (isFolded && !options.showTrace && !step.always) {
      folded.add(step.region);
      continue;
    }
    if (!options.showTrace && shown >= MAX_STEPS && !step.always) {
      left++;
      continue;
    }
    folded.flush("frame");
    shown++;
    lines.push(`      ${describeStep(step)}`);
  }
  folded.flush("frame");
  if (left > 0) {
    const frames = left === 1 ? "frame" : "frames";
    const text = `${ELLIPSIS} ${left} ${frames} more; --show-trace shows all`;
    lines.push(`      ${paint("frame", text)}`);
  }
  return lines.length === 0 ? [] : [note("on the way", paint), ...lines];
}

function describeStep({ message, at }: TraceStep): string {
  const text = stripTerminalCodes(message).replaceAll("\n", "\n        ");
  return at === undefined ? text : `${where(at)} ${text}`;
}

function isShown({ at }: TraceStep, labels: readonly Label[]): boolean {
  if (at === undefined) return false;
  return labels.some(
    ({ source, span }) =>
      source === at.source && at.span.start <= span.start && span.start < at.span.end,
  );
}

function withoutDuplicates(trace: readonly TraceStep[]): TraceStep[] {
  const seen = new Set<string>();
  return trace.filter((step) => {
    const key = describeStep(step);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function hints(explanation: Explanation, paint: Paint): string[] {
  const lines = explanation.hints.map(
    ({ message }) => `  ${paint("frame", "=")} ${paint("hint", "help:")} ${message}`,
  );
  const rest = explanation.suggestions.slice(1);
  if (rest.length > 0 && explanation.hints.some(({ rule }) => rule === "similar-name")) {
    const names = rest.map((name) => `\`${stripTerminalCodes(name)}\``).join(", ");
    lines.push(`${note("also similar", paint)} ${names}`);
  }
  return lines;
}
