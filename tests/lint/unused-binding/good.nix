{ lib, pkgs }:
let
  used = 1;
  _meant = 2;
  neededByMeant = 3;
  _this = neededByMeant;
  f = n: if n == 0 then 0 else g (n - 1);
  g = n: f (n - 1);
  early = later;
  later = 1;
  inherit (lib) id;
  # Operators mean calls of these names.
  __sub = a: b: a;
  __lessThan = a: b: true;
  # And <name> means a search with these.
  __nixPath = [ ];
  fromInner = 1;
  asSource = { };
  asName = "n";
in
[
  (with pkgs; used)
  (f early)
  (id (1 - 2 > 3))
  <nixpkgs>
  (let x = fromInner; in { inherit x; })
  (let inherit (asSource) y; in y)
  { ${asName} = 1; }
  (pkgs ? ${let n = "x"; in n})
]
