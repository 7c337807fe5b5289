/**
 * What nobody means to give to an editor: huge, binary, deep and unreadable files, cycles of links, and trees
 * of many files. The server stays up, and the commands say what is wrong and change nothing.
 *
 * Trees and texts are smaller than the largest that were tried (100,000 files, 59 MiB), since making them
 * takes longer than everything else here.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtCommand, runProcess } from "@nivis/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { StdioClient } from "./stdio-client.ts";

/** As deep as the issue asks for. */
const DEPTH = 100_000;
const FILES = 2000;

const BINARY = Buffer.from(
  Array.from({ length: 100_000 }, (_, i) => (Math.imul(i, 2_654_435_761) >>> 13) & 255),
);
const DEEP = `${"(".repeat(DEPTH)}1${")".repeat(DEPTH)}`;

let folder: string;
const file = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nivis-bad-"));
  writeFileSync(file("binary.nix"), BINARY);
  writeFileSync(file("deep.nix"), DEEP);
  writeFileSync(file("open.nix"), "[".repeat(DEPTH));
  writeFileSync(file("good.nix"), "{ a = 1; }\n");
  mkdirSync(file("directory.nix"));
  mkdirSync(file("cycle"));
  symlinkSync("..", file("cycle/up"));
  symlinkSync("self.nix", file("cycle/self.nix"));
  for (let i = 0; i < FILES; i += 1) {
    mkdirSync(file(`tree/d${i % 50}`), { recursive: true });
    writeFileSync(file(`tree/d${i % 50}/f${i}.nix`), `{ value${i} = ${i}; }\n`);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("commands", () => {
  const run = (...args: string[]) =>
    runProcess(process.execPath, {
      args: [builtCommand("nivis"), ...args],
      cwd: folder,
      env: { NIVIS_NO_CACHE: "1" },
    });

  test.each<[string[], number, RegExp]>([
    [["fmt", "binary.nix"], 1, /syntax error/],
    [["fmt", "deep.nix"], 1, /nested more than 2000 levels deep/],
    [["fmt", "open.nix"], 1, /syntax error/],
    [["fmt", "cycle/self.nix"], 1, /cycle\/self\.nix: too many symbolic links/],
    [["fmt", "--check", "cycle"], 0, /^$/],
    [["fmt", "--check", "tree", "directory.nix"], 0, /^$/],
    [["lint", "binary.nix"], 1, /syntax error/],
    [["lint", "open.nix"], 1, /syntax error/],
    [["lint", "cycle"], 0, /^$/],
    [["lint", "tree"], 0, /^$/],
    [["edit", "get", "binary.nix", "a"], 1, /binary\.nix: the text does not parse/],
    [["edit", "set", "deep.nix", "a", "1"], 1, /deep\.nix: /],
    [["edit", "get", "open.nix", "a"], 1, /open\.nix: the text does not parse/],
    [["edit", "get", "directory.nix", "a"], 1, /directory\.nix: illegal operation on a directory/],
    [["edit", "get", "cycle/self.nix", "a"], 1, /cycle\/self\.nix: too many symbolic links/],
  ])("nivis %j", async (args, code, message) => {
    const result = await run(...args);
    expect(result.stderr).toMatch(message);
    expect(result.code).toBe(code);
    expect(result.stderr).not.toContain("bug in Nivis");
    expect(readFileSync(file("binary.nix")).equals(BINARY)).toBe(true);
    expect(readFileSync(file("deep.nix"), "utf8")).toBe(DEEP);
  });
});

describe("the server", () => {
  let session: StdioClient | undefined;
  afterEach(() => session?.kill());

  test("goes on with such documents and folders", async () => {
    session = new StdioClient();
    const { connection } = session;
    await session.initialize(folder);
    for (const text of [BINARY.toString("latin1"), DEEP, "[".repeat(DEPTH), "1 ".repeat(3 << 20)]) {
      const { place, uri } = await session.open(file("good.nix"), text);
      await connection.sendRequest("textDocument/hover", place);
      await connection.sendRequest("textDocument/completion", place);
      await connection.sendRequest("textDocument/formatting", {
        ...place,
        options: { tabSize: 2, insertSpaces: true },
      });
      await connection.sendNotification("textDocument/didClose", { textDocument: { uri } });
    }
    const { items } = await connection.sendRequest<{ items: { uri: string }[] }>(
      "workspace/diagnostic",
      { previousResultIds: [] },
    );
    expect(items.length).toBeGreaterThan(FILES);
    const symbols = await connection.sendRequest<{ name: string }[]>("workspace/symbol", {
      query: "value1999",
    });
    expect(symbols.map(({ name }) => name)).toEqual(["value1999"]);
    // Files that vanish, cycles, folders that look like files.
    for (const path of [
      "./cycle/self.nix",
      "./directory.nix",
      "./none.nix",
      "./cycle/up/good.nix",
    ]) {
      const { place } = await session.open(file("importer.nix"), `import ${path.slice(0, -1)}§x`);
      await connection.sendRequest("textDocument/definition", place);
      await connection.sendRequest("textDocument/hover", place);
    }
    const { place } = await session.open(file("last.nix"), "let a = 1; in a§");
    expect(await connection.sendRequest("textDocument/hover", place)).not.toBeNull();
    expect(session.logged.filter((message) => message.includes("bug in Nivis"))).toEqual([]);
  });

  test("a document beyond all sizes is not opened, and that is said", async () => {
    session = new StdioClient();
    await session.initialize(folder);
    const { place } = await session.open(file("huge.nix"), `${"# \n".repeat(23 << 20)}1§`);
    expect(await session.connection.sendRequest("textDocument/hover", place)).toBeNull();
    expect(session.logged.join()).toContain("too large for the language server");
  });
});
