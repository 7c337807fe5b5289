/** What only a process can show: exit codes, streams, signals. Runs the built commands. */
import { spawn } from "node:child_process";
import { builtCommand } from "@nivis/testkit";
import { describe, expect, test } from "vitest";

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

function start(
  script: string,
  args: readonly string[],
  onStart?: (child: ReturnType<typeof spawn>) => void,
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, ...args], {
      env: { ...process.env, NIX_PATH: "" },
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (piece: Buffer) => out.push(piece));
    child.stderr.on("data", (piece: Buffer) => err.push(piece));
    child.on("close", (code, signal) =>
      resolve({
        code,
        signal,
        out: Buffer.concat(out).toString(),
        err: Buffer.concat(err).toString(),
      }),
    );
    onStart?.(child);
  });
}

describe("the built commands", () => {
  test("end with 0 on success and 1 on an error", async () => {
    expect(await start(builtCommand("nivis"), ["eval", "-E", '"é"'])).toMatchObject({
      code: 0,
      out: '"é"\n',
      err: "",
    });
    const failed = await start(builtCommand("nivis-instantiate"), ["--eval", "-E", 'throw "x"']);
    expect(failed).toMatchObject({ code: 1, out: "" });
    expect(failed.err).toContain("error: x");
  });

  test("evaluate where code cannot be generated, unless that is what is asked for", async () => {
    const flag = "--disallow-code-generation-from-strings";
    const program = "let f = n: if n == 0 then 7 else f (n - 1); in f 100000";
    const evaluate = [builtCommand("nivis"), "eval", "-E", program];
    expect(await start(flag, evaluate)).toMatchObject({ code: 0, out: "7\n", err: "" });
    const failed = await start(flag, [...evaluate, "--tier", "js"]);
    expect(failed).toMatchObject({ code: 1, out: "" });
    expect(failed.err).toContain("code generation from strings is forbidden");
  });

  test("write long results whole", async () => {
    const { out } = await start(builtCommand("nivis"), [
      "eval",
      "--raw",
      "-E",
      'builtins.concatStringsSep "" (builtins.genList (x: "0123456789") 500000)',
    ]);
    expect(out).toHaveLength(5_000_000);
  });

  test("end quietly when nobody reads any more", async () => {
    const ended = await start(
      builtCommand("nivis"),
      [
        "eval",
        "--raw",
        "-E",
        'builtins.concatStringsSep "" (builtins.genList (x: "0123456789") 500000)',
      ],
      (child) => child.stdout?.once("data", () => child.stdout?.destroy()),
    );
    expect(ended).toMatchObject({ code: 0, err: "" });
  });

  test("end promptly at an interrupt", async () => {
    const ended = await start(
      builtCommand("nivis"),
      ["eval", "-E", 'builtins.trace "running" (let f = x: f (x + 1); in f 0)'],
      (child) => child.stderr?.once("data", () => child.kill("SIGINT")),
    );
    expect(ended.signal).toBe("SIGINT");
    expect(ended.err).toBe("trace: running\n");
  });
});
