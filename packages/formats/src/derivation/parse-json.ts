/**
 * Parses a derivation from JSON, format version 4, the input of `nix derivation add`. Output paths
 * are not verified; hash-modulo.ts does that. Source: derivation/json.cc of libstore.
 */

import { normalizeJson } from "../codec/json.ts";
import { type Bytes, decodeUtf8, encodeUtf8 } from "../codec/utf8.ts";
import { parseContentAddressMethod } from "../content-address.ts";
import { FormatError } from "../format-error.ts";
import { parseHashAlgorithm } from "../hash/algorithms.ts";
import { parseSriHash } from "../hash/nix-hash.ts";
import { makeContentAddressedPath, outputPathName, type StoreConfig } from "../make-store-path.ts";
import { type MarkedText, marked } from "../marked-text.ts";
import { checkStorePathBaseName, printStorePath } from "../store-path.ts";
import type { Derivation, DerivationInput, DerivationOutput } from "./derivation.ts";
import { DERIVATION_JSON_VERSION } from "./json.ts";

type JsonObject = Readonly<Record<string, unknown>>;

function bad(message: MarkedText): FormatError {
  return new FormatError("json-parse", message);
}

/** A JSON value as an argument of a message. */
function shown(value: unknown): Bytes {
  return encodeUtf8(JSON.stringify(value));
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function wrongType(value: unknown, expected: string): FormatError {
  return bad(
    marked`Expected JSON value to be of type '${expected}' but it is of type '${typeName(value)}': ${shown(value)}`,
  );
}

function objectOf(value: unknown): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw wrongType(value, "object");
}

function stringOf(value: unknown): string {
  if (typeof value === "string") return encodeUtf8(value);
  throw wrongType(value, "string");
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrongType(value, "array");
}

/** What `read` returns; its errors name the key. */
function reading<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const traces = [...error.traces, marked`while reading key '${key}'`];
    throw new FormatError(error.kind, error.text, traces);
  }
}

function member(object: JsonObject, key: string): unknown {
  if (Object.hasOwn(object, key)) return object[key];
  throw bad(marked`Expected JSON object to contain key '${key}' but it doesn't: ${shown(object)}`);
}

class DerivationReader {
  readonly #config: StoreConfig;
  readonly #name: string;

  constructor(config: StoreConfig, name: string) {
    this.#config = config;
    this.#name = name;
  }

  path(value: unknown): string {
    const baseName = stringOf(value);
    checkStorePathBaseName(baseName);
    return printStorePath(baseName, this.#config.storeDir);
  }

  output(value: unknown, id: string): DerivationOutput {
    const output = objectOf(value);
    const keys = Object.keys(output).sort().join(" ");
    const method = () => parseContentAddressMethod(stringOf(member(output, "method")));
    const algorithm = () => parseHashAlgorithm(stringOf(member(output, "hashAlgo")));
    switch (keys) {
      case "path":
        return { kind: "input-addressed", path: this.path(output["path"]) };
      case "hash method": {
        const address = { method: method(), hash: parseSriHash(stringOf(output["hash"])) };
        const name = outputPathName(this.#name, id);
        return {
          kind: "fixed",
          ...address,
          path: makeContentAddressedPath(this.#config, name, address),
        };
      }
      case "hashAlgo method":
        return { kind: "floating", method: method(), algorithm: algorithm() };
      case "hashAlgo impure method":
        return { kind: "impure", method: method(), algorithm: algorithm() };
      case "":
        return { kind: "deferred" };
      default:
        throw bad("invalid JSON for derivation output");
    }
  }

  input(value: unknown): DerivationInput {
    const input = objectOf(value);
    const outputs = new Set(listOf(member(input, "outputs")).map(stringOf));
    const dynamic = Object.entries(objectOf(input["dynamicOutputs"] ?? {}));
    if (dynamic.length === 0) return { outputs };
    return {
      outputs,
      dynamicOutputs: new Map(dynamic.map(([id, one]) => [encodeUtf8(id), this.input(one)])),
    };
  }
}

/**
 * The text of a member of the outermost object, which is known to be valid JSON. Its numbers must
 * be preserved exactly, which JavaScript's parser does not do.
 */
function rawMember(text: string, wanted: string): string | undefined {
  let found: string | undefined;
  let depth = 0;
  let key: string | undefined;
  let start = 0;
  const finish = (end: number): void => {
    if (key === wanted) found = text.slice(start, end);
    key = undefined;
  };
  for (let at = 0; at < text.length; at++) {
    const c = text.charAt(at);
    if (c === '"') {
      const begin = at;
      while (text.charAt(++at) !== '"') if (text.charAt(at) === "\\") at++;
      if (depth === 1 && key === undefined) {
        key = JSON.parse(text.slice(begin, at + 1)) as string;
        start = text.indexOf(":", at) + 1;
        at = start - 1;
      }
    } else if (c === "{" || c === "[") depth++;
    else if (c === "}" || c === "]") {
      if (--depth === 0) finish(at);
    } else if (c === "," && depth === 1) finish(at);
  }
  return found;
}

/** Parses a derivation; throws a {@link FormatError} whose traces name the key. */
export function parseDerivationJson(text: string, config: StoreConfig): Derivation {
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(text));
  } catch (error) {
    throw bad(
      marked`invalid JSON: ${encodeUtf8(error instanceof Error ? error.message : String(error))}`,
    );
  }
  const json = objectOf(value);
  const version = member(json, "version");
  if (typeof version !== "number") {
    throw bad(
      marked`Expected JSON value to be an unsigned integral number but it is of type '${typeName(version)}': ${shown(version)}`,
    );
  }
  if (version !== DERIVATION_JSON_VERSION) {
    throw bad(
      marked`Unsupported derivation JSON format version ${version}, only format version ${DERIVATION_JSON_VERSION} is currently supported.`,
    );
  }
  const name = stringOf(member(json, "name"));
  const reader = new DerivationReader(config, name);
  const entries = (object: JsonObject, key: string): [string, unknown][] =>
    Object.entries(objectOf(member(object, key)));
  // In the order of C++ Nix, as the first error counts.
  const outputs = reading("outputs", () =>
    entries(json, "outputs").map(
      ([id, output]) => [encodeUtf8(id), reader.output(output, id)] as const,
    ),
  );
  const { srcs, drvs } = reading("inputs", () => {
    const inputs = objectOf(member(json, "inputs"));
    return {
      srcs: reading("srcs", () => listOf(member(inputs, "srcs")).map((one) => reader.path(one))),
      drvs: reading("drvs", () =>
        entries(inputs, "drvs").map(([path, one]) => {
          const input = reader.input(one);
          return [reader.path(path), input] as const;
        }),
      ),
    };
  });
  const system = stringOf(member(json, "system"));
  const builder = stringOf(member(json, "builder"));
  const args = listOf(member(json, "args")).map(stringOf);
  const env = reading("env", () =>
    entries(json, "env").map(([key, one]) => [encodeUtf8(key), stringOf(one)] as const),
  );
  const structured = rawMember(text, "structuredAttrs");
  if (structured !== undefined) objectOf(json["structuredAttrs"]);
  return {
    name,
    outputs: new Map(outputs),
    inputDrvs: new Map(drvs),
    inputSrcs: new Set(srcs),
    system,
    builder,
    args,
    env: new Map(env),
    ...(structured === undefined ? {} : { structuredAttrs: normalizeJson(structured) }),
  };
}
