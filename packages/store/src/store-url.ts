/**
 * Store references as C++ Nix writes them: `auto`, `daemon`, `local`, a path, or
 * `scheme://authority/path?parameter=value`. Reading only; what can be opened is decided by the
 * platform. Source: store-reference.cc of libstore.
 */
import { FormatError, marked, parseUrl } from "@nivis/formats";
import { StoreError } from "./error.ts";

/** A store as it was asked for. */
export interface StoreReference {
  /** `auto`, or the scheme of a URL; `daemon` is `unix` and `local` is `local`. */
  readonly scheme: string;
  /** What stands between `//` and `?`, still percent-encoded: host and path, or a path. */
  readonly authority: string;
  /** Decoded. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Whether it was written as a word, `daemon` or `local`, which is then also how it is shown. */
  readonly isWord: boolean;
}

function decodePercent(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Splits `a=b&c=d`; a word without `=` has no value and is dropped, as upstream does. */
function parseQuery(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of text.split("&")) {
    const equals = part.indexOf("=");
    if (equals < 0) continue;
    parameters.set(decodePercent(part.slice(0, equals)), decodePercent(part.slice(equals + 1)));
  }
  return parameters;
}

/** Encodes what may not stand in the path of a URL. */
function encodePath(path: string): string {
  return path.replace(
    /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/**
 * Reads a store reference. `absolute` turns a relative path into an absolute one. Throws a `usage`
 * error for what is none.
 */
export function parseStoreReference(
  text: string,
  absolute: (path: string) => string = (path) => path,
): StoreReference {
  const question = text.indexOf("?");
  const base = question < 0 ? text : text.slice(0, question);
  const parameters =
    question < 0 ? new Map<string, string>() : parseQuery(text.slice(question + 1));
  const word = parameters.size === 0;
  if (base === "" || base === "auto") {
    return { scheme: "auto", authority: "", parameters, isWord: true };
  }
  if (base === "daemon") return { scheme: "unix", authority: "", parameters, isWord: word };
  if (base === "local") return { scheme: "local", authority: "", parameters, isWord: word };
  if (!base.includes("://") && base.includes("/")) {
    const authority = encodePath(absolute(base));
    return { scheme: "local", authority, parameters, isWord: false };
  }
  const found = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/s.exec(base);
  if (found !== null) {
    const [, scheme = "", authority = ""] = found;
    if (scheme === "file" || scheme === "http" || scheme === "https") checkUrl(text);
    return { scheme, authority, parameters, isWord: false };
  }
  throw new StoreError("usage", marked`Cannot parse Nix store '${text}'`);
}

function checkUrl(text: string): void {
  try {
    parseUrl(text);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new StoreError("usage", marked`Cannot parse Nix store '${text}'`);
  }
}

/** The path in a reference to something on this machine. */
export function pathOfReference(reference: StoreReference): string {
  return decodePercent(reference.authority);
}

/** A reference as it is shown: `daemon`, `local`, else a URL; with its parameters if so wanted. */
export function formatStoreReference(reference: StoreReference, withParameters = true): string {
  const { scheme, authority, parameters, isWord } = reference;
  const base =
    scheme === "auto"
      ? "auto"
      : isWord && scheme === "unix"
        ? "daemon"
        : isWord && scheme === "local"
          ? "local"
          : `${scheme}://${authority}`;
  if (!withParameters || parameters.size === 0) return base;
  const encode = (part: string): string =>
    part.replace(
      /[^A-Za-z0-9\-._~!$'()*,;:@/?]/g,
      (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
    );
  const pairs = [...parameters].sort().map(([key, value]) => `${encode(key)}=${encode(value)}`);
  return `${base}?${pairs.join("&")}`;
}

/** The value of a parameter that is a switch. */
export function booleanParameter(
  reference: StoreReference,
  name: string,
  fallback: boolean,
): boolean {
  const value = reference.parameters.get(name);
  if (value === undefined) return fallback;
  if (["true", "yes", "1"].includes(value)) return true;
  if (["false", "no", "0"].includes(value)) return false;
  throw new StoreError("usage", marked`Boolean setting '${name}' has invalid value '${value}'`);
}

/** The value of a parameter that is a whole number. */
export function integerParameter(
  reference: StoreReference,
  name: string,
  fallback: number,
): number {
  const value = reference.parameters.get(name);
  if (value === undefined) return fallback;
  if (!/^-?[0-9]{1,15}$/.test(value)) {
    throw new StoreError("usage", marked`setting '${name}' has invalid value '${value}'`);
  }
  return Number(value);
}
