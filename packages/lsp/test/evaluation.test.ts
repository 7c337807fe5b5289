/** What features do with an evaluator: which questions they ask, and what they show of the replies. */

import type { DescribedValue, EvaluationQuery, Evaluator } from "@nivis/lsp";
import { afterEach, describe, expect, test } from "vitest";
import type {
  CodeAction,
  CodeLens,
  CompletionItem,
  CompletionList,
  Hover,
  InlayHint,
  Location,
  SignatureHelp,
} from "vscode-languageserver-protocol";
import { type OpenDocument, TestClient, textIn } from "./client.ts";

let client: TestClient | undefined;

afterEach(() => client?.stop());

const NOTHING: DescribedValue = {
  type: "set",
  shown: "{ … }",
  formals: undefined,
  documentation: undefined,
  place: undefined,
  package: undefined,
  option: undefined,
};

const HELLO: DescribedValue = {
  ...NOTHING,
  type: "derivation",
  package: {
    name: "hello-2.12",
    version: "2.12",
    description: "Greets",
    homepage: "https://example.org",
    license: "MIT",
    place: { path: "/pkgs/hello.nix", position: { line: 4, character: 0 } },
  },
};

const ENABLE: DescribedValue = {
  ...NOTHING,
  type: "option",
  option: {
    type: "boolean",
    description: "Whether to greet.",
    default: "false",
    example: "true",
    readOnly: false,
    declarations: [{ path: "/m/greet.nix", position: { line: 1, character: 2 } }],
  },
};

/** An evaluator that knows some values by their path, and notes what it is asked. */
class Known implements Evaluator {
  readonly asked: string[] = [];
  readonly values: Readonly<Record<string, DescribedValue>>;
  delay = 0;

  constructor(values: Readonly<Record<string, DescribedValue>>) {
    this.values = values;
  }

  #note(kind: string, { root, path }: EvaluationQuery): string {
    const name = [root, ...path].join("#");
    this.asked.push(`${kind} ${name}`);
    return name;
  }

  async attributes(query: EvaluationQuery, prefix: string) {
    const name = this.#note("attributes", query);
    await new Promise((resolve) => setTimeout(resolve, this.delay));
    const names = Object.keys(this.values)
      .filter((one) => one.startsWith(`${name}#`))
      .map((one) => one.slice(name.length + 1).split("#")[0] as string)
      .filter((one) => one.startsWith(prefix));
    const value = [...new Set(names)].map((one) => ({ name: one, type: undefined }));
    return { kind: "value", value } as const;
  }

  async describe(query: EvaluationQuery) {
    const value = this.values[this.#note("describe", query)];
    return value === undefined
      ? ({ kind: "failure", message: "error: no such value" } as const)
      : ({ kind: "value", value } as const);
  }

  async check(path: string) {
    this.asked.push(`check ${path}`);
    const range = { start: { line: 0, character: 6 }, end: { line: 0, character: 7 } };
    const related = [{ message: "while evaluating", path: "/w/other.nix", range }];
    const value = [{ message: "it fails", place: { path, range }, related }];
    return { kind: "value", value } as const;
  }

  openTexts(): void {}
  filesChanged(): void {}
  dispose(): void {}
}

const VALUES = {
  "import <nixpkgs> { }#hello": HELLO,
  "import <nixpkgs> { }#lib#id": {
    ...NOTHING,
    type: "lambda",
    shown: "a function",
    documentation: "The identity function.",
  },
  "import <nixpkgs> { }#fetch": {
    ...NOTHING,
    formals: [
      { name: "url", optional: false },
      { name: "sha256", optional: true },
    ],
  },
  "O#services#greet#enable": ENABLE,
};

async function start(text: string, settings: object = {}, path?: string) {
  const evaluator = new Known(VALUES);
  client = await TestClient.start({
    openEvaluator: () => evaluator,
    settings: { nivis: { options: { nixos: { expr: "O" } }, ...settings } },
  });
  return { evaluator, document: await client.open(text, path) };
}

async function labels(document: OpenDocument): Promise<CompletionItem[]> {
  const list = await (client as TestClient).at<CompletionList>("textDocument/completion", document);
  return list?.items ?? [];
}

