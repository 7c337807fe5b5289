x:
[
  (let a = 1; in let a = 2; in a)
  (let a = x; in let x = 2; in a + x)
  (let a = 1; in /* why */ let b = 2; in a + b)
  (let a = 1; in (let b = 2; in a + b))
  (let a = 1; in { b = let c = 2; in a + c; })
]
