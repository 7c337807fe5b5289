{ pkgs }:
let
  inherit missing;
  inherit (pkgs) known;
in
[
  lib.id
  known
  (with pkgs; anything)
  { inherit other; }
  (x: y)
  __noSuchBuiltin
]
