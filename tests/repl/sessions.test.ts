/**
 * Sessions of the REPL as Markdown: blocks of `nix` are what is typed, the `output` block below each
 * is what is printed. `NIVIS_UPDATE_SESSIONS=1` writes what is printed now into the files.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runRepl } from "./run-repl.ts";

const FOLDER = join(import.meta.dirname, "sessions");
const BLOCK = /```nix\n([\s\S]*?)```\n(\s*```output\n([\s\S]*?)```\n)?/g;

describe("sessions", () => {
  const home = mkdtempSync(join(tmpdir(), "nivis-repl-"));
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it.each(readdirSync(FOLDER).filter((name) => name.endsWith(".md")))("%s", async (name) => {
    const path = join(FOLDER, name);
    const text = readFileSync(path, "utf8");
    const args = /^<!-- arguments: (.*) -->$/m.exec(text)?.[1]?.split(" ") ?? [];
    const inputs = Array.from(text.matchAll(BLOCK), ([, input]) => input as string);
    const mark = "end of block";
    const { output, code } = await runRepl(
      inputs.map((input) => `${input}:p "${mark}"\n`).join(""),
      { cwd: FOLDER, home, args, environment: { _NIX_TEST_REPL_ECHO: "0", NIX_CONFIG: "" } },
    );
    expect(code).toBe(0);
    const printed = output
      .replace(/^Nix 2\.36\.0(?: debugger)?\nType :\? for help\.\n/, "")
      .replaceAll(FOLDER, "/sessions")
      .split(`${mark}\n\n`);
    expect(printed).toHaveLength(inputs.length + 1);
    let at = 0;
    const actual = text.replace(BLOCK, (_, input: string) => {
      const shown = (printed[at++] as string).trimEnd();
      return `\`\`\`nix\n${input}\`\`\`\n\n\`\`\`output\n${shown === "" ? "" : `${shown}\n`}\`\`\`\n`;
    });
    if (process.env["NIVIS_UPDATE_SESSIONS"] === "1") writeFileSync(path, actual);
    else expect(actual).toBe(text);
  });
});
