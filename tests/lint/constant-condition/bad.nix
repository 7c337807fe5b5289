x: [
  (if true then x else 1)
  (if (false) then x else 1)
  (assert true; x)
]
