let
  lib = { version = "1"; };
in
with { lib = { name = "x"; }; };
lib.name
