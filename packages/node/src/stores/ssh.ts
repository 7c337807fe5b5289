/**
 * Connections through ssh: the command line that C++ Nix builds, and the program behind it. On the host
 * `localhost` the program runs here, without ssh. Source: ssh.cc of libstore.
 */
import { marked } from "@nivis/formats";
import { type Connector, StoreError } from "@nivis/store";
import { processConnector } from "./duplex-transport.ts";

/** What of the command line can be chosen. */
export interface SshOptions {
  /** More flags, such as those of `NIX_SSHOPTS`. */
  readonly extra: readonly string[];
  readonly compress: boolean;
  /** The file of a private key. */
  readonly key?: string;
  /** The file with the only host key that is accepted. */
  readonly knownHosts?: string;
}

/** How a program on another machine is reached. */
export interface SshConnection extends Omit<SshOptions, "extra" | "knownHosts"> {
  /** `[user@]host[:port]`. */
  readonly authority: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The public key of the host, as its file has it, in base 64. */
  readonly publicHostKey?: string;
}

/** The parts of `[user@]host[:port]`. Throws C++ Nix's error for one that ssh must not be given. */
export function splitAuthority(authority: string): { host: string; login: string; port?: string } {
  const [, user, host = "", port] = /^(?:(.*)@)?(.*?)(?::(\d+))?$/.exec(authority) ?? [];
  const refuse = (reason: string): never => {
    throw new StoreError("usage", marked`invalid SSH authority: '${authority}': ${reason}`);
  };
  if (user === "") refuse("user name must not be empty");
  if (user?.startsWith("-")) refuse(marked`user name '${user}' must not start with '-'`);
  if (host === "") refuse("host name must not be empty");
  if (host.startsWith("-")) refuse(marked`host name '${host}' must not start with '-'`);
  const name = host.replace(/^\[(.*)\]$/, "$1");
  const login = user === undefined ? name : `${user}@${name}`;
  return { host: name, login, ...(port === undefined ? {} : { port }) };
}

/** The arguments of ssh that run `command` on `authority`, which is `[user@]host[:port]`. */
export function sshArguments(
  authority: string,
  command: readonly string[],
  { extra, compress, key, knownHosts }: SshOptions,
): string[] {
  const { login, port } = splitAuthority(authority);
  return [
    login,
    "-x",
    ...extra,
    ...(key === undefined ? [] : ["-i", key]),
    ...(knownHosts === undefined ? [] : [`-oUserKnownHostsFile=${knownHosts}`]),
    ...(compress ? ["-C"] : []),
    ...(port === undefined ? [] : [`-p${port}`]),
    "-oPermitLocalCommand=yes",
    "-oLocalCommand=echo started",
    "--",
    ...command,
  ];
}

/** Connects to the standard streams of a program on another machine. */
export function sshConnector(connection: SshConnection, command: readonly string[]): Connector {
  const { authority, environment, publicHostKey } = connection;
  const { host } = splitAuthority(authority);
  // ssh runs the local command, which tells that it is connected, by the user's shell.
  const variables = { ...environment, SHELL: "/bin/sh" };
  const failure = `failed to start SSH connection to '${host}'`;
  const [program = "", ...args] = command;
  if (authority === "localhost") {
    return processConnector({ program, args, environment: variables, failure });
  }
  const options = { ...connection, extra: sshOptions(environment["NIX_SSHOPTS"] ?? "") };
  const connect = (more: Partial<SshOptions> = {}): Connector =>
    processConnector({
      program: "ssh",
      args: sshArguments(authority, command, { ...options, ...more }),
      environment: variables,
      greeting: "started",
      failure,
    });
  if (publicHostKey === undefined) return connect();
  return async (signal) => {
    const { mkdtemp, rm, writeFile } = process.getBuiltinModule("node:fs/promises");
    const { tmpdir } = process.getBuiltinModule("node:os");
    const folder = await mkdtemp(`${tmpdir()}/nivis-ssh-`);
    try {
      const key = Buffer.from(publicHostKey, "base64").toString("latin1");
      await writeFile(`${folder}/host-key`, `${host} ${key}\n`, "latin1");
      // Once the connection is there, ssh has read the file.
      return await connect({ knownHosts: `${folder}/host-key` })(signal);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

/** Splits words as a shell does: blanks separate, quotes and backslashes keep. */
export function sshOptions(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (quote === "'" ? c !== "'" : quote === '"' && c !== '"' && c !== "\\") {
      word = (word ?? "") + c;
    } else if (c === quote) {
      quote = "";
    } else if (c === "\\") {
      word = (word ?? "") + text.charAt(++i);
    } else if (c === "'" || c === '"') {
      quote = c;
      word ??= "";
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + c;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}
