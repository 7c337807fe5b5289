/** Compares the answers of two evaluators for the attributes of a set. */
import type { Answer } from "./answers.ts";

/** How two answers differ. */
export type DifferenceKind =
  /** Both are derivations, with different paths. */
  | "drvPath"
  /** Only one evaluator has the attribute. */
  | "missing"
  /** Only Nivis fails. */
  | "nivis-fails"
  /** Only the reference fails. */
  | "reference-fails"
  /** Both fail in different ways. */
  | "failure-kind"
  /** Both are values of different types. */
  | "type";

export interface Difference {
  readonly name: string;
  readonly kind: DifferenceKind;
  readonly nivis: Answer | undefined;
  readonly reference: Answer | undefined;
}

export interface Comparison {
  readonly attributes: number;
  readonly equal: number;
  readonly derivations: number;
  readonly differences: readonly Difference[];
  /** Differences between versions of Nix, which the age of the reference explains. */
  readonly ofVersions: readonly Difference[];
  /** Both are aborted by an error with different wordings, which change between versions. */
  readonly otherMessage: readonly Difference[];
}

/** Compares the answers for all names that either evaluator has. */
export function compareAnswers(
  nivis: ReadonlyMap<string, Answer>,
  reference: ReadonlyMap<string, Answer>,
): Comparison {
  const names = [...new Set([...nivis.keys(), ...reference.keys()])].sort();
  const differences: Difference[] = [];
  const ofVersions: Difference[] = [];
  const otherMessage: Difference[] = [];
  let derivations = 0;
  for (const name of names) {
    const pair = { name, nivis: nivis.get(name), reference: reference.get(name) };
    if (pair.reference?.drvPath !== undefined) derivations++;
    const kind = differenceOf(pair.nivis, pair.reference);
    if (kind !== undefined) {
      const difference = { ...pair, kind };
      (isOfVersions(difference) ? ofVersions : differences).push(difference);
    } else if (pair.nivis?.aborted !== pair.reference?.aborted) {
      otherMessage.push({ ...pair, kind: "failure-kind" });
    }
  }
  return {
    attributes: names.length,
    equal: names.length - differences.length - ofVersions.length,
    derivations,
    differences,
    ofVersions,
    otherMessage,
  };
}

/** The kind of difference between two answers; `undefined` if they agree. */
export function differenceOf(
  nivis: Answer | undefined,
  reference: Answer | undefined,
): DifferenceKind | undefined {
  if (nivis === undefined || reference === undefined) return "missing";
  const ours = failureOf(nivis);
  const theirs = failureOf(reference);
  if (ours !== theirs) {
    if (theirs === undefined) return "nivis-fails";
    return ours === undefined ? "reference-fails" : "failure-kind";
  }
  if (ours !== undefined) return undefined;
  if (nivis.type !== reference.type) return "type";
  return nivis.drvPath === reference.drvPath ? undefined : "drvPath";
}

/**
 * Whether the reference fails only because it is old. When Nix 2.8 makes a thunk of a name from a
 * `with` whose set is already evaluated, it looks the name up immediately; later versions
 * look it up when the value is needed:
 *
 *     with { a = 1; }; builtins.seq a (builtins.attrNames { x = undefinedName; })
 */
function isOfVersions({ kind, reference }: Difference): boolean {
  return (
    kind === "reference-fails" && reference?.aborted?.startsWith("undefined variable '") === true
  );
}

/** The way in which an attribute fails, in a word or two; `undefined` if it does not fail. */
function failureOf({ failed, aborted, outOfMemory, crashed }: Answer): string | undefined {
  if (failed !== undefined) return `throw in ${failed}`;
  if (aborted !== undefined) return "error";
  if (outOfMemory !== undefined) return "out of memory";
  return crashed === undefined ? undefined : "crash";
}

/** An answer in a few words. */
export function describeAnswer(answer: Answer | undefined): string {
  if (answer === undefined) return "no such attribute";
  if (answer.drvPath !== undefined) return answer.drvPath;
  if (answer.type !== undefined) return `a value of type ${answer.type}`;
  if (answer.failed !== undefined) return `throw or assert in its ${answer.failed}`;
  if (answer.aborted !== undefined) return `error: ${answer.aborted}`;
  if (answer.outOfMemory !== undefined) return `out of memory: ${answer.outOfMemory}`;
  return `crash: ${answer.crashed}`;
}
