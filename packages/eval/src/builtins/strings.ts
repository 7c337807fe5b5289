/** Builtins on strings. Offsets and lengths count bytes, so a cut may be inside a character. */
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { BYTES_PER_ITEM, LARGE_RESULT } from "../limits/meter.ts";
import { forceString, settled } from "../operations/checks.ts";
import { CoerceMode, coerceToString, tryCoerceWhole } from "../operations/coerce.ts";
import { NO_POS } from "../position.ts";
import { ContextUnion, contextOf, withContext } from "../value/context.ts";
import { flatText } from "../value/flat-text.ts";
import type { Int } from "../value/number.ts";
import { nativeThunk, Thunk } from "../value/thunk.ts";
import {
  type ContextString,
  isString,
  type NixList,
  type Slot,
  textOf,
  type Value,
} from "../value/value.ts";
import type { Suspendable } from "../vm/requests.ts";
import { args, type BuiltinDefinition, coerced, plain, strict, suspending } from "./definition.ts";

type NixString = string | ContextString;

const CONCAT_TRACE =
  "while evaluating one element of the list of strings to concat passed to builtins.concatStringsSep";

/** Continues a `concatStringsSep` at the first element that needs Nix code or a file. */
function* concatFrom(
  ctx: EvalContext,
  separator: string,
  list: NixList,
  from: number,
  start: string,
  union: ContextUnion,
): Suspendable<NixString> {
  let result = start;
  let reserved = LARGE_RESULT;
  for (let i = from; i < list.length; i++) {
    const slot = list[i] as Slot;
    ctx.limits?.work(1);
    if (result.length > reserved) {
      ctx.limits?.reserve(result.length);
      reserved = 2 * result.length;
    }
    if (i > 0) result += separator;
    const value = (
      slot instanceof Thunk ? (slot.code === null ? slot.a : yield slot) : slot
    ) as Value;
    if (typeof value === "string") {
      result += value;
      continue;
    }
    const piece = (tryCoerceWhole(ctx, value, CoerceMode.CopyPaths) ??
      (yield coerceToString(ctx, value, CoerceMode.CopyPaths, NO_POS, CONCAT_TRACE))) as NixString;
    result += textOf(piece);
    union.add(contextOf(piece));
  }
  return withContext(flatText(result), union.result);
}

/** Weak coercion that copies paths, for values that are not strings. */
function coerceText(ctx: EvalContext, value: Value, trace: string): Suspendable<NixString> {
  return coerceToString(ctx, value, CoerceMode.CopyPaths, NO_POS, trace);
}

function substringOf(ctx: EvalContext, value: NixString, start: Int, length: Int): NixString {
  const text = textOf(value);
  // A text that was joined is first copied into one piece.
  ctx.limits?.workOnText(text.length);
  // Nix: the context is kept even if none of the text is.
  if (start >= text.length) return withContext("", contextOf(value));
  const from = Number(start);
  const piece = length < 0 ? text.slice(from) : text.slice(from, from + Number(length));
  return piece.length === text.length ? value : withContext(piece, contextOf(value));
}

function checkStart(_ctx: EvalContext, start: Int): void {
  if (start < 0)
    throw new EvalError("value", "negative start position in 'substring'").atUnknownPos();
}

/** The patterns of a `replaceStrings` by their first byte, each list in order. */
class Patterns {
  private readonly byFirst: (number[] | undefined)[] = [];
  /** The index of the first empty pattern, or -1. */
  readonly empty: number;

  constructor(readonly from: readonly string[]) {
    this.empty = from.indexOf("");
    for (let i = 0; i < from.length; i++) {
      // A pattern after an empty one is never reached.
      if (i === this.empty) break;
      const first = (from[i] as string).charCodeAt(0);
      const list = this.byFirst[first];
      if (list === undefined) this.byFirst[first] = [i];
      else list.push(i);
    }
  }

  /** Returns the index of the first pattern that matches at `at`, or -1. */
  find(text: string, at: number): number {
    const candidates = this.byFirst[text.charCodeAt(at)];
    if (candidates !== undefined) {
      for (const i of candidates) if (text.startsWith(this.from[i] as string, at)) return i;
    }
    return this.empty;
  }
}

function* replaceStrings(
  ctx: EvalContext,
  from: NixList,
  to: NixList,
  subject: Slot,
): Suspendable<NixString> {
  ctx.limits?.make(from.length, BYTES_PER_ITEM);
  const texts = new Array<string>(from.length);
  for (let i = 0; i < from.length; i++) {
    const slot = from[i] as Slot;
    const known = settled(slot);
    texts[i] =
      typeof known === "string"
        ? known
        : textOf(
            (yield forceString(
              ctx,
              slot,
              "while evaluating one of the strings to replace passed to builtins.replaceStrings",
            )) as NixString,
          );
  }
  const known = settled(subject);
  const value =
    typeof known === "string"
      ? known
      : ((yield forceString(
          ctx,
          subject,
          "while evaluating the third argument passed to builtins.replaceStrings",
        )) as NixString);
  const text = textOf(value);
  const patterns = new Patterns(texts);
  // A replacement is forced when it is first used; only then its context counts.
  const replacements = new Array<string | undefined>(from.length);
  const union = new ContextUnion();
  union.add(contextOf(value));
  let result = "";
  /** Bytes reported to the limits so far. */
  let reserved = LARGE_RESULT;
  let copied = 0;
  let at = 0;
  // One step past the end, where an empty pattern still matches.
  /** The offset at which work is next reported to the limits. */
  let told = ctx.limits === undefined ? Number.POSITIVE_INFINITY : 0;
  while (at <= text.length) {
    if (at >= told) {
      ctx.limits?.work(LARGE_RESULT);
      told = at + LARGE_RESULT;
    }
    const found = patterns.find(text, at);
    if (found < 0) {
      at++;
      continue;
    }
    let replacement = replacements[found];
    if (replacement === undefined) {
      const replacementValue = (yield forceString(
        ctx,
        to[found] as Slot,
        "while evaluating one of the replacement strings passed to builtins.replaceStrings",
      )) as NixString;
      union.add(contextOf(replacementValue));
      replacement = textOf(replacementValue);
      replacements[found] = replacement;
    }
    result += text.slice(copied, at) + replacement;
    if (result.length > reserved) {
      ctx.limits?.reserve(result.length);
      reserved = 2 * result.length;
    }
    copied = at;
    const length = (texts[found] as string).length;
    // After an empty match one byte is copied.
    if (length === 0) at++;
    else {
      at += length;
      copied = at;
    }
  }
  if (copied === 0 && result === "") return withContext(text, union.result);
  return withContext(result + text.slice(copied), union.result);
}

