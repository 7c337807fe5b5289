# `!` binds looser than `+` and `==` looser still; `?` tighter than both.
let a = { b = true; }; in [ (!a ? c) (!a ? b || true) (!false == true) (!a.b) ]
