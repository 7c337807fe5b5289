map builtins.isAttrs [ { } [ ] 1 "x" null (x: x) { __functor = 1; } ]
