let
  lib = { describe = x: x.nmae; };
  hello = { name = "hello"; game = 1; };
in
lib.describe hello
