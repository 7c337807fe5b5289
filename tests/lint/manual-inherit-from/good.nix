s: t: rec {
  inherit (s) a;
  b = s.c;
  c = s.c or 1;
  d.e = s.e;
  f = (s.f);
  g = (t s).g;
  h = h.h;
  ${"i"} = s.i;
}
