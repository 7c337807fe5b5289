/**
 * Profile: what was sampled, with the names and places that users know instead of code. It is plain
 * data that every export and table reads.
 *
 * Texts are ordinary text, not bytes.
 */
import {
  contextTextOf,
  derivationNameOf,
  type Evaluation,
  Lambda,
  LambdaKind,
  type PosIdx,
  type SampledFrame,
  type SampledStack,
  type TimeSampler,
} from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";
import { type Expr, parse, type SourceFile } from "@nivis/syntax";
import { bindingNames } from "../binding-names.ts";

/** What a frame is. */
export type FrameKind =
  | "function"
  | "value"
  | "builtin"
  | "attribute"
  | "derivation"
  | "option"
  | "other";

/** A frame of a profile. */
export interface ProfileFrame {
  readonly kind: FrameKind;
  readonly name: string;
  /** The file, `«string»` and the like; absent for what has no place. */
  readonly file?: string;
  /** Line and column, from 1. */
  readonly line?: number;
  readonly column?: number;
}

/** The measures of a profile, all of which each node has. */
export interface Measures {
  readonly samples: number;
  readonly milliseconds: number;
  /** Bytes allocated, whether or not they were collected later. */
  readonly bytes: number;
}

/** A stack of frames; what is measured belongs to exactly this stack, not to those above it. */
export interface ProfileNode extends Measures {
  readonly frame: ProfileFrame;
  /** Its index in {@link Profile.nodes}; -1 of an outermost frame. */
  readonly parent: number;
}

/** The interval that a sample stands for. */
export interface ProfileSample {
  /** The node; -1 for time in which no frame was there. */
  readonly node: number;
  /** Milliseconds since the beginning. */
  readonly at: number;
  readonly milliseconds: number;
  /** What was allocated in it, by whatever stacks. */
  readonly bytes: number;
}

/** A whole profile. */
export interface Profile {
  /** What was evaluated, for titles. */
  readonly title: string;
  /** Parents precede their children. */
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly ProfileSample[];
  /** The whole duration, and all that was allocated in it. */
  readonly milliseconds: number;
  readonly bytes: number;
}

