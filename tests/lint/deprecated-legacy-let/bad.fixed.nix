[
  ((rec { a = 1; body = a; }).body)
  (rec { body = 1; }).body.x or 2
]