test.each([
  "{ pkgs }: pkgs.hel§",
  "{ lib, stdenv }: with import <nixpkgs> { }; hel§",
  "let pkgs = import <nixpkgs> { }; in pkgs.h§",
  "{ pkgs }: let p = pkgs; in p.h§",
  "{ pkgs }: with pkgs; [ hel§ ]",
  "{ pkgs }: { inherit (pkgs) hel§; }",
])("attributes by evaluation, with version and description: %s", async (text) => {
  const { document } = await start(text);
  const item = (await labels(document)).find(({ label }) => label === "hello");
  const resolved = await client?.connection.sendRequest<CompletionItem>(
    "completionItem/resolve",
    item,
  );
  expect(resolved?.detail).toBe("2.12");
  expect(JSON.stringify(resolved?.documentation)).toContain("Greets");
});

test("names that nobody knows are not guessed", async () => {
  const { evaluator, document } = await start("{ config, other, ... }: other.§");
  await labels(document);
  expect(evaluator.asked.filter((one) => !one.includes("nixpkgs"))).toEqual([]);
});

test("a slow evaluation makes the list incomplete instead of late", async () => {
  const { evaluator, document } = await start("{ pkgs }: pkgs.hel§");
  evaluator.delay = 1500;
  const list = await (client as TestClient).at<CompletionList>("textDocument/completion", document);
  expect(list).toMatchObject({ isIncomplete: true, items: [] });
});

test("hover and definition of packages", async () => {
  const { document } = await start("{ pkgs }: pkgs.hel§lo");
  const hover = await (client as TestClient).at<Hover>("textDocument/hover", document);
  expect((hover.contents as { value: string }).value).toBe(
    "**hello-2.12**\n\nGreets\n\nversion 2.12 · licence MIT · <https://example.org>",
  );
  const found = await (client as TestClient).at<Location[]>("textDocument/definition", document);
  expect(found?.[0]).toMatchObject({
    uri: "file:///pkgs/hello.nix",
    range: { start: { line: 4 } },
  });
});

test("hover shows the doc comment of a function that only evaluation finds", async () => {
  const { document } = await start("{ lib }: lib.i§d 1");
  const hover = await (client as TestClient).at<Hover>("textDocument/hover", document);
  expect((hover.contents as { value: string }).value).toBe(
    "lambda\n\n```nix\na function\n```\n\nThe identity function.",
  );
});

test("options of modules: completion, hover, declaration", async () => {
  const { document } = await start("{ config, ... }: { services.greet.ena§ }");
  const [item] = await labels(document);
  expect(item?.label).toBe("enable");
  const resolved = await client?.connection.sendRequest<CompletionItem>(
    "completionItem/resolve",
    item as CompletionItem,
  );
  expect(resolved?.detail).toBe("boolean");
  for (const text of [
    "{ config, ... }: { services.greet.enab§le = true; }",
    "{ config, ... }: { config = { services = { greet.enab§le = true; }; }; }",
    "{ config, lib, ... }: { config = lib.mkIf true { services.greet.enab§le = true; }; }",
  ]) {
    const one = (await (client as TestClient).open(text)) as OpenDocument;
    const hover = await (client as TestClient).at<Hover>("textDocument/hover", one);
    expect((hover.contents as { value: string }).value).toContain("Whether to greet.");
    const found = await (client as TestClient).at<Location[]>("textDocument/definition", one);
    expect(found?.[0]?.uri).toBe("file:///m/greet.nix");
  }
});

test("an evaluation that takes long is shown while it lasts", async () => {
  const evaluator = new Known(VALUES);
  evaluator.delay = 900;
  client = await TestClient.start({
    openEvaluator: () => evaluator,
    capabilities: { window: { workDoneProgress: true } },
  });
  const { connection } = client;
  const seen: string[] = [];
  const ended = new Promise<void>((resolve) => {
    connection.onRequest("window/workDoneProgress/create", () => {
      seen.push("create");
      return null;
    });
    connection.onNotification("$/progress", ({ value }: { value: { kind: string } }) => {
      seen.push(value.kind);
      if (value.kind === "end") resolve();
    });
  });
  const document = await client.open("{ pkgs }: pkgs.hel§");
  await client.at("textDocument/completion", document);
  await ended;
  // Preparing the packages and listing their names are one evaluation each.
  const inOrder = [...new Set(seen)];
  expect(inOrder).toEqual(["create", "begin", "end"]);
});

