/**
 * The order in which C++ Nix goes through a set: by symbol, that is by when the process first saw each
 * name. The names that it knows before it reads anything come first of all, in an order of their own:
 * `StaticEvalSymbols` in eval.hh, then the builtins as `createBaseEnv` adds them, then the names in
 * the file that defines `derivation`. For all others the order of definition comes closest.
 *
 * The order can be seen where going through a set ends early: which attribute fails first, and whether two
 * sets differ before one of their attributes fails. The compiler goes through bindings and
 * formals in the same order, see `compiler/processing-order.ts`.
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

/** The global names of the builtins that need no experimental feature; each is an attribute without `__`, too. */
const GLOBAL_NAMES = `builtins true false null __currentTime __currentSystem __nixVersion __storeDir __langVersion
  __traceVerbose __nixPath scopedImport import __typeOf isNull __isFunction __isInt __isFloat
  __isString __isBool __isPath __genericClosure break abort throw __addErrorContext __ceil __floor
  __tryEval __getEnv __seq __deepSeq __trace __warn derivationStrict placeholder __toPath
  __storePath __pathExists baseNameOf dirOf __readFile __findFile __hashFile __readFileType
  __readDir __toXML __toJSON __fromJSON __toFile __filterSource __path __attrNames __attrValues
  __getAttr __unsafeGetAttrPos __hasAttr __isAttrs removeAttrs __listToAttrs __intersectAttrs
  __catAttrs __functionArgs __mapAttrs __zipAttrsWith __isList __elemAt __head __tail map __filter
  __elem __concatLists __length __foldl' __any __all __genList __sort __partition __groupBy
  __concatMap __add __sub __mul __div __bitAnd __bitOr __bitXor __lessThan toString __substring
  __stringLength __hashString __convertHash __match __split __concatStringsSep __replaceStrings
  __parseDrvName __compareVersions __splitVersion __unsafeDiscardStringContext __hasContext
  __unsafeDiscardOutputDependency __addDrvOutputDependencies __getContext __appendContext
  fetchMercurial fetchFinalTree __fetchurl fetchTarball fetchGit fromTOML __getFlake
  __parseFlakeRef __flakeRefToString derivation`;

/** The names of derivation-internal.nix that are not among those above. */
const DERIVATION_NAMES = "strict drvAttrs commonAttrs outputsList x outputToAttrListElement";

const RANKS: ReadonlyMap<string, number> = ranks();

function ranks(): Map<string, number> {
  const known = new Map<string, number>();
  const add = (name: string): void => {
    if (!known.has(name)) known.set(name, known.size);
  };
  FIRST_NAMES.forEach(add);
  for (const line of GLOBAL_NAMES.split("\n  ")) {
    for (const name of line.split(" ")) {
      add(name);
      if (name.startsWith("__")) add(name.slice("__".length));
    }
  }
  DERIVATION_NAMES.split(" ").forEach(add);
  return known;
}

/** The rank of a name among those that come first, or `undefined`. */
export function firstRank(name: string): number | undefined {
  return RANKS.get(name);
}

/** The names that have a rank, in the order of their ranks. */
export function firstNames(names: readonly string[]): string[] {
  const known = names.filter((name) => RANKS.has(name));
  return known.sort((a, b) => (RANKS.get(a) as number) - (RANKS.get(b) as number));
}

/** The names of a set in symbol order; `names` are in the order of definition. */
export function inSymbolOrder(names: readonly string[]): readonly string[] {
  const first = firstNames(names);
  return first.length === 0 ? names : [...first, ...names.filter((name) => !RANKS.has(name))];
}

/** The indexes of the names in symbol order; `null` if that is the order of definition. */
export function orderOfSymbols(names: readonly string[]): readonly number[] | null {
  const ordered = inSymbolOrder(names);
  if (ordered === names) return null;
  const indexes = new Map(names.map((name, index) => [name, index]));
  return ordered.map((name) => indexes.get(name) as number);
}
