s: t:
let
  a = s.a;
  b = s.x.b;
in
{
  a = t.a;
  "b c" = t."b c";
  x = a + b;
}
