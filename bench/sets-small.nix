# Many small sets: made, selected from, updated and thrown away.
let
  add = a: b: {
    x = a.x + b.x;
    y = a.y + b.y;
    z = a.z + b.z;
  };
  scale = k: v: {
    x = k * v.x;
    y = k * v.y;
    z = k * v.z;
  };
  dot = a: b: a.x * b.x + a.y * b.y + a.z * b.z;
  vector = i: rec {
    x = i;
    y = x + 1;
    z = y + 1;
  };
  total = builtins.foldl' (
    sum: i:
    let
      v = vector i;
      s = add sum (scale 2 v // { z = 1; });
    in
    builtins.seq (dot s v) (builtins.deepSeq s s)
  ) (vector 0) (builtins.genList (i: i) 300000);
in
total
