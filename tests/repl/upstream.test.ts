/**
 * C++ Nix's own sessions of its REPL, from the checkout that `NIVIS_CONFORMANCE_NIX` names, fed and
 * normalised as its `tests/functional/repl.sh` does.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runRepl } from "./run-repl.ts";

const checkout = process.env["NIVIS_CONFORMANCE_NIX"];
const functional = checkout === undefined ? undefined : join(checkout, "tests", "functional");
const folder = functional === undefined ? undefined : join(functional, "repl");

/** The configuration of C++ Nix's tests. */
const CONFIG = "show-trace = true\nexperimental-features = nix-command flakes fetch-tree";

/** Sessions in which we differ on purpose, with the reason. */
const DIFFERENT: Readonly<Record<string, string>> = {};

/** What `filterReplOutput` of repl.sh does. */
function normalise(output: string): string {
  return `${output
    .replace(/\x1b\[[0-9;]*m|\0/g, "")
    .replace(/\n\n*nix-repl>/g, "\n\nnix-repl>")
    .replace(/(.*[^\n])\n\n*nix-repl>[ \n]*$/, "$1")
    .replace(/[ \n]*$/, "")
    .replaceAll(functional as string, "/path/to/tests/functional")
    .replace(/^Nix 2\.36\.0/m, "Nix <nix version>")}\n`;
}

describe.skipIf(folder === undefined || !existsSync(folder))("sessions of C++ Nix", () => {
  const home = mkdtempSync(join(tmpdir(), "nivis-repl-"));
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  const names = folder === undefined ? [] : readdirSync(folder);
  const sessions = names
    .filter((name) => name.endsWith(".in"))
    .map((name) => name.slice(0, -".in".length));

  it("there are some", () => {
    expect(sessions.length).toBeGreaterThanOrEqual(35);
  });

  it.each(sessions)("%s", async (name) => {
    const path = join(folder as string, name);
    const flags = existsSync(`${path}.flags`)
      ? readFileSync(`${path}.flags`, "utf8").trim().split(/\s+/)
      : [];
    const input = readFileSync(`${path}.in`, "utf8").replace(/^\s*#\s*COM:.*\n/gm, "");
    const debugged = `${path}.in.debugexpr.nix`;
    const { output, code } = await runRepl(input, {
      cwd: folder as string,
      home,
      args: flags,
      ...(existsSync(debugged) ? { command: ["eval", "--file", debugged, "--debugger"] } : {}),
      environment: { NIX_CONFIG: CONFIG },
    });
    if (name.startsWith("debugger-fail-")) expect(code).not.toBe(0);
    else expect(code).toBe(0);
    const expected = readFileSync(`${path}.expected`, "utf8");
    if (DIFFERENT[name] === undefined) expect(normalise(output)).toBe(expected);
    else expect(normalise(output)).not.toBe(expected);
  });
});
