# The program that both evaluators run: what the attributes of a package set are.
#
# Without `names`: the names of the set. With `names`: one line on standard error for each of them,
# `trace: sweep: {"name":…}`, as soon as it is known, so that an attribute which ends the process
# takes only itself along. `tryEval` catches `throw` and `assert`, nothing else.
{
  # The directory of Nixpkgs.
  tree,
  # The attribute path of a nested set, such as "python3Packages"; "" for the top level.
  set ? "",
  # The configuration of Nixpkgs, a Nix expression in a file; "" for none.
  allowAliases ? "",
  # JSON: a list of strings.
  names ? null,
}:
let
  # Not `default.nix`: it refuses old evaluators before they had a chance.
  nixpkgs = import (tree + "/pkgs/top-level/impure.nix") {
    config = if allowAliases == "" then { } else { allowAliases = allowAliases == "true"; };
    overlays = [ ];
  };
  steps = builtins.filter (step: builtins.isString step && step != "") (builtins.split "[.]" set);
  packages = builtins.foldl' (attrs: step: attrs.${step}) nixpkgs steps;

  answer =
    name:
    let
      value = builtins.tryEval packages.${name};
      isDerivation = builtins.tryEval ((value.value.type or null) == "derivation");
      drvPath = builtins.tryEval (builtins.unsafeDiscardStringContext value.value.drvPath);
    in
    if !value.success then
      { failed = "value"; }
    else if !builtins.isAttrs value.value then
      { type = builtins.typeOf value.value; }
    else if !isDerivation.success then
      { failed = "type"; }
    else if !isDerivation.value then
      { type = "set"; }
    else if !drvPath.success then
      { failed = "drvPath"; }
    else
      { drvPath = drvPath.value; };

  report = name: builtins.trace "sweep: ${builtins.toJSON ({ inherit name; } // answer name)}";
in
if names == null then
  builtins.attrNames packages
else
  builtins.foldl' (count: name: report name (count + 1)) 0 (builtins.fromJSON names)
