a: b: [
  (a)
  (!(a == b))
  (!(a || b))
  (if a /* why */ then true else false)
  (x: x)
]
