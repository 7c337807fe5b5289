/** The bytes of a text and the way to them are the same whether they are made anew or from an earlier text. */
import { encodeUtf8 } from "@nivis/formats";
import { Random, testSeed } from "@nivis/testkit";
import { expect, test } from "vitest";
import { type EncodedText, encodeText } from "../src/text/position-map.ts";

const PIECES = [
  "",
  "a",
  "line\n",
  "é",
  "𝄞",
  "\ud834",
  "\udd1e",
  "中文",
  "x".repeat(70),
  "é".repeat(70),
];
/** As in `position-map.ts`. */
const STRIDE = 64;

test("after random edits the bytes and the table are those of the text", () => {
  const random = new Random(testSeed("position map", 20_261_130));
  let text = "é";
  let earlier: { text: string } & EncodedText = { text, ...encodeText(text) };
  for (let edit = 0; edit < 3000; edit += 1) {
    const start = random.below(text.length + 1);
    const end = Math.min(text.length, start + random.below(text.length > 2000 ? 900 : 6));
    text = text.slice(0, start) + PIECES[random.below(PIECES.length)] + text.slice(end);
    const encoded = encodeText(text, earlier);
    expect(encoded.bytes).toBe(encodeUtf8(text));
    for (let entry = 0; entry < (encoded.table?.length ?? 0); entry += 1) {
      const unit = entry * STRIDE;
      const isInPair = /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(unit - 1, unit + 1));
      if (!isInPair) expect(encoded.table?.[entry]).toBe(encodeUtf8(text.slice(0, unit)).length);
    }
    earlier = { text, ...encoded };
  }
});
