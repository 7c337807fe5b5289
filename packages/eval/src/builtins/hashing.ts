/** Builtins that compute hashes and convert their formats. */

import {
  formatHash,
  type HashAlgorithm,
  parseHash,
  parseHashAlgorithm,
  parseHashFormat,
} from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import { plainWarning } from "../errors/log-message.ts";
import { requireFeature } from "../experimental-features.ts";
import { expectAttribute, forcePlainString } from "../operations/checks.ts";
import { accessorOf } from "../path-value.ts";
import { realisePath } from "../store/realise.ts";
import type { Attrs } from "../value/attrs.ts";
import { type ContextString, type NixPath, type Slot, textOf } from "../value/value.ts";
import { attempt, now } from "../vm/pending.ts";
import type { Suspendable } from "../vm/requests.ts";
import { args, type BuiltinDefinition, plain, strict, suspending } from "./definition.ts";

/** How many times as much work it is to hash a byte as to copy it. */
export const HASHING = 10;

function algorithmOf(ctx: EvalContext, name: string): HashAlgorithm {
  try {
    return parseHashAlgorithm(name, (feature, reason) => requireFeature(ctx, feature, reason));
  } catch (error) {
    throw evalErrorOf(error);
  }
}

function* hashFile(ctx: EvalContext, algorithm: string, slot: Slot): Suspendable<Slot> {
  const parsed = algorithmOf(ctx, algorithm);
  const path = (yield realisePath(ctx, slot, "full")) as NixPath;
  try {
    const hash = (): string => {
      const text = accessorOf(ctx, path).readFile(path.path);
      ctx.limits?.workOnText(HASHING * text.length);
      return ctx.hashes.hex(parsed, text);
    };
    return now(hash) ?? ((yield attempt(hash)) as string);
  } catch (error) {
    throw evalErrorOf(error);
  }
}

function* convertHash(ctx: EvalContext, attrs: Attrs): Suspendable<Slot> {
  const hashSlot = expectAttribute(attrs, "hash", "while locating the attribute 'hash'");
  const text = (yield forcePlainString(
    ctx,
    hashSlot,
    "while evaluating the attribute 'hash'",
  )) as string;
  let algorithm: HashAlgorithm | undefined;
  const algorithmSlot = attrs.get("hashAlgo");
  if (algorithmSlot !== undefined) {
    const name = (yield forcePlainString(
      ctx,
      algorithmSlot,
      "while evaluating the attribute 'hashAlgo'",
    )) as string;
    algorithm = algorithmOf(ctx, name);
  }
  const formatSlot = expectAttribute(
    attrs,
    "toHashFormat",
    "while locating the attribute 'toHashFormat'",
  );
  const formatName = (yield forcePlainString(
    ctx,
    formatSlot,
    "while evaluating the attribute 'toHashFormat'",
  )) as string;
  try {
    const format = parseHashFormat(formatName, (message) => ctx.io.log(plainWarning(message)));
    const hash = parseHash(text, algorithm, (feature, reason) =>
      requireFeature(ctx, feature, reason),
    );
    return formatHash(hash, format, format === "sri");
  } catch (error) {
    throw evalErrorOf(error);
  }
}

/** The builtins of this file. */
export const hashingBuiltins: readonly BuiltinDefinition[] = [
  plain({
    name: "hashString",
    args: args("algo", "s"),
    strict: [
      strict(
        0,
        "string-no-context",
        "while evaluating the first argument passed to builtins.hashString",
        algorithmOf,
      ),
      strict(1, "string", "while evaluating the second argument passed to builtins.hashString"),
    ],
    doc: "The hash of the string *s* in base 16. *algo* is one of `md5`, `sha1`, `sha256`, `sha512` and, with the experimental feature `blake3-hashes`, `blake3`. The context of *s* is ignored.",
    run: (ctx, algorithm: string, text: string | ContextString) => {
      ctx.limits?.workOnText(HASHING * textOf(text).length);
      return ctx.hashes.hex(algorithmOf(ctx, algorithm), textOf(text));
    },
  }),
  suspending({
    name: "hashFile",
    args: args("algo", "path"),
    strict: [
      strict(
        0,
        "string-no-context",
        "while evaluating the first argument passed to builtins.hashFile",
      ),
    ],
    doc: "The hash of the contents of the file at *path* in base 16. *algo* as in `hashString`.",
    run: hashFile,
  }),
  suspending({
    name: "convertHash",
    args: args("args"),
    strict: [
      strict(0, "set", "while evaluating the first argument passed to builtins.convertHash"),
    ],
    doc: "Converts a hash to another format. In *args*, `hash` is the hash in any format, `hashAlgo` its algorithm (needed unless `hash` contains it), `toHashFormat` one of `base16`, `nix32`, `base64`, `sri`.",
    run: convertHash,
  }),
];
