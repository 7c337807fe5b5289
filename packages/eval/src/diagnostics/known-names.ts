/** Names of nixpkgs that people often write without their `lib.` or `pkgs.`. */

/** Functions of `lib`. */
export const LIB_NAMES: ReadonlySet<string> = new Set(
  `mkIf mkMerge mkDefault mkForce mkOverride mkBefore mkAfter mkOption mkEnableOption
  mkPackageOption mkOptionType mkAliasOptionModule mkRenamedOptionModule mkRemovedOptionModule types
  optional optionals optionalString optionalAttrs concatMapStrings concatMapStringsSep
  concatStrings concatImapStringsSep mapAttrs' mapAttrsToList mapAttrsRecursive filterAttrs
  nameValuePair genAttrs recursiveUpdate attrByPath hasAttrByPath getAttrFromPath setAttrByPath
  attrVals foldAttrs zipAttrsWith collect flatten unique subtractLists intersectLists foldl foldr
  fold imap0 imap1 range last init take drop reverseList zipLists forEach remove findFirst
  hasPrefix hasSuffix hasInfix removePrefix removeSuffix splitString toUpper toLower
  stringToCharacters escapeShellArg escapeShellArgs makeBinPath makeLibraryPath makeSearchPath
  fixedWidthString boolToString toInt fileContents versionOlder versionAtLeast getVersion getName
  importJSON importTOML cleanSource sourceByRegex fakeSha256 fakeHash licenses maintainers
  platforms getExe getExe' getBin getLib getDev makeOverridable callPackageWith fix extends
  composeExtensions composeManyExtensions evalModules nixosSystem literalExpression generators
  pipe const flip id warn warnIf assertMsg assertOneOf fileset cartesianProduct`.split(/\s+/),
);

/** Packages and functions of `pkgs`. */
export const PKGS_NAMES: ReadonlySet<string> = new Set(
  `stdenv stdenvNoCC mkShell mkShellNoCC callPackage newScope lib fetchurl fetchzip fetchgit
  fetchFromGitHub fetchFromGitLab fetchFromGitea fetchFromSourcehut fetchpatch fetchPypi runCommand
  runCommandLocal runCommandCC writeText writeTextFile writeTextDir writeScript writeScriptBin
  writeShellScript writeShellScriptBin writeShellApplication symlinkJoin linkFarm buildEnv
  buildFHSEnv buildPythonPackage buildPythonApplication buildGoModule buildNpmPackage
  rustPlatform dockerTools makeWrapper substituteAll applyPatches python3 python3Packages bash
  coreutils git curl gcc cmake pkg-config hello jq ripgrep nodejs go rustc cargo openssl zlib
  haskellPackages perlPackages linuxPackages nixosTest formats emptyDirectory autoreconfHook
  installShellFiles cacert gnumake gnused gnugrep gawk findutils`.split(/\s+/),
);

/** Names in other languages of things that Nix writes differently. */
export const FOREIGN_NAMES: ReadonlyMap<string, string> = new Map([
  ["True", "true"],
  ["False", "false"],
  ["TRUE", "true"],
  ["FALSE", "false"],
  ["None", "null"],
  ["nil", "null"],
  ["NULL", "null"],
  ["undefined", "null"],
  ["not", "!"],
  ["and", "&&"],
  ["elif", "else if"],
  ["self", "a `rec` set, or `final` of an overlay"],
]);
