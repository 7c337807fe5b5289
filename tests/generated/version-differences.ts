/**
 * Differences between the original on this machine (2.8) and the one that Nivis follows (2.36).
 *
 * A row says why 2.36 behaves differently, and how to verify that nothing else is behind a
 * disagreement: by a rule about the printed values (`printed-differences.ts`), or by a neutral form
 * of the program (`neutral-programs.ts`) about which both must agree. A disagreement without a row
 * is a bug in Nivis.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { printTerm, Random, shuffleBindings, type Term } from "@nivis/testkit";
import { askNivis, failuresInside, type Mode, type Outcome } from "./modes.ts";
import {
  inAscii,
  withBranches,
  withDefault,
  withDelayedVariables,
  withForcedPositions,
  withFunctionsFirst,
  withKnownNames,
  withOffsetsFirst,
  withOnlyOnes,
  withoutAliases,
  withoutDepth,
  withoutEmptyLists,
  withoutFunctionChecks,
  withoutIndentedStrings,
  withoutLargeNumbers,
  withoutStructuredAttrs,
  withRightOperandsFirst,
  withSelections,
  withStrictReplacements,
} from "./neutral-programs.ts";
import { printedDifferences } from "./printed-differences.ts";
import { askReference } from "./reference-batches.ts";

/** A program with different answers from two evaluators. */
export interface Disagreement {
  readonly term: Term;
  readonly program: string;
  readonly mode: Mode;
  readonly nivis: Outcome;
  readonly reference: Outcome;
}

/** A known difference. */
export interface VersionDifference {
  readonly name: string;
  readonly reason: string;
  /**
   * Whether a disagreement may be this difference; absent if `printed-differences.ts` has the rule.
   */
  suspects?(disagreement: Disagreement): boolean;
  /** Forms of the program in which it cannot appear; both must agree about one of them. */
  readonly neutral?: readonly ((program: string) => string)[];
  /** Another way to verify it. */
  proves?(disagreement: Disagreement, reference: string): boolean;
}

/** The number of other attribute orders to try. */
const ORDERS = 12;

