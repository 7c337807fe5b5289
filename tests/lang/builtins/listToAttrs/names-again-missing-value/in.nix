# The error about a missing value comes only when all names are known.
let
  pair = name: value: { inherit name value; };
  first = builtins.listToAttrs [ (pair "a" 1) (pair "b" 2) (pair "c" 3) ];
in
builtins.deepSeq first (
  builtins.listToAttrs [
    (pair "a" 1)
    { name = "b"; }
    (pair (throw "the third name comes first") 3)
  ]
)
