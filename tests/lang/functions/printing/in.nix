[ (x: x) builtins.add (builtins.add 1) { f = { a, b }: a; } map ]
