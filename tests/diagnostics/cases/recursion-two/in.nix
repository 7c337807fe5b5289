let
  a = b + 1;
  b = { value = a * 2; }.value;
in
a
