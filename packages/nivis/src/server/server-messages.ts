/** The messages between commands, the server and its workers. Texts, not bytes. */

/** What a command asks a server for. */
export interface ServerRequest {
  /** The key on the server's card. */
  readonly key: string;
  readonly question: "run" | "status" | "stop";
  readonly run?: RunRequest;
}

/** A run of a command, with everything of its process that matters. */
export interface RunRequest {
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly umask: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Which standard streams are terminals. */
  readonly terminals: readonly [input: boolean, out: boolean, error: boolean];
}

/** How a run has ended. */
export interface RunEnd {
  /** `undefined` if the server cannot do what the command wants, which must then do it itself. */
  readonly code?: number;
  /** Why the run was not done, or not to its end; for people. */
  readonly reason?: string;
  /** Whether the evaluation of an earlier run was used. */
  readonly isWarm?: boolean;
}

/** A worker of a server, as `nivis server status` shows it. */
export interface WorkerStatus {
  readonly pid: number;
  /** In bytes. */
  readonly resident: number;
  readonly runs: number;
  readonly isBusy: boolean;
  /** Whether it evaluates what the next command may need. */
  readonly isAhead: boolean;
  /** The directory and the arguments of the last run. */
  readonly last: string;
}

/** What a server says of itself. */
export interface ServerStatus {
  readonly pid: number;
  /** Seconds since 1970. */
  readonly started: number;
  readonly runs: number;
  readonly warmRuns: number;
  readonly waiting: number;
  /** In MiB. */
  readonly maxMemory: number;
  readonly workers: readonly WorkerStatus[];
}

/** What a worker tells the server at the end of a run. */
export interface WorkerEnd extends RunEnd {
  /** In bytes. */
  readonly resident: number;
  /** Whether the worker has an evaluation that the next run may use. */
  readonly isKept: boolean;
}
