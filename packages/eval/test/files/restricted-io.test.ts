/** Pure and restricted evaluation. */
import { describe, expect, test } from "vitest";
import type { EvalContext } from "../../src/context.ts";
import { memoryIo } from "../../src/memory-io.ts";
import { restrictedIo } from "../../src/restricted-io.ts";
import { DEFAULT_SETTINGS } from "../../src/settings.ts";
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
