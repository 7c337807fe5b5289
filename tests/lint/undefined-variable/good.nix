{ pkgs }:
let
  later = earlier;
  earlier = builtins.length [ map __add ];
in
[
  later
  (with pkgs; anything (with pkgs; more))
  (rec { a = b; b = 1; })
  ({ a, b ? a }@args: args b)
  { inherit pkgs; inherit (pkgs) notAName; }
  (let { body = c; c = 1; })
  (pkgs.lib.id or pkgs ? missing)
  <nixpkgs>
  (-1 - 2)
]
