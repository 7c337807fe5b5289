# Lists whose names are those of an earlier one up to some place.
let
  pair = name: value: { inherit name value; };
  other = name: value: { value = value; inherit name; };
  set = builtins.listToAttrs [ (pair "a" 1) (pair "b" 2) (pair "c" 3) ];
  at = name: set: (builtins.unsafeGetAttrPos name set).line;
in
[
  set
  (builtins.listToAttrs [ (pair "a" 4) (pair "b" 5) (pair "c" 6) ])
  (builtins.listToAttrs [ (pair "a" 4) (pair "b" 5) ])
  (builtins.listToAttrs [ (pair "a" 4) (pair "b" 5) (pair "c" 6) (pair "d" 7) ])
  (builtins.listToAttrs [ (pair "a" 4) (pair "c" 5) (pair "b" 6) ])
  (builtins.listToAttrs [ (pair "a" 4) (pair "a" 5) (pair "b" 6) (pair "c" 7) ])
  (builtins.listToAttrs [ (pair "a" 4) (pair "b" 5) (pair "c" 6) (pair "b" 7) (pair "a" 8) ])
  (builtins.listToAttrs [ (pair ("" + "a") 4) (pair "b" (throw "unused")) (other "c" 6) ] // { b = 0; })
  (map (name: at name (builtins.listToAttrs [ (pair "a" 4) (pair "b" 5) (other "c" 6) ])) [ "a" "b" "c" ])
  (map (name: at name (builtins.listToAttrs [ (pair "a" 4) (other "b" 5) (pair "c" 6) ])) [ "a" "b" "c" ])
  (builtins.attrNames (builtins.zipAttrsWith (name: values: values) [ set { d = 1; } ]))
  (builtins.listToAttrs [ (pair "a" 9) (pair "b" 9) (pair "c" 9) ])
]
