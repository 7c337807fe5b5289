/** The home directory: `HOME` if it is the user's own or nobody's, else what the user database says. */
import { chownSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Evaluation, renderLogMessage } from "@nivis/eval";
import { afterAll, describe, expect, test } from "vitest";
import { findHomeDirectory } from "../src/home-directory.ts";
import { nodeIo } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "nivis-home-"));
afterAll(() => rmSync(folder, { recursive: true }));
const own = userInfo().homedir;

/** A directory of somebody else: one that is given away, or the root directory for who may not. */
function foreignDirectory(): string {
  if (process.geteuid?.() !== 0) return "/";
  const path = mkdtempSync(join(folder, "foreign-"));
  chownSync(path, 54321, 54321);
  return path;
}

function find(home: string | undefined): [home: string, warnings: string[]] {
  const warnings: string[] = [];
  return [findHomeDirectory(home, (message) => warnings.push(message)), warnings];
}

describe("findHomeDirectory", () => {
  test("takes a HOME that belongs to the user", () => {
    expect(find(folder)).toEqual([folder, []]);
  });

  test.each(["/homeless-shelter", "/dev/null/x", ""])("takes %j, which is not there", (home) => {
    expect(find(home)).toEqual([home, []]);
  });

  test("asks the user database without HOME", () => {
    expect(find(undefined)).toEqual([own, []]);
  });

  test("refuses the HOME of somebody else", () => {
    const foreign = foreignDirectory();
    expect(find(foreign)).toEqual([
      own,
      [
        `$HOME ('${foreign}') is not owned by you, falling back to the one defined in the 'passwd' file ('${own}')`,
      ],
    ]);
  });

  test("refuses a relative HOME", () => {
    expect(find("home/me")).toEqual([
      own,
      [
        `$HOME ('home/me') is not an absolute path, falling back to the one defined in the 'passwd' file ('${own}')`,
      ],
    ]);
  });

  test("refuses a HOME that cannot be looked at", () => {
    const loop = join(folder, "loop");
    symlinkSync("loop", loop);
    const [home, warnings] = find(loop);
    expect(home).toBe(own);
    expect(warnings).toEqual([
      `couldn't stat $HOME ('${loop}') for reason other than not existing, falling back to the one defined in the 'passwd' file: error: getting status of "${loop}": Too many levels of symbolic links`,
    ]);
  });
});

describe("~ in texts", () => {
  test("is that directory, and the warning comes once", () => {
    const lines: string[] = [];
    const environment = { HOME: foreignDirectory() };
    const evaluation = new Evaluation({
      io: nodeIo({ environment, log: (message) => lines.push(renderLogMessage(message, false)) }),
    });
    const text = (): unknown => evaluation.evaluate("toString ~/x + toString ~/y");
    expect(text()).toBe(`${own}/x${own}/y`);
    expect(text()).toBe(`${own}/x${own}/y`);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^warning: \$HOME \('.*'\) is not owned by you, /);
  });
});
