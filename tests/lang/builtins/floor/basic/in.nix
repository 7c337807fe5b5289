map builtins.floor [ 1.9 1.0 (-1.1) (-1.0) 0.0 5 1.0e9 ]
