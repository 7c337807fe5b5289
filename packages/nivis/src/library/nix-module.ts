/**
 * Nix files as JavaScript modules, for bundlers and the hooks of Node: the text of the module, and
 * everything that the evaluation looked at, so that a change of it can be noticed.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { Nix, NixError, type NixInput, type NixOptions, type PlainData } from "@nivis/embed";
import { InputRecorder, nodeIo, toHostPath } from "@nivis/node";
import { declarationsOf, typeOfValue } from "@nivis/types";
import { moduleCode } from "./module-code.ts";
import { nodeHost } from "./node-host.ts";

/** How a file becomes a module. */
export interface NixModuleOptions {
  /** The attribute that is the value of the module. Defaults to the whole value. */
  readonly attr?: string | undefined;
  /** The arguments of functions with formals. Defaults to none. */
  readonly args?: { readonly [name: string]: NixInput } | undefined;
  /** Whether the module is the text of the file, not evaluated. Defaults to `false`. */
  readonly raw?: boolean | undefined;
  /** Whether the declarations of the module are wanted as well. Defaults to `false`. */
  readonly declares?: boolean | undefined;
  /** The options of the session. */
  readonly nix?: Omit<NixOptions, "files" | "io"> | undefined;
}

/** What an evaluation looked at; absolute paths of the host. */
export interface NixDependencies {
  /** Files that were read, or whose kind was asked for. */
  readonly files: readonly string[];
  /** Directories that were listed. */
  readonly directories: readonly string[];
  /** Paths where nothing was. */
  readonly missing: readonly string[];
}

/** A file as a module, or why it is none; either way with what was looked at. */
export type NixModule = { readonly dependencies: NixDependencies } & (
  | {
      readonly code: string;
      readonly value: PlainData;
      /** The declarations of TypeScript, if they were wanted. */
      readonly declaration: string | undefined;
      readonly error?: undefined;
    }
  | { readonly error: Error }
);

/** Evaluates a file as a module. Never throws for a mistake of the file. */
export function readNixModule(file: string, options: NixModuleOptions = {}): NixModule {
  const inputs = new InputRecorder();
  const host = nodeHost();
  const { attr, args, raw = false, declares = false, nix = {} } = options;
  try {
    if (raw) {
      const value = readFileSync(file, "utf8");
      const dependencies = { files: [file], directories: [], missing: [] };
      return { value, code: moduleCode(value), declaration: undefined, dependencies };
    }
    const io = nodeIo({ inputs });
    const fetcher = nix.fetcher ?? host.fetcher?.({});
    using session = new Nix({ ...nix, io, fetcher }, host);
    const opened = session.openFile(file, { attr, args: args ?? {} });
    const value = opened.toData();
    const code = moduleCode(value);
    const declaration = declares
      ? declarationsOf(typeOfValue(opened), { source: basename(file) })
      : undefined;
    return { value, code, declaration, dependencies: dependenciesOf(inputs, file) };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const advice = adviceFor(error);
    if (advice !== undefined) error.message += `; ${advice}`;
    return { error, dependencies: dependenciesOf(inputs, file) };
  }
}

function adviceFor(error: Error): string | undefined {
  if (!(error instanceof NixError) || !/^cannot convert .*function/.test(error.message)) return;
  return "a module holds data: call the function in Nix, or select another attribute with '?attr='";
}

function dependenciesOf(inputs: InputRecorder, file: string): NixDependencies {
  const files = new Set([file]);
  const directories = new Set<string>();
  const missing = new Set<string>();
  for (const input of inputs.list()) {
    if (input.kind === "file" || input.kind === "link") files.add(toHostPath(input.path));
    else if (input.kind === "directory") directories.add(toHostPath(input.path));
    else if (input.kind === "failure") missing.add(toHostPath(input.path));
    else if (input.kind === "type") {
      if (input.type === "missing") missing.add(toHostPath(input.path));
      else if (input.type !== "directory") files.add(toHostPath(input.path));
    }
  }
  return { files: [...files], directories: [...directories], missing: [...missing] };
}
