[
  (1)
  ({ a = 1; })
  (let inherit; in 2)
  (let /* nothing */ in 3)
  ((4))
]
