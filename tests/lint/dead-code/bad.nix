x: [
  (false && x)
  (true || x.enable || x.other)
  (false -> x)
  ((true) || x)
]
