[
  (_: 1)
  (_x: y: y)
  (x: rec { y = x; })
  (x: let f = _: x; in f)
]
