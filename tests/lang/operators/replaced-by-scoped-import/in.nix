# Operators call the variables __lessThan, __sub, __mul and __div, and <x> calls __findFile with
# __nixPath, whatever these are in the scope of the file. `with` never changes them.
let
  all = scope: scopedImport scope ./operators.nix;
  pair = name: left: right: [ name left right ];
in
[
  (all { })
  (all { __lessThan = left: right: true; __sub = pair "sub"; __mul = pair "mul"; __div = pair "div"; })
  (all { __sub = left: right: if left == 0 then "negated" else "subtracted"; })
  (all { inherit (builtins) lessThan; __lessThan = builtins.lessThan; __mul = _: builtins.add 1; })
  (scopedImport { __lessThan = left: right: "mine"; } ./less.nix)
  (scopedImport { __lessThan = left: right: throw "evaluated"; } ./lazy.nix)
  (scopedImport { __findFile = path: name: [ path name ]; __nixPath = "path"; } ./search.nix)
  (scopedImport { __findFile = path: name: name; } ./search.nix)
  (scopedImport { __curPos = 1; __lessThan = 2; } ./position.nix)
  (with { __lessThan = 1; __sub = 2; }; [ (1 < 2) (3 - 1) (-1) ])
  (rec { __mul = pair "rec"; __overrides = { __div = pair "overrides"; }; __div = 1; r = [ (1 * 2) (1 / 2) ]; }).r
]
