/** Running programs such as git, with what they print gathered as bytes. */
import type { ChildProcess } from "node:child_process";
import type { ProgramOptions, ProgramResult, ProgramRunner } from "@nivis/fetch";
import { InputError, marked } from "@nivis/formats";
import { textOfBytes } from "../byte-path.ts";
import { errnoCode, errnoMessage } from "../errno.ts";

/** See the head of this file. */
export class NodeProgramRunner implements ProgramRunner {
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #children = new Set<ChildProcess>();
  /** Programs do not outlive the thread or process that waits for them. */
  readonly #endAll = (): void => {
    for (const child of this.#children) child.kill();
  };

  /** @param environment The variables that programs get; texts, not bytes. */
  constructor(environment: Readonly<Record<string, string | undefined>>) {
    this.#environment = environment;
  }

  run(
    program: string,
    args: readonly string[],
    options: ProgramOptions = {},
  ): Promise<ProgramResult> {
    const { spawn } = process.getBuiltinModule("node:child_process");
    const environment: Record<string, string> = {};
    for (const [name, value] of Object.entries({ ...this.#environment, ...options.environment })) {
      if (value !== undefined) environment[name] = value;
    }
    const isInteractive = options.interactive === true;
    return new Promise((resolve, reject) => {
      const child = spawn(textOfBytes(program), args.map(textOfBytes), {
        env: environment,
        stdio: [
          options.input === undefined ? (isInteractive ? "inherit" : "ignore") : "pipe",
          "pipe",
          isInteractive ? "inherit" : "pipe",
        ],
        ...(options.directory === undefined ? {} : { cwd: textOfBytes(options.directory) }),
      });
      if (this.#children.size === 0) process.once("exit", this.#endAll);
      this.#children.add(child);
      const forget = (): void => {
        if (this.#children.delete(child) && this.#children.size === 0) {
          process.off("exit", this.#endAll);
        }
      };
      const output: Buffer[] = [];
      const errors: Buffer[] = [];
      child.stdout?.on("data", (piece: Buffer) => output.push(piece));
      child.stderr?.on("data", (piece: Buffer) => errors.push(piece));
      child.on("error", (error) => {
        forget();
        const reason = errnoMessage(errnoCode(error));
        const hint =
          reason === errnoMessage("ENOENT") ? `; is the program '${program}' installed?` : "";
        reject(new InputError(marked`executing '${program}': ${reason}${hint}`));
      });
      child.on("close", (code, signal) => {
        forget();
        resolve({
          code: code ?? 128 + signalNumber(signal),
          output: Buffer.concat(output),
          errors: Buffer.concat(errors).toString("latin1"),
        });
      });
      if (options.input !== undefined) {
        // A program that does not read its input is not an error of ours.
        child.stdin?.on("error", () => {});
        child.stdin?.end(Buffer.from(options.input, "latin1"));
      }
    });
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  const { constants } = process.getBuiltinModule("node:os");
  return signal === null ? 0 : constants.signals[signal];
}
