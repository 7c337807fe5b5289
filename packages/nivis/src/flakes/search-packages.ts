/**
 * Searching packages by regular expressions on their attribute path, name and description (C++ Nix:
 * nix/search.cc and libutil/hilite.cc).
 */
import { compileRegex, EvalError, type Regex, RegexError } from "@nivis/eval";
import { sortedBytes } from "@nivis/formats";
import type { OutputWalk } from "./debugged-flakes.ts";
import { isEvaluationError } from "./error-classes.ts";
import type { OutputCursor } from "./output-cursor.ts";

/** A package that was found. */
export interface FoundPackage {
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** On one line; empty if there is none. */
  readonly description: string;
  /** The parts that matched. */
  readonly pathMatches: readonly Span[];
  readonly descriptionMatches: readonly Span[];
}

/** A part of a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A pattern that matches without regard to the case of ASCII letters. */
export class SearchPattern {
  readonly #regex: Regex;

  /** @throws {EvalError} if the text is not a POSIX extended regular expression. */
  constructor(text: string) {
    try {
      this.#regex = compileRegex(lowerCasePattern(text));
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      throw new EvalError("usage", error.nixMessage(text));
    }
  }

  /** All matches from left to right. */
  all(text: string): readonly Span[] {
    return this.#regex.search(lowerCase(text));
  }

  matches(text: string): boolean {
    return this.all(text).length > 0;
  }
}

/** Lower case for ASCII letters; other bytes are parts of characters. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The same for a pattern, in which `\W` is not `\w`. */
function lowerCasePattern(pattern: string): string {
  return pattern.replace(/\\.|[A-Z]+/gs, (part) =>
    part.startsWith("\\") ? part : part.toLowerCase(),
  );
}

/** What is searched for. */
export interface SearchQuery {
  /** All must match somewhere. */
  readonly patterns: readonly SearchPattern[];
  /** None may match anywhere. */
  readonly excluded: readonly SearchPattern[];
}

/** What {@link searchPackages} looks at. */
export const searchedOutputs: OutputWalk = {
  enters: (names, set) =>
    names.length <= 2 || (names[0] === "legacyPackages" && set.has("recurseForDerivations")),
  visits: ([output]) => output === "packages" || output === "legacyPackages",
  order: sortedBytes,
  needs: [["name"], ["meta", "description"]],
  keepsGoing: true,
};

/** Calls back for each package at or below an attribute that the query finds. */
export function searchPackages(
  root: OutputCursor,
  query: SearchQuery,
  found: (one: FoundPackage) => void,
): void {
  visit(root, true);

  function visit(cursor: OutputCursor, isFirst: boolean): void {
    const { names } = cursor;
    const [output] = names;
    try {
      if (cursor.isDerivation()) {
        const match = matchPackage(cursor, query);
        if (match !== undefined) found(match);
      } else if (isFirst || isOpen(cursor)) {
        for (const name of cursor.attributeNames()) visit(cursor.get(name), false);
      }
    } catch (error) {
      if (output !== "legacyPackages" || !isEvaluationError(error)) throw error;
    }
  }
}

/** Whether packages are looked for in a set. */
function isOpen(cursor: OutputCursor): boolean {
  const { names } = cursor;
  const [output] = names;
  if (names.length === 0) return true;
  if (output !== "packages" && output !== "legacyPackages") return false;
  if (names.length <= 2) return true;
  return output === "legacyPackages" && cursor.find("recurseForDerivations")?.boolean() === true;
}

function matchPackage(cursor: OutputCursor, query: SearchQuery): FoundPackage | undefined {
  const { path } = cursor;
  const { name, version } = splitName(cursor.get("name").text());
  const description = (cursor.meta("description") ?? "").replaceAll("\n", " ");
  const texts = [path, name, description];
  if (query.excluded.some((pattern) => texts.some((text) => pattern.matches(text)))) {
    return undefined;
  }
  const pathMatches: Span[] = [];
  const descriptionMatches: Span[] = [];
  for (const pattern of query.patterns) {
    const inPath = pattern.all(path);
    const inDescription = pattern.all(description);
    if (inPath.length + inDescription.length === 0 && !pattern.matches(name)) return undefined;
    pathMatches.push(...inPath);
    descriptionMatches.push(...inDescription);
  }
  return { path, name, version, description, pathMatches, descriptionMatches };
}

/** The version begins behind the first dash that no letter follows (C++ Nix: `DrvName`). */
function splitName(full: string): { readonly name: string; readonly version: string } {
  const dash = full.search(/-[^a-zA-Z]/);
  if (dash < 0) return { name: full, version: "" };
  return { name: full.slice(0, dash), version: full.slice(dash + 1) };
}

/** Puts something before and behind each matched part; parts that touch are one. */
export function highlight(
  text: string,
  spans: readonly Span[],
  before: string,
  behind: string,
): string {
  const sorted = [...spans].sort((a, b) => a.start - b.start);
  let result = "";
  let done = 0;
  for (let i = 0; i < sorted.length; ) {
    const { start } = sorted[i] as Span;
    let { end } = sorted[i] as Span;
    for (i++; i < sorted.length && (sorted[i] as Span).start <= end; i++) {
      end = Math.max(end, (sorted[i] as Span).end);
    }
    result += text.slice(done, start) + before + text.slice(start, end) + behind;
    done = end;
  }
  return result + text.slice(done);
}
