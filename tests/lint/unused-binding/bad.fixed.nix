{ lib }:
let
  used = 1;
  inherit (lib) id;
  inherit (lib)
    # A comment that must stay.
    # and this one
    ;
  # Only unused bindings mention these.
  recursive = n: recursive (n - 1);
  even = n: n == 0 || odd (n - 1);
  odd = n: n != 0 && even (n - 1);
  nested.a = 1;
  nested.b = 2;
  /** A documented one. */
  documented = 1;
in
let in
let shadowed = 2; in
[
  used
  (id shadowed)
  (let in 1)
  (let in let in 1)
]