/** The builtins of this file. */
export const stringBuiltins: readonly BuiltinDefinition[] = [
  plain({
    name: "stringLength",
    args: args("e"),
    strict: [coerced(0)],
    doc: "The number of bytes of the string *e*.",
    run: (ctx, value: Value) => {
      if (isString(value)) return textOf(value).length;
      return nativeThunk(function* (): Suspendable<Slot> {
        const trace = "while evaluating the argument passed to builtins.stringLength";
        return textOf((yield coerceText(ctx, value, trace)) as NixString).length;
      });
    },
  }),
  plain({
    name: "substring",
    args: args("start", "len", "s"),
    strict: [
      strict(
        0,
        "int",
        "while evaluating the first argument (the start offset) passed to builtins.substring",
        checkStart,
      ),
      strict(
        1,
        "int",
        "while evaluating the second argument (the substring length) passed to builtins.substring",
      ),
      coerced(2),
    ],
    doc:
      "The part of *s* that starts at byte *start* and is *len* bytes long; less if *s* is shorter, " +
      'and the whole rest if *len* is negative.\n\n```nix\nbuiltins.substring 0 3 "nixos"\n```' +
      '\n\nis `"nix"`.',
    run: (ctx, start: Int, length: Int, value: Value) => {
      if (isString(value)) return substringOf(ctx, value, start, length);
      return nativeThunk(function* (): Suspendable<Slot> {
        const trace =
          "while evaluating the third argument (the string) passed to builtins.substring";
        const text = (yield coerceText(ctx, value, trace)) as NixString;
        return substringOf(ctx, text, start, length);
      });
    },
  }),
  plain({
    name: "concatStringsSep",
    args: args("separator", "list"),
    strict: [
      strict(
        0,
        "string",
        "while evaluating the first argument (the separator string) passed to builtins.concatStringsSep",
      ),
      strict(
        1,
        "list",
        "while evaluating the second argument (the list of strings to concat) passed to builtins.concatStringsSep",
      ),
    ],
    doc:
      "The strings in *list* joined with *separator*.\n\n" +
      '```nix\nbuiltins.concatStringsSep "/" [ "usr" "local" "bin" ]\n```\n\n' +
      'is `"usr/local/bin"`.',
    run: (ctx, separator: NixString, list: NixList) => {
      const text = textOf(separator);
      const union = new ContextUnion();
      union.add(contextOf(separator));
      let result = "";
      let reserved = LARGE_RESULT;
      ctx.limits?.work(list.length);
      for (let i = 0; i < list.length; i++) {
        const value = settled(list[i] as Slot);
        const piece =
          value === undefined || typeof value === "string"
            ? value
            : tryCoerceWhole(ctx, value, CoerceMode.CopyPaths);
        if (piece === undefined) {
          return nativeThunk(() => concatFrom(ctx, text, list, i, result, union));
        }
        if (result.length > reserved) {
          ctx.limits?.reserve(result.length);
          reserved = 2 * result.length;
        }
        if (i > 0) result += text;
        result += textOf(piece);
        union.add(contextOf(piece));
      }
      return withContext(flatText(result), union.result);
    },
  }),
  suspending({
    name: "replaceStrings",
    args: args("from", "to", "s"),
    strict: [
      strict(0, "list", "while evaluating the first argument passed to builtins.replaceStrings"),
      strict(1, "list", "while evaluating the second argument passed to builtins.replaceStrings"),
    ],
    doc:
      "*s* with every occurrence of a string in *from* replaced by the string at the same index of " +
      "*to*. The first match counts, and replacements are not searched again. A replacement is " +
      "evaluated only if it is used.\n\n" +
      '```nix\nbuiltins.replaceStrings [ "oo" "a" ] [ "a" "i" ] "foobar"\n```\n\nis `"fabir"`.',
    run: (ctx, from: NixList, to: NixList, subject: Slot) => {
      if (from.length !== to.length) {
        throw new EvalError(
          "value",
          "'from' and 'to' arguments passed to builtins.replaceStrings have different lengths",
        ).atUnknownPos();
      }
      return replaceStrings(ctx, from, to, subject);
    },
  }),
  plain({
    name: "toString",
    args: args("e"),
    strict: [coerced(0)],
    doc:
      "*e* as a string: strings as they are, paths without copying them to the store, sets by " +
      '`__toString` or `outPath`, numbers in decimal, `true` as `"1"`, `false` and `null` as `""`, ' +
      "lists with spaces between their elements.",
    run: (ctx, value: Value) => {
      const text = tryCoerceWhole(ctx, value, CoerceMode.Strong);
      if (text !== undefined) return text;
      const trace = "while evaluating the first argument passed to builtins.toString";
      return nativeThunk(() => coerceToString(ctx, value, CoerceMode.Strong, NO_POS, trace));
    },
  }),
];
