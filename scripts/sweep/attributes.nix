# The program that both evaluators run: what the attributes of a package set are.
#
# The C++ Nix runs `report`: it shows a line `trace: sweep: {"name":…}` for each name of `chunk` as
# soon as the answer is known, so that an attribute which ends the process takes only itself along.
# Nivis calls `answer` for one name after the other. `tryEval` catches `throw` and `assert` and
# nothing else: what else fails is seen from outside.
{
  # The directory of Nixpkgs.
  tree,
  # The attribute path of a nested set, such as "python3Packages"; "" for the top level.
  set ? "",
  # "true" or "false"; "" for what Nixpkgs takes itself.
  allowAliases ? "",
  # For `report`: a list of names as JSON.
  chunk ? "[]",
  # For `one`: a name.
  name ? "",
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

  show = name: builtins.trace "sweep: ${builtins.toJSON ({ inherit name; } // answer name)}";
in
{
  inherit answer show;
  names = builtins.attrNames packages;
  report = builtins.foldl' (count: name: show name (count + 1)) 0 (builtins.fromJSON chunk);
  one = packages.${name};
}
