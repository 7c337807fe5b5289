/**
 * Derivations as JSON, format version 4: the output of `nix derivation show` for one derivation.
 * Store paths are base names, keys are sorted, and the text is compact.
 */
import { sortedBytes } from "../byte-order.ts";
import { escapeJsonString } from "../codec/json.ts";
import { jsonObject, jsonStrings } from "../codec/json-text.ts";
import { formatHash } from "../hash/nix-hash.ts";
import { storePathBaseName } from "../store-path.ts";
import type { Derivation, DerivationInput, DerivationOutput } from "./derivation.ts";

/** The version that upstream writes, and the only one it reads. */
export const DERIVATION_JSON_VERSION = 4;

function formatOutput(output: DerivationOutput): string {
  switch (output.kind) {
    case "input-addressed":
      return jsonObject([["path", escapeJsonString(storePathBaseName(output.path))]]);
    case "fixed":
      return `{"hash":"${formatHash(output.hash, "sri", true)}","method":"${output.method}"}`;
    case "floating":
      return `{"hashAlgo":"${output.algorithm}","method":"${output.method}"}`;
    case "deferred":
      return "{}";
    case "impure":
      return `{"hashAlgo":"${output.algorithm}","impure":true,"method":"${output.method}"}`;
  }
}

function formatInput(input: DerivationInput): string {
  const dynamic = [...(input.dynamicOutputs ?? [])].map(
    ([name, child]) => [name, formatInput(child)] as const,
  );
  return `{"dynamicOutputs":${jsonObject(dynamic)},"outputs":${jsonStrings(sortedBytes(input.outputs))}}`;
}

/** The derivation as one compact JSON object. */
export function formatDerivationJson(drv: Derivation): string {
  const drvs = [...drv.inputDrvs].map(
    ([path, input]) => [storePathBaseName(path), formatInput(input)] as const,
  );
  const srcs = jsonStrings(sortedBytes(drv.inputSrcs).map(storePathBaseName));
  const members: (readonly [string, string])[] = [
    ["name", escapeJsonString(drv.name)],
    ["version", String(DERIVATION_JSON_VERSION)],
    [
      "outputs",
      jsonObject([...drv.outputs].map(([name, output]) => [name, formatOutput(output)] as const)),
    ],
    ["inputs", `{"drvs":${jsonObject(drvs)},"srcs":${srcs}}`],
    ["system", escapeJsonString(drv.system)],
    ["builder", escapeJsonString(drv.builder)],
    ["args", jsonStrings(drv.args)],
    [
      "env",
      jsonObject([...drv.env].map(([name, value]) => [name, escapeJsonString(value)] as const)),
    ],
  ];
  if (drv.structuredAttrs !== undefined) members.push(["structuredAttrs", drv.structuredAttrs]);
  return jsonObject(members);
}
