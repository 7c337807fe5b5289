# `1e5` has no dot, so it is `1` applied to the variable `e5`.
let e5 = 0; in 1e5
