[ (builtins.map builtins.add) ] ++ [ builtins.nope or 1 ]
