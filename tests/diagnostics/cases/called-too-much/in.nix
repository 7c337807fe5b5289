let
  double = x: x * 2;
  negate = x: 0 - x;
in
(x: 1) negate 4
