[ (builtins.sub 5 3) (builtins.sub 1.5 1) (builtins.sub (-5) 3) ]
