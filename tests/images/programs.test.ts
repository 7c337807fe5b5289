/** Generated programs through heap images, as in `language.test.ts`. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateProgram, printTerm, testSeed } from "@nivis/testkit";
import { expect, test } from "vitest";
import { fixture } from "../generated/modes.ts";
import { DEPTHS, passThrough } from "./through-image.ts";

const COUNT = 120;

test.each(DEPTHS)("evaluated to the %s", (depth) => {
  const folder = mkdtempSync(join(tmpdir(), "nivis-images-"));
  const first = testSeed("programs through images", 20_261_201);
  let compared = 0;
  try {
    cpSync(fixture, folder, { recursive: true });
    for (let i = 0; i < COUNT; i++) {
      const file = join(folder, `program-${i}.nix`);
      writeFileSync(file, printTerm(generateProgram((first + i) | 0)), "latin1");
      const passage = passThrough(`import ${file}`, depth);
      if (passage.kind !== "seen") continue;
      compared++;
      expect(passage.seen, `seed ${first + i}`).toEqual(passage.expected);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  expect(compared).toBeGreaterThan(COUNT / 2);
});
