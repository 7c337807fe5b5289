/**
 * Laws of the formatter on generated texts: the result is the same program with the same comments (which
 * `format` checks itself), formatting it again changes nothing, and no text makes it fail in another
 * way than by a `FormatError`.
 */
import { SourceFile } from "@nivis/syntax";
import fc from "fast-check";
import { expect, test } from "vitest";
import { brokenText, expressionText } from "../../syntax/test/generate.ts";
import { FormatError, format } from "../src/index.ts";

function source(text: string): SourceFile {
  return new SourceFile({ kind: "string" }, Buffer.from(text).toString("latin1"));
}

const gap = fc.constantFrom(
  "\n",
  "\n\n",
  "  \n\t",
  "/* a */",
  "/* a\n  * b\n */",
  "/** c */",
  "# d\n",
  " # e f \n\n# g\n",
  "/* bash */",
  "\n/*nixfmt:disable*/\n",
  "\n/*nixfmt:enable*/\n",
);

/** Generated expressions with comments and line breaks in some of their gaps. */
const commentedText = fc
  .tuple(expressionText, fc.array(fc.tuple(fc.nat(1000), gap), { maxLength: 12 }))
  .map(([text, gaps]) => {
    const places = [...text.matchAll(/(?<=[ ([{;,=:@?])/g)].map((found) => found.index);
    let result = text;
    const chosen = new Map(gaps.map(([at, put]) => [places[at % Math.max(1, places.length)], put]));
    for (const [place, put] of [...chosen].sort(([a = 0], [b = 0]) => b - a))
      if (place !== undefined) result = `${result.slice(0, place)} ${put} ${result.slice(place)}`;
    return result;
  });

test("the result is the same program and formatting it changes nothing", () => {
  let formatted = 0;
  fc.assert(
    fc.property(
      commentedText,
      fc.boolean(),
      fc.constantFrom(30, 80, 100),
      (text, strict, width) => {
        let once: string;
        try {
          once = format(source(text), { strict, width });
        } catch (error) {
          // A comment may have landed in a string, a directive may have lost its line.
          if (error instanceof FormatError && error.kind === "syntax") return;
          throw error;
        }
        formatted += 1;
        const options = { strict, width };
        expect(format(new SourceFile({ kind: "string" }, once), options), text).toBe(once);
      },
    ),
    { numRuns: 800, seed: 33 },
  );
  expect(formatted).toBeGreaterThan(300);
});

test("a broken text is refused and nothing else happens", () => {
  fc.assert(
    fc.property(brokenText, (text) => {
      try {
        format(source(text));
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        expect((error as FormatError).kind).not.toBe("verification");
      }
    }),
    { numRuns: 1000, seed: 31 },
  );
});
