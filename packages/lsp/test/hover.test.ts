/** Hover: documentation, origins, and what they look like. */

import { afterEach, expect, test } from "vitest";
import type { Hover } from "vscode-languageserver-protocol";
import { type ClientOptions, TestClient } from "./client.ts";

let client: TestClient | undefined;

afterEach(() => client?.stop());

async function hover(text: string, options: ClientOptions = {}): Promise<string | undefined> {
  client = await TestClient.start(options);
  const found = await client.at<Hover | null>("textDocument/hover", await client.open(text));
  return found === null ? undefined : (found.contents as { value: string }).value;
}

test("builtins, by their global name and as attributes", async () => {
  expect(await hover("ma§p (x: x) [ ]")).toContain("builtins.map f list");
  client?.stop();
  expect(await hover("builtins.elem§At")).toContain("builtins.elemAt xs n");
  client?.stop();
  expect(await hover("let map = 1; in ma§p")).toContain("map = 1");
});

test("a doc comment, an older comment above, and the comment of a function", async () => {
  expect(await hover("let\n  /** Adds *one*. */\n  f = x: x + 1;\nin f§ 1")).toContain(
    "Adds *one*.",
  );
  client?.stop();
  expect(await hover("let\n  # Adds one.\n  # To x.\n  f = x: x + 1;\nin f§ 1")).toContain(
    "Adds one.\nTo x.",
  );
  client?.stop();
  expect(await hover("let\n  # Far away.\n\n  f = 1;\nin f§")).not.toContain("Far away.");
});

test("an attribute in another file says where it is", async () => {
  const files = { "/w/lib.nix": "{ /** Doc of one. */ one = x: x; }" };
  const text = await hover("let lib = import ./lib.nix; in lib.one§ 1", { files });
  expect(text).toContain("Doc of one.");
  expect(text).toContain("/w/lib.nix");
});

test("a path shows where it leads, and names with bytes beyond ASCII work", async () => {
  expect(await hover("import ./x§.nix")).toBe("`/w/x.nix`");
  client?.stop();
  expect(await hover('let s = "𝄞é"; t = 1; in s + t§')).toContain("t = 1");
});

test("a name from a `with` names the `with`, blanks have no hover", async () => {
  expect(await hover("{ lib }: with lib; foo§")).toContain("`with lib`");
  client?.stop();
  expect(await hover("1 § + 2")).toBeUndefined();
});
