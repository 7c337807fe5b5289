/**
 * The order in which C++ Nix goes through a set: by symbol, that is by when the process first saw each
 * name. The names that it knows before it reads anything come first of all, in an order of their own
 * (`StaticEvalSymbols` in eval.hh). For all others the order of definition comes closest.
 *
 * It shows where going through a set can end early: which attribute fails first, and whether two sets
 * turn out different before one of their attributes fails.
 */

const FIRST_NAMES: readonly string[] = [
  "outPath",
  "drvPath",
  "type",
  "meta",
  "name",
  "value",
  "system",
  "__overrides",
  "outputs",
  "outputName",
  "__ignoreNulls",
  "file",
  "line",
  "column",
  "__functor",
  "__toString",
  "right",
  "wrong",
  "__structuredAttrs",
  "__json",
  "allowedReferences",
  "allowedRequisites",
  "disallowedReferences",
  "disallowedRequisites",
  "maxSize",
  "maxClosureSize",
  "builder",
  "args",
  "__contentAddressed",
  "__impure",
  "outputHash",
  "outputHashAlgo",
  "outputHashMode",
  "recurseForDerivations",
  "description",
  "self",
  "",
  "startSet",
  "operator",
  "key",
  "path",
  "prefix",
  "outputSpecified",
  "requiredSystemFeatures",
  "__sub",
  "__lessThan",
  "__mul",
  "__div",
  "or",
  "__findFile",
  "__nixPath",
  "body",
];

const RANKS: ReadonlyMap<string, number> = new Map(FIRST_NAMES.map((name, rank) => [name, rank]));

/** Those of the names that come first, in their order. */
export function firstNames(names: readonly string[]): string[] {
  const known = names.filter((name) => RANKS.has(name));
  return known.sort((a, b) => (RANKS.get(a) as number) - (RANKS.get(b) as number));
}

/** The names of a set, given in the order of definition, in the order described above. */
export function inSymbolOrder(names: readonly string[]): readonly string[] {
  const first = firstNames(names);
  return first.length === 0 ? names : [...first, ...names.filter((name) => !RANKS.has(name))];
}

/** The places of the names in the order described above; `null` if that is their own. */
export function orderOfSymbols(names: readonly string[]): readonly number[] | null {
  const ordered = inSymbolOrder(names);
  if (ordered === names) return null;
  const places = new Map(names.map((name, place) => [name, place]));
  return ordered.map((name) => places.get(name) as number);
}
