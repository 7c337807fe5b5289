x: [
  (rec { a = 1; })
  (rec { inherit x; b.c = x; })
  (rec{ })
  (rec /* why */ { a = 1; })
  (rec { a = let a = 1; in a; })
  (rec { a = 1; ${x} = x; })
]
