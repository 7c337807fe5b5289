a: b: [
  # Null is neither true nor an error here.
  (a == true)
  (a.b or false == true)
  (a b == false)
  (a == b)
  (let true = 1; in (a < b) == true)
]
