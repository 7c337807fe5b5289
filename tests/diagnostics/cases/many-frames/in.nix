let
  f0 = x: f1 x + 1;
  f1 = x: f2 x + 1;
  f2 = x: f3 x + 1;
  f3 = x: f4 x + 1;
  f4 = x: f5 x + 1;
  f5 = x: f6 x + 1;
  f6 = x: f7 x + 1;
  f7 = x: f8 x + 1;
  f8 = x: f9 x + 1;
  f9 = x: f10 x + 1;
  f10 = x: f11 x + 1;
  f11 = x: f12 x + 1;
  f12 = x: f13 x + 1;
  f13 = x: f14 x + 1;
  f14 = x: throw "deep";
in
f0 1
