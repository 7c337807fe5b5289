/** Generated programs mean the same whether they are compiled or come out of a cache. */
import { memoryBytecodeCache } from "@nivis/eval";
import { generateProgram, printTerm, testSeed } from "@nivis/testkit";
import { expect, test } from "vitest";
import { evaluate, type Run } from "./cached-run.ts";

const COUNT = 150;

test(`${COUNT} programs have the same answers without a cache, cold, warm and from incomplete entries`, () => {
  const first = testSeed("cache of compiled files", 20_261_130);
  let failures = 0;
  for (let i = 0; i < COUNT; i++) {
    const seed = (first + i) | 0;
    const program = printTerm(generateProgram(seed));
    const run: Run = { files: { "/dir/main.nix": program }, main: "/dir/main.nix" };
    const title = `seed ${seed}: ${program}`;
    const { text } = evaluate(run);
    if (text.startsWith("error")) failures++;
    const cache = memoryBytecodeCache();
    expect(evaluate(run, cache).text, title).toBe(text);
    expect(evaluate(run, cache).text, title).toBe(text);
    cache.entries.clear();
    const lazy = { ...run, strict: false };
    evaluate(lazy, cache);
    expect(evaluate(run, cache).text, title).toBe(text);
    expect(evaluate(run, cache).text, title).toBe(text);
    expect(evaluate(lazy, cache).text, title).toBe(evaluate(lazy).text);
  }
  expect(failures).toBeLessThan(COUNT / 2);
});
