[
  (let in 1)
  (let
  in
  { a = 1; })
  (let inherit; in 2)
  (let /* nothing */ in 3)
  (let in(4))
]
