x: [
  (x && false)
  (true && x)
  (false || x)
  (let true = false; in true || x)
  (if false then x else 1)
]