test("the type of an option is the one in its declaration", async () => {
  const files = {
    "/m/greet.nix":
      "{ lib, ... }: {\n  options.services.greet = {\n    enable = lib.mkOption {\n      type = lib.types.bool;\n    };\n  };\n}\n",
  };
  const option = {
    ...ENABLE.option,
    declarations: [{ path: "/m/greet.nix", position: { line: 2, character: 4 } }],
  };
  const evaluator = new Known({
    "O#services#greet#enable": { ...ENABLE, option } as DescribedValue,
  });
  client = await TestClient.start({
    files,
    openEvaluator: () => evaluator,
    settings: { nivis: { options: { nixos: { expr: "O" } } } },
  });
  const document = await client.open("{ config, ... }: { services.greet.enab§le = true; }");
  const found = await client.at<Location[]>("textDocument/typeDefinition", document);
  expect(found).toEqual([
    {
      uri: "file:///m/greet.nix",
      range: { start: { line: 3, character: 6 }, end: { line: 3, character: 28 } },
    },
  ]);
});

test("files that are not modules get no options", async () => {
  const { evaluator, document } = await start("{ services.greet.ena§ }");
  expect((await labels(document)).map(({ label }) => label)).not.toContain("enable");
  expect(evaluator.asked).toEqual([]);
});

