/** The command line of ssh for a store, as C++ Nix builds it. Source: ssh.cc of libstore. */
import { StoreError } from "@nivis/store";

/** What of the command line can be chosen. */
export interface SshOptions {
  /** More flags, such as those of `NIX_SSHOPTS`. */
  readonly extra: readonly string[];
  readonly compress: boolean;
  /** The file of a private key. */
  readonly key?: string;
}

/** The arguments of ssh that run `command` on `authority`, which is `[user@]host[:port]`. */
export function sshArguments(
  authority: string,
  command: readonly string[],
  { extra, compress, key }: SshOptions,
): string[] {
  const [, host = "", port] = /^(.*?)(?::(\d+))?$/.exec(authority) ?? [];
  if (host === "" || host.startsWith("-")) {
    throw new StoreError("usage", `invalid SSH host name '${authority}'`);
  }
  return [
    host.replace(/^\[(.*)\]$/, "$1"),
    "-x",
    ...extra,
    ...(key === undefined ? [] : ["-i", key]),
    ...(compress ? ["-C"] : []),
    ...(port === undefined ? [] : [`-p${port}`]),
    "-oPermitLocalCommand=yes",
    "-oLocalCommand=echo started",
    "--",
    ...command,
  ];
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
