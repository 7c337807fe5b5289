/**
 * The guide is correct: files that it shows are written, commands that it shows are run in the order of
 * the page, and print what it says. A page is one session in an empty folder. `…` stands for any text of a
 * line, and colours do not count.
 */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { builtCommand, runProcess } from "@nivis/testkit";
import { expect, test } from "vitest";
import { root } from "../../scripts/workspace.mjs";

const guide = join(root, "docs", "guide");
const pages = readdirSync(guide).filter((name) => name.endsWith(".md"));

interface Block {
  readonly language: string;
  readonly title: string;
  readonly text: string;
}

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(guide, page), "utf8");
  return [...text.matchAll(/^```(\S+)(?: (\S+))?\n(.*?)^```$/gms)].map((found) => ({
    language: found[1] ?? "",
    title: found[2] ?? "",
    text: found[3] ?? "",
  }));
}

/** The commands of a block with the lines that they print. */
function stepsOf(text: string): { readonly command: string; readonly output: string }[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const end = /(?<!\\)\n/.exec(step)?.index ?? step.length;
      return { command: step.slice(0, end), output: step.slice(end + 1).trimEnd() };
    });
}

function patternOf(output: string): RegExp {
  const literal = output.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literal.join("[^\\n]*")}$`);
}

test("there are pages with commands", () => {
  const commands = pages.flatMap(blocksOf).filter(({ language }) => language === "console");
  expect(commands.length).toBeGreaterThan(8);
});

test.each(pages)("%s", async (page) => {
  const folder = mkdtempSync(join(tmpdir(), "nivis-guide-"));
  try {
    const bin = join(folder, ".bin");
    mkdirSync(bin);
    for (const name of ["nivis", "nivis-instantiate"] as const) {
      const script = `#!/bin/sh\nexec "${process.execPath}" "${builtCommand(name)}" "$@"\n`;
      writeFileSync(join(bin, name), script);
      chmodSync(join(bin, name), 0o755);
    }
    const env = {
      PATH: `${bin}:${process.env["PATH"]}`,
      HOME: folder,
      GIT_CONFIG_GLOBAL: "/dev/null",
      NIX_PATH: "",
    };
    for (const { language, title, text } of blocksOf(page)) {
      if (title !== "") {
        mkdirSync(dirname(join(folder, title)), { recursive: true });
        writeFileSync(join(folder, title), text);
      }
      if (language !== "console") continue;
      for (const { command, output } of stepsOf(text)) {
        const args = ["-c", `exec 2>&1; ${command}`];
        const { stdout } = await runProcess("bash", { args, cwd: folder, env });
        const printed = Buffer.from(stdout, "latin1")
          .toString("utf8")
          .replace(/\x1b\[[0-9;]*m/g, "")
          .trimEnd();
        if (!patternOf(output).test(printed))
          expect(`$ ${command}\n${printed}`).toBe(`$ ${command}\n${output}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
