/**
 * Parses a derivation from JSON, format version 4, the input of `nix derivation add`. Output paths
 * are not verified; hash-modulo.ts does that. Source: derivation/json.cc of libstore.
 */
import { normalizeJson } from "../codec/json.ts";
import { decodeUtf8, encodeUtf8 } from "../codec/utf8.ts";
import { parseContentAddressMethod } from "../content-address.ts";
import { FormatError } from "../format-error.ts";
import { parseHashAlgorithm } from "../hash/algorithms.ts";
import { parseSriHash } from "../hash/nix-hash.ts";
import { makeContentAddressedPath, outputPathName, type StoreConfig } from "../make-store-path.ts";
import { checkStorePathBaseName, printStorePath } from "../store-path.ts";
import type { Derivation, DerivationInput, DerivationOutput } from "./derivation.ts";
import { DERIVATION_JSON_VERSION } from "./json.ts";

type JsonObject = Readonly<Record<string, unknown>>;

function bad(message: string): FormatError {
  return new FormatError("json-parse", encodeUtf8(message));
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function objectAt(value: unknown, where: string): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw bad(
    `Expected JSON value at '${where}' to be of type 'object' but it is of type '${typeName(value)}'`,
  );
}

function stringAt(value: unknown, where: string): string {
  if (typeof value === "string") return encodeUtf8(value);
  throw bad(
    `Expected JSON value at '${where}' to be of type 'string' but it is of type '${typeName(value)}'`,
  );
}

function listAt(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw bad(
    `Expected JSON value at '${where}' to be of type 'array' but it is of type '${typeName(value)}'`,
  );
}

function member(object: JsonObject, key: string): unknown {
  if (Object.hasOwn(object, key)) return object[key];
  throw bad(
    `Expected JSON object to contain key '${key}' but it doesn't: ${JSON.stringify(object)}`,
  );
}

class DerivationReader {
  readonly #config: StoreConfig;
  readonly #name: string;

  constructor(config: StoreConfig, name: string) {
    this.#config = config;
    this.#name = name;
  }

  path(value: unknown, where: string): string {
    const baseName = stringAt(value, where);
    checkStorePathBaseName(baseName);
    return printStorePath(baseName, this.#config.storeDir);
  }

  output(value: unknown, id: string): DerivationOutput {
    const where = `outputs.${id}`;
    const output = objectAt(value, where);
    const keys = Object.keys(output).sort().join(" ");
    const method = () =>
      parseContentAddressMethod(stringAt(member(output, "method"), `${where}.method`));
    const algorithm = () =>
      parseHashAlgorithm(stringAt(member(output, "hashAlgo"), `${where}.hashAlgo`));
    switch (keys) {
      case "path":
        return { kind: "input-addressed", path: this.path(output["path"], `${where}.path`) };
      case "hash method": {
        const address = {
          method: method(),
          hash: parseSriHash(stringAt(output["hash"], `${where}.hash`)),
        };
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

  input(value: unknown, where: string): DerivationInput {
    const input = objectAt(value, where);
    const outputs = new Set(
      listAt(member(input, "outputs"), `${where}.outputs`).map((one) =>
        stringAt(one, `${where}.outputs`),
      ),
    );
    const dynamic = Object.entries(
      objectAt(input["dynamicOutputs"] ?? {}, `${where}.dynamicOutputs`),
    );
    if (dynamic.length === 0) return { outputs };
    return {
      outputs,
      dynamicOutputs: new Map(
        dynamic.map(([id, one]) => [encodeUtf8(id), this.input(one, `${where}.${id}`)]),
      ),
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

/** Parses a derivation; throws a `json-parse` error that names the offending place. */
export function parseDerivationJson(text: string, config: StoreConfig): Derivation {
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(text));
  } catch (error) {
    throw bad(`invalid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const json = objectAt(value, "the derivation");
  const version = member(json, "version");
  if (version !== DERIVATION_JSON_VERSION) {
    throw bad(
      `Unsupported derivation JSON format version ${String(version)}, only format version ${DERIVATION_JSON_VERSION} is currently supported.`,
    );
  }
  const name = stringAt(member(json, "name"), "name");
  const reader = new DerivationReader(config, name);
  const entries = (key: string): [string, unknown][] =>
    Object.entries(objectAt(member(json, key), key));
  const inputs = objectAt(member(json, "inputs"), "inputs");
  const structured = rawMember(text, "structuredAttrs");
  if (structured !== undefined) objectAt(json["structuredAttrs"], "structuredAttrs");
  return {
    name,
    outputs: new Map(
      entries("outputs").map(([id, output]) => [encodeUtf8(id), reader.output(output, id)]),
    ),
    inputDrvs: new Map(
      Object.entries(objectAt(member(inputs, "drvs"), "inputs.drvs")).map(([path, input]) => [
        reader.path(path, "inputs.drvs"),
        reader.input(input, `inputs.drvs.${path}`),
      ]),
    ),
    inputSrcs: new Set(
      listAt(member(inputs, "srcs"), "inputs.srcs").map((path) => reader.path(path, "inputs.srcs")),
    ),
    system: stringAt(member(json, "system"), "system"),
    builder: stringAt(member(json, "builder"), "builder"),
    args: listAt(member(json, "args"), "args").map((one) => stringAt(one, "args")),
    env: new Map(
      entries("env").map(([key, one]) => [encodeUtf8(key), stringAt(one, `env.${key}`)]),
    ),
    ...(structured === undefined ? {} : { structuredAttrs: normalizeJson(structured) }),
  };
}
