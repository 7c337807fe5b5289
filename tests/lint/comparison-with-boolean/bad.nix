a: b: [
  ((a < b) == true)
  (a ? b == false)
  (true != !a)
  (false == (a && b))
  ((a == b) != (true))
  ((a || b) /* why */ == true)
]
