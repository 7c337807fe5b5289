/** Pure and restricted evaluation. */
import { describe, expect, test } from "vitest";
import type { EvalContext } from "../../src/context.ts";
import { EvalError } from "../../src/errors/eval-error.ts";
import { renderLogMessage } from "../../src/errors/log-message.ts";
import { Evaluation } from "../../src/evaluation.ts";
import { memoryIo } from "../../src/memory-io.ts";
import { restrictedIo } from "../../src/restricted-io.ts";
import { DEFAULT_SETTINGS } from "../../src/settings.ts";
import { DummyStore } from "../../src/store/dummy-store.ts";
import type { Store } from "../../src/store/store.ts";
import type { Attrs } from "../../src/value/attrs.ts";
import { NixPath } from "../../src/value/value.ts";
import { call, failure, makeContext, set } from "../store/store-context.ts";

const files = { "/a/b/in": "in", "/a/out": "out", "/a/link": { target: "out" } };
const io = memoryIo({ files, currentDirectory: "/a" });

function context(mode: { pureEval?: boolean; restrictEval?: boolean }): EvalContext {
  const settings = { ...DEFAULT_SETTINGS, ...mode };
  const searchPath = [{ prefix: "", path: "b" }];
  return makeContext({ settings, searchPath, io: restrictedIo(io, settings, searchPath) });
}

const restricted = { restrictEval: true };
const pure = { pureEval: true };
const path = (text: string): NixPath => new NixPath(text);

test("ordinary evaluation sees everything", () => {
  expect(restrictedIo(io, DEFAULT_SETTINGS, [])).toBe(io);
});

describe("restricted", () => {
  test("what is below the search path can be read", () => {
    expect(call(context(restricted), "readFile", path("/a/b/in"))).toBe("in");
  });

  test("directories above show only the way there", () => {
    const listing = call(context(restricted), "readDir", path("/a")) as Attrs;
    expect(listing.sortedNames()).toEqual(["b"]);
  });

  test.each(["/a/out", "/a/link"])("%s does not exist but reading it is an error", (file) => {
    const ctx = context(restricted);
    expect(call(ctx, "pathExists", path(file))).toBe(false);
    expect(failure(ctx, "readFile", path(file))).toBe(
      `access to absolute path '${file}' is forbidden in restricted mode`,
    );
    expect(failure(ctx, "readFileType", path(file))).toContain("forbidden");
  });
});

describe("the search path of restricted evaluation", () => {
  const [a, b, c] = ["a", "b", "c"].map((name) => `/nix/store/${"0".repeat(32)}-${name}`) as [
    string,
    string,
    string,
  ];
  const references = new Map([
    [a, [a, b]],
    [b, [a]],
    [c, []],
  ]);
  const store: Store = Object.assign(new DummyStore(), {
    isValidPath: (path: string) => references.has(path),
    references: (path: string) => references.get(path),
  });
  const stored = { [`${a}/x`]: "1", [`${b}/x`]: "2", [`${c}/x`]: "3" };

  function restrictedTo(...entries: string[]): { read(file: string): unknown; log: string[] } {
    const log: string[] = [];
    const evaluation = new Evaluation({
      io: memoryIo({ files: stored, log: (message) => log.push(renderLogMessage(message, false)) }),
      settings: restricted,
      searchPath: entries.map((entry) => ({ prefix: "p", path: entry })),
      store,
    });
    const read = (file: string): unknown => evaluation.evaluate(`builtins.readFile ${file}`);
    return { read, log };
  }

  test("shows what an entry in the store refers to", () => {
    const { read, log } = restrictedTo(`${a}/x`);
    expect([a, b].map((object) => read(`${object}/x`))).toEqual(["1", "2"]);
    expect(() => read(`${c}/x`)).toThrow("forbidden in restricted mode");
    expect(log).toEqual([]);
  });

  test("warns of what is missing before anything is evaluated", () => {
    const { log } = restrictedTo("/gone", a, "https://example.org/x.tar.gz");
    expect(log).toEqual([
      "warning: Nix search path entry '/gone' does not exist, ignoring",
      "warning: Nix search path entry 'https://example.org/x.tar.gz' cannot be downloaded, ignoring",
      // Nix: it is then taken for a path.
      "warning: Nix search path entry 'https://example.org/x.tar.gz' does not exist, ignoring",
    ]);
  });

  test("must not name what cannot be a store path", () => {
    expect(() => restrictedTo("/nix/store/bad")).toThrow(EvalError);
  });
});

describe("pure", () => {
  test("nothing can be read", () => {
    expect(failure(context(pure), "readFile", path("/a/b/in"))).toBe(
      "access to absolute path '/a/b/in' is forbidden in pure evaluation mode (use '--impure' to override)",
    );
  });

  test("the search path and store paths are out of reach", () => {
    const entries = [set({ path: "/a/b" })];
    expect(failure(context(pure), "findFile", [], "in")).toBe(
      "cannot look up '<in>' in pure evaluation mode (use '--impure' to override)",
    );
    expect(failure(context(pure), "findFile", entries, "in")).toContain("forbidden");
    expect(failure(context(pure), "storePath", "/nix/store/x")).toBe(
      "'builtins.storePath' is not allowed in pure evaluation mode",
    );
  });

  test("what evaluation copies itself may be read", () => {
    const ctx = context(pure);
    ctx.io.allowPath?.("/a/b");
    expect(call(ctx, "readFile", path("/a/b/in"))).toBe("in");
  });
});
