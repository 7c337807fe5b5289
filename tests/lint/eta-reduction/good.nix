f: [
  (x: x x)
  (x: f x x)
  (x: x.f x)
  (x: f x 1)
  ({ x }: f x)
  (x: (y: x) x)
]
