/**
 * Differences between the original that is asked (2.8) and the one that Nivis follows (2.36).
 *
 * Each row recognises its difference as narrowly as it can and says why 2.36 answers otherwise; what
 * no row recognises is a mistake of Nivis.
 */
import { formatG6 } from "@nivis/formats";
import { asArgument, type Mode, type Outcome } from "./modes.ts";

/** A program that two evaluators answer differently. */
export interface Disagreement {
  readonly program: string;
  readonly mode: Mode;
  readonly nivis: Outcome;
  readonly reference: Outcome;
}

/** A known difference. */
export interface VersionDifference {
  readonly name: string;
  readonly reason: string;
  /** Whether it explains a disagreement about failure, or all of a disagreement about values. */
  matches?(disagreement: Disagreement): boolean;
  /** Where it applies, the text of a value without what differs; both sides are rewritten. */
  rewrite?(text: string, mode: Mode, program: string): string;
}

/** The oldest and newest texts of an empty list inside a value that is not forced. */
const EMPTY_LIST = {
  lazy: ["[ ]", "<CODE>"],
  "xml-lazy": ["<list></list>", "<unevaluated/>"],
} as const;

/** `tryEval` has caught something, as each mode prints it. */
const FALSE = /success = false|"success":false|<bool value="false"/;

/** All known differences. */
export const VERSION_DIFFERENCES: readonly VersionDifference[] = [
  {
    name: "text-for-a-path",
    reason:
      "The path of a position in an expression of the command line was the expression itself.",
    rewrite: (text, mode, program) =>
      mode === "xml-located"
        ? text.replaceAll(` path="${xmlEscaped(asArgument(program))}"`, "")
        : text,
  },
  {
    name: "positions-in-derivation-nix",
    reason: "derivation.nix is another text at another place.",
    rewrite: (text, mode, program) =>
      mode === "xml-located" && /derivation/.test(program)
        ? text.replace(
            /<attr column="\d+" line="\d+" (name="[^"]*") path="(?:\/\/builtin\/derivation|\/derivation-internal)\.nix"/g,
            "<attr $1",
          )
        : text,
  },
  {
    name: "integer-overflow",
    reason: "Integer operations wrapped around before 2.25; now an overflow is an error.",
    matches: ({ nivis }) => nivis.kind === "failure" && nivis.failure === "overflow",
  },
  {
    name: "empty-list-not-delayed",
    reason: "An empty list literal is one shared value and never a thunk any more.",
    matches: ({ program, mode, nivis, reference }) => {
      if (mode !== "lazy" && mode !== "xml-lazy") return false;
      if (nivis.kind !== "value" || reference.kind !== "value") return false;
      const [ours, theirs] = EMPTY_LIST[mode];
      const [a, b] = [nivis.text, reference.text].map((text) => {
        const rewritten = rewriteAll(text, mode, program);
        return mode === "lazy"
          ? rewritten
          : rewritten.replace(/>\s+</g, "><").replaceAll(" />", "/>");
      });
      return sameButFor(a as string, b as string, ours, theirs);
    },
  },
  {
    name: "json-floats",
    reason: "toJSON printed floats with six digits before 2.19; now so that they can be read back.",
    rewrite: (text, mode, program) =>
      mode === "json" || /toJSON/.test(program) ? sixDigits(text) : text,
  },
  {
    name: "dollar-in-attribute-name",
    reason:
      "Each $ in a quoted attribute name was escaped; now only one before a brace, as in strings.",
    rewrite: (text, mode, program) =>
      program.includes("$") && (mode === "strict" || mode === "lazy")
        ? text.replace(/"((?:[^"\\]|\\.)*)" =/g, (name) => name.replaceAll("\\$", "$"))
        : text,
  },
  {
    name: "ceil-and-floor-of-large-numbers",
    reason: "ceil and floor cast what no integer can hold; now that is an error.",
    matches: ({ nivis }) =>
      nivis.kind === "failure" &&
      /NixFloat argument .* is not in the range of NixInt|issues\/12899/.test(nivis.message),
  },
  {
    name: "positions-of-inherited",
    reason: "An inherited attribute is at its name; before 2.18 it was at what precedes it.",
    rewrite: (text, mode, program) =>
      mode === "xml-located" && /inherit|import/.test(program)
        ? text.replace(/<attr column="\d+" line="\d+"/g, "<attr")
        : text,
  },
  {
    name: "variables-of-with-are-delayed",
    reason:
      "A variable from a with is always a thunk; it was not when that with had been evaluated.",
    matches: ({ program, mode, nivis, reference }) =>
      /\bwith\b/.test(program) && isMoreDelayed(mode, nivis, reference),
  },
  {
    name: "order-of-recursive-bindings",
    reason:
      "A binding that is another variable of its rec or let is no thunk if that one was made before; the order is that of the symbols, which was by address.",
    matches: ({ program, mode, nivis, reference }) =>
      /\b(?:rec|let)\b/.test(program) &&
      (isMoreDelayed(mode, nivis, reference) || isMoreDelayed(mode, reference, nivis)),
  },
  {
    name: "order-of-forcing",
    reason:
      "Which of several failing attributes is forced first depends on the order in which a process met their names.",
    matches: ({ mode, nivis, reference }) =>
      mode === "strict" &&
      nivis.kind === "failure" &&
      reference.kind === "failure" &&
      nivis.failure !== "crash" &&
      reference.failure !== "crash",
  },
  {
    name: "closure-of-unwritten-derivation",
    reason:
      "Deliberate: Nivis remembers the derivations that it computed, so a drvPath may be used as an input although nothing is written; C++ Nix fails.",
    matches: ({ nivis, reference }) =>
      nivis.kind === "value" &&
      reference.kind === "failure" &&
      /error: path '[^']*\.drv' is not valid/.test(reference.message),
  },
  {
    name: "floats-in-structured-attributes",
    reason:
      "The JSON of structured attributes has floats as toJSON prints them, so the hashes differ.",
    rewrite: (text, _mode, program) =>
      program.includes("__structuredAttrs")
        ? text.replace(/\/nix\/store\/[0-9a-z]{32}-/g, "/nix/store/")
        : text,
  },
  {
    name: "function-is-checked",
    reason:
      "map, genList and others look at their function at once, not when an element is wanted.",
    matches: ({ program, nivis, reference }) =>
      /\b(map|genList|mapAttrs|zipAttrsWith|groupBy)\b/.test(program) &&
      (nivis.kind === "failure"
        ? reference.kind === "value" &&
          /while evaluating the first argument passed to builtins\.(map|genList)/.test(
            nivis.message,
          )
        : /tryEval/.test(program) && FALSE.test(nivis.text)),
  },
  {
    name: "json-of-bytes",
    reason: "toJSON passed on bytes that are not UTF-8; now they are an error.",
    matches: ({ nivis }) => nivis.kind === "failure" && /invalid UTF-8 byte/.test(nivis.message),
  },
  {
    name: "function-of-empty-list",
    reason: "filter and sort look at their function only when there are elements.",
    matches: ({ program, nivis, reference }) =>
      nivis.kind === "value" &&
      /filter|sort/.test(program) &&
      (reference.kind === "failure"
        ? /while a function was expected/.test(reference.message)
        : /tryEval/.test(program) && FALSE.test(reference.text)),
  },
  {
    name: "substring-of-64-bits",
    reason: "substring took its offset and length modulo 2^32 before 2.19.",
    matches: ({ program }) => /substring/.test(program) && /[0-9]{10}/.test(program),
  },
];

