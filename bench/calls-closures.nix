# Closures: curried functions, composition, Church numerals.
let
  compose =
    f: g: x:
    f (g x);
  twice = f: compose f f;
  flip =
    f: a: b:
    f b a;
  add3 =
    a: b: c:
    a + b + c;
  church = n: f: if n == 0 then (x: x) else compose f (church (n - 1) f);
  toInt = n: n (x: x + 1) 0;
  times =
    a: b: f:
    a (b f);
  numeral = church 12;
  applied = i: toInt (times numeral (times numeral (church (builtins.bitAnd i 7))));
  partial = builtins.map (i: flip (add3 i) 2) (builtins.genList (i: i) 160000);
in
[
  (builtins.foldl' (sum: i: sum + applied i) 0 (builtins.genList (i: i) 2400))
  (twice (twice (twice (twice (x: x + 3)))) 7)
  (builtins.foldl' (sum: f: sum + f 1 + f 2 + f 3) 0 (partial ++ partial ++ partial))
]
