/** The table of builtins: names, documentation and strict arguments fit together. */
import { describe, expect, test } from "vitest";
import {
  allBuiltins,
  allConstants,
  globalName,
  PLAIN_GLOBALS,
} from "../../src/builtins/registry.ts";
import { evaluationFor } from "./evaluate.ts";

const names = [...allBuiltins, ...allConstants].map(({ name }) => name);

describe("registry", () => {
  test("names each builtin once", () => {
    expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
  });
  test("documents each builtin", () => {
    for (const { name, doc } of [...allBuiltins, ...allConstants]) {
      expect(doc, name).toMatch(/^\S[\s\S]*\S$/);
    }
  });
  test("declares strict arguments that exist, each once", () => {
    for (const { name, args, strict } of allBuiltins) {
      expect(args.length, name).toBeGreaterThan(0);
      const numbers = strict.map(({ arg }) => arg);
      expect(new Set(numbers).size, name).toBe(numbers.length);
      for (const arg of numbers) expect(arg, name).toBeLessThan(args.length);
    }
  });
  test("has every global among the builtins", () => {
    const known = new Set([...names, "builtins", "derivation"]);
    for (const name of PLAIN_GLOBALS) expect(known).toContain(name);
    expect([globalName("map"), globalName("add"), globalName("true")]).toEqual([
      "map",
      "__add",
      "true",
    ]);
  });
  test("puts builtins into itself", () => {
    const { builtins } = evaluationFor().context;
    expect(builtins.get("builtins")).toBe(builtins);
  });
});
