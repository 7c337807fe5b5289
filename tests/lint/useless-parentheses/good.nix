x: {
  a = x (1 + 2) (x 1) (-1);
  b = (1 + 2) * 3;
  c = [ (x 1) (y: y) ];
  d = (x 1).e;
  # A number and a dot would be another number.
  f = (1) .g or (2) . h or 3;
  # What precedence says is often worth saying.
  i = (1 * 2) + 3;
  j = if (x == 1) then 1 else 2;
  m = (with x; y) // { };
  n = (./a) + (x.y);
}
