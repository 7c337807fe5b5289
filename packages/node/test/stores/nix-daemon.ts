/**
 * A nix-daemon of C++ Nix for one test file: its own state, store and socket below a temporary
 * directory, no sandbox, no caches. `isNixInstalled` tells whether there can be one.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DaemonStore, type DaemonStoreOptions } from "@nivis/store";
import { unixConnector } from "../../src/stores/duplex-transport.ts";
import { nodeStoreHost } from "../../src/stores/node-store-host.ts";

/** Whether nix-daemon and nix-store can be run. */
export const isNixInstalled =
  spawnSync("nix-daemon", ["--version"]).status === 0 &&
  spawnSync("nix-store", ["--version"]).status === 0;

/** Whether a process listens at a socket. */
export function acceptsConnections(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once("connect", () => {
      connection.end();
      resolve(true);
    });
    connection.once("error", () => resolve(false));
  });
}

/** See the head of this file. */
export class NixDaemon {
  readonly folder = mkdtempSync(join(tmpdir(), "nivis-daemon-"));
  readonly socket = join(this.folder, "socket");
  readonly storeDir = join(this.folder, "store");
  readonly #environment: Record<string, string | undefined>;
  #process: ChildProcess | undefined;

  /** `programs` is the directory of C++ Nix; what `PATH` finds unless given. */
  constructor(configuration = "", programs?: string) {
    for (const name of ["state", "store", "log", "conf", "home", "state/db"]) {
      mkdirSync(join(this.folder, name), { recursive: true });
    }
    writeFileSync(
      join(this.folder, "conf", "nix.conf"),
      `sandbox = false\nbuild-users-group =\nsubstituters =\nexperimental-features = nix-command flakes\nmax-jobs = 2\n${configuration}\n`,
    );
    this.#environment = {
      ...process.env,
      ...(programs === undefined ? {} : { PATH: `${programs}:${process.env["PATH"]}` }),
      NIX_STATE_DIR: join(this.folder, "state"),
      NIX_STORE_DIR: this.storeDir,
      NIX_LOG_DIR: join(this.folder, "log"),
      NIX_CONF_DIR: join(this.folder, "conf"),
      NIX_USER_CONF_FILES: "",
      NIX_DAEMON_SOCKET_PATH: this.socket,
      NIX_PATH: "",
      HOME: join(this.folder, "home"),
      NIX_REMOTE: "local",
    };
  }

  /** Starts the daemon and waits until it accepts connections, which is after its socket appears. */
  async start(): Promise<void> {
    rmSync(this.socket, { force: true });
    // Two first connections at once would both make the database, and one of them fail.
    execFileSync("nix-store", ["--init"], { env: this.#environment, stdio: "ignore" });
    this.#process = spawn("nix-daemon", [], { env: this.#environment, stdio: "ignore" });
    for (let waited = 0; !(await acceptsConnections(this.socket)); waited += 20) {
      if (waited > 20_000 || this.#process.exitCode !== null) throw new Error("no nix-daemon");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The daemon as a store of C++ Nix. */
  get socketUri(): string {
    return `unix://${this.socket}`;
  }

  /** The process id of the daemon that accepts connections. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** A store behind this daemon. */
  open(options: Partial<DaemonStoreOptions> = {}): DaemonStore {
    return new DaemonStore(nodeStoreHost, unixConnector(this.socket), {
      uri: `unix://${this.socket}`,
      storeDir: this.storeDir,
      ...options,
    });
  }

  /** Runs a program of C++ Nix on the same store, past the daemon. */
  run(program: string, ...args: string[]): string {
    return execFileSync(program, args, {
      env: this.#environment,
      encoding: "utf8",
      maxBuffer: 1 << 26,
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  }

  /** Deletes a path; waits for connections that have ended but whose temporary roots still hold. */
  async delete(path: string): Promise<void> {
    for (let waited = 0; ; waited += 100) {
      try {
        this.run("nix-store", "--delete", path);
        return;
      } catch (error) {
        if (waited > 10_000) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Runs a program of C++ Nix with another store as its default. */
  runWith(store: string, program: string, ...args: string[]) {
    return spawnSync(program, args, {
      env: { ...this.#environment, NIX_REMOTE: store },
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
  }

  /** The environment of the daemon and its programs. */
  get environment(): Record<string, string | undefined> {
    return this.#environment;
  }

  async stop(): Promise<void> {
    const daemon = this.#process;
    this.#process = undefined;
    if (daemon !== undefined && daemon.exitCode === null) {
      const ended = new Promise((resolve) => daemon.once("exit", resolve));
      daemon.kill("SIGTERM");
      await ended;
    }
  }

  /** Stops the daemon and removes all that it wrote. */
  async dispose(): Promise<void> {
    await this.stop();
    // Objects are read-only.
    spawnSync("chmod", ["-R", "u+w", this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
