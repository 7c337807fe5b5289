/** The examples have the values that they claim, and each lesson is passed by its solution alone. */
import { Evaluation, memoryIo } from "@nivis/eval";
import { describe, expect, test } from "vitest";
import { diagnosticsOf } from "../src/editor/diagnostics.ts";
import { namesAt } from "../src/editor/names.ts";
import { EXAMPLES, LESSONS } from "../src/state/examples.ts";
import { fragmentOf, isFileName, stateOf } from "../src/state/share.ts";
import type { World } from "../src/worker/protocol.ts";
import { Session } from "../src/worker/session.ts";

function sessionOf(files: World["files"]): Session {
  const session = new Session({
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    now: () => performance.now(),
  });
  session.open({ files });
  return session;
}

test.each(EXAMPLES)("$title", async ({ title, files, value }) => {
  const session = sessionOf(files);
  const outcome = await session.evaluate({ file: "main.nix" });
  expect(outcome.kind).toBe(title.includes("error") ? "failure" : "value");
  if (value === undefined || outcome.kind !== "value") return;
  expect(await session.print({ id: outcome.root.id, form: "nix" })).toBe(value);
});

test("the examples are without findings of the linter", () => {
  for (const { files, title } of EXAMPLES) {
    for (const text of Object.values(files))
      expect([title, diagnosticsOf(text)]).toEqual([title, []]);
  }
});

describe.each(LESSONS)("lesson $title", ({ start, solution, check }) => {
  test("its solution passes", async () => {
    const session = sessionOf({ "main.nix": solution });
    expect(await session.check({ file: "main.nix", check })).toEqual({ passed: true });
  });

  test("its start does not", async () => {
    const session = sessionOf({ "main.nix": start });
    expect((await session.check({ file: "main.nix", check })).passed).toBe(false);
  });
});

describe("a session", () => {
  test("evaluates a part at a time; a failing one is a row", async () => {
    const session = sessionOf({ "main.nix": '{ a = 1 + 1; b = throw "no"; c = [ 1 (2 + 2) ]; }' });
    const outcome = await session.evaluate({ file: "main.nix" });
    if (outcome.kind !== "value") throw new Error(outcome.kind);
    const children = session.children({ id: outcome.root.id, from: 0, count: 10 });
    expect(children.map(({ name, type, place }) => [name, type, place?.line])).toEqual([
      ["a", "thunk", 1],
      ["b", "thunk", 1],
      ["c", "thunk", 1],
    ]);
    const rows = await Promise.all(children.slice(0, 2).map(({ id }) => session.force({ id })));
    expect(rows.map(({ type, text }) => [type, text])).toEqual([
      ["int", "2"],
      ["error", "no"],
    ]);
  });

  test("shows mistakes with their places", async () => {
    const session = sessionOf({ "main.nix": "# ü\nlet x = 1; in y" });
    const outcome = await session.evaluate({ file: "main.nix" });
    if (outcome.kind !== "failure") throw new Error(outcome.kind);
    expect(outcome.failure.message).toBe("undefined variable 'y'");
    const [label] = outcome.failure.labels;
    expect([label?.file, label?.line, label?.from, label?.to]).toEqual(["main.nix", 2, 18, 19]);
  });

  test("keeps warnings and traces", async () => {
    const session = sessionOf({ "main.nix": 'builtins.trace "seen" (builtins.warn "careful" 1)' });
    const { log } = await session.evaluate({ file: "main.nix" });
    expect(log).toEqual(["trace: seen", "evaluation warning: careful"]);
  });

  test("records steps, and stops at the limit", async () => {
    const session = sessionOf({ "main.nix": "let f = n: if n < 0 then n else f (n + 1); in f 0" });
    const { steps, isWhole } = await session.trace({ file: "main.nix", limit: 200 });
    expect(steps.length).toBe(200);
    expect(isWhole).toBe(false);
    expect(steps.some(({ kind, text }) => kind === "enter" && text === "f")).toBe(true);
    expect(steps.some(({ kind, stack }) => kind === "instruction" && stack !== undefined)).toBe(
      true,
    );
  });

  test("shows derivations and what they need", async () => {
    const text = `let d = n: i: derivation { name = n; system = "s"; builder = "b"; inherit i; }; in d "x" (d "y" 1)`;
    const session = sessionOf({ "main.nix": text });
    const outcome = await session.evaluate({ file: "main.nix" });
    if (outcome.kind !== "value") throw new Error(outcome.kind);
    expect(outcome.root.isDerivation).toBe(true);
    const child = session
      .children({ id: outcome.root.id, from: 0, count: 100 })
      .find(({ name }) => name === "drvPath");
    const { text: path } = await session.force({ id: child?.id as number });
    const view = session.derivation({ path: path.slice(1, -1) });
    expect([view.name, view.inputs.map(({ name }) => name)]).toEqual(["x", ["y"]]);
  });

  test("has the builtins of the evaluator", () => {
    const names = sessionOf({})
      .builtins()
      .map(({ name }) => name);
    expect(names).toEqual([...new Evaluation({ io: memoryIo() }).context.builtins.sortedNames()]);
  });
});

describe("a link", () => {
  const state = { files: { "main.nix": "“ü” + 1", "a/b.nix": "" }, open: "a/b.nix", view: "value" };

  test("holds everything, without characters that programs cut", async () => {
    const fragment = await fragmentOf(state);
    expect(fragment).toMatch(/^#v1=[\w-]+$/);
    expect(await stateOf(fragment)).toEqual(state);
  });

  test("that is cut or of something else is refused", async () => {
    const fragment = await fragmentOf(state);
    await expect(stateOf(fragment.slice(0, -8))).rejects.toThrow("the link is damaged");
    await expect(stateOf(await fragmentOf({ ...state, open: "none" }))).rejects.toThrow(
      "not one of",
    );
    const outside = { files: { "../x": "" }, open: "../x", view: "value" };
    await expect(stateOf(await fragmentOf(outside))).rejects.toThrow("not one of");
    expect(await stateOf("#section")).toBeUndefined();
  });

  test.each(["a.nix", "a/b-c.nix", "_x"])("%s is a name", (name) =>
    expect(isFileName(name)).toBe(true),
  );
  test.each(["", "/a", "../a", "a/../b", "a//b", ".", "a b"])("%j is not", (name) =>
    expect(isFileName(name)).toBe(false),
  );
});

describe("names in scope", () => {
  const at = (text: string): string[] => {
    const offset = text.indexOf("|");
    return namesAt(text.replace("|", " "), offset).map(({ name }) => name);
  };
  test("of let, arguments and recursive sets", () => {
    expect(at("let a = 1; in { b, c ? 2 }@d: e: rec { f = | ; g = 1; }")).toEqual(
      expect.arrayContaining(["a", "b", "c", "d", "e", "f", "g"]),
    );
    expect(at("{ f = | 1; g = 1; }")).toEqual([]);
    expect(at("(let a = 1; in a) + | 1")).toEqual([]);
  });
});

test("a finding offers its fix", () => {
  const [found] = diagnosticsOf("let x = 1; in 2");
  expect(found?.severity).toBe("warning");
  expect(found?.actions?.map(({ name }) => name)).toEqual(["Remove the unused 'x'"]);
});
