x:
let
  y = x;
  f = n: f n;
in
[
  y
  (f 1)
  { x = x; }
  (rec { inherit x; })
  (rec { x = { inherit x; }; })
  # What __overrides brings is another x.
  (rec { x = x; __overrides = { x = 1; }; })
]
