/** Compares what two evaluators say about the attributes of a set. */
import type { Answer } from "./answers.ts";

/** How two answers differ. */
export type DifferenceKind =
  /** Both are derivations, with different paths. */
  | "drvPath"
  /** Only one of the sets has the attribute. */
  | "missing"
  /** Only Nivis fails. */
  | "nivis-fails"
  /** Only the reference fails. */
  | "reference-fails"
  /** Both fail, but not in the same way. */
  | "failure-kind"
  /** Both are something, but not the same thing. */
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
  /** Differences that Nix has with itself: the reference does what later versions do not. */
  readonly ofVersions: readonly Difference[];
  /** Both are aborted by an error, worded differently: versions word errors differently. */
  readonly otherMessage: readonly Difference[];
}

/** The comparison of all names that one of them knows. */
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

/** The kind of difference of two answers; `undefined` when they agree. */
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
 * Whether the reference fails only because it is old. Nix 2.8 looks a name that comes from a `with`
 * up when it makes a thunk of it, if the set of the `with` happens to be evaluated; later versions
 * look when the value is needed:
 *
 *     with { a = 1; }; builtins.seq a (builtins.attrNames { x = undefinedName; })
 */
function isOfVersions({ kind, reference }: Difference): boolean {
  return (
    kind === "reference-fails" && reference?.aborted?.startsWith("undefined variable '") === true
  );
}

/** How an attribute fails, in one word or two; `undefined` when it does not. */
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
