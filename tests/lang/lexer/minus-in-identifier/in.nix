# `a-b` is one name, `a -b` and `a - b` subtract.
let a = 5; b = 3; a-b = "name"; in [ a-b (a -b) (a - b) ]
