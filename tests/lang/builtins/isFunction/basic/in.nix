map builtins.isFunction [ (x: x) map (builtins.add 1) { __functor = self: x: x; } 1 ]