/** All known differences. */
export const VERSION_DIFFERENCES: readonly VersionDifference[] = [
  {
    name: "text-for-a-path",
    reason:
      "The path of a position in an expression of the command line was the expression itself.",
  },
  {
    name: "positions-in-derivation-nix",
    reason: "derivation.nix is another text at another place.",
  },
  {
    name: "positions-of-inherited",
    reason: "An inherited attribute is at its name; before 2.18 it was at what precedes it.",
  },
  {
    name: "json-floats",
    reason: "toJSON printed floats with six digits before 2.19; now so that they can be read back.",
  },
  {
    name: "dollar-in-attribute-name",
    reason:
      "Each $ in a quoted attribute name was escaped; now only one before a brace, as in strings.",
  },
  {
    name: "repeated-lists",
    reason:
      "A list is «repeated» when the same cell is met again; a list of three or more was when its elements were.",
  },
  {
    name: "empty-list-not-delayed",
    reason: "An empty list literal is one shared value and never a thunk any more.",
    suspects: ({ program, mode, nivis, reference }) =>
      isLazy(mode) && areValues(nivis, reference) && /\[\s*\]/.test(program),
    neutral: [withoutEmptyLists],
  },
  {
    name: "pieces-of-indented-strings",
    reason:
      "Pieces of an indented string that are empty after stripping are dropped, so that the rest may be a single string and not a thunk.",
    suspects: ({ program, mode, nivis, reference }) =>
      isLazy(mode) && areValues(nivis, reference) && program.includes("''"),
    neutral: [withoutIndentedStrings],
  },
  {
    name: "variables-of-with-are-delayed",
    reason:
      "A variable from a with is always a thunk; it was not when that with had been evaluated.",
    suspects: ({ program, mode, nivis, reference }) =>
      isLazy(mode) && areValues(nivis, reference) && /\bwith\b/.test(program),
    neutral: [withDelayedVariables],
  },
  {
    name: "order-of-recursive-bindings",
    reason:
      "A binding that only names another variable of its rec or let shares its value if that one was created before; the order is that of the symbols, which was by address.",
    suspects: ({ nivis, reference }) => areValues(nivis, reference),
    neutral: [withoutAliases],
  },
  {
    name: "variables-of-overridden-sets-are-delayed",
    reason:
      "Deliberate: a variable of a rec with __overrides is selected from the set, so where it is deferred it is a thunk even if its value is known.",
    suspects: ({ program, mode, nivis, reference }) =>
      isLazy(mode) && areValues(nivis, reference) && program.includes("__overrides"),
    neutral: [withBranches],
  },
  {
    name: "integer-overflow",
    reason: "Integer operations wrapped around before 2.25; now an overflow is an error.",
    suspects: ({ nivis }) => nivis.kind === "failure" && overflows(nivis.gist),
    neutral: [withoutLargeNumbers, withOnlyOnes],
  },
  {
    name: "ceil-and-floor-of-large-numbers",
    reason: "ceil and floor cast floats beyond the range of integers; now that is an error.",
    suspects: ({ nivis }) =>
      nivis.kind === "failure" &&
      /^NixFloat argument .* is not in the range of NixInt|issues\/12899/.test(nivis.gist),
    neutral: [withoutLargeNumbers, withOnlyOnes],
  },
  {
    name: "substring-of-64-bits",
    reason: "substring took its offset and length modulo 2^32 before 2.19.",
    suspects: ({ program }) => /substring/.test(program) && /\d{10}/.test(program),
    neutral: [withoutLargeNumbers],
  },
  {
    name: "right-operand-of-update-first",
    reason: "// forces its right operand first; it forced the left one.",
    suspects: ({ program, nivis }) => nivis.kind === "failure" && program.includes("//"),
    neutral: [withRightOperandsFirst],
  },
  {
    name: "substring-looks-at-offset-first",
    reason: "substring checked its offset last; now a negative one fails first.",
    suspects: ({ nivis }) =>
      nivis.kind === "failure" && nivis.gist === "negative start position in 'substring'",
    neutral: [withOffsetsFirst],
  },
  {
    name: "replacements-are-delayed",
    reason: "replaceStrings forces a replacement when it needs it; it forced all.",
    suspects: ({ program }) => program.includes("replaceStrings"),
    neutral: [withStrictReplacements],
  },
  {
    name: "positions-are-delayed",
    reason: "The line and the column in the result of unsafeGetAttrPos are thunks.",
    suspects: ({ program, mode }) => isLazy(mode) && program.includes("unsafeGetAttrPos"),
    neutral: [withForcedPositions],
  },
  {
    name: "json-of-bytes",
    reason: "toJSON passed on bytes that are not UTF-8; now they are an error.",
    suspects: ({ nivis }) => nivis.kind === "failure" && /invalid UTF-8 byte/.test(nivis.gist),
    neutral: [inAscii],
  },
  {
    name: "floats-in-structured-attributes",
    reason:
      "The JSON of structured attributes has floats as toJSON prints them, so the hashes differ.",
    suspects: ({ program, nivis, reference }) =>
      program.includes("__structuredAttrs") && areValues(nivis, reference),
    neutral: [withoutStructuredAttrs],
  },
  {
    name: "function-is-checked",
    reason: "map and genList look at their function at once, not when an element is wanted.",
    suspects: ({ program }) => /\b_*(?:map|genList)\b/.test(program),
    neutral: [withoutFunctionChecks],
  },
  {
    name: "function-of-empty-list",
    reason: "filter and sort look at their function only when there are elements.",
    suspects: ({ program }) => /(?:filter|sort)\b/.test(program),
    neutral: [withFunctionsFirst],
  },
  {
    name: "closure-of-unwritten-derivation",
    reason:
      "Deliberate: Nivis remembers the derivations that it computed, so a drvPath may be used as an input although nothing is written; C++ Nix fails unless it writes them.",
    suspects: ({ nivis, reference }) =>
      nivis.kind === "value" &&
      reference.kind === "failure" &&
      /^path '[^']*\.drv' is not valid$/.test(reference.gist),
    proves: ({ program, mode, nivis }, reference) =>
      agree(nivis, askWithStore(reference, program, mode), mode, program),
  },
  {
    name: "regex-overflows-stack",
    reason:
      "Deliberate: the engine of regular expressions is linear; that of C++ overflows the stack on long texts.",
    suspects: ({ program, nivis, reference }) =>
      nivis.kind === "value" &&
      reference.kind === "failure" &&
      reference.gist.startsWith("stack overflow") &&
      /match|split/.test(program),
    neutral: [withoutDepth],
  },
  {
    name: "inherit-in-assertion",
    reason: "The condition of an assertion is printed with its inherit (e) a, which was a = (e).a.",
    suspects: ({ program, nivis, reference }) =>
      isAssertion(nivis) && isAssertion(reference) && /inherit\s*\(/.test(program),
    neutral: [withSelections],
  },
  {
    name: "order-of-formals",
    reason:
      "Of several arguments that are missing the first by name is reported; it was the first by its symbol.",
    suspects: ({ nivis, reference }) => isMissing(nivis) && isMissing(reference),
    proves: ({ program, mode, nivis }, reference) => {
      let [text, ours] = [program, nivis];
      for (let tries = 0; tries < ORDERS && isMissing(ours); tries++) {
        const name = /'(.*)'/.exec((ours as { gist: string }).gist)?.[1] as string;
        text = withDefault(text, name);
        ours = ask(text, mode);
        const theirs = askReference(reference, [text], mode)[0] as Outcome;
        if (agree(ours, theirs, mode, text)) return true;
      }
      return false;
    },
  },
  {
    name: "order-of-attributes",
    reason:
      "Attributes are forced and compared in the order of their symbols, which was by address and is nearly that of definition; so another one may fail first, or fail before two sets are seen to differ.",
    suspects: ({ nivis, reference }) => !areValues(nivis, reference),
    proves: ({ term, program, mode, nivis, reference }) => {
      if (nivis.kind === "failure" && reference.kind === "failure" && mode === "strict") {
        const failures = failuresInside(program);
        if (failures.has(nivis.gist) && failures.has(reference.gist)) return true;
      }
      for (let seed = 0; seed < ORDERS; seed++) {
        const program = withKnownNames(printTerm(shuffleBindings(term, new Random(seed))));
        if (agree(ask(program, mode), reference, mode, program)) return true;
      }
      return false;
    },
  },
];

