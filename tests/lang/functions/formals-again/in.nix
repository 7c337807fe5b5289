# The same function with arguments of the same names, of the same in other places, and of others.
let
  f = { a, b ? a + 1, ... }@args: [ a b (args ? b) ];
  only = { a, b ? 2 }: a + b;
  make = x: { a = x; c = x; };
  both = x: { b = 10 * x; a = x; };
in
[
  (map (x: f (make x)) [ 1 2 3 ])
  (map (x: f (both x)) [ 1 2 3 ])
  (map (x: f (make x // { b = 0; })) [ 1 2 3 ])
  (f ({ c = 1; } // both 4))
  (map (x: f (builtins.mapAttrs (_: v: v + 1) (both x))) [ 1 2 ])
  (map (x: only (both x)) [ 1 2 ])
  (map (x: only (removeAttrs (both x) [ "b" ])) [ 1 2 ])
  (map (x: only (removeAttrs (both x) [ "c" ])) [ 1 2 ])
]
