s: t:
let
  inherit (s) a;
  inherit (s.x) b;
in
{
  inherit (t) a;
  inherit (t) "b c";
  x = a + b;
}
