/** The README is correct: each command succeeds, and the library example prints its comment. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtCommand, runProcess } from "@nivis/testkit";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");

/** The code blocks in a language. */
function blocks(language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms");
  return [...readme.matchAll(pattern)].map((found) => found[1] as string);
}

const commands = blocks("sh")
  .flatMap((block) => block.split("\n"))
  .filter((line) => /^(npx nivis|npm start)/.test(line) && !line.includes("/path/to/"));

describe("the commands", () => {
  test("are there", () => {
    expect(commands.length).toBeGreaterThan(4);
  });

  test.each(commands)("%s", async (line) => {
    const script = line
      .replace(
        /^npx nivis-instantiate/,
        `"${process.execPath}" "${builtCommand("nivis-instantiate")}"`,
      )
      .replace(/^(npx nivis|npm start --)/, `"${process.execPath}" "${builtCommand("nivis")}"`);
    const { code, stdout, stderr } = await runProcess("bash", { args: ["-c", script], cwd: root });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toBe("");
  });
});

test("the library example prints its comment", async () => {
  const [example = ""] = blocks("ts");
  const expected = /console\.log\(.*\); \/\/ (.*)$/m.exec(example)?.[1];
  expect(expected).toBeDefined();
  const folder = join(root, "node_modules", ".cache", "nivis-readme");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "example.mjs"), example);
  const outcome = await runProcess(process.execPath, { args: ["example.mjs"], cwd: folder });
  expect(outcome).toEqual({ code: 0, stderr: "", stdout: `${expected}\n` });
});
