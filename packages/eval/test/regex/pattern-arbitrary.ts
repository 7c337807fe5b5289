/** Random valid patterns over a small alphabet, and subjects that they have a chance to match. */
import fc from "fast-check";

const byte = fc.constantFrom("a", "b", "c");
const set = fc.constantFrom(".", "[ab]", "[^a]", "[[:alpha:]]", "[b-c]");
const quantifier = fc.constantFrom("*", "+", "?", "{0,2}", "{2}", "{1,}", "{1,3}", "{0}", "+?");

/** Patterns whose groups nest up to `depth` times. */
export function patterns(depth: number): fc.Arbitrary<string> {
  const group = depth === 0 ? byte : patterns(depth - 1).map((pattern) => `(${pattern})`);
  const atom = fc.oneof({ arbitrary: byte, weight: 3 }, set, { arbitrary: group, weight: 2 });
  const quantified = fc.tuple(atom, quantifier).map(([operand, sign]) => operand + sign);
  const term = fc.oneof(
    { arbitrary: atom, weight: 6 },
    { arbitrary: quantified, weight: 5 },
    { arbitrary: fc.constantFrom("^", "$"), weight: 1 },
  );
  const alternative = fc.array(term, { maxLength: 3 }).map((terms) => terms.join(""));
  return fc
    .oneof({ arbitrary: fc.constant(1), weight: 3 }, fc.constant(2), fc.constant(3))
    .chain((count) => fc.array(alternative, { minLength: count, maxLength: count }))
    .map((alternatives) => alternatives.join("|"));
}

export const subjects: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom("a", "b", "c"),
  maxLength: 8,
});