/** The message that the module system adds while it evaluates an option. */
const OPTION_CONTEXT = /^while evaluating the option [`'"]?(.*?)['"]?:?$/;

/** Makes a profile of what a sampler has gathered. */
export function profileOf(sampler: TimeSampler, evaluation: Evaluation, title: string): Profile {
  const names = new FrameNames(evaluation);
  const nodes: ProfileNode[] = [];
  const indexes = new Map<SampledStack, number>([[sampler.root, -1]]);
  // Landmarks that say nothing are left out, and so are nodes that become equal thereby.
  const known = new Map<number, Map<ProfileFrame, number>>();
  const sums: { samples: number; milliseconds: number; bytes: number }[] = [];
  const work = [...sampler.root.children.values()].reverse();
  for (let stack = work.pop(); stack !== undefined; stack = work.pop()) {
    work.push(...[...stack.children.values()].reverse());
    const parent = indexes.get(stack.parent as SampledStack) as number;
    const frame = names.frameOf(stack.frame);
    let index: number | undefined = parent;
    if (frame !== undefined) {
      let siblings = known.get(parent);
      if (siblings === undefined) {
        siblings = new Map();
        known.set(parent, siblings);
      }
      index = siblings.get(frame);
      if (index === undefined) {
        index = nodes.length;
        siblings.set(frame, index);
        const sum = { samples: 0, milliseconds: 0, bytes: 0 };
        sums.push(sum);
        nodes.push(Object.assign(sum, { frame, parent }));
      }
    }
    indexes.set(stack, index);
    const sum = sums[index];
    if (sum === undefined) continue;
    sum.samples += stack.samples;
    sum.milliseconds += stack.milliseconds;
    sum.bytes += stack.bytes;
  }
  const samples = sampler.times.map(({ stack, at, milliseconds, bytes }) => ({
    node: indexes.get(stack) as number,
    at,
    milliseconds,
    bytes,
  }));
  const last = samples.at(-1);
  const milliseconds = last === undefined ? 0 : last.at + last.milliseconds;
  const bytes = samples.reduce((sum, sample) => sum + sample.bytes, 0);
  return { title, nodes, samples, milliseconds, bytes };
}

/** Finds the frames of a profile; equal things are one frame. */
export class FrameNames {
  readonly #evaluation: Evaluation;
  readonly #byCode = new Map<SampledFrame, ProfileFrame | undefined>();
  readonly #byText = new Map<string, ProfileFrame>();
  readonly #bindings = new Map<SourceFile, ReadonlyMap<number, string>>();

  constructor(evaluation: Evaluation) {
    this.#evaluation = evaluation;
  }

  frameOf(sampled: SampledFrame): ProfileFrame | undefined {
    if (this.#byCode.has(sampled)) return this.#byCode.get(sampled);
    const found = this.#make(sampled);
    const frame = found === undefined ? undefined : this.#shared(found);
    this.#byCode.set(sampled, frame);
    return frame;
  }

  #shared(frame: ProfileFrame): ProfileFrame {
    const key = JSON.stringify(frame);
    const known = this.#byText.get(key);
    if (known !== undefined) return known;
    this.#byText.set(key, frame);
    return frame;
  }

  #make(sampled: SampledFrame): ProfileFrame | undefined {
    if (typeof sampled === "string") {
      return sampled.startsWith("(")
        ? { kind: "other", name: sampled }
        : { kind: "builtin", name: `builtins.${sampled}` };
    }
    if (sampled instanceof Lambda) return this.#codeFrame(sampled);
    switch (sampled.kind) {
      case "attribute":
        return { kind: "attribute", name: decodeUtf8(sampled.subject as string) };
      case "derivation": {
        const name = derivationNameOf(sampled.subject);
        return name === undefined ? undefined : { kind: "derivation", name: decodeUtf8(name) };
      }
      case "context": {
        const name = OPTION_CONTEXT.exec(this.#contextText(sampled.subject) ?? "")?.[1];
        return name === undefined ? undefined : { kind: "option", name: decodeUtf8(name) };
      }
    }
  }

  #contextText(subject: Parameters<typeof contextTextOf>[0]): string | undefined {
    try {
      return contextTextOf(subject, (slot) => this.#evaluation.force(slot));
    } catch {
      // A context that fails names nothing; the evaluation has said so where it mattered.
      return undefined;
    }
  }

  #codeFrame(lambda: Lambda): ProfileFrame {
    const kind = lambda.kind === LambdaKind.Function ? "function" : "value";
    const place = this.#placeOf(lambda.pos);
    const bound = lambda.name ?? place?.name;
    const fallback = kind === "function" ? "(anonymous function)" : "(expression)";
    const name = bound === undefined ? fallback : decodeUtf8(bound);
    if (place === undefined) return this.#fileFrame(kind, lambda);
    const { file, line, column } = place;
    return { kind, name, file: decodeUtf8(file), line, column };
  }

  /** The code of a whole text has no position; it has the file of its instructions. */
  #fileFrame(kind: FrameKind, lambda: Lambda): ProfileFrame {
    lambda.ensureDebugInfo();
    const place = this.#placeOf((lambda.spans[1] ?? 0) as PosIdx);
    const name = "(file)";
    if (place === undefined) return { kind, name };
    return { kind, name, file: decodeUtf8(place.file), line: 1, column: 1 };
  }

  #placeOf(pos: PosIdx) {
    const resolved = this.#evaluation.positions.resolve(pos);
    if (resolved === undefined) return undefined;
    const { source, offset } = resolved;
    const described = source.describe(offset);
    const [, file = described, line = "1", column = "1"] =
      /^(.*):(\d+):(\d+)$/s.exec(described) ?? [];
    const name = this.#bindingsOf(source).get(offset);
    return { file, line: Number(line), column: Number(column), name };
  }

  /** The names of bindings by the offset at which their values begin. */
  #bindingsOf(source: SourceFile): ReadonlyMap<number, string> {
    let names = this.#bindings.get(source);
    if (names === undefined) {
      const found = new Map<number, string>();
      const { expr } = parse(source, { basePath: "/", home: "/" });
      for (const [value, name] of bindingNames(expr)) {
        for (const offset of [(value as Expr & { start?: number }).start, value.pos]) {
          if (offset !== undefined && !found.has(offset)) found.set(offset, name);
        }
      }
      names = found;
      this.#bindings.set(source, names);
    }
    return names;
  }
}
