/**
 * Derivations as ATerms: the text of `.drv` files, and the text whose hash gives output paths.
 *
 *     Derive([outputs],[inputDrvs],[inputSrcs],"system","builder",[args],[env])
 *
 * There are no blanks, and everything is sorted bytewise. Builder, arguments and environment are
 * escaped; paths, output names and the system are not (hashes depend on this).
 *
 * A derivation is written up to three times: with blank outputs and hashed inputs, with
 * outputs and hashed inputs, and for its file. The texts differ only in the outputs, the inputs and
 * a few variables, so {@link ATermWriter} prepares the rest once.
 */

import { sortedBytes } from "../byte-order.ts";
import { CharCode } from "../char-code.ts";
import { normalizeJson } from "../codec/json.ts";
import { formatMethodAlgorithm, splitMethodPrefix } from "../content-address.ts";
import type { FormatFeature, RequireFeature } from "../experimental-feature.ts";
import { FormatError } from "../format-error.ts";
import { parseHashAlgorithm } from "../hash/algorithms.ts";
import { encodeBase16 } from "../hash/base16.ts";
import { parseBareHash } from "../hash/nix-hash.ts";
import { makeContentAddressedPath, outputPathName, type StoreConfig } from "../make-store-path.ts";
import { marked } from "../marked-text.ts";
import { parseCanonicalStorePath } from "../store-path.ts";
import {
  checkEnvironment,
  type Derivation,
  type DerivationInput,
  type DerivationOutput,
  hasDynamicInputs,
  isOnlyOut,
  KnownInput,
  STRUCTURED_ATTRS_VARIABLE,
} from "./derivation.ts";

