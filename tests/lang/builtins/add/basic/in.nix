[ (builtins.add 1 2) (builtins.add 1.5 2) (builtins.add 1 0.5) ]
