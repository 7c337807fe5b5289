x: y:
let
  inherit x;
  inherit map y;
  inherit
    # Needed, they say.
    builtins
    ;
in
let inherit x; z = 1; in
[ x y map builtins z ]
