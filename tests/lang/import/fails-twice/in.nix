let
  first = import ./fails.nix;
  second = import ./fails.nix;
in
[
  (builtins.tryEval first)
  second
]
