[ (builtins.readFile ./file) (builtins.stringLength (builtins.readFile ./file)) ]
