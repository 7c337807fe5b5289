{ lib }:
let
  used = 1;
  unused = 2;
  inherit (lib) id const;
  inherit (lib)
    # A comment that must stay.
    flip # and this one
    ;
  # Only unused bindings mention these.
  first = second;
  second = [ third ];
  third = 3;
  recursive = n: recursive (n - 1);
  even = n: n == 0 || odd (n - 1);
  odd = n: n != 0 && even (n - 1);
  nested.a = 1;
  nested.b = 2;
  "quoted name" = 1;
  /** A documented one. */
  documented = 1;
in
let shadowed = 1; in
let shadowed = 2; in
[
  used
  (id shadowed)
  (let inner = used; outer = inner; in 1)
  (let viaInner = let deep = used; in deep; in let x = viaInner; in 1)
]
