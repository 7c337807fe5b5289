[
  (let a = 1; in a)
  (rec { a = 1; body = a; }).body
]
