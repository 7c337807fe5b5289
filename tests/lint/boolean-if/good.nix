a: b: [
  (if a then true else b)
  (if a then true else true)
  (if a then 1 else 0)
  (let true = 1; in if a then true else false)
]
