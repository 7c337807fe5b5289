/**
 * The golden language cases through a heap image: a case is evaluated as an imported file, the heap is
 * written, and another evaluation goes on with it. Everything that can be seen must be as without an image:
 * values, what is evaluated, errors with their traces.
 */
import { fileURLToPath } from "node:url";
import { goldenRuns } from "@nivis/testkit";
import { afterAll, describe, expect, test } from "vitest";
import { DEPTHS, passThrough } from "./through-image.ts";

const suite = fileURLToPath(new URL("../lang/", import.meta.url));
const folders = [
  ...new Set(
    goldenRuns(suite)
      .filter(({ kind, options }) => kind.file.startsWith("eval-") && options.flags === undefined)
      .map(({ folder }) => folder),
  ),
];

describe.each(DEPTHS)("evaluated to the %s", (depth) => {
  let seen = 0;

  test.each(folders.map((folder) => [folder.slice(suite.length), folder]))("%s", (_, folder) => {
    const passage = passThrough(`import (/. + ${JSON.stringify(`${folder}/in.nix`)})`, depth);
    if (passage.kind !== "seen") return;
    seen++;
    expect(passage.seen).toEqual(passage.expected);
  });

  afterAll(() => {
    // The tests have found nothing if most cases were repeated.
    expect(seen).toBeGreaterThan(folders.length * 0.6);
  });
});
