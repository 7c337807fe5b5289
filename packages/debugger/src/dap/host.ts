/** What a session of the Debug Adapter Protocol needs from the program around it. */
import type { Evaluation, StopSignal } from "@nivis/eval";
import type { Bytes } from "@nivis/formats";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Debugger } from "../engine.ts";
import type { RunningProgram } from "./running-program.ts";

/** The arguments of `launch`. Texts are ordinary text. */
export interface LaunchArguments extends DebugProtocol.LaunchRequestArguments {
  /** A file, or `<name>` of the search path. */
  readonly program?: string;
  /** An expression instead of a file. */
  readonly expression?: string;
  /** An output of a flake, such as `.#packages.x86_64-linux.hello`. */
  readonly flake?: string;
  /** The attribute that is evaluated, such as `a.b`; the whole value by default. */
  readonly attr?: string;
  /** Arguments for functions: expressions by name. */
  readonly args?: Readonly<Record<string, string>>;
  /** The same, with strings. */
  readonly argstr?: Readonly<Record<string, string>>;
  /** Entries of the search path, such as `nixpkgs=/path`. */
  readonly nixPath?: readonly string[];
  /** Settings of nix.conf by name. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stopOnEntry?: boolean;
  /** Whether the value is evaluated to its end, and not only its outermost layer. Defaults to `true`. */
  readonly deep?: boolean;
}

/** A program that is ready to run. */
export interface DebuggedProgram {
  readonly evaluation: Evaluation;
  /** Evaluates it and returns the text of its value; throws what the evaluation throws. */
  run(signal: StopSignal): Promise<Bytes>;
  /** The text of an error, with its traces. */
  render(error: unknown): Bytes;
  /** Ends what was opened for it. */
  close(): void;
}

/** The program around a session. */
export interface DapHost {
  /** Sends a message to the client. */
  send(message: DebugProtocol.ProtocolMessage): void;
  /** Opens the program of a `launch`, with the hooks of a debugger. */
  launch(args: LaunchArguments, debug: Debugger): Promise<DebuggedProgram>;
  /** The arguments of the program that `attach` means; absent if there is none. */
  readonly attachable?: LaunchArguments | undefined;
  /** The program that runs by itself, if there is one: a client can only attach to it. */
  readonly running?: RunningProgram | undefined;
  /** The session is over. */
  ended(): void;
}
