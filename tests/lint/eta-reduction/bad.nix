f: [
  (x: f x)
  (x: f.a.b 1 x)
  (x: y: f x y)
]