/** The difference that explains a disagreement, if one does. */
export function explain(disagreement: Disagreement): VersionDifference | undefined {
  const { program, mode, nivis, reference } = disagreement;
  if (
    nivis.kind === "value" &&
    reference.kind === "value" &&
    rewriteAll(nivis.text, mode, program) === rewriteAll(reference.text, mode, program)
  ) {
    return VERSION_DIFFERENCES.find(
      ({ rewrite }) =>
        rewrite !== undefined &&
        (rewrite(nivis.text, mode, program) !== nivis.text ||
          rewrite(reference.text, mode, program) !== reference.text),
    );
  }
  return VERSION_DIFFERENCES.find((difference) => difference.matches?.(disagreement) === true);
}

function rewriteAll(text: string, mode: Mode, program: string): string {
  return VERSION_DIFFERENCES.reduce(
    (all, { rewrite }) => rewrite?.(all, mode, program) ?? all,
    text,
  );
}

/** Whether two texts are the same where `a` has `inA` and `b` has `inB`. */
function sameButFor(a: string, b: string, inA: string, inB: string): boolean {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (a.startsWith(inA, i) && b.startsWith(inB, j)) {
      i += inA.length;
      j += inB.length;
    } else if (a[i++] !== b[j++]) return false;
  }
  return true;
}

/** Whether `one` is `other` with some values delayed that are not delayed there. */
function isMoreDelayed(mode: Mode, one: Outcome, other: Outcome): boolean {
  if (mode !== "lazy" && mode !== "xml-lazy") return false;
  if (one.kind !== "value" || other.kind !== "value") return false;
  const delayed = mode === "lazy" ? "<CODE>" : "<unevaluated />";
  const pieces = one.text
    .split(delayed)
    .map((piece) => piece.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${pieces.join("[^]*?")}$`).test(other.text);
}

/** The text with every number rounded to six digits, and none for what JSON cannot say. */
function sixDigits(text: string): string {
  return text
    .replace(/(?<![\w"])-?(?:inf|nan)(?!\w)/g, "null")
    .replace(/-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g, (number) =>
      /[.eE]|^-0$/.test(number) || number.length > 6 ? formatG6(Number(number) + 0) : number,
    );
}

function xmlEscaped(text: string): string {
  const names: Record<string, string> = {
    "<": "&lt;",
    ">": "&gt;",
    "&": "&amp;",
    '"': "&quot;",
    "\n": "&#xA;",
  };
  return text.replace(/[<>&"\n]/g, (char) => names[char] as string);
}
