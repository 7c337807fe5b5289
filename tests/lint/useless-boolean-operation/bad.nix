x: [
  (x && true)
  (true && x)
  (x || false)
  (false || x)
  (x && false)
  (x || true)
  (true -> x)
  (x -> true)
]
