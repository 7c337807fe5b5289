/**
 * The names that every program finds in scope before it binds any itself, as of Nix 2.36.
 *
 * The names only: what they mean is the evaluator's. A test compares the list with its builtins.
 * Builtins of experimental features are in it, because a name that may be global must not be taken
 * for one that a `with` brings.
 */
import { BinaryOp } from "../ast/nodes.ts";

const PLAIN_NAMES = `
  abort baseNameOf break builtins derivation derivationStrict dirOf false fetchGit fetchMercurial
  fetchTarball fetchTree fromTOML import isNull map null placeholder removeAttrs scopedImport throw
  toString true`;

/** Without the two underscores that stand before them. */
const UNDERSCORED_NAMES = `
  add addDrvOutputDependencies addErrorContext all any appendContext attrNames attrValues bitAnd
  bitOr bitXor catAttrs ceil compareVersions concatLists concatMap concatStringsSep convertHash
  currentSystem currentTime deepSeq div elem elemAt fetchClosure fetchurl filter filterSource
  findFile flakeRefToString floor foldl' fromJSON functionArgs genList genericClosure getAttr
  getContext getEnv getFlake groupBy hasAttr hasContext hashFile hashString head intersectAttrs
  isAttrs isBool isFloat isFunction isInt isList isPath isString langVersion length lessThan
  listToAttrs mapAttrs match mul nixPath nixVersion outputOf parseDrvName parseFlakeRef partition
  path pathExists readDir readFile readFileType replaceStrings seq sort split splitVersion storeDir
  storePath stringLength sub substring tail toFile toJSON toPath toXML trace traceVerbose tryEval
  typeOf unsafeDiscardOutputDependency unsafeDiscardStringContext unsafeGetAttrPos warn
  zipAttrsWith`;

/** See the head of this file. */
export const GLOBAL_NAMES: ReadonlySet<string> = new Set([
  ...PLAIN_NAMES.trim().split(/\s+/),
  ...UNDERSCORED_NAMES.trim()
    .split(/\s+/)
    .map((name) => `__${name}`),
]);

/** The global names of the functions that operators call; other operators call none. */
export const OPERATOR_NAMES: { readonly [op in BinaryOp]?: string } = {
  [BinaryOp.Sub]: "__sub",
  [BinaryOp.Mul]: "__mul",
  [BinaryOp.Div]: "__div",
  [BinaryOp.Less]: "__lessThan",
  [BinaryOp.LessOrEqual]: "__lessThan",
  [BinaryOp.More]: "__lessThan",
  [BinaryOp.MoreOrEqual]: "__lessThan",
};
