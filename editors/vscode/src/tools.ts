/**
 * Running `nivis` itself for commands and tasks of the extension: what it is called with, and its output.
 * Only on a machine; the glue to the editor is in `tool-commands.ts`.
 */
import { spawn } from "node:child_process";

/** How `nivis` is started: a program, and what comes before its own arguments. */
export interface Tool {
  readonly program: string;
  readonly before: readonly string[];
}

/** What a run printed. */
export interface ToolResult {
  /** `null` if it was ended. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A run that takes longer is ended, in milliseconds. */
const MAX_TIME = 120_000;
/** More output is cut, in UTF-16 code units. */
const MAX_OUTPUT = 16 * 1024 * 1024;

/** Runs `nivis` in a folder with a text on its standard input. */
export function runTool(
  { program, before }: Tool,
  args: readonly string[],
  cwd: string,
  input = "",
): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...before, ...args], {
      cwd,
      timeout: MAX_TIME,
      // The program of the editor is Node.js if it is told so.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
    });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (out.length < MAX_OUTPUT) out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (err.length < MAX_OUTPUT) err += text;
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
    // A program that ends without reading its input is not an error.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

/** Prints the bytecode of the expression on standard input. */
export const BYTECODE_ARGS: readonly string[] = ["disassemble", "--file", "-"];

/** Prints the derivation at a path of attributes in a file, or in the flake whose file it is. */
export function derivationArgs(file: string, attribute: string): string[] {
  const args = ["derivation", "show", "--pretty"];
  if (/[/\\]flake\.nix$/.test(file)) return [...args, attribute === "" ? "." : `.#${attribute}`];
  return [...args, "--file", file, ...(attribute === "" ? [] : [attribute])];
}

/** Prints the inputs of a flake as JSON. */
export function inputsArgs(file: string): string[] {
  return ["edit", "inputs", file];
}

/** The names in what {@link inputsArgs} prints, with the URLs that they have. */
export function inputsIn(json: string): { readonly name: string; readonly url: string }[] {
  const inputs = JSON.parse(json) as readonly { readonly name: string; readonly url?: string }[];
  return inputs.map(({ name, url = "" }) => ({ name, url }));
}

/** Updates one input of the flake in the current folder, or all of them. */
export function updateArgs(name: string | undefined): string[] {
  return ["flake", "update", ...(name === undefined ? [] : [name])];
}

/** What can be done with a folder, by the names of the tasks. */
export const TASKS: ReadonlyMap<string, readonly string[]> = new Map([
  ["format all files", ["fmt", "."]],
  ["check the format of all files", ["fmt", "--check", "."]],
  ["lint all files", ["lint", "."]],
  ["check the flake", ["flake", "check"]],
  ["build", ["build"]],
]);
