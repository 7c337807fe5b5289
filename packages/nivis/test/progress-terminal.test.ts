/**
 * Progress as a terminal shows it: the built commands run in a pseudo-terminal (by `script`) with a real
 * nix-daemon, and what they draw is read frame by frame.
 */
import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { columnsOf } from "@nivis/eval";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isNixInstalled, NixDaemon } from "../../node/test/stores/nix-daemon.ts";

const hasScript = process.platform === "linux" && spawnSync("script", ["--version"]).status === 0;
if (!hasScript) process.stderr.write("progress: no program 'script', so nothing is drawn\n");

const COMMAND = fileURLToPath(new URL("../bin/nivis.cjs", import.meta.url));

const PACKAGES = `
let
  mk = name: script: derivation {
    inherit name; system = builtins.currentSystem; builder = "/bin/sh";
    args = [ "-c" ("PATH=/usr/bin:/bin; " + script) ];
  };
  speak = name: mk name "for i in 1 2 3 4 5 6 7 8; do echo line $i 漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字; sleep 0.2; done; echo > $out";
in {
  one = speak "one-1.0";
  two = mk "two-1.0" "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do echo line $i 漢字漢字漢字漢字漢字漢字漢字漢字; sleep 0.2; done; echo > $out";
  three = speak "three-1.0";
  colour = mk "colour" "printf '\\\\033[31mred\\\\n'; sleep 0.3; echo > $out";
  fails = mk "fails" "echo so it goes; sleep 0.3; exit 3";
  endless = mk "endless" "echo waiting; sleep 100";
}
`;

describe.skipIf(!isNixInstalled || !hasScript)("in a terminal", () => {
  const daemon = new NixDaemon();
  beforeAll(() => {
    writeFileSync(join(daemon.folder, "packages.nix"), PACKAGES);
    return daemon.start();
  });
  afterAll(() => daemon.dispose());

  /** Runs a shell command with a terminal of some width; something is done after a text was seen. */
  function inTerminal(
    columns: number,
    shell: string,
    event?: { readonly after: string; readonly act: (type: (keys: string) => void) => void },
  ): Promise<string> {
    const child = spawn("script", ["-qec", `stty cols ${columns} rows 24; ${shell}`, "/dev/null"], {
      cwd: daemon.folder,
      env: { ...daemon.environment, NIX_REMOTE: "daemon", TERM: "xterm", NO_COLOR: undefined },
      stdio: ["pipe", "pipe", "inherit"],
    });
    let text = "";
    let hasActed = false;
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (event === undefined || hasActed || !text.includes(event.after)) return;
      hasActed = true;
      event.act((keys) => child.stdin.write(keys));
    });
    return new Promise((resolve) =>
      child.once("close", () => {
        child.stdin.destroy();
        resolve(text);
      }),
    );
  }

  const nivis = (...args: string[]): string =>
    [process.execPath, COMMAND, ...args].map((arg) => `'${arg}'`).join(" ");
  const build = (...args: string[]): string =>
    nivis("build", "-f", "packages.nix", "--no-link", ...args);

  const visible = (bytes: string): string =>
    bytes.replace(/\x1b\[[0-9;?]*[a-zA-Z]/g, "").replace(/[\r\n]/g, "");

  /** What was drawn, one frame after the other. */
  const frames = (text: string): string[] =>
    [...text.matchAll(/\r([^\r\n]*)\x1b\[0m\x1b\[K/g)].map(([, frame]) => visible(frame as string));

  /** The line is taken away at the end, and the cursor is there again. */
  function expectCleanEnd(text: string): void {
    expect(text.lastIndexOf("\x1b[?25h")).toBeGreaterThan(text.lastIndexOf("\x1b[?25l"));
    const drawn = text.lastIndexOf("\x1b[0m\x1b[K");
    expect(text.slice(drawn)).toContain("\r\x1b[K\x1b[?25h");
  }

  test("counts builds, and shows the last line of the log", async () => {
    const text = await inTerminal(80, build("one"));
    expectCleanEnd(text);
    const drawn = frames(text);
    // The first frame is drawn before or after the daemon has begun to build.
    expect(drawn[0]).toMatch(/^\[(0\/1 built\] $|1\/0\/1 built\] building one-1\.0)/);
    expect(drawn.some((line) => /^\[1\/0\/1 built\] building one-1\.0: line \d /.test(line))).toBe(
      true,
    );
    expect(text.startsWith("\x1b[?25l")).toBe(true);
  });

  test("fits a narrow terminal whatever is drawn, and one that is resized", async () => {
    const go = join(daemon.folder, "go");
    const resize = `(until [ -e ${go} ]; do sleep 0.1; done; stty cols 30 < /dev/tty) &`;
    const event = { after: "line 2", act: () => writeFileSync(go, "") };
    const text = await inTerminal(41, `${resize} ${build("two")}`, event);
    const drawn = frames(text).map(columnsOf);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(41);
    // A wide character that does not fit is left out whole.
    expect(Math.max(...drawn)).toBeGreaterThanOrEqual(40);
    expect(drawn.at(-1)).toBeLessThanOrEqual(30);
  });

  test("prints logs above the bar", async () => {
    const text = await inTerminal(80, build("-L", "colour"));
    expect(text).toContain("\x1b[2mcolour> \x1b[0m\x1b[31mred\x1b[0m\r\n");
    expectCleanEnd(text);
  });

  test("leaves a clean line before an error", async () => {
    const text = await inTerminal(80, build("fails"));
    expectCleanEnd(text);
    const error = text.slice(text.lastIndexOf("\r\x1b[K"));
    expect(visible(error)).toMatch(/^error: .*fails\.drv/);
  });

  test("leaves a clean line when the user interrupts it", async () => {
    const event = { after: "waiting", act: (type: (keys: string) => void) => type("\x03") };
    const text = await inTerminal(80, build("endless"), event);
    expectCleanEnd(text);
    expect(visible(text)).toContain("interrupted by the user");
  });

  test("draws no bar for programs", async () => {
    const json = await inTerminal(80, build("--log-format", "internal-json", "three"));
    expect(json).not.toContain("\x1b[K");
    const lines = json.split("\r\n").filter((line) => line !== "");
    for (const line of lines) expect(() => JSON.parse(line.replace(/^@nix /, ""))).not.toThrow();
    expect(lines.length).toBeGreaterThan(8);
    const plain = await inTerminal(80, `${build("three", "--rebuild")} 2>&1 | cat`);
    expect(plain).not.toContain("\x1b[");
  });

  test("shows how far a copy is", async () => {
    writeFileSync(join(daemon.folder, "large"), Buffer.alloc(20_000_000, "some text to compress "));
    const path = daemon.run("nix-store", "--add", join(daemon.folder, "large"));
    const text = await inTerminal(60, nivis("copy", "--to", `file://${daemon.folder}/cache`, path));
    expectCleanEnd(text);
    const drawn = frames(text);
    expect(Math.max(...drawn.map(columnsOf))).toBeLessThanOrEqual(60);
    expect(
      drawn.some((line) =>
        /^\[1\/0\/1 copied \([\d.]+( [KM]iB)?\/19\.1 MiB\)\] copying /.test(line),
      ),
    ).toBe(true);
  });
});
