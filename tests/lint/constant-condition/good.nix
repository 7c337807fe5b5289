x: [
  (if x then true else 1)
  (assert false; x)
  (let true = x; in if true then 1 else 2)
  ({ true }: assert true; x)
  (if x == true then 1 else 2)
]