/** Whether two answers agree, as far as two versions can. */
export function agree(nivis: Outcome, reference: Outcome, mode: Mode, program: string): boolean {
  if (nivis.kind === "failure" || reference.kind === "failure") {
    return (
      nivis.kind === "failure" &&
      reference.kind === "failure" &&
      nivis.failure === "error" &&
      reference.failure === "error" &&
      nivis.gist === reference.gist
    );
  }
  return printedDifferences(nivis.text, reference.text, mode, program) !== undefined;
}

/**
 * The names of the differences that explain a disagreement; empty if none do. `reference` is the
 * program of the original.
 */
export function explain(disagreement: Disagreement, reference: string): readonly string[] {
  const { program, mode } = disagreement;
  const suspects = VERSION_DIFFERENCES.filter((row) => row.suspects?.(disagreement) === true);
  const agreeAbout = (text: string): boolean =>
    text !== program &&
    agree(ask(text, mode), askReference(reference, [text], mode)[0] as Outcome, mode, text);
  for (const { name, neutral, proves } of suspects) {
    if (neutral?.some((rewrite) => agreeAbout(rewrite(program))) === true) return [name];
    if (proves?.(disagreement, reference) === true) return [name];
  }
  // Several differences at once: each one that changes the program when its turn comes.
  const names: string[] = [];
  let text = program;
  for (const { name, neutral } of suspects) {
    const next = neutral?.at(-1)?.(text) ?? text;
    if (next !== text) names.push(name);
    text = next;
  }
  return names.length > 1 && agreeAbout(text) ? names : [];
}

/** The answer of Nivis in one mode. */
function ask(program: string, mode: Mode): Outcome {
  return askNivis(program, [mode]).get(mode) as Outcome;
}

/** The answer of the original with a writable store. */
function askWithStore(reference: string, program: string, mode: Mode): Outcome {
  const folder = mkdtempSync(join(tmpdir(), "nivis-generated-"));
  try {
    const flags = ["--read-write-mode", "--store", folder];
    return askReference(reference, [program], mode, flags)[0] as Outcome;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isLazy(mode: Mode): boolean {
  return mode === "lazy" || mode === "xml-lazy";
}

function isAssertion(outcome: Outcome): boolean {
  return outcome.kind === "failure" && outcome.gist.startsWith("assertion: ");
}

function isMissing(outcome: Outcome): boolean {
  return (
    outcome.kind === "failure" &&
    outcome.gist.startsWith("function called without required argument ")
  );
}

function areValues(a: Outcome, b: Outcome): boolean {
  return a.kind === "value" && b.kind === "value";
}

/** Whether a message correctly reports an integer overflow. */
function overflows(message: string): boolean {
  const match = /^integer overflow in \w+ (-?\d+) ([-+*/]) (-?\d+)$/.exec(message);
  if (match === null) return false;
  const [a, b] = [BigInt(match[1] as string), BigInt(match[3] as string)];
  const results: Record<string, bigint> = {
    "+": a + b,
    "-": a - b,
    "*": a * b,
    "/": b === 0n ? 0n : a / b,
  };
  const result = results[match[2] as string] as bigint;
  return BigInt.asIntN(64, result) !== result;
}
