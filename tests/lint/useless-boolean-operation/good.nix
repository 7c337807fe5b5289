x: [
  # This is a negation.
  (x -> false)
  # These are dead code.
  (false && x)
  (true || x)
  (let false = 1; in x || false)
  (x.true && x.false)
]
