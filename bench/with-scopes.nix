# Code that is full of `with`: nested scopes, names of an outer scope, of the innermost, of functions.
let
  lib = {
    inc = x: x + 1;
    double = x: 2 * x;
    constants = {
      ten = 10;
      hundred = 100;
    };
  };
  packages = builtins.listToAttrs (
    builtins.genList (i: {
      name = "package${toString i}";
      value = i;
    }) 500
  );
  step =
    i: with lib; with constants; inc (double i) + ten + hundred;
  inputs =
    i: with packages; [
      package1
      package250
      (package499 + i)
    ];
  deep =
    i:
    with { a = i; };
    with { b = a + 1; };
    with { c = a + b; };
    with lib;
    builtins.map (x: with constants; x + a + ten) [
      a
      b
      c
    ];
in
builtins.foldl' (
  sum: i: sum + step i + builtins.length (inputs i) + builtins.foldl' builtins.add 0 (deep i)
) 0 (builtins.genList (i: i) 240000)
