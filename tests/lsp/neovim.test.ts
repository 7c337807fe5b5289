/**
 * Neovim as a client, without a screen, with the settings of docs/editors.md. Skipped, aloud, where there is
 * no `nvim`.
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtCommand, findProgram } from "@nivis/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../../scripts/workspace.mjs";

const nvim = findProgram("nvim");
let folder: string;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "nivis-nvim-")));
  if (nvim === undefined) process.stderr.write("no nvim: the test with Neovim is skipped\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The settings for old versions in docs/editors.md, with the built command. */
function documentedSettings(): string {
  const text = readFileSync(join(root, "docs/editors.md"), "utf8");
  const [, , second = ""] = text.split("```lua\n");
  const lua = second.split("```")[0] ?? "";
  const command = `"${process.execPath}", "${builtCommand("nivis")}", "lsp"`;
  expect(lua).toContain('"nivis", "lsp"');
  return lua.replace('"nivis", "lsp"', command);
}

const SESSION = `
local out = {}
vim.cmd("edit " .. vim.fn.getcwd() .. "/x.nix")
vim.wait(20000, function()
  local clients = vim.lsp.buf_get_clients(0)
  for _, client in pairs(clients) do if client.initialized then return true end end
  return false
end)
vim.wait(20000, function() return #vim.diagnostic.get(0) > 0 end)
out.diagnostics = {}
for _, one in ipairs(vim.diagnostic.get(0)) do table.insert(out.diagnostics, one.message) end
local function ask(method, line, character, more)
  local params = { textDocument = { uri = vim.uri_from_bufnr(0) }, position = { line = line, character = character } }
  for key, value in pairs(more or {}) do params[key] = value end
  local replies = vim.lsp.buf_request_sync(0, method, params, 20000)
  for _, reply in pairs(replies or {}) do return reply.result end
end
out.hover = ask("textDocument/hover", 0, 5).contents.value
out.definition = ask("textDocument/definition", 1, 8)[1].range.start
out.completion = {}
for _, item in ipairs(ask("textDocument/completion", 1, 10).items) do table.insert(out.completion, item.label) end
vim.lsp.util.apply_workspace_edit(ask("textDocument/rename", 0, 5, { newName = "renamed" }), "utf-16")
vim.lsp.buf.formatting_sync(nil, 20000)
out.text = vim.api.nvim_buf_get_lines(0, 0, -1, false)
local file = io.open("out.json", "w")
file:write(vim.fn.json_encode(out))
file:close()
`;

test.skipIf(nvim === undefined)("a session in Neovim", () => {
  writeFileSync(join(folder, "x.nix"), 'let abc = { def = "𝄞"; };\nin [ abc.d abc missing ]\n');
  writeFileSync(join(folder, "settings.lua"), documentedSettings());
  writeFileSync(join(folder, "session.lua"), SESSION);
  const { status, stderr } = spawnSync(
    nvim as string,
    ["--headless", "--clean", "+luafile settings.lua", "+luafile session.lua", "+qa!"],
    { cwd: folder, encoding: "utf8", timeout: 100_000, env: { ...process.env, HOME: folder } },
  );
  expect(status, stderr).toBe(0);
  if (!existsSync(join(folder, "out.json"))) throw new Error(stderr);
  expect(JSON.parse(readFileSync(join(folder, "out.json"), "utf8"))).toEqual({
    diagnostics: ["undefined variable 'missing'"],
    hover: expect.stringContaining("let binding"),
    definition: { line: 0, character: 4 },
    completion: ["def"],
    text: [
      "let",
      "  renamed = {",
      '    def = "𝄞";',
      "  };",
      "in",
      "[",
      "  renamed.d",
      "  renamed",
      "  missing",
      "]",
    ],
  });
});
