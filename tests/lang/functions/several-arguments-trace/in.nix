let
  inner = a: b: { c }: a + b + c;
  outer = x: y: inner x y { c = throw "boom"; };
in
outer 1 2 3
