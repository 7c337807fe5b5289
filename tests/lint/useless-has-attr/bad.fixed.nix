x: [
  (x.a or 1)
  (x.a.b or (x 1))
  (x."a b" or (x 1))
]
