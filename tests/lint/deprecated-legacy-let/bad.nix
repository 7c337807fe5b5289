[
  (let { a = 1; body = a; })
  let { body = 1; }.x or 2
]