/** Chars that ATerms escape. */
const SPECIAL = /["\\\n\r\t]/;

/** Control chars that JSON escapes and ATerms do not. */
const FOREIGN = /[\x00-\x08\x0b\x0c\x0e-\x1f]/;

/** Quotes an ATerm string with the five escapes of the format. */
export function quoteATermString(text: string): string {
  if (!SPECIAL.test(text)) return `"${text}"`;
  // The engine's JSON writer makes the same escapes, twice as fast as `replace`.
  if (!FOREIGN.test(text)) return JSON.stringify(text);
  const escaped = text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t");
  return `"${escaped}"`;
}

function quotedList(items: readonly string[]): string {
  return items.length === 0 ? "[]" : `["${items.join('","')}"]`;
}

function formatOutput(name: string, output: DerivationOutput): string {
  switch (output.kind) {
    case "input-addressed":
      return `("${name}","${output.path}","","")`;
    case "fixed":
      return `("${name}","${output.path}","${formatMethodAlgorithm(output.method, output.hash.algorithm)}","${encodeBase16(output.hash.digest)}")`;
    case "floating":
      return `("${name}","","${formatMethodAlgorithm(output.method, output.algorithm)}","")`;
    case "deferred":
      return `("${name}","","","")`;
    case "impure":
      return `("${name}","","${formatMethodAlgorithm(output.method, output.algorithm)}","impure")`;
  }
}

function formatInput(input: DerivationInput): string {
  const outputs = isOnlyOut(input.outputs) ? '["out"]' : quotedList(sortedBytes(input.outputs));
  if (input.dynamicOutputs === undefined || input.dynamicOutputs.size === 0) return outputs;
  const children = sortedBytes(input.dynamicOutputs.keys()).map(
    (name) => `("${name}",${formatInput(input.dynamicOutputs?.get(name) as DerivationInput)})`,
  );
  return `(${outputs},[${children.join(",")}])`;
}

/**
 * Input derivations as an ATerm list; the keys are paths, or hashes modulo in base 16. `keys`
 * are the sorted keys of `inputs`, for callers that have them.
 */
export function formatInputDrvs(
  inputs: ReadonlyMap<string, DerivationInput>,
  keys: readonly string[] = sortedBytes(inputs.keys()),
): string {
  if (keys.length === 0) return "[]";
  let text = "[";
  for (const key of keys) {
    const input = inputs.get(key) as DerivationInput;
    if (text !== "[") text += ",";
    text += input instanceof KnownInput ? input.listed : `("${key}",${formatInput(input)})`;
  }
  return `${text}]`;
}

function formatArguments(args: readonly string[]): string {
  let text = "[";
  for (let i = 0; i < args.length; i++) {
    if (i > 0) text += ",";
    text += quoteATermString(args[i] as string);
  }
  return `${text}]`;
}

/**
 * Writes one derivation several times. Outputs and their variables may change between the
 * writes; everything else must not change after the writer was created.
 */
export class ATermWriter {
  readonly #drv: Derivation;
  readonly #outputNames: readonly string[];
  readonly #hasDynamicInputs: boolean;
  /**
   * The text after the input derivations, split at the values of the variables named after outputs,
   * which are blank in hashes.
   */
  readonly #parts: string[];
  /** The variable whose value follows each part but the last. */
  readonly #cutVariables: readonly string[];
  /** The first text and the offsets of the parts in it, until a second text is requested. */
  #first: { readonly text: string; readonly starts: readonly number[] } | undefined;
  #isWritten = false;

  /** `sources` are the sorted sources. */
  constructor(drv: Derivation, sources: readonly string[] = sortedBytes(drv.inputSrcs)) {
    checkEnvironment(drv);
    const outputNames = sortedBytes(drv.outputs.keys());
    const parts: string[] = [];
    const cuts: string[] = [];
    let part = `,${quotedList(sources)},"${drv.system}",${quoteATermString(drv.builder)},${formatArguments(drv.args)},[`;
    let separator = "(";
    const [names, values] = sortedVariables(drv);
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      part += `${separator}${quoteATermString(name)},`;
      separator = ",(";
      if (drv.outputs.has(name) && drv.env.has(name)) {
        parts.push(part);
        cuts.push(name);
        part = ")";
      } else part += `${quoteATermString(values[i] as string)})`;
    }
    parts.push(`${part}])`);
    this.#drv = drv;
    this.#outputNames = outputNames;
    this.#hasDynamicInputs = hasDynamicInputs(drv);
    this.#parts = parts;
    this.#cutVariables = cuts;
  }

  /**
   * Returns the whole text. `inputs` is the list of input derivations in the form of
   * {@link formatInputDrvs}; `masked` blanks the outputs and the variables named after them.
   */
  write(inputs: string, masked: boolean): string {
    const drv = this.#drv;
    let text = this.#hasDynamicInputs && !masked ? 'DrvWithVersion("xp-dyn-drv",[' : "Derive([";
    let separator = "";
    for (const name of this.#outputNames) {
      text +=
        separator +
        (masked
          ? `("${name}","","","")`
          : formatOutput(name, drv.outputs.get(name) as DerivationOutput));
      separator = ",";
    }
    text += `],${inputs}`;
    const parts = this.#parts;
    const cuts = this.#cutVariables;
    if (this.#first !== undefined) this.#cutParts(this.#first.text, this.#first.starts);
    const starts: number[] = [];
    for (let i = 0; i < cuts.length; i++) {
      const value = masked ? "" : (drv.env.get(cuts[i] as string) ?? "");
      starts.push(text.length);
      text += (parts[i] as string) + quoteATermString(value);
    }
    starts.push(text.length);
    text += parts[cuts.length] as string;
    if (!this.#isWritten) this.#first = { text, starts };
    this.#isWritten = true;
    return text;
  }

  /** Replaces the parts, which were built from small pieces, by slices of the first text. */
  #cutParts(text: string, starts: readonly number[]): void {
    const parts = this.#parts;
    for (let i = 0; i < parts.length; i++) {
      const start = starts[i] as number;
      parts[i] = text.slice(start, start + (parts[i] as string).length);
    }
    this.#first = undefined;
  }
}

/** The largest number of out-of-order variables that are inserted singly; more need a full sort. */
const FEW_LATE = 8;

/** The names and the values of all variables, sorted by name. */
function sortedVariables(drv: Derivation): readonly [readonly string[], readonly string[]] {
  const names: string[] = [];
  const values: string[] = [];
  // `derivationStrict` adds the variables of outputs after all others.
  const late: string[] = [];
  let last = "";
  for (const [name, value] of drv.env) {
    if (name < last) late.push(name);
    else {
      last = name;
      names.push(name);
      values.push(value);
    }
  }
  if (drv.structuredAttrs !== undefined) late.push(STRUCTURED_ATTRS_VARIABLE);
  if (late.length > FEW_LATE) {
    const all = names.concat(late).sort();
    return [all, all.map((name) => valueOf(drv, name))];
  }
  for (const name of late) {
    let place = names.length;
    while (place > 0 && (names[place - 1] as string) > name) place--;
    names.splice(place, 0, name);
    values.splice(place, 0, valueOf(drv, name));
  }
  return [names, values];
}

function valueOf(drv: Derivation, name: string): string {
  const structured = name === STRUCTURED_ATTRS_VARIABLE ? drv.structuredAttrs : undefined;
  return structured ?? (drv.env.get(name) as string);
}

/** The text of the derivation's `.drv` file. */
export function formatDerivation(drv: Derivation): string {
  return new ATermWriter(drv).write(formatInputDrvs(drv.inputDrvs), false);
}

/** Options of {@link parseDerivation}. */
export interface DerivationParseOptions extends StoreConfig {
  readonly require?: RequireFeature;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

class ATermReader {
  position = 0;

  constructor(
    readonly text: string,
    readonly options: DerivationParseOptions,
  ) {}

  expect(wanted: string): void {
    if (!this.text.startsWith(wanted, this.position)) {
      throw new FormatError("format", marked`expected string '${wanted}'`);
    }
    this.position += wanted.length;
  }

  peek(): string {
    return this.text.charAt(this.position);
  }

  string(): string {
    this.expect('"');
    const start = this.position;
    let end = start - 1;
    for (;;) {
      end = this.text.indexOf('"', end + 1);
      if (end < 0) throw new FormatError("format", "unterminated string in derivation");
      let backslashes = 0;
      while (
        end - backslashes > start &&
        this.text.charCodeAt(end - backslashes - 1) === CharCode.Backslash
      )
        backslashes++;
      if (backslashes % 2 === 0) break;
    }
    this.position = end + 1;
    const content = this.text.slice(start, end);
    if (!content.includes("\\")) return content;
    return content.replace(/\\([\s\S])/g, (_, c: string) => ESCAPES[c] ?? c);
  }

  /** Whether the list ends here; consumes the bracket, or the comma before the next element. */
  endOfList(): boolean {
    const c = this.peek();
    if (c === ",") {
      this.position++;
      return false;
    }
    if (c === "]") {
      this.position++;
      return true;
    }
    return false;
  }

  strings(): Set<string> {
    const items = new Set<string>();
    this.expect("[");
    while (!this.endOfList()) items.add(this.string());
    return items;
  }

  storePath(): string {
    const path = this.string();
    parseCanonicalStorePath(path, this.options.storeDir);
    return path;
  }

  require(feature: FormatFeature, reason?: string): void {
    this.options.require?.(feature, reason);
  }

  output(drvName: string, name: string): DerivationOutput {
    this.expect(",");
    const path = this.string();
    this.expect(",");
    const methodAndAlgorithm = this.string();
    this.expect(",");
    const hash = this.string();
    this.expect(")");
    if (methodAndAlgorithm === "") {
      if (path === "") return { kind: "deferred" };
      parseCanonicalStorePath(path, this.options.storeDir);
      return { kind: "input-addressed", path };
    }
    const { method, rest } = splitMethodPrefix(methodAndAlgorithm, this.options.require);
    if (method === "text") this.require("dynamic-derivations", "text-hashed derivation output");
    const algorithm = parseHashAlgorithm(rest, this.options.require);
    if (hash === "impure") {
      this.require("impure-derivations");
      if (path !== "")
        throw new FormatError("format", "impure derivation output should not specify output path");
      return { kind: "impure", method, algorithm };
    }
    if (hash === "") {
      this.require("ca-derivations");
      if (path !== "") {
        throw new FormatError(
          "format",
          "content-addressing derivation output should not specify output path",
        );
      }
      return { kind: "floating", method, algorithm };
    }
    parseCanonicalStorePath(path, this.options.storeDir);
    const content = { method, hash: parseBareHash(hash, algorithm) };
    if (makeContentAddressedPath(this.options, outputPathName(drvName, name), content) !== path) {
      throw new FormatError(
        "format",
        marked`derivation output '${name}' has path '${path}', which does not match its content address`,
      );
    }
    return { kind: "fixed", ...content, path };
  }

  input(versioned: boolean): DerivationInput {
    if (!versioned || this.peek() === "[") return { outputs: this.strings() };
    if (this.peek() !== "(")
      throw new FormatError("format", "invalid inputDrvs entry in derivation");
    this.expect("(");
    const outputs = this.strings();
    const dynamicOutputs = new Map<string, DerivationInput>();
    this.expect(",[");
    while (!this.endOfList()) {
      this.expect("(");
      const name = this.string();
      this.expect(",");
      dynamicOutputs.set(name, this.input(versioned));
      this.expect(")");
    }
    this.expect(")");
    return dynamicOutputs.size === 0 ? { outputs } : { outputs, dynamicOutputs };
  }
}

/** Reads the version at the start; returns true for the form with dynamic inputs. */
function readVersion(reader: ATermReader, name: string): boolean {
  reader.expect("D");
  switch (reader.peek()) {
    case "e":
      reader.expect("erive(");
      return false;
    case "r": {
      reader.expect("rvWithVersion(");
      const version = reader.string();
      if (version !== "xp-dyn-drv") {
        throw new FormatError(
          "format",
          marked`Unknown derivation ATerm format version '${version}'`,
        );
      }
      reader.require(
        "dynamic-derivations",
        `derivation '${name}', ATerm format version 'xp-dyn-drv'`,
      );
      reader.expect(",");
      return true;
    }
    default:
      throw new FormatError("error", "derivation does not start with 'Derive' or 'DrvWithVersion'");
  }
}

/** The structured attributes in normal form, as they are written again. */
function readStructuredAttrs(text: string): string {
  try {
    return normalizeJson(text);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(
      "error",
      marked`cannot process ${STRUCTURED_ATTRS_VARIABLE} attribute: ${error.message}`,
    );
  }
}

/**
 * Parses the text of a `.drv` file. `name` is the derivation's name, which the text does not
 * contain. Text after the closing parenthesis is ignored, as in upstream.
 */
export function parseDerivation(
  text: string,
  name: string,
  options: DerivationParseOptions,
): Derivation {
  const reader = new ATermReader(text, options);
  const versioned = readVersion(reader, name);
  const outputs = new Map<string, DerivationOutput>();
  reader.expect("[");
  while (!reader.endOfList()) {
    reader.expect("(");
    const id = reader.string();
    const output = reader.output(name, id);
    // Nix: the first of two outputs with one name wins (std::map::emplace).
    if (!outputs.has(id)) outputs.set(id, output);
  }
  const inputDrvs = new Map<string, DerivationInput>();
  reader.expect(",[");
  while (!reader.endOfList()) {
    reader.expect("(");
    const path = reader.storePath();
    reader.expect(",");
    const input = reader.input(versioned);
    if (input.outputs.size === 0 && input.dynamicOutputs === undefined) {
      throw new FormatError("format", marked`inputDrvs entry for '${path}' specifies no outputs`);
    }
    inputDrvs.set(path, input);
    reader.expect(")");
  }
  reader.expect(",");
  const inputSrcs = new Set<string>();
  reader.expect("[");
  while (!reader.endOfList()) inputSrcs.add(reader.storePath());
  reader.expect(",");
  const system = reader.string();
  reader.expect(",");
  const builder = reader.string();
  const args: string[] = [];
  reader.expect(",[");
  while (!reader.endOfList()) args.push(reader.string());
  const env = new Map<string, string>();
  let structuredAttrs: string | undefined;
  reader.expect(",[");
  while (!reader.endOfList()) {
    reader.expect("(");
    const variable = reader.string();
    reader.expect(",");
    const value = reader.string();
    if (variable === STRUCTURED_ATTRS_VARIABLE) structuredAttrs = readStructuredAttrs(value);
    else env.set(variable, value);
    reader.expect(")");
  }
  reader.expect(")");
  const drv: Derivation = { name, outputs, inputDrvs, inputSrcs, system, builder, args, env };
  if (structuredAttrs !== undefined) drv.structuredAttrs = structuredAttrs;
  return drv;
}
