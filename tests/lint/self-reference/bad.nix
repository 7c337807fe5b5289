x:
let
  y = y;
  z = (z);
in
[
  y
  z
  (rec { x = x; })
  (let { x = x; body = x; })
]
