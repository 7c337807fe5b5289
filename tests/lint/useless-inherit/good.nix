pkgs: x:
with pkgs;
let
  # From a with: now it wins over every other with.
  inherit hello;
  inherit (pkgs) git;
in
[
  hello
  git
  { inherit x; }
  rec { inherit x; }
]
