let
  fix = f: let x = f x; in x;
  extend = final: prev: { hello = final.hello // { name = "x"; }; };
in
fix (self: extend self { hello = { name = "y"; }; })
