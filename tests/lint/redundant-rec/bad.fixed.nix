x: [
  ({ a = 1; })
  (rec { inherit x; b.c = x; })
  ({ })
  (rec /* why */ { a = 1; })
  ({ a = let a = 1; in a; })
  ({ a = 1; ${x} = x; })
]
