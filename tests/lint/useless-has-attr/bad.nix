x: [
  (if x ? a then x.a else 1)
  (if x ? a.b then x.a.b else x 1)
  (if x ? "a b" then x."a b" else (x 1))
]
