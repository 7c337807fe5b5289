/**
 * Content addresses: how the content of a store object is hashed, and the hash.
 *
 * A method turns a file system object into bytes: `flat` is the file itself, `nar`
 * its archive, `git` a Git object, `text` a flat file whose references enter its path. The
 * prefixes `r:`, `git:`, `text:` and `fixed:` are those of derivations and narinfo.
 */

import type { RequireFeature } from "./experimental-feature.ts";
import { FormatError } from "./format-error.ts";
import { type HashAlgorithm, parseHashAlgorithm } from "./hash/algorithms.ts";
import { formatHash, type NixHash, parseBareHash } from "./hash/nix-hash.ts";
import { marked } from "./marked-text.ts";

/** How a file system object is turned into bytes for hashing. */
export type FileIngestionMethod = "flat" | "nar" | "git";

/** An ingestion method, or `text`. */
export type ContentAddressMethod = FileIngestionMethod | "text";

/** A method and the resulting hash. */
export interface ContentAddress {
  readonly method: ContentAddressMethod;
  readonly hash: NixHash;
}

/** The ingestion method called `name`; throws for other names, including `recursive`. */
export function parseFileIngestionMethod(name: string): FileIngestionMethod {
  switch (name) {
    case "flat":
    case "nar":
    case "git":
      return name;
    default:
      throw new FormatError(
        "usage",
        marked`Unknown file ingestion method '${name}', expect \`flat\`, \`nar\`, or \`git\``,
      );
  }
}

/** The method called `name`, `text` included. */
export function parseContentAddressMethod(name: string): ContentAddressMethod {
  return name === "text" ? "text" : parseFileIngestionMethod(name);
}

/** The prefix of a method in the `hashAlgo` field of a derivation output. */
export function methodPrefix(method: ContentAddressMethod): string {
  switch (method) {
    case "flat":
      return "";
    case "nar":
      return "r:";
    case "git":
      return "git:";
    case "text":
      return "text:";
  }
}

/** Splits a method prefix off `text`: `r:sha256` gives `nar` and `sha256`. */
export function splitMethodPrefix(
  text: string,
  require?: RequireFeature,
): { method: ContentAddressMethod; rest: string } {
  if (text.startsWith("r:")) return { method: "nar", rest: text.slice(2) };
  if (text.startsWith("git:")) {
    require?.("git-hashing");
    return { method: "git", rest: text.slice(4) };
  }
  if (text.startsWith("text:")) return { method: "text", rest: text.slice(5) };
  return { method: "flat", rest: text };
}

/** Method prefix and algorithm, such as `r:sha256`. */
export function formatMethodAlgorithm(
  method: ContentAddressMethod,
  algorithm: HashAlgorithm,
): string {
  return methodPrefix(method) + algorithm;
}

function modernPrefix(method: ContentAddressMethod): string {
  return method === "text" ? "text:" : `fixed:${methodPrefix(method)}`;
}

/** `fixed:r:sha256:<nix32>`, as in the `CA` field of narinfo. */
export function formatContentAddress(address: ContentAddress): string {
  return modernPrefix(address.method) + formatHash(address.hash, "nix32", true);
}

/** Parses the output of {@link formatContentAddress}. */
export function parseContentAddress(text: string, require?: RequireFeature): ContentAddress {
  const colon = text.indexOf(":");
  if (colon < 0) {
    throw new FormatError(
      "usage",
      marked`not a content address because it is not in the form '<prefix>:<rest>': ${text}`,
    );
  }
  const prefix = text.slice(0, colon);
  let rest = text.slice(colon + 1);
  let method: ContentAddressMethod;
  if (prefix === "text") {
    method = "text";
  } else if (prefix === "fixed") {
    method = "flat";
    if (rest.startsWith("r:")) {
      method = "nar";
      rest = rest.slice(2);
    } else if (rest.startsWith("git:")) {
      require?.("git-hashing");
      method = "git";
      rest = rest.slice(4);
    }
  } else {
    throw new FormatError(
      "usage",
      marked`content address prefix '${prefix}' is unrecognized. Recogonized prefixes are 'text' or 'fixed'`,
    );
  }
  const second = rest.indexOf(":");
  if (second < 0) {
    throw new FormatError(
      "usage",
      marked`content address hash must be in form '<algo>:<hash>', but found: ${text}`,
    );
  }
  const algorithm = parseHashAlgorithm(rest.slice(0, second), require);
  return { method, hash: parseBareHash(rest.slice(second + 1), algorithm) };
}
