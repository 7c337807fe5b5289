x: y:
let
  inherit;
  inherit;
  inherit
    # Needed, they say.
    ;
in
let inherit; z = 1; in
[ x y map builtins z ]
