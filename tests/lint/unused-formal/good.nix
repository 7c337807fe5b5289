{ a, b ? a, _c, ... }:
{ d, e }@args:
(import ./f.nix args) b
