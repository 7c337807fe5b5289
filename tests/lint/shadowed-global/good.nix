{ lib, pkgs }:
let
  inherit (builtins) map removeAttrs;
  inherit (lib) isNull;
  inherit (pkgs.lib) toString;
  throw = builtins.throw;
in
[
  map
  removeAttrs
  isNull
  toString
  throw
  (let inherit (builtins) import; in import)
  { true = 1; map = 2; }
  (rec { derivation = 1; })
  # These have no global name of their own.
  (length: head: length head)
]
