/**
 * Programs that a command ends in: `nivis run` and `shell` become another program. Node cannot replace
 * its process, so the program runs below it with the same streams, gets its signals, and its exit code
 * is the command's.
 */
import { EvalError } from "@nivis/eval";
import { encodeUtf8, marked } from "@nivis/formats";
import { errnoMessage } from "@nivis/node";

const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/** Runs a program, looked for in the environment's PATH, and returns its exit code. Texts, not bytes. */
export function runChild(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const { spawn } = process.getBuiltinModule("node:child_process");
  const { constants } = process.getBuiltinModule("node:os");
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      const reason = errnoMessage((error as NodeJS.ErrnoException).code ?? String(error));
      reject(new EvalError("io", marked`unable to execute '${encodeUtf8(program)}': ${reason}`));
    };
    let child: ReturnType<typeof spawn>;
    try {
      child = spawn(program, args, { stdio: "inherit", env: environment });
    } catch (error) {
      fail(error);
      return;
    }
    // A terminal sends its signals to both; those that were sent to this process alone are passed on.
    const forward = FORWARDED.map((signal) => {
      const listener = (): void => {
        if (signal !== "SIGINT" && signal !== "SIGQUIT") child.kill(signal);
      };
      process.on(signal, listener);
      return () => process.off(signal, listener);
    });
    const end = (): void => {
      for (const stop of forward) stop();
    };
    child.once("error", (error) => {
      end();
      fail(error);
    });
    child.once("exit", (code, signal) => {
      end();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
