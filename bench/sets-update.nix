# Chains of `//`: many small updates of a large set, large updates of a small one.
let
  large = builtins.listToAttrs (
    builtins.genList (i: {
      name = "name${toString i}";
      value = i;
    }) 2000
  );
  change = set: i: set // { "name${toString (i * 13)}" = i; "new${toString i}" = -i; };
  grown = builtins.foldl' change large (builtins.genList (i: i) 3000);
  rebuilt = builtins.foldl' (set: i: { inherit i; } // large // { last = set.i or 0; }) { } (
    builtins.genList (i: i) 2000
  );
  small = builtins.foldl' (set: i: set // { a = i; } // { b = set.a; }) {
    a = 0;
    b = 0;
    c = 0;
  } (builtins.genList (i: i) 600000);
in
{
  sum = builtins.foldl' builtins.add 0 (builtins.attrValues grown);
  size = builtins.length (builtins.attrNames grown);
  inherit (rebuilt) i last;
  inherit small;
}