describe("the options of a file", () => {
  const trees = {
    options: {
      nixos: { expr: "O" },
      home: { expr: "H", files: ["home/**", "home.nix"] },
    },
  };
  const asked = async (text: string, path?: string): Promise<string[]> => {
    const { evaluator, document } = await start(text, trees, path);
    await labels(document);
    return [
      ...new Set(evaluator.asked.flatMap((key) => /^\w+ ([HO])(?:#|$)/.exec(key)?.[1] ?? [])),
    ];
  };
  const module = "{ config, ... }: { services.greet.ena§ }";

  test.each([
    ["the pattern of a folder", module, "/w/home/me/shell.nix", ["H"]],
    ["the pattern of a name", module, "/w/x/home.nix", ["H"]],
    ["no pattern", module, "/w/x/host.nix", ["O"]],
    ["a comment", `# A host.\n\n# nivis: options=home\n${module}`, "/w/x/host.nix", ["H"]],
    ["a comment with two names", `# nivis: options=home,nixos\n${module}`, "/w/x.nix", ["H", "O"]],
    [
      "a comment in a plain set",
      "# nivis: options=home\n{ services.greet.ena§ }",
      "/w/x.nix",
      ["H"],
    ],
    ["a comment with CRLF", `# A\r\n# nivis: options=home\r\n${module}`, "/w/x.nix", ["H"]],
    [
      "a comment that is not at the head",
      `{ config, ... }:\n# nivis: options=home\n{ services.greet.ena§ }`,
      "/w/x.nix",
      ["O"],
    ],
    ["a comment that names no tree", `# nivis: options=none\n${module}`, "/w/x.nix", []],
  ])("%s decides about the tree", async (_, text, path, expected) => {
    expect(await asked(text, path)).toEqual(expected);
  });
});

test("arguments of functions that only evaluation knows", async () => {
  const { document } = await start("{ pkgs }: pkgs.fetch { §}");
  expect((await labels(document)).slice(0, 2).map(({ label }) => label)).toEqual(["url", "sha256"]);
  const help = await (client as TestClient).at<SignatureHelp>(
    "textDocument/signatureHelp",
    document,
  );
  expect(help?.signatures[0]?.label).toBe("fetch { url, sha256 ? }");
});

test("versions stand behind packages in lists", async () => {
  const { document } = await start("{ pkgs }: with pkgs; [ hello ]");
  const range = { start: { line: 0, character: 0 }, end: { line: 1, character: 0 } };
  const hints = await (client as TestClient).at<InlayHint[]>("textDocument/inlayHint", document, {
    range,
  });
  expect(hints?.map(({ label }) => label)).toEqual(["2.12"]);
});

test("errors of evaluation are diagnostics with the places that led there", async () => {
  const { document } = await start("{ a = 1; }");
  await (client as TestClient).nextDiagnostics(document.uri);
  client?.diagnostics.clear();
  const { diagnostics } = (await (client as TestClient).nextDiagnostics(document.uri)) as never as {
    diagnostics: { code: string; relatedInformation: unknown[] }[];
  };
  expect(diagnostics.map(({ code }) => code)).toEqual(["evaluation"]);
  expect(diagnostics[0]?.relatedInformation).toHaveLength(1);
});

test("code lenses are off unless the settings say so", async () => {
  const { document } = await start("{ a = 1; }");
  expect(await client?.at("textDocument/codeLens", document)).toEqual([]);
  client?.stop();
  const on = await start("{ a = 1; b = 2; }", { codeLens: { enable: true } });
  const lenses = await (client as TestClient).at<CodeLens[]>("textDocument/codeLens", on.document);
  expect(lenses?.map(({ command }) => command?.arguments?.[2])).toEqual([[], ["a"], ["b"]]);
});

test("commands evaluate what is selected, or say why not", async () => {
  const { document } = await start("{ pkgs, x }: [ pkgs.hello x ]");
  const run = (start: number, end: number): Promise<unknown> =>
    (client as TestClient).connection.sendRequest("workspace/executeCommand", {
      command: "nivis.evaluate",
      arguments: [
        document.uri,
        { start: { line: 0, character: start }, end: { line: 0, character: end } },
      ],
    });
  expect(await run(15, 25)).toEqual({ value: "{ … }" });
  expect(await run(26, 27)).toEqual({
    error: "the expression uses names whose values are not known here",
  });
  expect(await run(0, 3)).toEqual({ error: "the selection is not an expression" });
});

const GITHUB =
  '(builtins.fetchTree { type = "tarball"; url = "https://github.com/o/r/archive/v1.2.tar.gz"; }).narHash';
const HASH = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=";

test.each([
  [
    "an empty hash",
    'let version = "1.2"; in f: f.fetchFromGitHub { owner = "o"; repo = "r"; rev = "v${version}"; hash = ""; }',
  ],
  [
    "lib.fakeHash",
    'lib: fetch: (a: { version = "1.2"; src = fetch.fetchFromGitHub { owner = "o"; repo = "r"; rev = "v${a.version}"; sha256 = lib.fakeHash; }; })',
  ],
])("the hash of a fetcher is filled: %s", async (_, text) => {
  const evaluator = new Known({ [GITHUB]: { ...NOTHING, type: "string", shown: `"${HASH}"` } });
  client = await TestClient.start({
    openEvaluator: () => evaluator,
    capabilities: { textDocument: { codeAction: { resolveSupport: { properties: ["edit"] } } } },
  });
  const { uri } = await client.open(text);
  const at = { line: 0, character: text.search(/hash|sha256/) };
  const actions = await client.connection.sendRequest<CodeAction[]>("textDocument/codeAction", {
    textDocument: { uri },
    range: { start: at, end: at },
    context: { diagnostics: [] },
  });
  const action = actions.find(({ title }) => title === "Fetch, and fill in the hash");
  const resolved = await client.connection.sendRequest<CodeAction>("codeAction/resolve", action);
  const [edit] = resolved.edit?.changes?.[uri] ?? [];
  expect(edit?.newText).toBe(`"${HASH}"`);
  expect(edit && textIn(text, edit.range)).toMatch(/^""$|^lib\.fakeHash$/);
});

test("a hash that cannot be computed is an error that says why", async () => {
  const text = 'f: f.fetchurl { url = "https://example.org/x"; hash = ""; }';
  client = await TestClient.start({
    openEvaluator: () => new Known({}),
    capabilities: { textDocument: { codeAction: { resolveSupport: { properties: ["edit"] } } } },
  });
  const { uri } = await client.open(text);
  const data = { uri, offset: text.indexOf('""') };
  const action = { title: "", kind: "quickfix", data };
  await expect(client.connection.sendRequest("codeAction/resolve", action)).rejects.toThrow(
    "the hash could not be computed: error: no such value",
  );
});

test("nothing is evaluated when evaluation is off", async () => {
  const { evaluator, document } = await start("{ pkgs }: pkgs.hel§", {
    evaluation: { enable: false },
  });
  expect(await labels(document)).toEqual([]);
  expect(evaluator.asked).toEqual([]);
});
